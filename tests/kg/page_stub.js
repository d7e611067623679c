"use strict";
// Runs the script of a page over a few stand-ins for its elements; prints what stays in sight after each event.
const { readFileSync } = require("fs");

class Part {
  constructor(tagName, dataset, textContent = "") {
    Object.assign(this, { tagName, dataset, textContent, handlers: {} });
    const classes = new Set();
    this.classList = { toggle: (name, on) => (on ? classes.add(name) : classes.delete(name)), has: (name) => classes.has(name) };
  }
  addEventListener(name, handler) { this.handlers[name] = handler; }
  closest() { return this.tagName === "polyline" || this.dataset.spot === undefined ? null : this; }
}

const parts = [];
for (const [spot, parent, type] of [["0", "-1", "item"], ["1", "0", "brand"], ["2", "1", "item"], ["3", "0", "colour"]]) {
  if (spot !== "0") parts.push(new Part("polyline", { spot, parent }), new Part("text", { spot }, `name ${spot}`));
  parts.push(new Part("circle", { spot, parent, type }));
}
parts.push(new Part("polyline", { spot: "2", parent: "3" })); // a link beside the tree
const key = new Part("text", { key: "brand" });
const svg = new Part("svg", {});
Object.assign(svg, { clientWidth: 100, clientHeight: 100, viewBox: { baseVal: { x: 0, y: 0, width: 100, height: 100 } } });
svg.querySelectorAll = (selector) => (selector.includes("data-key") ? [key] : parts);
const input = new Part("input", {});
global.document = { querySelector: (selector) => (selector === "input" ? input : svg) };
new Function(readFileSync(process.argv[2], "utf8"))();

const seen = () => [...new Set(parts.filter((part) => part.tagName === "circle" && !part.classList.has("faded")).map((part) => part.dataset.spot))];
const told = {};
const after = (name, part, event, about) => { part.handlers[event](about); told[name] = seen(); };
after("over", svg, "pointerover", { target: parts.find((part) => part.tagName === "circle" && part.dataset.spot === "1") });
after("out", svg, "pointerout", { pointerType: "mouse" });
after("link", svg, "pointerover", { target: parts.find((part) => part.tagName === "text" && part.dataset.spot === "3") });
after("tapped", svg, "pointerout", { pointerType: "touch" });
after("aside", svg, "pointerover", { target: new Part("rect", {}) });
after("type", key, "click");
after("moved over", svg, "pointerover", { target: new Part("rect", {}) });
after("moved out", svg, "pointerout", { pointerType: "mouse" });
after("again", key, "click");
after("find", input, "input", { target: { value: "NAME 3" } });
svg.handlers.pointermove({ pointerType: "mouse", buttons: 1, movementX: 10, movementY: 0 });
told.moved = svg.viewBox.baseVal.x;
console.log(JSON.stringify(told));
