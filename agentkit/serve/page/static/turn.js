// One turn of a conversation: a run, shown as its events come.

import { api, root, watch } from "./api.js";
import { Card, argumentsOf, copy, fillArguments, part } from "./cards.js";
import { draw, node } from "./markdown.js";
import { exact, plain, sums, tokensOf } from "./text.js";

// The place of a call in its run: a call whose arguments were changed has another key.
function placeOf(key) {
  return key.replace(/(:\d+:\d+):[0-9a-f]+$/, "$1");
}

const PIECES = ["text", "reasoning"]; // there are many of them, so they are painted together

export class Turn {
  // told: what the chat wants to know: changed(turn), say(text).
  constructor(element, told) {
    this.element = element;
    this.told = told;
    this.resume = part(element, "resume");
    this.resume.addEventListener("click", () => this.goOn());
    element.addEventListener("submit", (event) => this.submit(event));
  }

  static new(prompt, told) {
    const element = copy("turn");
    part(element, "prompt").textContent = plain(prompt);
    return new Turn(element, told);
  }

  get id() {
    return this.element.dataset.run;
  }

  set id(id) {
    this.element.dataset.run = id;
    part(this.element, "more").href = `${root}/runs/${encodeURIComponent(id)}`;
  }

  get state() {
    return this.element.dataset.state;
  }

  set state(state) {
    this.element.dataset.state = state;
    this.told.changed(this);
  }

  // Show the run from its beginning, and go on with what happens.
  watch() {
    this.source?.close();
    part(this.element, "steps").replaceChildren();
    this.cards = new Map();
    this.forms = new Map();
    this.begun = Date.now() / 1000;
    this.follow(0);
  }

  follow(after) {
    this.show("Thinking");
    this.state = "running";
    const see = (type, data, number) => {
      this.last = number;
      this[type]?.(data);
      if (!PIECES.includes(type)) this.told.changed(this);
    };
    this.source = watch(this.id, after, see, (run) => this.lost(run));
  }

  lost(run) {
    if (run) return this.run_ended(run);
    this.fail("The service does not answer. Reload the page to look again.");
    this.state = "lost";
  }

  // The events.

  run_resumed() {
    this.fail("");
    this.show("Thinking");
    this.state = "running";
  }

  request_sent() {
    this.show("Thinking");
    this.said = this.thought = null;
  }

  waiting({ seconds, why }) {
    this.show(`Waiting ${Math.ceil(seconds)} s: ${why}`);
  }

  text({ text }) {
    if (!this.said) this.show("Answering");
    this.said ??= this.add(node("div", [], { class: "said text" }));
    this.words = (this.said.words ?? "") + text;
    this.said.words = this.words;
    this.frame ??= requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = null;
    if (this.said) draw(this.said, this.said.words);
    this.told.changed(this);
  }

  reasoning({ text }) {
    if (!this.thought) {
      this.thought = copy("thought");
      if (this.said) this.said.before(this.thought);
      else this.add(this.thought);
    }
    part(this.thought, "thought").append(plain(text));
  }

  response_received({ content, reasoning }) {
    if (reasoning && !this.thought) this.reasoning({ text: reasoning });
    if (content) {
      this.said ??= this.add(node("div", [], { class: "said text" }));
      this.said.words = content;
      draw(this.said, content);
    } else this.said?.remove();
    this.said = null;
  }

  call_started(call) {
    this.card(call).begin(call.at ?? Date.now() / 1000);
    this.show(`Calling ${call.name}`);
    this.told.say(`Calling ${plain(call.name)}`);
  }

  progress(data) {
    this.cards.get(placeOf(data.key))?.progress(data);
  }

  call_ended(data) {
    this.card(data).end(data);
    this.show("Thinking");
    if (data.is_error) this.told.say(`${plain(data.name)} failed`);
  }

  approval_needed(call) {
    const card = this.card(call);
    card.show("waiting");
    const place = placeOf(call.key);
    if (this.forms.has(place)) return;
    const form = copy("decision");
    form.dataset.key = place;
    form.elements.call.value = call.key;
    part(form, "ask").textContent = `Allow the call of ${plain(call.name)}?`;
    part(form, "why").textContent = plain(call.why);
    fillArguments(form, argumentsOf(call.arguments));
    form.elements.arguments.value = exact(argumentsOf(call.arguments));
    this.forms.set(place, form);
    card.element.after(form);
    this.told.say(`${plain(call.name)} waits for your approval`);
  }

  decided({ key, decision, why }) {
    const place = placeOf(key);
    this.forms.get(place)?.remove();
    this.forms.delete(place);
    const card = this.cards.get(place);
    if (decision === "approved") card?.show(decision);
    else card?.end({ content: why, is_error: decision === "denied" }, decision);
  }

  run_ended({ state, error, usage, cost, steps }) {
    const waits = state === "waiting";
    part(this.element, "doing").hidden = true;
    for (const card of this.cards.values()) if (card.isRunning) card.cut();
    this.sums = { steps, tokens: tokensOf(usage), cost };
    const text = part(this.element, "sums");
    text.textContent = sums(this.sums);
    this.fail(state === "cancelled" ? "Stopped." : error);
    this.resume.hidden = !["failed", "cancelled", "interrupted"].includes(state);
    const answer = this.element.querySelector(".said:last-child")?.textContent ?? "";
    this.told.say(state === "done" ? answer.slice(0, 2000) : waits ? "" : `The run is ${state}`);
    this.state = state;
  }

  // What the person does.

  async submit(event) {
    event.preventDefault();
    const form = event.target;
    const buttons = [...form.querySelectorAll("button")];
    buttons.forEach((each) => { each.disabled = true; });
    try {
      await this.decide(form, event.submitter.value);
    } catch (error) {
      part(form, "problem").textContent = plain(error.message);
      part(form, "problem").hidden = false;
      buttons.forEach((each) => { each.disabled = false; });
    }
  }

  async decide(form, decision) {
    const { call, arguments: edited, why, result } = form.elements;
    const [path, more] = {
      approve: () => ["approve", {}],
      edit: () => ["approve", { arguments: JSON.parse(edited.value) }],
      deny: () => ["deny", { why: why.value }],
      answer: () => ["answer", { result: result.value }],
    }[decision]();
    const { key } = form.dataset;
    const run = await this.ask(path, { call: call.value, ...more });
    const made = { approve: "approved", deny: "denied", answer: "answered" }[path];
    this.decided({ key, decision: made, why: made === "denied" ? why.value || "Denied." : result.value });
    this.cards.get(key)?.element.querySelector("summary").focus(); // the buttons are gone
    if (run.state !== "waiting") this.follow(this.last);
  }

  async goOn() {
    try {
      await this.ask("resume", {});
      this.watch();
    } catch (error) {
      this.fail(error.message);
    }
  }

  ask(deed, body) {
    return api(`/runs/${encodeURIComponent(this.id)}/${deed}`, body);
  }

  // Helps.

  card(call) {
    const place = placeOf(call.key);
    let card = this.cards.get(place);
    if (!card) {
      card = new Card(call);
      this.cards.set(place, card);
      this.add(card.element);
    } else if (call.arguments) card.give(call.arguments);
    return card;
  }

  add(element) {
    part(this.element, "steps").append(element);
    return element;
  }

  show(doing) {
    part(this.element, "doing").hidden = false;
    part(this.element, "doing-text").textContent = plain(doing);
  }

  fail(why) {
    const error = part(this.element, "error");
    error.textContent = plain(why);
    error.hidden = !why;
  }
}
