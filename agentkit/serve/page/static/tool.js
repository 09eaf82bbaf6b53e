// A tool's page: a call does not load the page again, and says that it runs.

import { renew } from "./api.js";

const MAIN = "#main";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.dataset.part !== "call") return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const doing = form.querySelector('[data-part="doing"]');
  const begun = Date.now();
  const tick = () => { if (doing) doing.textContent = `Running, ${Math.round((Date.now() - begun) / 1000)} s`; };
  const timer = setInterval(tick, 1000);
  for (const each of form.querySelectorAll("button")) each.disabled = true;
  try {
    const main = await renew(MAIN, location.href, { method: "POST", body });
    (main?.querySelector('[role="alert"], .decision button, [data-part="answer"]:not(:empty)') ?? main)?.focus();
  } catch (error) {
    if (doing) doing.textContent = error.message;
    for (const each of form.querySelectorAll("button")) each.disabled = false;
  } finally {
    clearInterval(timer);
  }
});
