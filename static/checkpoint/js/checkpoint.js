// Conveniences. Every page works without them.
(() => {
  "use strict";

  const openMenus = () => document.querySelectorAll("details.menu[open]");

  // A click elsewhere closes a menu, and so does the focus when it goes on: the menu would lie upon what has it then.
  for (const name of ["click", "focusin"]) {
    document.addEventListener(name, (event) => {
      for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
    });
  }
  // Escape closes a menu, and a question that the person is in, and returns the focus to what opened it.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const asked = document.activeElement?.closest("details.confirm[open]");
    for (const menu of [...openMenus(), asked].filter(Boolean)) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // The link of a row covers all of it except the times, which keep their tooltips. A click on a time follows it too.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("time")?.closest(".row-item");
    if (row) row.querySelector(".row-title a").click();
  });

  // MLflow's screens are named after the #, which no server sees: keep it for the way back from the sign-in page.
  const next = document.querySelector("form input[name=next]");
  if (next?.value === "/" && location.hash.startsWith("#/")) next.value += location.hash;
})();
