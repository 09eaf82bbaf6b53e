// The service's JSON API, and its events.

export const root = document.body.dataset.root;

const EVENTS = [
  "run_started", "request_sent", "waiting", "text", "reasoning", "response_received", "call_started",
  "progress", "call_ended", "approval_needed", "decided", "run_ended", "run_resumed",
];

// Ask the API; with a body it is a POST. An answer that is an error is thrown, in its own words.
export async function api(path, body) {
  const options = body && {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const reply = await fetch(`${root}/api${path}`, options);
  if (reply.status === 401) signIn();
  if (!reply.ok) throw new Error(await problemOf(reply));
  return reply.json();
}

async function problemOf(reply) {
  const told = await reply.json().catch(() => ({}));
  return told.error?.message ?? `The service answered ${reply.status}.`;
}

function signIn() {
  const here = location.pathname.slice(root.length) + location.search;
  location.assign(`${root}/sign-in?next=${encodeURIComponent(here)}`);
}

// Watch a run from behind an event: see(type, data, id) for each. The browser connects again by
// itself, with Last-Event-ID, unless it is told that there is no more. A run that ended may have been
// gone on with, and one that was interrupted goes on when the service is there again: what the last
// event was is known when nothing more comes. lost(run) tells that it was not the end; run is null
// where the service does not know the run, or is not there.
export function watch(id, after, see, lost) {
  const address = `${root}/api/runs/${encodeURIComponent(id)}`;
  let source = null;
  let isOver = false;
  const seen = (event) => {
    const data = JSON.parse(event.data);
    after = event.lastEventId;
    isOver = event.type === "run_ended" && data.state !== "interrupted";
    see(event.type, data, after);
  };
  const failed = async () => {
    if (isOver) return source.close();
    const refused = source.readyState === EventSource.CLOSED;
    const run = await api(`/runs/${encodeURIComponent(id)}`).catch(() => null);
    if (isOver || (!refused && (!run || ["running", "interrupted"].includes(run.state)))) return;
    if (run?.state === "running") return open();
    isOver = true;
    source.close();
    lost(run);
  };
  const open = () => {
    source = new EventSource(`${address}/events?after=${after}`);
    for (const type of EVENTS) source.addEventListener(type, seen);
    source.addEventListener("error", failed);
  };
  open();
  return { close: () => { isOver = true; source.close(); } };
}

// Take a part of this page anew from the service; what is folded out stays so. A reply that is no
// page is thrown, in its own words.
export async function renew(selector, address = location.href, options = {}) {
  const reply = await fetch(address, options);
  if (reply.status === 401) return signIn();
  if (!reply.headers.get("content-type")?.startsWith("text/html")) throw new Error(await problemOf(reply));
  const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector(selector);
  const old = document.querySelector(selector);
  if (!fresh || !old) return location.reload();
  const opened = [...old.querySelectorAll("details")].map((each) => each.open);
  fresh.querySelectorAll("details").forEach((each, n) => { each.open ||= opened[n] ?? false; });
  old.replaceWith(fresh);
  return fresh;
}
