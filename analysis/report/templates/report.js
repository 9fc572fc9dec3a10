"use strict";
// The page of one sweep: filters, and the three figures and the table that follow them.

const numbers = JSON.parse(document.getElementById("numbers").textContent);
const { decomposition: X, value_learning: V, extraction: E } = numbers.words;
const FIELDS = ["task", "dataset", "x", "v", "e", "alpha", "tau", "other", "wanted", "done", "diverged", "mean", "std", "low", "high", "curve"];
const configurations = numbers.configurations.map((row) => Object.fromEntries(FIELDS.map((field, i) => [field, row[i]])));
const filter = (id) => document.getElementById("f-" + id);
const ALL = "all", ROWS = 25;

function choices(id, names, all) {
  const select = filter(id);
  select.replaceChildren(...(all ? [new Option(all, ALL)] : []), ...names.map((name, i) => new Option(name, i)));
}

const datasets = [...new Set(numbers.tasks.flatMap((task) => task.datasets))];
choices("task", numbers.tasks.map((task) => task.title), numbers.tasks.length > 1 ? "all" : null);
choices("dataset", datasets, "all");
choices("value", V, "all");
choices("extraction", E, "all");
X.forEach((name, i) => {
  const label = html("label", {}, filter("decomposition"));
  html("input", { type: "checkbox", value: i, checked: "" }, label);
  label.append(name);
});

function state() {
  const value = (id) => (filter(id).value === ALL ? null : Number(filter(id).value));
  return {
    task: value("task"), dataset: filter("dataset").value === ALL ? null : datasets[value("dataset")], v: value("value"), e: value("extraction"),
    x: new Set([...filter("decomposition").querySelectorAll("input:checked")].map((box) => Number(box.value))), score: filter("score").value,
  };
}

const settings = (one) => `α ${three(one.alpha)}` + (one.tau === null ? "" : `, τ ${three(one.tau)}`) + (one.other ? `, ${one.other}` : "");
const tasksOf = (now) => numbers.tasks.map((task, number) => ({ task, number })).filter(({ number }) => now.task === null || now.task === number);

function section(parent, title, columns) {
  html("h4", {}, parent, title);
  return html("div", { class: "grid " + columns }, parent);
}

function empty(parent, text) { html("p", { class: "quiet" }, parent, text); }

// A bar on all datasets, or on one: there only the score is known, without an interval.
function barOf(bar, task, now, level) {
  const name = X[bar.decomposition], counts = `${bar.wanted - bar.missing} of ${bar.wanted} runs` + (bar.diverged ? `, ${bar.diverged} diverged` : "");
  if (now.dataset !== null) {
    const choice = bar.choices.find((one) => task.datasets[one.dataset] === now.dataset);
    const text = choice ? `${name} on ${now.dataset}: ${two(choice.score)}\n${settings(choice)}` + (choice.edge ? `, the ${choice.edge === "low" ? "smallest" : "largest"} α of its grid` : "") : `${name}: no runs on ${now.dataset}`;
    return { x: bar.decomposition, name, value: choice ? choice.score : null, mark: "", interval: null, seeds: [], corrected: null, diverged: 0, text };
  }
  // Paired: a bar is the score by which bars are compared, and its whisker the interval of its difference to the best.
  const paired = now.score === "corrected", value = paired ? bar.score : bar.value;
  const difference = level === null ? null : bar.difference;
  const lines = [`${name}: ${two(bar.score)}` + (bar.interval ? ` [${two(bar.interval[0])}, ${two(bar.interval[1])}]` : ""), `as in the paper ${two(bar.value)}`];
  if (difference) lines.push(`difference to the best: ${two(difference[0])} to ${two(difference[1])}`);
  if (bar.mark) lines.push({ best: "best of its panel", tied: "tied with the best of its panel", below: "below behaviour cloning, so it is not called best", behind: "surely behind the best of its panel" }[bar.mark]);
  if (bar.saturated) lines.push("one score in all seeds, so no interval is known");
  lines.push(`${bar.seeds} seed${bar.seeds === 1 ? "" : "s"}, ${counts}`);
  if (bar.everywhere) lines.push(`one α everywhere: ${two(bar.everywhere.score)}` + (bar.everywhere.alpha === null ? "" : ` at ${settings(bar.everywhere)}`));
  for (const choice of bar.choices) lines.push(`${task.datasets[choice.dataset]}: ${two(choice.score)} at ${settings(choice)}`);
  return {
    x: bar.decomposition, name, value, mark: bar.mark, diverged: bar.diverged, text: lines.join("\n"),
    interval: !paired ? bar.interval : difference ? difference.map((end) => level + end) : bar.mark ? null : bar.interval,
    seeds: bar.saturated || bar.interval ? [] : paired ? bar.corrected_seeds : bar.seed_scores,
    corrected: paired ? bar.value : bar.corrected,
  };
}

function drawFigure7(now) {
  const parent = document.getElementById("figure7");
  parent.replaceChildren();
  for (const { task } of tasksOf(now)) {
    if (now.dataset !== null && !task.datasets.includes(now.dataset)) continue;
    let panels = task.panels.filter((panel) => (now.v === null || panel.value_learning === now.v) && (now.e === null || panel.extraction === now.e));
    if (now.dataset !== null) panels = panels.filter((panel) => panel.value_learning !== null && panel.extraction !== null);
    const shown = panels.map((panel) => {
      const best = panel.bars.find((bar) => bar.mark !== "" && bar.difference === null);
      const level = best && now.x.has(best.decomposition) && now.dataset === null ? panel.level : null;
      const bars = panel.bars.map((bar) => barOf(bar, task, now, level));
      return { panel, level: now.score === "corrected" ? level : null, bars: bars.filter((bar) => now.x.has(bar.x)) };
    });
    const heights = extent(shown.flatMap(({ bars }) => bars.flatMap((bar) => [bar.value, bar.corrected, ...bar.seeds])));
    // An interval of a difference can be much longer than the bars are high. Then it goes on outside the panel.
    const ends = shown.flatMap(({ bars }) => bars.flatMap((bar) => bar.interval || [])), most = heights[1] + 0.4 * (heights[1] - heights[0]);
    const range = now.score === "corrected" ? extent([...heights, ...ends.map((end) => Math.min(Math.max(end, heights[0]), most))]) : extent([...heights, ...ends]);
    const full = now.v === null && now.e === null && now.dataset === null && panels.length === 11;
    const grid = section(parent, task.title, full ? "four" : "");
    // The paper's order: marginal panels on top and on the right.
    const order = ({ panel }) => (panel.extraction === null ? -1 : panel.extraction) * 10 + (panel.value_learning === null ? 9 : panel.value_learning);
    if (full) shown.sort((a, b) => order(a) - order(b));
    shown.forEach(({ panel, bars, level }, i) => {
      const marginal = panel.value_learning === null || panel.extraction === null;
      const title = (panel.value_learning === null ? "mean" : V[panel.value_learning]) + " · " + (panel.extraction === null ? "mean" : E[panel.extraction]) + (panel.still ? " ↗" : "");
      const label = `${task.title}, ${title.replace(" ↗", ", still learning")}: ` + bars.map((bar) => `${bar.name} ${two(bar.value)}`).join(", ");
      const cloning = now.dataset === null ? task.cloning : task.cloning_by_dataset[task.datasets.indexOf(now.dataset)];
      drawBars(grid, { title, label, classes: marginal ? "margin" : "", bars, range, cloning, level });
      if (full && i === 2) html("div", { class: "corner" }, grid);
    });
    if (!shown.length) empty(grid, "No panel matches these filters.");
  }
}

function drawAlpha(now) {
  const parent = document.getElementById("alpha");
  parent.replaceChildren();
  for (const { task } of tasksOf(now)) {
    for (const e of E.keys()) {
      if (now.e !== null && now.e !== e) continue;
      const points = task.alpha.filter((point) => point[1] === e && now.x.has(point[2]) && (now.dataset === null || task.datasets[point[0]] === now.dataset));
      const alphas = [...new Set(points.map((point) => point[3]))].sort((a, b) => a - b);
      if (alphas.length < 2) continue;
      // Evenly spaced: grids of alpha are nearly logarithmic, and a tick at every value says what was tried.
      const place = (alpha) => alphas.indexOf(alpha) / (alphas.length - 1);
      const range = extent(points.flatMap((point) => [point[5], point[6]])), grid = section(parent, `${task.title}, ${E[e]}`, "wide");
      for (const [d, dataset] of task.datasets.entries()) {
        const here = points.filter((point) => point[0] === d);
        if (!here.length) continue;
        const lines = [...now.x].map((x) => ({
          kind: x, name: X[x],
          points: here.filter((point) => point[2] === x).map(([, , , alpha, y, low, high, runs]) => ({ x: place(alpha), y, low, high, text: `${X[x]}, ${E[e]} α ${three(alpha)}\n${two(y)}, seeds ${two(low)} to ${two(high)}\n${runs} runs on ${dataset}` })),
        }));
        const label = `${dataset}: ` + lines.map((line) => `${line.name} ${line.points.map((point) => two(point.y)).join(", ")}`).join("; ");
        drawLines(grid, { title: dataset, label, lines, range, labels: alphas.map((alpha) => ({ x: place(alpha), text: three(alpha) })) });
      }
    }
  }
  if (!parent.children.length) empty(parent, "No extraction that matches the filters has two values of α.");
}

const matches = (one, now, axes = true) => (now.task === null || one.task === now.task) && (now.dataset === null || numbers.tasks[one.task].datasets[one.dataset] === now.dataset)
  && (now.v === null || one.v === now.v) && (now.e === null || one.e === now.e) && now.x.has(one.x);

function drawCurves(now) {
  const parent = document.getElementById("curves");
  parent.replaceChildren();
  const left = configurations.filter((one) => one.curve && one.mean !== null && matches(one, now));
  for (const { task, number } of tasksOf(now)) {
    const mine = left.filter((one) => one.task === number);
    if (!mine.length) continue;
    const best = new Map();
    for (const one of mine) {
      const key = `${one.dataset} ${one.x}`;
      if (!best.has(key) || best.get(key).mean < one.mean) best.set(key, one);
    }
    const chosen = [...best.values()], last = Math.max(...chosen.map((one) => Math.max(...one.curve[0])));
    const range = extent(chosen.flatMap((one) => [...one.curve[2], ...one.curve[3]])), grid = section(parent, task.title, "wide");
    const steps = (count) => (count >= 1000 ? `${Number((count / 1000).toPrecision(3))}k` : String(count));
    for (const [d, dataset] of task.datasets.entries()) {
      const lines = chosen.filter((one) => one.dataset === d).sort((a, b) => a.x - b.x).map((one) => ({
        kind: one.x, name: X[one.x],
        points: one.curve[0].map((step, i) => ({ x: step / last, y: one.curve[1][i], low: one.curve[2][i], high: one.curve[3][i], text: `${X[one.x]}, ${V[one.v]}, ${E[one.e]}, ${settings(one)}\nstep ${step.toLocaleString("en")}: ${two(one.curve[1][i])}, seeds ${two(one.curve[2][i])} to ${two(one.curve[3][i])}` })).filter((point) => point.y !== null),
      }));
      if (!lines.length) continue;
      const label = `${dataset}, last evaluation: ` + lines.map((line) => `${line.name} ${two(line.points.at(-1)?.y)}`).join(", ");
      drawLines(grid, { title: dataset, label, lines, range, labels: [0, 0.5, 1].map((share) => ({ x: share, text: steps(share * last) })) });
    }
  }
  if (!parent.children.length) empty(parent, "No finished run matches these filters.");
}

const COLUMNS = [
  ["task", (one) => numbers.tasks[one.task].task], ["dataset", (one) => numbers.tasks[one.task].datasets[one.dataset]], ["decomposition", (one) => X[one.x]],
  ["value learning", (one) => V[one.v]], ["extraction", (one) => E[one.e]], ["α", (one) => one.alpha], ["τ", (one) => one.tau], ["other", (one) => one.other],
  ["mean", (one) => one.mean], ["std", (one) => one.std], ["lowest", (one) => one.low], ["highest", (one) => one.high], ["runs", (one) => one.done], ["diverged", (one) => one.diverged], ["missing", (one) => one.wanted - one.done],
].filter(([name]) => name !== "other" || configurations.some((one) => one.other));
const NUMBERS = ["α", "τ", "mean", "std", "lowest", "highest", "runs", "diverged", "missing"], SCORES = ["mean", "std", "lowest", "highest"];
const table = document.getElementById("configuration-table"), more = document.getElementById("more");
let order = { column: COLUMNS.findIndex(([name]) => name === "mean"), down: true }, whole = false;

for (const [name] of COLUMNS) html("th", { scope: "col", ...(NUMBERS.includes(name) ? { class: "n" } : {}) }, table.tHead.rows[0], name);
sortButtons(table.tHead.rows[0], (column, down) => { order = { column, down }; fillTable(state()); });
table.tHead.rows[0].cells[order.column].setAttribute("aria-sort", "descending");
more.addEventListener("click", () => { whole = true; fillTable(state()); });

// Words are found anywhere in names, numbers as a whole in settings: "3" is an alpha, not a digit of every score.
const SETTINGS = ["α", "τ"];
const found = (word, name, value) => (SETTINGS.includes(name) ? String(value) === word : !NUMBERS.includes(name) && String(value).toLowerCase().includes(word));

function fillTable(now) {
  const words = filter("text").value.toLowerCase().split(/\s+/).filter(Boolean), value = COLUMNS[order.column][1];
  const left = configurations.filter((one) => matches(one, now) && words.every((word) => COLUMNS.some(([name, read]) => found(word, name, read(one)))));
  const none = (one) => value(one) === null || value(one) === "";
  left.sort((a, b) => (none(a) || none(b) ? none(a) - none(b) : (order.down ? -1 : 1) * compare(value(a), value(b))));
  const shown = whole ? left : left.slice(0, ROWS);
  table.tBodies[0].replaceChildren(...shown.map((one) => {
    const row = document.createElement("tr");
    for (const [name, read] of COLUMNS) {
      const cell = read(one);
      html("td", NUMBERS.includes(name) ? { class: "n" } : {}, row, cell === null ? "–" : SCORES.includes(name) ? two(cell) : SETTINGS.includes(name) ? three(cell) : String(cell));
    }
    return row;
  }));
  document.getElementById("configuration-count").textContent = `${left.length.toLocaleString("en")} of ${configurations.length.toLocaleString("en")} configurations` + (shown.length < left.length ? `, the first ${ROWS} shown` : "");
  more.hidden = shown.length === left.length;
}

function sample(list, kind, name) {
  const item = html("li", {}, list), picture = svg("svg", { viewBox: "0 0 32 12", "aria-hidden": "true" }, item);
  svg("path", { class: `line x${kind}`, d: "M1 6H31" }, picture);
  svg("circle", { class: `x${kind}`, cx: 16, cy: 6, r: 3 }, picture);
  item.append(name);
}

for (const list of document.querySelectorAll(".legend.decompositions")) X.forEach((name, x) => sample(list, x, name));

for (const choice of numbers.choices) {
  const at = choice.thresholds, low = at[0], span = at.at(-1) - low || 1;
  const lines = choice.values.map(({ name, profile }, kind) => ({
    kind, name,
    points: profile.map(([y, least, most], i) => ({ x: (at[i] - low) / span, y, low: least, high: most, text: `${name}: ${two(y)} of its runs score above ${two(at[i])}` + (least === null ? "" : `\n95 % interval ${two(least)} to ${two(most)}`) })),
  }));
  const label = `${choice.axis}, share of runs above ${two(low + span / 2)}: ` + choice.values.map(({ name, profile }) => `${name} ${two(profile[Math.floor(profile.length / 2)][0])}`).join(", ");
  const place = html("div", {}, document.getElementById("profiles"));
  drawLines(place, { title: choice.axis, label, lines, range: [0, 1.05], labels: [0, 0.5, 1].map((share) => ({ x: share, text: two(low + share * span) })) });
  const legend = html("ul", { class: "legend" }, place);
  choice.values.forEach(({ name }, kind) => sample(legend, kind, name));
}

function draw() {
  const now = state();
  hush();
  whole = false;
  drawFigure7(now);
  drawAlpha(now);
  drawCurves(now);
  fillTable(now);
}

const form = document.getElementById("filters");
form.addEventListener("change", draw);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => requestAnimationFrame(draw));
filter("text").addEventListener("input", () => { whole = false; fillTable(state()); });
draw();
