"use strict";
// Hover or tap: what hangs together. A click on the list: one type. Wheel and drag: nearer and aside, as fingers do anyway.
const svg = document.querySelector(".picture svg");
const parts = [...svg.querySelectorAll("[data-spot]")];
const parents = new Map(parts.filter((part) => part.dataset.type).map((part) => [part.dataset.spot, part.dataset.parent]));
const types = new Map(parts.filter((part) => part.dataset.type).map((part) => [part.dataset.spot, part.dataset.type]));
const isEdge = (part) => ["polyline", "polygon"].includes(part.tagName); // a line or its arrow
const names = new Map(parts.filter((part) => part.tagName === "text").map((part) => [part.dataset.spot, part.textContent]));

const show = (wanted) => {
  for (const part of parts) part.classList.toggle("faded", wanted !== null && !wanted(part));
};
const together = (spot) => {
  const kept = new Set(["0", spot]);
  for (let at = parents.get(spot); at !== undefined && at !== "-1"; at = parents.get(at)) kept.add(at);
  for (const part of parts) {
    if (!isEdge(part)) continue;
    if (part.dataset.spot === spot) kept.add(part.dataset.parent);
    if (part.dataset.parent === spot) kept.add(part.dataset.spot);
  }
  return (part) => kept.has(part.dataset.spot) && (!isEdge(part) || kept.has(part.dataset.parent));
};

let chosen = null;
let kept = null; // what a click or the search leaves, whatever the pointer rests on
const keep = (wanted) => {
  kept = wanted;
  show(kept);
};
for (const key of svg.querySelectorAll("[data-key]:not([data-key=''])")) {
  key.addEventListener("click", () => {
    chosen = chosen === key.dataset.key ? null : key.dataset.key;
    keep(chosen === null ? null : (part) => part.dataset.spot === "0" || types.get(part.dataset.spot) === chosen);
  });
}
document.querySelector("input").addEventListener("input", (event) => {
  const text = event.target.value.trim().toLowerCase();
  keep(text === "" ? null : (part) => (names.get(part.dataset.spot) ?? "").toLowerCase().includes(text));
});
svg.addEventListener("pointerover", (event) => {
  const spot = event.target.closest("circle[data-spot], text[data-spot]")?.dataset.spot;
  show(spot === undefined || spot === "0" ? kept : together(spot));
});
svg.addEventListener("pointerout", (event) => event.pointerType === "mouse" && show(kept)); // a tap stays

const seen = svg.viewBox.baseVal;
const whole = [seen.x, seen.y, seen.width, seen.height];
svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const width = Math.min(Math.max(seen.width * Math.exp(event.deltaY / 500), whole[2] / 40), whole[2] * 2);
  const ratio = width / seen.width;
  [seen.x, seen.y] = [point.x - (point.x - seen.x) * ratio, point.y - (point.y - seen.y) * ratio];
  [seen.width, seen.height] = [width, seen.height * ratio];
}, { passive: false });
svg.addEventListener("dblclick", () => {
  [seen.x, seen.y, seen.width, seen.height] = whole;
});
svg.addEventListener("pointermove", (event) => {
  if (event.pointerType !== "mouse" || event.buttons !== 1) return;
  const scale = Math.max(seen.width / svg.clientWidth, seen.height / svg.clientHeight);
  seen.x -= event.movementX * scale;
  seen.y -= event.movementY * scale;
});
