// Copies the text of a field; on a page without a secure origin by the browser's older API.
(() => {
  "use strict";
  const copy = async (field) => {
    field.select();
    if (navigator.clipboard) return navigator.clipboard.writeText(field.value);
    if (!document.execCommand("copy")) throw new Error("not copied");
    return undefined;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const status = document.querySelector(`[data-copied-for="${button.dataset.copy}"]`);
    try {
      await copy(document.getElementById(button.dataset.copy));
      status.textContent = "Copied.";
    } catch {
      status.textContent = "The browser did not allow it: the text is selected, copy it with the keyboard.";
    }
  });
})();
