// Conveniences. Every page works without them.
(() => {
  "use strict";

  const openMenus = () => document.querySelectorAll("details.menu[open]");

  // A click elsewhere closes a menu, and so does Escape, which returns the focus to what opened it.
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // The link of a row covers all of it except the times, which keep their tooltips. A click on a time follows it too.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("time")?.closest(".row-item");
    if (row) row.querySelector(".row-title a").click();
  });

  // A form is not sent twice. (`pageshow` undoes this when the browser's Back shows the page again.)
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post" || event.defaultPrevented) return;
    event.target.setAttribute("aria-busy", "true");
    const send = () => event.target.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    setTimeout(send, 0);
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[aria-busy]")) {
      form.removeAttribute("aria-busy");
      form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
    }
  });

  // htmx replaced the button that was pressed, and the keyboard focus is lost with it: move it to the new form.
  document.addEventListener("htmx:afterSettle", () => {
    if (document.activeElement !== document.body) return;
    const box = document.getElementById("review-box");
    (box?.querySelector(".is-invalid") ?? box?.querySelector("button"))?.focus({ preventScroll: true });
  });

  // MLflow's screens are named after the #, which no server sees: keep it for the way back from the sign-in page.
  const next = document.querySelector("form input[name=next]");
  if (next?.value === "/" && location.hash.startsWith("#/")) next.value += location.hash;
})();
