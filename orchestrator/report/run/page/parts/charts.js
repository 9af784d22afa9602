// Charts over runs, as SVG. Each point says what it is to pointer and keyboard, and a table says it all again.

const WIDTH = 340, HEIGHT = 140, LEFT = 48, RIGHT = 8, TOP = 10, BOTTOM = 22;

// Steps that people count in: for spans of time minutes and hours, else 1, 2, 5 and their tens.
function step(most, steps) {
  const rough = most / 3;
  if (steps) {
    const fit = steps.find((one) => one >= rough);
    if (fit) return fit;
  }
  const ten = 10 ** Math.floor(Math.log10(rough || 1));
  return [1, 2, 5, 10].map((one) => one * ten).find((one) => one >= rough);
}

const spans_ = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800];
const asTime = { steps: spans_, write: spoken, axis: (value) => (value >= 3600 ? `${+(value / 3600).toFixed(1)} h` : value >= 60 ? `${+(value / 60).toFixed(1)} min` : `${+value.toFixed(1)} s`) };
const asSize = { steps: null, write: sized, axis: (value) => (value ? sized(value).replace(".0 ", " ") : "0") };

function frame(points, values, scale) {
  const most = Math.max(...values, 1e-9);
  const by = step(most, scale.steps);
  const top = Math.max(by, Math.ceil(most / by) * by);
  const x = (number) => LEFT + (points.length === 1 ? (WIDTH - LEFT - RIGHT) / 2 : ((WIDTH - LEFT - RIGHT) * (number + 0.5)) / points.length);
  const y = (value) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / top;
  const rules = [];
  for (let value = 0; value <= top + by / 100; value += by) {
    rules.push(s("line", { class: "rule", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }), s("text", { x: LEFT - 7, y: y(value) + 4, "text-anchor": "end" }, scale.axis(value)));
  }
  // Only the ends of the axis have names: runs lie as close as they come.
  const names = points.length === 1 ? [[0, "middle"]] : [[0, "start"], [points.length - 1, "end"]];
  for (const [number, anchor] of names) {
    const at = anchor === "start" ? LEFT : anchor === "end" ? WIDTH - RIGHT : x(number);
    rules.push(s("text", { x: at, y: HEIGHT - 5, "text-anchor": anchor }, `run ${points[number].run}, ${dated(points[number].started, dayForm)}`));
  }
  return { x, y, rules, bottom: HEIGHT - BOTTOM };
}

const hatch = () => s("defs", {}, s("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(30)" }, s("rect", { class: "hatch-ground", width: 5, height: 5 }), s("line", { class: "hatched", x1: 1, x2: 1, y1: 0, y2: 5 })));

function figure(title, aside, drawing, label, head, lines) {
  return h("figure", { class: "boxed" }, h("figcaption", {}, title, aside ? quiet(aside) : ""),
    s("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, drawing),
    h("details", {}, h("summary", {}, "as a table"), h("div", { class: "tall", tabindex: 0, role: "region", "aria-label": `${title}, as a table` }, h("table", {}, h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, lines.map((line) => h("tr", {}, line.map((one) => h("td", {}, one)))))))));
}

// A line over runs; points are {run, started, value, emulated, failed, tip}.
function lineChart(title, points, scale, { aside = "" } = {}) {
  const { x, y, rules } = frame(points, points.map((one) => one.value), scale);
  const paths = [false, true].map((emulated) => {
    const those = points.map((one, number) => [one, number]).filter(([one]) => !one.failed && one.emulated === emulated && one.value);
    if (those.length < 2) return "";
    return s("path", { class: emulated ? "path emulated" : "path", d: `M${those.map(([one, number]) => `${x(number).toFixed(1)} ${y(one.value).toFixed(1)}`).join("L")}` });
  });
  const dots = points.map((one, number) => {
    const cx = x(number), cy = y(one.value);
    if (one.failed) return s("path", { class: "cross", d: `M${cx - 3.5} ${cy - 3.5}l7 7m0-7l-7 7`, "data-tip": one.tip });
    if (!one.value) return "";
    return one.emulated ? s("rect", { class: "dot emulated", x: cx - 3, y: cy - 3, width: 6, height: 6, "data-tip": one.tip }) : s("circle", { class: "dot", cx, cy, r: 3.4, "data-tip": one.tip });
  });
  const last = points[points.length - 1];
  return figure(title, aside || scale.write(last.value), [rules, paths, dots], `${title} over ${count(points.length, "run")}; the last is ${scale.write(last.value) || "none"}`, ["Run", "When", title, ""],
    [...points].reverse().map((one) => [one.run, dated(one.started), scale.write(one.value), one.note]));
}

// Columns of two parts over runs: native below, emulated above it.
function columnChart(title, points, scale) {
  const { x, y, rules, bottom } = frame(points, points.map((one) => one.native + one.emulated), scale);
  const width = Math.max(2, Math.min(18, ((WIDTH - LEFT - RIGHT) / points.length) * 0.7));
  const bars = points.map((one, number) => {
    const middle = y(one.native), top = y(one.native + one.emulated);
    return s("g", { "data-tip": one.tip },
      s("rect", { class: "column", x: x(number) - width / 2, y: middle, width, height: Math.max(0, bottom - middle) }),
      s("rect", { class: "column emulated", x: x(number) - width / 2, y: top, width, height: Math.max(0, middle - top) }));
  });
  const last = points[points.length - 1];
  return figure(title, scale.write(last.native + last.emulated), [hatch(), rules, bars], `${title} over ${count(points.length, "run")}, native and emulated`, ["Run", "When", "Native", "Emulated"],
    [...points].reverse().map((one) => [one.run, dated(one.started), scale.write(one.native), scale.write(one.emulated)]));
}

const swatch = (kind, said) => h("span", { class: "key" }, h("i", { class: `swatch ${kind}`, "aria-hidden": "true" }), said);

function runTrends() {
  const runs = index.runs.map(([run, started, seconds, native, emulated, worked, failed, size]) => ({ run, started, seconds, native, emulated, worked, failed, size, tip: `Run ${run}, ${dated(started)}\n${count(worked, "cell")} worked on, ${failed} failed\n` }));
  const clocked = runs.filter((one) => one.seconds);
  const worked = runs.filter((one) => one.native + one.emulated);
  const weighed = runs.filter((one) => one.size);
  const charts = [];
  const plain = (list, key, write) => list.map((one) => ({ ...one, value: one[key], emulated: false, failed: false, note: one.failed ? `${one.failed} failed` : "", tip: one.tip + write(one[key]) }));
  if (clocked.length > 1) charts.push(lineChart("Duration of the run", plain(clocked, "seconds", spoken), asTime));
  if (worked.length > 1) charts.push(columnChart("Time spent building", worked.map((one) => ({ ...one, tip: `${one.tip}native ${spoken(one.native)}, emulated ${spoken(one.emulated)}` })), asTime));
  if (weighed.length > 1) charts.push(lineChart("Size of all images", plain(weighed, "size", sized), asSize));
  byId("trends").hidden = !charts.length;
  document.querySelector('nav a[href="#trends"]').hidden = !charts.length;
  byId("run-trends").replaceChildren(...charts);
  if (worked.length > 1) byId("run-trends").after(h("p", { class: "legend" }, swatch("solid", "native"), swatch("emulated", "emulated")));
  withTips(byId("run-trends"));
}
