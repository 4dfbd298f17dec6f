// Offers people and groups while somebody types @ in a field: a list below it, by arrow keys, Enter or Tab, and Escape.
// The field stays a text field for assistive technology, with the list as its popup.
(() => {
  "use strict";

  const PAUSE = 120; // milliseconds of not typing before the server is asked
  // What stands before the cursor: not the middle of an address such as ada@example.org.
  const BEGUN = /(?:^|[^\w@./+-])(@((?:group:"?)?[\w.@+-]*))$/;

  let shown = null; // {field, list, start, end}: what is offered now
  let timer = 0;
  let asked = 0;

  const isField = (element) => element instanceof HTMLElement && "mentions" in element.dataset;

  function begun(field) {
    const end = field.selectionStart;
    if (field.dataset.mentions === "people") return { start: 0, end: field.value.length, text: field.value.trim().replace(/^@/, "") };
    if (end !== field.selectionEnd) return null;
    const found = BEGUN.exec(field.value.slice(Math.max(0, end - 200), end));
    return found && { start: end - found[1].length, end, text: found[2].replace(/^group:"?/, "") };
  }

  async function offer(field) {
    const token = begun(field);
    if (token === null || (field.dataset.mentions === "people" && !token.text)) return close();
    const mine = ++asked;
    let answer;
    try {
      answer = await fetch(`${document.body.dataset.mentions}?${new URLSearchParams({ search: token.text })}`, { headers: { Accept: "application/json" } });
    } catch {
      return close(); // offline: what is typed is typed
    }
    if (!answer.ok || mine !== asked || document.activeElement !== field) return close();
    const { results } = await answer.json();
    const wanted = field.dataset.mentions === "people" ? results.filter(({ kind }) => kind === "person") : results;
    if (wanted.length === 0) close();
    else show(field, wanted, token);
  }

  function show(field, results, token) {
    close();
    const list = document.createElement("ul");
    list.id = `${field.id}-offers`;
    list.className = "offers";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "People and groups");
    results.forEach(({ name, kind, text }, position) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${position}`;
      option.setAttribute("role", "option");
      option.dataset.text = field.dataset.mentions === "people" ? name : `${text} `;
      option.append(name);
      if (kind === "group") option.append(Object.assign(document.createElement("span"), { className: "muted", textContent: "group" }));
      list.append(option);
    });
    field.after(list);
    field.setAttribute("aria-haspopup", "listbox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);
    shown = { field, list, ...token };
    mark(list.firstElementChild);
  }

  function mark(option) {
    for (const other of shown.list.children) other.setAttribute("aria-selected", String(other === option));
    shown.field.setAttribute("aria-activedescendant", option.id);
  }

  function close() {
    if (shown === null) return;
    shown.list.remove();
    for (const name of ["aria-activedescendant", "aria-controls"]) shown.field.removeAttribute(name);
    shown = null;
  }

  function take(option) {
    const { field, start, end } = shown;
    field.setRangeText(option.dataset.text, start, end, "end");
    close();
    field.focus();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.addEventListener("input", (event) => {
    if (!isField(event.target)) return;
    clearTimeout(timer);
    timer = setTimeout(offer, PAUSE, event.target);
  });

  document.addEventListener("keydown", (event) => {
    if (shown === null || event.target !== shown.field || event.isComposing) return;
    const { list } = shown;
    const current = list.querySelector("[aria-selected=true]");
    switch (event.key) {
      case "ArrowDown":
        mark(current.nextElementSibling ?? list.firstElementChild);
        break;
      case "ArrowUp":
        mark(current.previousElementSibling ?? list.lastElementChild);
        break;
      case "Enter":
      case "Tab":
        take(current);
        break;
      case "Escape":
        close();
        break;
      default:
        return;
    }
    // The list has taken the key: it sends no form, leaves no field and closes no dialog.
    event.preventDefault();
    event.stopPropagation();
  }, true);

  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest(".offers [role=option]");
    if (option && shown) {
      event.preventDefault(); // the field keeps the focus
      take(option);
    }
  });
  document.addEventListener("focusout", (event) => {
    if (shown && event.target === shown.field) close();
  });
})();
