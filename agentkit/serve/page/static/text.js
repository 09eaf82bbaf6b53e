// Texts and figures as the page shows them; the same as agentkit/journal/figures.py.

const CONTROLS = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g; // they make text look like another text

export const LONGEST = 20_000; // characters of a text that are shown at first

// Anybody's text without control characters, and with what reorders it spelled out.
export function plain(text) {
  return String(text ?? "").replace(CONTROLS, "").replace(TURNS, spelled);
}

function spelled(sign) {
  return `[U+${sign.codePointAt(0).toString(16).toUpperCase()}]`;
}

// A value as JSON that means the same, and in which nothing is hidden.
export function exact(value) {
  const escaped = (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, null, 2).replace(TURNS, escaped).replace(/[\x7f-\x9f]/g, escaped);
}

export function duration(seconds) {
  if (Math.round(seconds * 1000) < 1000) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function dollars(cost) {
  return cost ? `$${cost.toFixed(6).replace(/\.?0+$/, "")}` : "$0";
}

// "2 steps · 1,234 tokens · $0.0002", as far as it is known.
export function sums({ runs, steps, tokens, cost, seconds }) {
  const several = (count, name) => `${count.toLocaleString("en")} ${name}${count === 1 ? "" : "s"}`;
  const told = [
    runs && several(runs, "run"),
    steps && several(steps, "step"),
    tokens && several(tokens, "token"),
    cost != null && dollars(cost),
    seconds != null && duration(seconds),
  ];
  return told.filter(Boolean).join(" · ");
}

export function tokensOf(usage) {
  return (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0);
}
