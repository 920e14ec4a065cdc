// What helps on every page, and is not needed to read it: the filter of the protocol sheet, links into closed parts,
// printing with everything open but the codes, and the health of the service.
"use strict";

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target && target.closest("details");
  if (details) {
    details.open = true;
    target.scrollIntoView();
  }
}

function openAllForPrint() {
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("main details:not([open], .codes)")]; // hundreds of pages of codes
    closed.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((one) => { one.open = false; }));
}

function startFilter() {
  const box = document.querySelector("[data-filter]");
  if (!box) return;
  const found = box.querySelector("[data-found]");
  const field = box.querySelector("input");
  const parts = [...document.querySelectorAll(".criterion, .codes")].map(
    (element) => ({ element, text: element.textContent.toLowerCase() }));
  box.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let criteria = 0;
    let codes = 0;
    for (const { element, text } of parts) {
      const id = element.id.toLowerCase();
      const hit = words.every((word) => (/^[hie]\d+$/.test(word) ? id === word : text.includes(word)));
      element.hidden = !hit;
      if (hit && element.matches(".criterion")) criteria += 1;
      if (hit && element.matches(".codes")) codes += 1;
    }
    document.body.classList.toggle("filtered", words.length > 0);
    found.textContent = words.length ? `${criteria} criteria and ${codes} value sets hold it.` : "";
  });
}

async function showHealth() {
  const place = document.querySelector("[data-health]");
  if (!place) return;
  const words = place.querySelector("[data-health-words]");
  try {
    const answer = await fetch(place.dataset.health);
    if (![200, 503].includes(answer.status)) { // a proxy keeps health from visitors, and answers by itself
      words.textContent = "Its health is told to its operators.";
      return;
    }
    const checks = Object.entries((await answer.json()).checks || {});
    const failed = checks.filter(([, state]) => state !== "ok").map(([name]) => name);
    place.classList.add(answer.ok ? "good" : "bad");
    words.textContent = answer.ok
      ? `Healthy: ${checks.map(([name]) => name).join(", ") || "database and rules"} checked just now.`
      : `Not ready: ${failed.join(", ") || "see /health/ready"}.`;
  } catch {
    place.classList.add("bad");
    words.textContent = "The service does not answer.";
  }
}

addEventListener("hashchange", openTarget);
openTarget();
openAllForPrint();
startFilter();
showHealth();
