"use strict";
// Small SVG charts: panels of bars and panels of lines, which one can point at or walk through with the arrow keys.

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
}

function html(name, attributes, parent, text) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

const two = (value) => (value === null || value === undefined ? "–" : (Math.round(value * 100) / 100 + 0).toFixed(2));

const three = (value) => String(Number(value.toPrecision(3)));

function extent(values) {
  // Zero belongs to every axis of bars; the rest is what the numbers need.
  const finite = values.filter((value) => value !== null && value !== undefined);
  const low = Math.min(0, ...finite), high = Math.max(0.1, ...finite);
  return [low < 0 ? low - 0.04 * (high - low) : 0, high + 0.06 * (high - low)];
}

function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9; i++) found.push(Number((i * step).toPrecision(6)));
  return found;
}

const tip = document.getElementById("tip"), spoken = document.getElementById("spoken");

let shown = null;

function place() {
  const box = shown.getBoundingClientRect(), own = tip.getBoundingClientRect();
  const left = Math.min(Math.max(8, box.left + box.width / 2 - own.width / 2), window.innerWidth - own.width - 8);
  const above = box.top - own.height - 8;
  tip.style.left = left + "px";
  tip.style.top = (above > 4 ? above : box.bottom + 8) + "px";
}

function tell(mark, text, aloud) {
  tip.textContent = text;
  tip.hidden = false;
  shown = mark;
  place();
  if (aloud) spoken.textContent = text.replaceAll("\n", "; ");
}

function hush() {
  tip.hidden = true;
  shown = null;
}

// Focus scrolls a panel into view: the text goes along with its mark.
window.addEventListener("scroll", () => { if (shown) place(); }, { passive: true });
window.addEventListener("keydown", (event) => { if (event.key === "Escape") hush(); });

// One stop of the tab key per panel; the arrows walk through its marks, each an element with its text.
function walkable(panel, marks) {
  let at = -1;
  const show = (index, aloud) => {
    marks.forEach((mark, i) => mark.element.classList.toggle("on", i === index));
    at = index;
    if (index >= 0) tell(marks[index].element, marks[index].text, aloud);
    else hush();
  };
  marks.forEach((mark, index) => {
    mark.element.addEventListener("pointerenter", () => show(index, false));
    mark.element.addEventListener("pointerleave", () => show(-1, false));
    mark.element.addEventListener("click", () => show(index, false));
  });
  panel.tabIndex = 0;
  panel.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || !marks.length) return;
    event.preventDefault();
    show(at < 0 ? (step > 0 ? 0 : marks.length - 1) : (at + step + marks.length) % marks.length, true);
  });
  panel.addEventListener("blur", () => show(-1, false));
}

function axes(picture, place, low, high) {
  const y = (value) => place.bottom - (value - low) / (high - low) * (place.bottom - place.top);
  for (const tick of ticks(low, high, 3)) {
    svg("line", { class: tick === 0 ? "axis" : "grid-line", x1: place.left, x2: place.right, y1: y(tick), y2: y(tick) }, picture);
    svg("text", { x: place.left - 4, y: y(tick) + 3.5, "text-anchor": "end" }, picture).textContent = tick;
  }
  return y;
}

function frame(parent, title, label, classes, height) {
  const panel = html("div", { class: "panel " + classes, role: "group", "aria-label": label }, parent);
  html("h5", {}, panel, title);
  const picture = svg("svg", { viewBox: `0 0 200 ${height}`, "aria-hidden": "true" }, panel);
  return [panel, picture];
}

// bars: [{name, value, mark, interval, seeds: [..], corrected, diverged, text}]
function drawBars(parent, { title, label, classes, bars, range, cloning, level }) {
  const [panel, picture] = frame(parent, title, label, classes, 132);
  const place = { left: 28, right: 198, top: 8, bottom: 112 };
  const y = axes(picture, place, ...range), slot = (place.right - place.left) / Math.max(bars.length, 1);
  const marks = bars.map((bar, i) => {
    const group = svg("g", {}, picture), middle = place.left + slot * (i + 0.5), half = Math.min(slot * 0.34, 18);
    svg("rect", { class: "hit", x: middle - slot / 2, y: place.top, width: slot, height: place.bottom - place.top + 18 }, group);
    svg("text", { class: "name", x: middle, y: 126, "text-anchor": "middle" }, group).textContent = bar.name;
    if (bar.value === null) {
      svg("text", { x: middle, y: y(0) - 4, "text-anchor": "middle" }, group).textContent = "–";
      return { element: group, text: bar.text };
    }
    const top = Math.min(y(bar.value), y(0)), size = Math.abs(y(bar.value) - y(0));
    svg("rect", { class: ("bar " + bar.mark).trim(), x: middle - half, y: top, width: 2 * half, height: Math.max(size, 0.5) }, group);
    if (bar.corrected !== null) svg("line", { class: "corrected", x1: middle - half, x2: middle + half, y1: y(bar.corrected), y2: y(bar.corrected) }, group);
    if (bar.interval) {
      const [low, high] = bar.interval, inside = (end) => Math.min(Math.max(end, range[0]), range[1]);
      svg("line", { class: "whisker", x1: middle, x2: middle, y1: y(inside(low)), y2: y(inside(high)) }, group);
      for (const end of [low, high]) if (end === inside(end)) svg("line", { class: "whisker", x1: middle - 4, x2: middle + 4, y1: y(end), y2: y(end) }, group);
    } else for (const seed of bar.seeds) svg("circle", { class: "seed", cx: middle, cy: y(seed), r: 2.2 }, group);
    if (bar.diverged) svg("text", { class: "bad", x: middle, y: Math.max(Math.min(top, ...[...(bar.interval || []), ...bar.seeds].map(y)) - 3, 8), "text-anchor": "middle" }, group).textContent = bar.diverged;
    return { element: group, text: bar.text };
  });
  if (level !== null) svg("line", { class: "level", x1: place.left, x2: place.right, y1: y(level), y2: y(level), "pointer-events": "none" }, picture);
  if (cloning !== null) svg("line", { class: "cloning", x1: place.left, x2: place.right, y1: y(cloning), y2: y(cloning), "pointer-events": "none" }, picture);
  walkable(panel, marks);
}

// lines: [{kind, name, points: [{x, y, low, high, text}]}]; labels: what stands under the axis, at places x from 0 to 1.
function drawLines(parent, { title, label, lines, range, labels }) {
  const [panel, picture] = frame(parent, title, label, "", 142);
  const place = { left: 28, right: 192, top: 8, bottom: 118 };
  const y = axes(picture, place, ...range), x = (share) => place.left + 8 + share * (place.right - place.left - 16);
  for (const one of labels) svg("text", { x: x(one.x), y: 133, "text-anchor": "middle" }, picture).textContent = one.text;
  const marks = [];
  for (const line of lines) {
    const path = line.points.map((point, i) => (i ? "L" : "M") + x(point.x).toFixed(1) + " " + y(point.y).toFixed(1)).join("");
    svg("path", { class: `line x${line.kind}`, d: path }, picture);
    for (const point of line.points) {
      if (point.low !== null) svg("line", { class: `spread x${line.kind}`, x1: x(point.x), x2: x(point.x), y1: y(point.low), y2: y(point.high) }, picture);
      const element = svg("circle", { class: `x${line.kind}`, cx: x(point.x), cy: y(point.y), r: 2.8 }, picture);
      marks.push({ element, text: point.text });
    }
  }
  if (!marks.length) svg("text", { x: 110, y: 65, "text-anchor": "middle" }, picture).textContent = "no runs";
  walkable(panel, marks);
}
