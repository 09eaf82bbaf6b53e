// A run's page: answers are drawn, and a run that goes on is shown as it goes.

import { renew, watch } from "./api.js";
import { draw } from "./markdown.js";

const WHOLE = '[data-part="whole"]';
const PAUSE = 1000; // milliseconds between two looks

function drawn() {
  for (const each of document.querySelectorAll(".said")) draw(each, each.textContent);
}

async function look() {
  await renew(WHOLE).catch(() => {}); // the service may be there again later
  drawn();
}

const { watch: id } = document.querySelector(WHOLE).dataset;
drawn();
if (id) {
  let due = null;
  const soon = () => { due ??= setTimeout(() => { due = null; look(); }, PAUSE); };
  const see = (type) => { if (!["text", "reasoning", "progress"].includes(type)) soon(); };
  watch(id, 0, see, soon);
}
