// Nothing that somebody typed is lost. htmx sends the forms, and this decides what becomes of the answer:
//   1. it replaces a part of the page only if it is a page of Checkpoint's that has this part;
//   2. any other answer, or none, leaves the form as it is, with a sentence beside it;
//   3. if the way on leads away from the page, to the sign-in or to a newer copy of the page, what was typed waits in
//      this tab and is put back.
(() => {
  "use strict";

  const ANSWER = "X-Checkpoint-Answer";
  const FIELD = "X-Checkpoint-Field";
  const SIGN_IN_URL = "/checkpoint/accounts/login/";
  const KEPT = "checkpoint.typed";

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    made.className = className;
    made.append(...children);
    return made;
  }

  // -- 1. What an answer may replace ---------------------------------------------------------------------------

  function hasPart(html, selector) {
    return new DOMParser().parseFromString(html, "text/html").querySelector(selector) !== null;
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig, serverResponse } = event.detail;
    const asked = requestConfig.elt;
    const part = xhr.getResponseHeader("HX-Reselect") ?? asked.closest("[hx-select]").getAttribute("hx-select");
    if (xhr.getResponseHeader(ANSWER) === "page" && hasPart(serverResponse, part)) {
      const isAsked = asked.classList.contains("asking-offers"); // somebody has pressed the button
      if (asked.id === "live-form" && !isAsked && isInUse(asked)) offer(event, asked);
      return;
    }
    event.detail.shouldSwap = false;
    explain(asked.closest("form"), xhr);
  });
  // What MLflow has now takes the place of what was observed before, but not of what somebody has begun to use: then a
  // button offers it, all of it or nothing, so that no figure of now stands beside one of before.
  function isInUse(form) {
    const focused = document.activeElement;
    const parts = ["live-head", "live", "status"].map((id) => document.getElementById(id)).filter(Boolean);
    return !form.contains(focused) && parts.some((part) => part.contains(focused) || part.querySelector("details[open]"));
  }
  function offer(event, form) {
    event.detail.shouldSwap = false;
    form.querySelector(".asking-busy").textContent = " MLflow has answered.";
    form.classList.add("asking-offers");
    form.querySelector("button").textContent = "Show the present";
  }
  // Whoever asks for it keeps what they have typed beside it.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    if (target.id === "status" && target.querySelector("details[open]")) event.detail.shouldSwap = false;
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => explain(event.detail.elt.closest("form"), event.detail.xhr));
  }

  // -- 2. What is said beside a form ---------------------------------------------------------------------------

  function words(form, xhr) {
    const here = location.pathname + location.search;
    const signIn = `${SIGN_IN_URL}?${new URLSearchParams({ next: here })}`;
    switch (xhr.getResponseHeader(ANSWER)) {
      case "signed-out":
        return ["You are signed out, and nothing was sent. ", leave(form, "Sign in", signIn), " and come back: what you typed is kept."];
      case "form-expired":
        return ["This page is too old to send from, and nothing was sent. ", leave(form, "Load it again", here), ": what you typed is kept."];
      case "refused":
        return [`${xhr.responseText} What you typed is still here.`];
    }
    const said = xhr.status ? ` (${xhr.status} from a server in between)` : "";
    return [`Checkpoint cannot be reached${said}. What you typed is still here: send it again in a moment.`];
  }

  function leave(form, label, address) {
    const link = element("a", "", label);
    link.href = address;
    link.addEventListener("click", () => keep(form));
    return link;
  }

  function explain(form, xhr) {
    const problem = element("div", "notice notice-error form-problem", element("p", "", ...words(form, xhr)));
    problem.setAttribute("role", "alert");
    const field = form.querySelector(`[name="${CSS.escape(xhr.getResponseHeader(FIELD) ?? "")}"]`);
    if (field?.checkVisibility()) mark(field, problem);
    else beside(form).before(problem);
    problem.scrollIntoView({ block: "nearest" });
  }

  // What is wrong with a field is said at it, and there the person goes on.
  function mark(field, problem) {
    const { form } = field;
    problem.id = `${field.id}-problem`;
    problem.className = "field-error form-problem";
    field.after(problem);
    field.classList.add("is-invalid");
    field.setAttribute("aria-invalid", "true");
    const described = field.getAttribute("aria-describedby");
    field.setAttribute("aria-describedby", [described, problem.id].filter(Boolean).join(" "));
    field.focus({ preventScroll: true });
    pressed.set(form, field);
    form.addEventListener("htmx:beforeRequest", () => {
      field.classList.remove("is-invalid");
      field.removeAttribute("aria-invalid");
      if (described) field.setAttribute("aria-describedby", described);
      else field.removeAttribute("aria-describedby");
    }, { once: true });
  }

  function beside(form) {
    return form.querySelector(".buttons") ?? form.querySelector("button[type=submit]");
  }

  // -- A form is sent once ---------------------------------------------------------------------------------------

  const pressed = new WeakMap(); // form -> what had the focus when it was sent
  let pressedId = ""; // the same of the last one, for the page that takes the place of this one
  let pressedRow = null; // {address, index} of the row of a list that it stood in
  let wasPressed = false; // not so for what a page asks for by itself

  function setBusy(form, isBusy) {
    if (isBusy) form.setAttribute("aria-busy", "true");
    else form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("button")) button.disabled = isBusy;
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt.closest("form");
    form.querySelector(".form-problem[role=alert]")?.remove();
    if (event.detail.elt !== form) return; // only the choices are asked for
    form.querySelector(".form-problem")?.remove(); // that it has not been sent
    pressed.set(form, document.activeElement);
    pressedId = document.activeElement.id;
    wasPressed = document.activeElement !== document.body;
    const row = document.activeElement.closest(".row-item");
    pressedRow = row && { address: row.querySelector("a").href, index: rows().indexOf(row) };
    setBusy(form, true);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt;
    if (!pressed.has(form) || event.detail.xhr.getResponseHeader("HX-Redirect")) return; // the next page is on its way
    setBusy(form, false);
    const focused = pressed.get(form);
    if (focused.isConnected) focused.focus({ preventScroll: true });
  });
  const rows = () => [...document.querySelectorAll(".row-item")];
  // A button that is gone, such as Mark as read: its row has the focus, or the one that took the row's place.
  function rowLink() {
    if (pressedRow === null) return null;
    const same = rows().find((row) => row.querySelector("a").href === pressedRow.address);
    return (same ?? rows()[pressedRow.index] ?? rows().at(-1))?.querySelector("a");
  }
  // Forms that htmx does not send. The button that was pressed is part of what they send, so it is disabled after that.
  document.addEventListener("submit", (event) => {
    if (event.target.method === "post" && !event.defaultPrevented) setTimeout(setBusy, 0, event.target, true);
  });
  // The browser's Back shows a page as it was left.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[aria-busy]").forEach((form) => setBusy(form, false));
  });

  // A new page took the place of the one with the button that was pressed: the focus goes to what it says, or to the
  // button that took the place of that one, or to the heading where there is none. What is said beside a field is brought into sight, after the charts above it
  // are drawn.
  document.addEventListener("htmx:afterSettle", (event) => {
    const invalid = document.querySelector("main .is-invalid");
    if (document.activeElement === document.body) {
      const heading = wasPressed ? document.querySelector("main h1") : null;
      const button = document.getElementById(pressedId) ?? rowLink();
      const said = invalid ?? document.querySelector("main [role=alert]") ?? button ?? heading;
      if (said?.getAttribute("role") === "alert" || (said !== null && said === heading)) said.tabIndex = -1;
      said?.focus({ preventScroll: said.id !== pressedId });
    }
    if (invalid === null || event.detail.target?.id !== "main") return;
    const field = invalid.closest(".field") ?? invalid;
    // Charts above it are drawn when they are, each makes the page longer: it stays in sight until somebody moves on.
    const grown = new ResizeObserver(() => field.scrollIntoView({ block: "nearest" }));
    grown.observe(document.getElementById("main"));
    for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      document.addEventListener(name, () => grown.disconnect(), { once: true, capture: true, passive: true });
    }
  });

  // The same where the browser itself sent the form and the whole page is new.
  document.addEventListener("DOMContentLoaded", () => {
    if (document.activeElement === document.body) document.querySelector("main .is-invalid")?.focus();
  });

  // What comes by itself may be longer than what it replaces: what has the focus stays where it is on the screen.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const held = document.activeElement;
    if (event.detail.requestConfig.elt.id !== "live-form" || held === document.body) return;
    const { top } = held.getBoundingClientRect();
    const hold = () => held.isConnected && scrollBy(0, held.getBoundingClientRect().top - top);
    document.addEventListener("htmx:afterSettle", () => requestAnimationFrame(hold), { once: true });
  });

  // -- 3. What was typed waits in this tab -----------------------------------------------------------------------

  function typedIn(form) {
    const controls = [...form.elements].filter(({ name, type }) => name && !["submit", "password"].includes(type));
    return controls
      .filter((control) => control.type !== "hidden" || "kept" in control.dataset)
      .map(({ name, type, value, checked }) => ({ name, value, checked: type === "checkbox" || type === "radio" ? checked : null }));
  }

  function keep(form) {
    const kept = { page: location.pathname, person: document.body.dataset.person, form: form.id, typed: typedIn(form) };
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  }

  // The choices of a form depend on one another, and a fresh page has only those to begin with. What they lack is added
  // here until the server has made them anew.
  function fill(form, choices, typed) {
    for (const { name, value, checked } of typed) {
      const control = [...form.elements].find((one) => one.name === name && (checked === null || one.value === value));
      if (control === undefined) {
        if (choices !== null && checked !== false) choices.append(Object.assign(element("input", ""), { type: "hidden", name, value }));
        continue;
      }
      if (control.tagName === "SELECT" && ![...control.options].some((option) => option.value === value)) {
        control.add(new Option(value, value));
      }
      if (checked === null) control.value = value;
      else control.checked = checked;
    }
  }

  function putBack() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (kept === null || kept.page !== location.pathname || !document.body.dataset.person) return;
    sessionStorage.removeItem(KEPT);
    const form = document.getElementById(kept.form);
    if (form === null || kept.person !== document.body.dataset.person) return;
    const choices = form.querySelector("[hx-trigger=change]");
    fill(form, choices, kept.typed);
    for (let fold = form.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    form.closest("dialog")?.showModal();
    const said = element("p", "form-problem", "What you typed is here again. It has not been sent.");
    said.setAttribute("role", "status");
    beside(form).before(said);
    said.scrollIntoView({ block: "nearest" });
    choices?.dispatchEvent(new Event("change"));
  }
  // What was typed in MLflow's dialog comes behind the #: see mlflow_ui.js.
  function takeAlong() {
    const description = document.querySelector("#new-form [name=description]");
    const brought = new URLSearchParams(location.hash.slice(1)).get("description");
    if (description === null || brought === null) return;
    if (!description.value) description.value = brought;
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  document.addEventListener("DOMContentLoaded", takeAlong);

  // htmx, which asks for the choices, begins to listen at this moment and was here first.
  document.addEventListener("DOMContentLoaded", putBack);
})();
