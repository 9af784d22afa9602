// The run on a line per slot. It scrolls inside itself; only bars in sight are in the page, so that long runs stay quick.

const gantt = { bars: [], lanes: [], scale: 1, least: 0.01, at: null, box: null, wide: null, from: 0, length: 1 };
const LANE = 34, HEAD = 31;
const ticks = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

function readSpans() {
  const spans = data("spans"), t = (number) => spans.texts[number];
  gantt.from = spans.from;
  gantt.lanes = spans.lanes.map(([node, slot]) => ({ name: `${t(node) || "here"} ${slot + 1}`, bars: [] }));
  gantt.bars = spans.bars.map(([cell, stage, lane, emulated, started, seconds, failure], number) => {
    const bar = { number, cell: t(cell), stage: t(stage), lane, emulated: Boolean(emulated), started, seconds, failure: t(failure) };
    gantt.lanes[lane].bars.push(bar);
    return bar;
  });
  // A little room at the end, for the last name on the axis. No spread of arguments: there may be tens of thousands.
  gantt.length = 1.03 * gantt.bars.reduce((most, bar) => Math.max(most, bar.started + bar.seconds), 1);
}

const gutter = () => gantt.box.querySelector(".axis > b").getBoundingClientRect().width;
const plotWidth = () => Math.max(120, gantt.box.clientWidth - gutter() - 8);

function barText(bar) {
  const from = gantt.from + bar.started;
  return [
    `${bar.cell}: ${bar.stage}, ${bar.emulated ? "emulated" : "native"}${bar.failure ? `, failed (${bar.failure})` : ""}`,
    `${dated(from, exactForm)} to ${dated(from + bar.seconds, exactForm)}, ${brief(bar.seconds)}`,
    `${gantt.lanes[bar.lane].name}; from ${inUtc(from)}`,
  ].join("\n");
}

function barElement(bar) {
  const width = Math.max(2, bar.seconds * gantt.scale - 1);
  const kind = `span stage-${bar.stage === "prove" ? "prove" : "build"}${bar.emulated ? " emulated" : ""}${bar.failure ? " failed" : ""}${width < 8 ? " thin" : ""}`;
  const text = barText(bar);
  const element = h("button", { type: "button", class: kind, tabindex: gantt.at === bar.number ? 0 : -1, "data-bar": bar.number, "data-tip": text, "aria-label": text.replaceAll("\n", ", ") }, width > 44 ? h("span", { class: "label" }, `${bar.failure ? "✕ " : ""}${bar.cell}`) : "");
  element.style.left = `calc(var(--gutter) + ${bar.started * gantt.scale}px)`;
  element.style.width = `${width}px`;
  return element;
}

function drawAxis(from, to) {
  const by = ticks.find((one) => one * gantt.scale >= 84) || ticks[ticks.length - 1];
  const offset = new Date(gantt.from * 1000).getTimezoneOffset() * 60;
  // Ticks lie on whole steps of the reader's clock.
  const first = by - ((((gantt.from - offset) % by) + by) % by);
  const marks = [];
  for (let at = first - by; at <= gantt.length; at += by) {
    if (at < from - by || at > to || at < 0) continue;
    const mark = h("span", {}, dated(gantt.from + at, by < 60 ? exactForm : clockForm));
    mark.style.left = `calc(var(--gutter) + ${at * gantt.scale}px)`;
    marks.push(mark);
  }
  const axis = gantt.wide.querySelector(".axis");
  axis.replaceChildren(axis.firstChild, ...marks);
}

function drawBars() {
  const box = gantt.box;
  const held = document.activeElement && document.activeElement.dataset.bar !== undefined && box.contains(document.activeElement);
  const from = (box.scrollLeft - 300) / gantt.scale, to = (box.scrollLeft + box.clientWidth + 300) / gantt.scale;
  const top = Math.floor((box.scrollTop - HEAD) / LANE) - 4, bottom = top + Math.ceil(box.clientHeight / LANE) + 8;
  drawAxis(from, to);
  const lanes = gantt.wide.querySelectorAll(".lane");
  gantt.lanes.forEach((lane, number) => {
    const name = lanes[number].firstChild;
    if (number < top || number > bottom) return lanes[number].replaceChildren(name);
    let last = -Infinity;
    const drawn = [];
    for (const bar of lane.bars) {
      if (bar.started + bar.seconds < from || bar.started > to) continue;
      const end = (bar.started + bar.seconds) * gantt.scale;
      // Bars that would lie within one pixel are one, but a failure or the focused one is never left out.
      if (end - last < 1 && !bar.failure && bar.number !== gantt.at) continue;
      last = end;
      drawn.push(barElement(bar));
    }
    lanes[number].replaceChildren(name, ...drawn);
  });
  if (held) {
    const found = box.querySelector(`[data-bar="${gantt.at}"]`);
    if (found) found.focus({ preventScroll: true });
  }
}

function rescale(scale, middle) {
  const box = gantt.box;
  const at = middle ?? (box.scrollLeft + plotWidth() / 2) / gantt.scale;
  gantt.least = plotWidth() / gantt.length;
  gantt.scale = Math.max(gantt.least, Math.min(40, scale));
  gantt.wide.style.width = `calc(var(--gutter) + ${gantt.length * gantt.scale}px)`;
  box.scrollLeft = at * gantt.scale - plotWidth() / 2;
  drawBars();
}

function focusBar(number) {
  const bar = gantt.bars[number], box = gantt.box;
  if (!bar) return;
  gantt.at = number;
  const left = bar.started * gantt.scale, top = HEAD + bar.lane * LANE;
  if (left < box.scrollLeft || left + 60 > box.scrollLeft + plotWidth()) box.scrollLeft = left - plotWidth() / 3;
  if (top - HEAD < box.scrollTop || top + LANE > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 2;
  drawBars();
  const found = box.querySelector(`[data-bar="${number}"]`);
  if (found) found.focus({ preventScroll: true });
}

// The bar of a lane that lies nearest in time.
function nearest(lane, middle) {
  const far = (bar) => Math.abs(bar.started + bar.seconds / 2 - middle);
  return lane.bars.reduce((best, bar) => (best === null || far(bar) < far(best) ? bar : best), null);
}

function ganttKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const zoom = { "+": 1.6, "=": 1.6, "-": 1 / 1.6, 0: 0 }[event.key];
  if (zoom !== undefined) {
    rescale(gantt.scale * zoom);
    event.preventDefault();
    return;
  }
  const bar = gantt.bars[Number(event.target.dataset.bar)];
  if (!bar) return;
  const lane = gantt.lanes[bar.lane].bars, place = lane.indexOf(bar), middle = bar.started + bar.seconds / 2;
  const other = (by) => {
    for (let number = bar.lane + by; gantt.lanes[number]; number += by) if (gantt.lanes[number].bars.length) return nearest(gantt.lanes[number], middle);
    return null;
  };
  const moves = { ArrowLeft: () => lane[place - 1], ArrowRight: () => lane[place + 1], ArrowUp: () => other(-1), ArrowDown: () => other(1), Home: () => lane[0], End: () => lane[lane.length - 1] };
  if (!moves[event.key]) return;
  event.preventDefault();
  const to = moves[event.key]();
  if (to) focusBar(to.number);
}

function startGantt() {
  readSpans();
  const some = gantt.bars.length > 0;
  byId("chart").hidden = !some;
  document.querySelector('nav a[href="#chart"]').hidden = !some;
  if (!some) return;
  gantt.at = (gantt.bars.find((bar) => bar.failure) || gantt.bars[0]).number;
  gantt.wide = h("div", { class: "wide" }, h("div", { class: "axis", "aria-hidden": "true" }, h("b", {})), gantt.lanes.map((lane) => h("div", { class: "lane", role: "group", "aria-label": `${lane.name}: ${count(lane.bars.length, "stage")}` }, h("b", { "aria-hidden": "true", title: lane.name }, lane.name))));
  gantt.box = h("div", { class: "gantt", tabindex: 0, role: "group", "aria-label": "Timeline: a line per slot, arrows move along it" }, gantt.wide);
  const zooms = [["Farther", 1 / 1.6], ["Nearer", 1.6], ["All", 0]].map(([name, by]) => {
    const button = h("button", { type: "button" }, name);
    button.addEventListener("click", () => rescale(gantt.scale * by));
    return button;
  });
  const stages = new Set(gantt.bars.map((bar) => bar.stage));
  byId("gantt").replaceChildren(
    h("div", { class: "gantt-tools" }, swatch("", "native"), swatch("emulated", "emulated"), stages.has("prove") ? swatch("prove", "proofs") : "", swatch("failed", "failed"), h("div", { class: "choices", role: "group", "aria-label": "Zoom" }, zooms)),
    gantt.box);
  const lengths = gantt.bars.map((bar) => bar.seconds).sort((a, b) => a - b);
  const middling = lengths[Math.floor(lengths.length / 2)] || 1;
  // So near that a middling stage can be told apart, where all of it in one sight would be a smear.
  const all = plotWidth() / gantt.length;
  rescale(Math.max(all, gantt.bars.length > 400 ? Math.min(8 / middling, all * 40) : all), 0);
  gantt.box.scrollLeft = 0;
  gantt.box.addEventListener("keydown", ganttKey);
  gantt.box.addEventListener("click", (event) => {
    const target = event.target.closest("[data-bar]");
    if (!target) return;
    const number = numbers.get(gantt.bars[Number(target.dataset.bar)].cell);
    gantt.at = Number(target.dataset.bar);
    if (number !== undefined) openCell(number);
  });
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawBars(); });
  };
  gantt.box.addEventListener("scroll", () => { hideTip(); soon(); }, { passive: true });
  addEventListener("resize", () => rescale(gantt.scale));
  withTips(gantt.box);
}
