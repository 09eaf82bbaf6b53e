// Calls as cards: their markup is in templates of the page, here it is filled in.

import { LONGEST, duration, exact, plain } from "./text.js";
import { node } from "./markdown.js";

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const MORE = 100_000; // characters of a long text that are shown at a time

export function part(element, name) {
  return element.querySelector(`[data-part="${name}"]`);
}

export function copy(template) {
  return document.getElementById(template).content.firstElementChild.cloneNode(true);
}

// What a model wrote as arguments: an object, or text where that is no JSON.
export function argumentsOf(written) {
  if (typeof written !== "string") return written ?? {};
  try {
    return JSON.parse(written);
  } catch {
    return { "": written };
  }
}

export function fillArguments(element, values) {
  const pairs = Object.entries(Object(values)).map(([name, value]) => {
    const shown = typeof value === "string" ? value : exact(value);
    return node("div", [node("dt", plain(name)), node("dd", plain(shown.slice(0, LONGEST)))]);
  });
  part(element, "arguments").replaceChildren(...pairs);
}

export class Card {
  // The card of a call that begins, or waits.
  constructor({ key, name, arguments: written }) {
    this.element = copy("card");
    this.element.dataset.key = key;
    part(this.element, "name").textContent = plain(name);
    this.give(written);
  }

  give(written) {
    const values = argumentsOf(written);
    const line = Object.entries(values).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    part(this.element, "line").textContent = plain(line.join(", ").slice(0, 300));
    fillArguments(this.element, values);
  }

  show(state) {
    this.element.dataset.state = state;
    part(this.element, "state").textContent = state;
  }

  begin(at) {
    this.begun = at;
    this.show("running");
    this.tick();
  }

  tick() {
    const seconds = Math.max(0, Math.round(Date.now() / 1000 - this.begun));
    part(this.element, "time").textContent = seconds ? `${seconds} s` : "";
  }

  get isRunning() {
    return this.element.dataset.state === "running";
  }

  cut() {
    this.show("cut off");
    part(this.element, "progress").hidden = true;
  }

  progress({ message, fraction }) {
    const bar = part(this.element, "progress");
    bar.hidden = false;
    if (fraction == null) bar.firstElementChild.removeAttribute("value");
    else bar.firstElementChild.value = fraction;
    part(this.element, "progress-text").textContent = plain(message);
  }

  end({ content, is_error, untrusted, media, seconds }, state = is_error ? "failed" : "done") {
    this.show(state);
    const text = plain(content);
    part(this.element, "progress").hidden = true;
    part(this.element, "time").textContent = seconds == null ? "" : duration(seconds);
    part(this.element, "untrusted").hidden = !untrusted;
    part(this.element, "preview").textContent = text.slice(0, 300).replace(/\s+/g, " ").trim();
    part(this.element, "outcome").hidden = false;
    part(this.element, "outcome-name").textContent = is_error ? "Error" : "Result";
    unfold(part(this.element, "result"), text, LONGEST);
    part(this.element, "media").replaceChildren(...(media ?? []).map(image).filter(Boolean));
  }
}

// As much of a long text as is asked for: all of a megabyte at once would stop the page for a while.
function unfold(element, text, shown) {
  element.textContent = text.slice(0, shown);
  element.parentElement.querySelector(".more")?.remove();
  if (text.length <= shown) return;
  const left = (text.length - shown).toLocaleString("en");
  const button = node("button", `Show more: ${left} of ${text.length.toLocaleString("en")} characters are left`, { class: "more" });
  button.type = "button";
  button.addEventListener("click", () => {
    unfold(element, text, shown + MORE);
    element.focus();
  });
  element.after(button);
}

function image({ mime_type: type, base64 }, n) {
  if (!IMAGES.includes(type) || !/^[A-Za-z0-9+/=]+$/.test(base64 ?? "")) return null;
  return node("img", [], { src: `data:${type};base64,${base64}`, alt: `Image ${n + 1} of the result` });
}
