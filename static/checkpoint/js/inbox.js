// Keeps the number beside "Inbox" as it is now: asks once a minute, never in a hidden tab, and ever more rarely while
// nobody answers. Without it the number is that of the moment at which the page was made.
(() => {
  "use strict";

  const STATUS_URL = "/checkpoint/mlflow-ui/status/";
  const POLL_MS = 60_000;
  const SLOWEST_POLL_MS = 600_000;
  const ANSWER_MS = 10_000;

  const badges = () => document.querySelectorAll("[data-inbox-count]");
  let pause = POLL_MS;
  let lastAsked = Date.now();
  let timer = 0;

  // Returns {signed_in, for_you}, or null when Checkpoint could not say.
  async function readStatus() {
    try {
      const options = { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(ANSWER_MS) };
      const response = await fetch(STATUS_URL, options);
      return response.ok ? await response.json() : null;
    } catch (error) {
      if (error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  function show(number) {
    for (const badge of badges()) {
      badge.hidden = !number;
      badge.querySelector("[data-number]").textContent = number;
    }
  }

  async function poll() {
    lastAsked = Date.now();
    const status = await readStatus();
    if (status !== null && !status.signed_in) return; // the next click leads to the sign-in
    pause = status === null ? Math.min(pause * 2, SLOWEST_POLL_MS) : POLL_MS;
    if (status !== null) show(status.for_you);
    schedule();
  }

  function schedule() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(poll, Math.max(0, lastAsked + pause - Date.now()));
  }

  if (badges().length === 0) return; // nobody is signed in
  document.addEventListener("visibilitychange", schedule);
  // Whoever marked something as read, or judged it, sees the number go down at once.
  document.addEventListener("htmx:afterSettle", poll);
  schedule();
})();
