// The form for a thread opens where somebody reads; without this its link leads to a page of its own.
(() => {
  "use strict";

  function open(link) {
    const dialog = document.getElementById("thread-dialog");
    const form = dialog.querySelector("form");
    form.elements.anchor_kind.value = link.dataset.anchorKind;
    form.elements.anchor_key.value = link.dataset.anchorKey;
    form.elements.about.value = link.dataset.about;
    named(dialog);
    dialog.showModal();
    form.elements.body.focus();
  }

  function named(dialog) {
    const about = dialog.querySelector("[name=about]").value;
    dialog.querySelector("#thread-about").textContent = about ? ` on ${about}` : "";
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-anchor-kind]");
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link && isPlain && document.getElementById("thread-dialog")) {
      event.preventDefault();
      open(link);
    }
    event.target.closest("[data-closes]")?.closest("dialog").close();
  });

  // What was typed before a sign-in is put back by forms.js, which has opened the form then.
  document.addEventListener("DOMContentLoaded", () => {
    const dialog = document.querySelector("#thread-dialog[open]");
    if (dialog) named(dialog);
  });

  // What somebody said is there: it gets the focus, as it would by the address of its place.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "conversation" && event.detail.elt?.id !== "conversation") return;
    const said = document.getElementById(event.detail.xhr?.getResponseHeader("X-Checkpoint-Place") ?? "");
    if (said === null) return;
    said.tabIndex = -1;
    said.focus({ preventScroll: true });
    said.scrollIntoView({ block: "nearest" });
  });
})();
