// Runs inside MLflow's own page, before MLflow's script. It does four things and touches nothing of MLflow's:
//   1. a call that Checkpoint refused because it would change a protected target leads to the pre-filled form;
//   2. a small control at the top says how many promote requests have something for this person;
//   3. on a model or prompt version it offers to request that version's promotion, and to compare it;
//   4. what somebody logged as HTML is shown where it can reach nothing.
(() => {
  "use strict";

  const PORTAL = "/checkpoint/";
  const STATUS_URL = "/checkpoint/mlflow-ui/status/";
  const INBOX_URL = "/checkpoint/inbox/";
  const SIGN_IN_URL = "/checkpoint/accounts/login/";
  const FORM_URL = "/checkpoint/promote-requests/new/";
  const COMPARE_URL = "/checkpoint/compare/";
  const REFUSAL_HEADER = "X-Checkpoint-Promote-Request";
  const POLL_MS = 30_000;
  const SLOWEST_POLL_MS = 300_000;
  const ANSWER_MS = 10_000;
  const FRAME_URL = document.currentScript.dataset.frame;

  // `cutOff`: a call of MLflow's page was refused for want of a sign-in, so the page no longer works.
  const state = { signedIn: true, cutOff: false, forYou: null };
  let render = () => {};

  // -- 1. Refused calls ----------------------------------------------------------------------------------------

  let leaving = false;

  // MLflow asks for a comment where a stage is changed, and sends it nowhere. It becomes the description. It goes along
  // behind the #, which no server gets to see and no log keeps.
  const COMMENT_FIELD = "mlflow.model_registry.stage_transition_modal_v2.comment";
  const LONGEST_COMMENT = 4_000;
  const comment = { text: "", at: 0 };
  document.addEventListener("input", ({ target }) => {
    if (target.id === COMMENT_FIELD) Object.assign(comment, { text: target.value, at: performance.now() });
  }, { capture: true });

  function withComment(address) {
    const text = comment.text.trim().slice(0, LONGEST_COMMENT);
    if (text && performance.now() - comment.at < 120_000) address.hash = new URLSearchParams({ description: text });
    comment.text = "";
    return address;
  }

  // The header is only believed from our own origin, and only leads to Checkpoint's own pages: a call to another
  // host, or an upstream that sent the header itself, must not be able to send people elsewhere.
  function formAddress(value) {
    if (!value?.startsWith(PORTAL)) return null;
    const address = new URL(value, location.origin);
    return address.origin === location.origin && address.pathname.startsWith(PORTAL) ? address : null;
  }

  // `header` reads one response header. MLflow gets the answer in any case and shows its message meanwhile.
  function observe(status, url, header) {
    if (status !== 401 && status !== 403) return;
    if (new URL(url, location.href).origin !== location.origin) return;
    if (status === 401) {
      // MLflow's own authentication answers 401 too; signing in to Checkpoint would not help there.
      if (header("WWW-Authenticate")?.includes('realm="Checkpoint"')) update({ cutOff: true });
      return;
    }
    const address = formAddress(header(REFUSAL_HEADER));
    if (address === null || leaving) return;
    leaving = true;
    location.assign(withComment(address));
  }

  // The browser's Back brings this page again as it was left.
  window.addEventListener("pageshow", () => { leaving = false; });

  const nativeFetch = window.fetch;
  window.fetch = function fetch(...parameters) {
    const answer = nativeFetch.apply(this, parameters);
    return answer.then((response) => {
      observe(response.status, response.url, (name) => response.headers.get(name));
      return response;
    });
  };

  const nativeSend = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function send(...parameters) {
    const onLoad = () => observe(this.status, this.responseURL, (name) => this.getResponseHeader(name));
    this.addEventListener("load", onLoad, { once: true });
    return nativeSend.apply(this, parameters);
  };

  // -- 2. How many are for them ----------------------------------------------------------------------------------

  function update(change) {
    Object.assign(state, change);
    render();
  }

  // Returns {signed_in, for_you}, or null when Checkpoint could not say.
  async function readStatus() {
    try {
      const options = { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(ANSWER_MS) };
      const response = await nativeFetch.call(window, STATUS_URL, options);
      return response.ok ? await response.json() : null;
    } catch (error) {
      // No network, too slow, or something in between answered for us: all of them pass, and are asked again later.
      if (error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  let timer = 0;
  let isAsking = false;
  let pause = POLL_MS;
  let lastAsked = 0;

  async function poll() {
    if (isAsking) return;
    isAsking = true;
    lastAsked = Date.now();
    const status = await readStatus();
    isAsking = false;
    pause = status === null ? Math.min(pause * 2, SLOWEST_POLL_MS) : POLL_MS;
    if (status === null) update({ forYou: null });
    else if (status.signed_in) update({ signedIn: true, cutOff: false, forYou: status.for_you });
    else update({ signedIn: false, forYou: null });
    schedule();
  }

  function schedule() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(poll, Math.max(0, lastAsked + pause - Date.now()));
  }

  // -- 3. The version on screen --------------------------------------------------------------------------------

  function decode(text) {
    try {
      return decodeURIComponent(text);
    } catch (error) {
      if (error instanceof URIError) return null; // a stray % that somebody typed into the address
      throw error;
    }
  }

  // Returns {name, version, workspace} of the model or prompt version that MLflow shows, or null.
  //   #/models/NAME/versions/N        #/prompts/NAME?promptVersion=N        #/experiments/ID/prompts/NAME?promptVersion=N
  function versionOnScreen() {
    const [path, query = ""] = location.hash.slice(1).split("?", 2);
    const search = new URLSearchParams(query);
    const model = path.match(/^\/models\/([^/]+)\/versions\/([^/]+)\/?$/);
    const prompt = path.match(/^(?:\/experiments\/[^/]+)?\/prompts\/([^/]+)\/?$/);
    const name = decode((model ?? prompt)?.[1] ?? "");
    const version = model ? decode(model[2]) : search.get("promptVersion");
    // A prompt's address has no version for a moment, until MLflow has chosen the newest.
    if (!name || !/^\d+$/.test(version ?? "")) return null;
    return { name, version, workspace: search.get("workspace") ?? "" };
  }

  function addressFor(page, { name, version, workspace }) {
    const query = new URLSearchParams({ model: name, version });
    if (workspace) query.set("workspace", workspace);
    return `${page}?${query}`;
  }

  function signInAddress() {
    const here = location.pathname + location.search + location.hash;
    return `${SIGN_IN_URL}?${new URLSearchParams({ next: here })}`;
  }

  // MLflow moves by history.pushState, which fires no event.
  for (const method of ["pushState", "replaceState"]) {
    const native = history[method];
    history[method] = function move(...parameters) {
      native.apply(this, parameters);
      render();
    };
  }
  window.addEventListener("hashchange", () => render());
  window.addEventListener("popstate", () => render());

  // -- 4. What was logged as HTML -------------------------------------------------------------------------------

  // MLflow makes a blob of it and shows that in a sandboxed frame. A blob has the policy of the page that made it,
  // under which no script of its own runs; the frame at FRAME_URL has another policy, and no origin.
  const logged = new Map(); // blob's address -> blob

  const nativeCreate = URL.createObjectURL;
  URL.createObjectURL = function createObjectURL(object) {
    const url = nativeCreate.call(this, object);
    if (object instanceof Blob && object.type.startsWith("text/html")) logged.set(url, object);
    return url;
  };

  const nativeRevoke = URL.revokeObjectURL;
  URL.revokeObjectURL = function revokeObjectURL(url) {
    logged.delete(url);
    return nativeRevoke.call(this, url);
  };

  HTMLIFrameElement.prototype.setAttribute = function setAttribute(name, value) {
    const blob = name === "src" ? logged.get(String(value)) : undefined;
    if (blob === undefined) {
      Element.prototype.setAttribute.call(this, name, value);
      return;
    }
    const write = async () => this.contentWindow?.postMessage(await blob.text(), "*"); // it has no origin to name
    this.addEventListener("load", write, { once: true });
    Element.prototype.setAttribute.call(this, "src", FRAME_URL);
  };

  // -- The control ---------------------------------------------------------------------------------------------

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    made.className = className;
    made.append(...children);
    return made;
  }

  function start() {
    const dot = element("span", "checkpoint-pill-dot");
    const label = element("span", "checkpoint-pill-label");
    const count = element("span", "checkpoint-pill-count");
    const said = element("span", "checkpoint-pill-said", "for you"); // what the dot says to those who see it
    const home = element("a", "checkpoint-pill-link", dot, label, count, said);
    const request = element("a", "checkpoint-pill-link checkpoint-pill-request", "Request promotion");
    const compare = element("a", "checkpoint-pill-link checkpoint-pill-request checkpoint-pill-compare", "Compare");
    const bar = element("nav", "checkpoint-pill", home, compare, request);
    bar.setAttribute("aria-label", "Checkpoint");
    dot.setAttribute("aria-hidden", "true");
    label.setAttribute("aria-live", "polite");

    render = () => {
      const { signedIn, cutOff } = state;
      const forYou = cutOff ? null : state.forYou;
      const version = cutOff ? null : versionOnScreen();
      bar.classList.toggle("checkpoint-pill-alert", cutOff);
      const text = cutOff ? "You are signed out: sign in" : "Promote Requests";
      if (label.textContent !== text) label.textContent = text; // or it would be announced at every step
      home.href = cutOff || !signedIn ? signInAddress() : forYou ? INBOX_URL : PORTAL;
      dot.hidden = count.hidden = said.hidden = !forYou;
      count.textContent = forYou ?? "";
      request.hidden = compare.hidden = version === null;
      if (version === null) return;
      compare.href = addressFor(COMPARE_URL, version);
      compare.title = `Compare ${version.name}, version ${version.version}, with another version`;
      request.href = addressFor(FORM_URL, version);
      request.title = `Request promotion of ${version.name}, version ${version.version}`;
    };
    render();
    // First in the page, so that the keyboard meets it before MLflow's long menu and never inside it.
    document.body.prepend(bar);
    document.addEventListener("visibilitychange", schedule);
    poll();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
  else start();
})();
