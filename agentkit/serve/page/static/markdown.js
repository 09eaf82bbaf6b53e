// A small part of Markdown as DOM nodes. Nothing in a text becomes HTML: each node is made here, and
// what is not understood stays text. Links lead to http and https alone, and show where.

import { plain } from "./text.js";

const FENCE = /^\s{0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;
const RULE = /^\s{0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^\s{0,3}>\s?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const CELLS = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
const INLINE = new RegExp([
  "(`+)([^`]+)\\1", // 1, 2: code
  "\\*\\*(?=\\S)([^*\\n]{1,2000})\\*\\*", // 3: bold
  "\\*(?=\\S)([^*\\n]{1,2000})\\*", // 4: stressed
  "\\[([^\\[\\]\\n]{1,500})\\]\\(\\s*(https?://[^\\s()<>\"]{1,2000})[^()\\n]{0,200}\\)", // 5, 6: link
  "(https?://[^\\s<>\"'`\\[\\]]{1,2000})", // 7: address
].join("|"), "gi");
const LONGEST = 100_000; // characters; a longer text stays plain

// Draw a text into an element; blocks that are there already stay, so that it may grow.
export function draw(holder, text) {
  text = plain(text);
  holder.classList.add("drawn");
  const wanted = text.length > LONGEST ? [{ kind: "plain", lines: [text] }] : blocks(text);
  const drawn = (holder.drawn ??= (holder.replaceChildren(), []));
  const sources = wanted.map((each) => JSON.stringify(each));
  let same = 0;
  while (same < drawn.length && drawn[same] === sources[same]) same += 1;
  while (holder.childNodes.length > same) holder.lastChild.remove();
  holder.append(...wanted.slice(same).map(nodeOf));
  holder.drawn = sources;
}

function blocks(text) {
  const lines = text.split("\n");
  const found = [];
  let at = 0;
  const take = (kind, more, fits) => {
    const begun = at;
    while (at < lines.length && fits(lines[at], at - begun)) at += 1;
    found.push({ kind, lines: lines.slice(begun, at), ...more });
  };
  while (at < lines.length) {
    const line = lines[at];
    const fence = FENCE.exec(line);
    if (!line.trim()) at += 1;
    else if (fence) {
      at += 1;
      take("code", {}, (each) => !each.trim().startsWith(fence[1]));
      at += 1;
    } else if (HEADING.test(line)) take("heading", {}, (_, n) => n === 0);
    else if (RULE.test(line)) take("rule", {}, (_, n) => n === 0);
    else if (QUOTE.test(line)) take("quote", {}, (each) => QUOTE.test(each));
    else if (ITEM.test(line)) take("list", {}, (each) => ITEM.test(each) || /^\s+\S/.test(each));
    else if (line.includes("|") && CELLS.test(lines[at + 1] ?? "")) take("table", {}, (each) => each.includes("|"));
    else take("text", {}, (each, n) => n === 0 || (each.trim() && !begins(each)));
  }
  return found;
}

function begins(line) {
  return [FENCE, HEADING, QUOTE, ITEM].some((each) => each.test(line));
}

function nodeOf({ kind, lines }) {
  switch (kind) {
    case "code": return node("pre", node("code", lines.join("\n")), { tabindex: "0", role: "group", "aria-label": "Code" });
    case "heading": return node("h3", inline(HEADING.exec(lines[0])[1]));
    case "rule": return node("hr");
    case "quote": return node("blockquote", inline(lines.map((each) => each.replace(QUOTE, "")).join("\n")));
    case "list": return list(lines);
    case "table": return table(lines);
    case "plain": return node("p", lines[0]);
    default: return node("p", inline(lines.join("\n")));
  }
}

function list(lines) {
  const depth = (line) => ITEM.exec(line)?.[1].length ?? Infinity;
  const outer = depth(lines[0]);
  const [, , mark] = ITEM.exec(lines[0]);
  const made = node(/\d/.test(mark) ? "ol" : "ul");
  if (/\d/.test(mark)) made.start = parseInt(mark, 10);
  for (let at = 0; at < lines.length;) {
    let end = at + 1;
    while (end < lines.length && depth(lines[end]) > outer) end += 1;
    const inner = lines.slice(at + 1, end);
    const deeper = inner.findIndex((each) => ITEM.test(each));
    const more = (deeper < 0 ? inner : inner.slice(0, deeper)).map((each) => each.trim());
    const item = node("li", inline([ITEM.exec(lines[at])?.[3] ?? lines[at], ...more].join("\n")));
    if (deeper >= 0) item.append(list(inner.slice(deeper)));
    made.append(item);
    at = end;
  }
  return made;
}

function table(lines) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((each) => each.trim());
  const row = (line, kind) => node("tr", cells(line).map((each) => node(kind, inline(each))));
  const body = lines.slice(2).map((each) => row(each, "td"));
  const made = node("table", [node("thead", row(lines[0], "th")), node("tbody", body)]);
  made.tabIndex = 0; // it may be wider than the screen
  return made;
}

function inline(text) {
  const made = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, , code, bold, stressed, label, target, address] = found;
    made.push(text.slice(at, found.index));
    at = found.index + whole.length;
    if (code) made.push(node("code", code));
    else if (bold) made.push(node("strong", inline(bold)));
    else if (stressed) made.push(node("em", inline(stressed)));
    else if (target) made.push(link(target, label), node("span", ` (${target})`, { class: "address" }));
    else {
      const shown = address.replace(/[.,;:!?)*_]+$/, "");
      made.push(link(shown, shown));
      at -= address.length - shown.length;
    }
  }
  return [...made, text.slice(at)];
}

function link(target, label) {
  if (!URL.canParse(target) || !/^https?:/i.test(target)) return label;
  return node("a", label, { href: target, rel: "noopener noreferrer nofollow", target: "_blank" });
}

export function node(name, inside = [], attributes = {}) {
  const made = document.createElement(name);
  made.append(...[inside].flat());
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
