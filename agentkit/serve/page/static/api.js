// The service's JSON API, and its events.

export const root = document.body.dataset.root;

const EVENTS = [
  "run_started", "request_sent", "waiting", "text", "reasoning", "response_received", "call_started",
  "progress", "call_ended", "approval_needed", "decided", "run_ended",
];

// Ask the API; with a body it is a POST. An answer that is an error is thrown, in its own words.
export async function api(path, body) {
  const options = body && {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const reply = await fetch(`${root}/api${path}`, options);
  if (reply.status === 401) signIn();
  const told = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(told.error?.message ?? `The service answered ${reply.status}.`);
  return told;
}

function signIn() {
  const here = location.pathname.slice(root.length) + location.search;
  location.assign(`${root}/sign-in?next=${encodeURIComponent(here)}`);
}

// Watch a run from behind an event: see(type, data, number) for each. The browser connects again
// by itself, with Last-Event-ID. lost(run) tells that there is nothing more to come, though the
// run did not say so.
export function watch(id, after, see, lost) {
  const source = new EventSource(`${root}/api/runs/${encodeURIComponent(id)}/events?after=${after}`);
  const seen = (event) => {
    if (event.type === "run_ended") source.close();
    see(event.type, JSON.parse(event.data), Number(event.lastEventId));
  };
  for (const type of EVENTS) source.addEventListener(type, seen);
  source.addEventListener("error", async () => {
    const run = await api(`/runs/${encodeURIComponent(id)}`).catch(() => null);
    if (run ? run.state === "running" : source.readyState !== EventSource.CLOSED) return;
    if (source.readyState === EventSource.CLOSED && source.isOver) return;
    source.isOver = true;
    source.close();
    lost(run);
  });
  return source;
}

// Take a part of this page anew from the service; what is folded out stays so.
export async function renew(selector, address = location.href, options = {}) {
  const reply = await fetch(address, options);
  if (reply.redirected && reply.url.includes("/sign-in")) return signIn();
  const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector(selector);
  const old = document.querySelector(selector);
  if (!fresh || !old) return location.reload();
  const opened = [...old.querySelectorAll("details")].map((each) => each.open);
  fresh.querySelectorAll("details").forEach((each, n) => { each.open ||= opened[n] ?? false; });
  old.replaceWith(fresh);
  return fresh;
}
