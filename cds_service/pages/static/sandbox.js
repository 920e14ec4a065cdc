// Opens charts without leaving the page. Without this script the same forms load the whole page anew.
"use strict";

const chart = document.querySelector("[data-chart]");

// The status line stays in place and only its text changes: screen readers announce no line that is itself new.
function say(text) {
  document.querySelector("[data-said]").textContent = text;
}

function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const next = page.querySelector("[data-chart]");
  if (!next) throw new Error("no chart in the answer");
  next.querySelector("[data-said]").remove();
  while (chart.children.length > 1) chart.lastElementChild.remove();
  chart.append(...next.children);
  const focus = chart.querySelector("#problem, #feedback, #chart-title");
  say(focus ? focus.textContent : "");
  if (focus) focus.focus({ preventScroll: true });
  const { top } = chart.getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) chart.scrollIntoView();
}

async function send(form, button) {
  const fields = new FormData(form, button);
  const patient = fields.get("server") ? "" : fields.get("patient");
  for (const one of document.querySelectorAll(".patients button")) {
    if (one.value === patient) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
  chart.setAttribute("aria-busy", "true");
  say("Opening …");
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields });
    show(await answer.text());
  } catch {
    say("The service does not answer. Is the demo still running?");
  }
  chart.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-chart-form]")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});
