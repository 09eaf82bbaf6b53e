// The chat: sends what is typed, and keeps the turns of the conversation.

import { api, renew, root } from "./api.js";
import { part } from "./cards.js";
import { draw } from "./markdown.js";
import { sums } from "./text.js";
import { Turn } from "./turn.js";

const main = document.getElementById("main");
const [turns, form, button, stop, down] = ["turns", "composer", "send", "stop", "down"].map((name) => part(main, name));
const { prompt, agent } = form.elements;
const totals = part(main, "totals");
const status = part(main, "status");
const known = JSON.parse(totals.dataset.sums || "{}"); // of the turns that the service drew
const live = new Set();
let sticks = true; // whether the page stays at its end as it grows

const told = {
  say: (text) => { if (text) status.textContent = text; },
  changed: (turn) => {
    stop.hidden = !current();
    button.hidden = !stop.hidden;
    form.setAttribute("aria-busy", String(Boolean(current())));
    if (sticks) toTheEnd();
    if (turn.state !== "running") ended(turn);
  },
};

// The turn that goes on.
function current() {
  return [...live].find((each) => each.state === "running");
}

function begin(turn) {
  live.add(turn);
  turn.watch();
}

function ended(turn) {
  add();
  if (turn.listed !== turn.state) list();
  turn.listed = turn.state;
}

// The other conversations as they stand now, unless somebody is about to choose one.
function list() {
  const talks = document.getElementById("talks");
  if (!talks.contains(document.activeElement) && !talks.matches(":popover-open")) renew("#talks").catch(() => {});
}

// What the conversation came to, those that are going on included.
function add() {
  const all = [...live].map((each) => each.sums).filter(Boolean);
  const total = (name) => all.reduce((sum, each) => sum + (each[name] ?? 0), known[name] ?? 0);
  const isUnknown = (known.runs > 0 && known.cost == null) || all.some((each) => each.cost == null);
  totals.textContent = sums({ runs: (known.runs ?? 0) + live.size, tokens: total("tokens"), cost: isUnknown ? null : total("cost") });
}

async function send() {
  const text = prompt.value.trim();
  if (!text || current()) return;
  if (turns.querySelector('.turn[data-state="waiting"]')) return fail("Decide on the calls first.");
  const conversation = main.dataset.conversation || crypto.randomUUID?.() || String(Math.random()).slice(2);
  const turn = Turn.new(text, told);
  part(main, "about")?.remove();
  main.querySelector(".hello")?.classList.replace("hello", "unseen");
  turns.append(turn.element);
  sticks = true;
  prompt.value = "";
  try {
    const run = await api("/runs", { agent: agent?.value, prompt: text, conversation });
    turn.id = run.id;
    begin(turn);
    if (main.dataset.conversation !== conversation) {
      main.dataset.conversation = conversation;
      history.replaceState(null, "", `${root}/?conversation=${encodeURIComponent(conversation)}`);
      list();
    }
  } catch (error) {
    turn.element.remove();
    prompt.value ||= text;
      fail(error.message);
  }
}

function fail(why) {
  const problem = part(form, "problem");
  problem.textContent = why;
  problem.hidden = !why;
}

function toTheEnd() {
  scrollTo({ top: document.documentElement.scrollHeight });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  fail("");
  send();
});
prompt.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
stop.addEventListener("click", async () => {
  const turn = current();
  try {
    await turn.ask("cancel", {});
  } catch (error) {
    fail(error.message);
  }
  prompt.focus();
});
down.addEventListener("click", () => {
  toTheEnd();
  prompt.focus();
});
addEventListener("scroll", () => {
  const { scrollHeight } = document.documentElement;
  sticks = innerHeight + scrollY >= scrollHeight - 90;
  down.hidden = sticks || !turns.children.length;
}, { passive: true });
agent?.addEventListener("change", () => {
  for (const each of main.querySelectorAll("[data-agent]")) each.hidden = each.dataset.agent !== agent.value;
});
setInterval(() => {
  for (const turn of live) for (const card of turn.cards.values()) if (card.isRunning) card.tick();
}, 1000);

for (const element of turns.children) {
  const turn = new Turn(element, told);
  for (const each of element.querySelectorAll(".said")) draw(each, each.textContent);
  if (element.dataset.live) begin(turn);
}
if (turns.children.length) toTheEnd();
