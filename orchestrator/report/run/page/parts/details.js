// The details of a cell, in a panel at the side. Its address (#cell-ID) can be sent to somebody.

let opened = null, opener = null;

const table = (head, body, attributes = {}) => h("table", attributes, h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col", class: name.startsWith(">") ? "number" : null }, name.replace(">", ""))))), h("tbody", {}, body));
const part = (title, aside, ...children) => h("section", {}, h("h3", {}, title, aside ? quiet(aside) : ""), ...children);
const list = (things, kind) => h("ul", { class: kind }, things.map((one) => h("li", {}, kind === "names" ? h("span", {}, one) : one)));
const log = (lines, name) => h("pre", { class: "log", tabindex: 0, "aria-label": name }, lines.join("\n"));

// A table with a field that searches it; hidden rows stay in the page.
function searchable(label, rows, build) {
  const body = rows.map((row) => [row.join(" ").toLowerCase(), build(row)]);
  const field = h("input", { type: "search", class: "sought", placeholder: label, "aria-label": label });
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [hay, element] of body) element.hidden = !words.every((one) => hay.includes(one));
  });
  return { field, rows: body.map((pair) => pair[1]) };
}

function facts(cell, one, t) {
  const pairs = [];
  const pair = (name, ...value) => { if (value.some(Boolean)) pairs.push(h("dt", {}, name), h("dd", {}, ...value)); };
  pair("Built", cell.started ? [time(cell.started), " ", quiet(aged(index.made - cell.started))] : "");
  pair("Took", cell.seconds ? `${spoken(cell.seconds)}${one.prove_seconds ? `, and ${spoken(one.prove_seconds)} of proofs` : ""}` : "");
  pair("Executed", one.executed !== undefined ? `${t(one.executed)}${one.node !== undefined ? ` on ${t(one.node)}` : ""}` : "");
  pair("Attempt", one.attempt ? `${one.attempt}${one.tries > 1 ? `, after ${one.tries} tries` : ""}${one.setting !== undefined ? `, ${t(one.setting)}` : ""}` : "");
  pair("Platform", one.platform !== undefined ? h("code", {}, t(one.platform)) : "");
  pair("Size", sized(cell.size));
  pair("Digest", one.digest !== undefined ? [h("code", {}, t(one.digest)), copier(t(one.digest), "the digest")] : "");
  pair("Base", one.base !== undefined ? [h("code", {}, t(one.base)), one.base_digest !== undefined ? [" ", h("code", { class: "quiet" }, t(one.base_digest))] : ""] : "");
  return h("dl", { class: "pairs" }, pairs);
}

function failed(failure, t) {
  const since = failure.since_run && failure.since_run !== index.run ? ["since run ", failure.since_run, failure.since ? [", ", time(failure.since)] : "", failure.times > 1 ? `, ${failure.times} times in a row` : ""] : [h("strong", {}, "new in this run"), failure.proven ? [", proven ", time(failure.proven)] : ""];
  const command = t(failure.reproduce), otherwise = t(failure.otherwise);
  return h("article", { class: "cause" }, h("header", {}, h("h3", {}, t(failure.kind)), h("p", { class: "since" }, since)),
    h("p", { class: "message" }, t(failure.message)),
    failure.changed.length ? [h("h4", {}, "Changed since it was last proven"), list(failure.changed.map(t), "changed")] : quiet("Nothing that its key covers has changed since it was last proven."),
    failure.tail.length ? [h("h4", {}, "Last lines"), log(failure.tail.map(t), "Last lines of the failure")] : "",
    command ? h("div", { class: "command" }, quiet("Reproduce"), h("code", {}, command), copier(command, "the command")) : "",
    otherwise && otherwise !== command ? h("p", { class: "otherwise quiet" }, "or ", h("code", {}, otherwise)) : "");
}

function phases(those, t) {
  const most = Math.max(...those.map((one) => one[1]), 0.1);
  return h("div", { class: "phases" }, those.map(([name, seconds, cached]) => {
    const bar = h("i", { class: cached ? "cached" : "" });
    bar.style.width = `${(100 * seconds) / most}%`;
    return [h("span", {}, t(name)), h("div", { class: "track", "aria-hidden": "true" }, bar), h("span", { class: "number" }, cached ? "cached" : brief(seconds))];
  }));
}

function proofs([shape, seconds, differing], details) {
  const t = (number) => (number < 0 ? "" : details.texts[number]);
  const [names, usual] = details.shapes[shape];
  const all = names.map((name, place) => ({ name: t(name), verdict: "passed", detail: t(usual[place]), seconds: seconds[place] }));
  for (let at = 0; at < differing.length; at += 3) Object.assign(all[differing[at]], { verdict: t(differing[at + 1]), detail: t(differing[at + 2]) });
  const rank = { failed: 0, "not made": 1, passed: 2 };
  const sorted = [...all].sort((a, b) => (rank[a.verdict] ?? 0) - (rank[b.verdict] ?? 0));
  const tally = ["failed", "not made", "passed"].map((verdict) => [all.filter((one) => one.verdict === verdict).length, verdict]).filter(([number]) => number);
  const signs = { passed: "proven", failed: "failed" };
  const found = searchable("Search the proofs", sorted.map((one) => [one.name, one.verdict, one.detail, one.seconds]), ([name, verdict, detail, took]) =>
    h("tr", { "data-verdict": verdict }, h("td", {}, icon(signs[verdict] || "not-tried"), ` ${verdict}`), h("td", { class: "free" }, h("code", {}, name), detail ? h("div", { class: "detail quiet" }, detail) : ""), h("td", { class: "number" }, took ? brief(took) : "")));
  return part("Proofs", tally.map(([number, verdict]) => `${number} ${verdict}`).join(", "), found.field, h("div", { class: "tall", tabindex: 0, role: "region", "aria-label": "Proofs" }, table(["Verdict", "Proof", ">Took"], found.rows)));
}

function packages(ranges, details) {
  const t = (number) => details.texts[number];
  const those = [];
  for (let at = 0; at < ranges.length; at += 2) for (let number = ranges[at]; number < ranges[at] + ranges[at + 1]; number += 1) those.push(details.components[number]);
  const found = searchable("Search packages and licences", those.map(([kind, name, version, licences, source]) => [t(name), t(version), licences.map(t).join(", "), t(kind), t(source)]), ([name, version, licences, kind, source]) =>
    h("tr", {}, h("td", { class: "free" }, name, " ", quiet(kind), source ? h("div", { class: "quiet" }, `from ${source}`) : ""), h("td", { class: "free" }, version), h("td", { class: "free" }, licences || quiet("not said"))));
  return part("Packages", count(those.length, "package"), found.field, h("div", { class: "tall", tabindex: 0, role: "region", "aria-label": "Packages" }, table(["Package", "Version", "Licences"], found.rows)));
}

function trends(cell, points, details) {
  const those = points.map(([run, seconds, size, emulated, state]) => {
    const [number, started] = details.runs[run], fine = states[state].key === "proven";
    const how = `${emulated ? "emulated" : "native"}, ${states[state].said}`;
    return { run: number, started, seconds, size, emulated: Boolean(emulated), failed: !fine, note: how, tip: `Run ${number}, ${dated(started)}\n${how}\n` };
  });
  const chart = (title, key, scale) => lineChart(title, those.filter((one) => one[key] || (one.failed && key === "seconds")).map((one) => ({ ...one, value: one[key], tip: one.tip + scale.write(one[key]) })), scale);
  const charts = [chart("Duration", "seconds", asTime)];
  if (those.some((one) => one.size)) charts.push(chart("Size", "size", asSize));
  return part("Over its attempts", "circles: native; squares: emulated; crosses: not proven", h("div", { class: "figures" }, charts));
}

function cellBody(cell) {
  const details = data("details");
  const one = details.cells[cell.number], t = (number) => details.texts[number];
  const parts = [h("p", { class: "state" }, icon(cell.state), cell.said, cell.touched || !cell.started ? "" : quiet("before this run")), facts(cell, one, t)];
  if (one.failure) parts.push(failed(one.failure, t));
  if (one.reason !== undefined || one.changes) {
    parts.push(part("Why", one.action !== undefined ? `action: ${t(one.action)}` : "", h("p", { class: "message" }, one.reason !== undefined ? t(one.reason) : ""), one.changes ? [h("h4", {}, "Changed since the attempt before"), list(one.changes.map(t), "changed")] : ""));
  }
  if (one.packages) {
    parts.push(part("Packages that changed", "against the image before", table(["Package", "Before", "Now"], one.packages.map(([name, before, after]) => h("tr", {}, h("td", {}, t(name)), h("td", { class: "free" }, t(before) || quiet("was not there")), h("td", { class: "free" }, t(after) || quiet("is gone")))))));
  }
  if (one.phases) parts.push(part("Phases", spoken(one.phases.reduce((sum, phase) => sum + phase[1], 0)), phases(one.phases, t)));
  if (one.proofs) parts.push(proofs(one.proofs, details));
  if (one.tail || one.log !== undefined) {
    parts.push(part("Log", "", one.log !== undefined ? h("p", { class: "log-place" }, h("code", {}, t(one.log)), copier(t(one.log), "the path")) : "", one.tail ? log(one.tail.map(t), "Last lines of the log") : h("p", { class: "quiet" }, "Its last lines were left out to keep this page small.")));
  }
  if (one.published) parts.push(part("Published", count(one.published.length, "reference"), list(one.published.map(([name, tag]) => t(name) + t(tag)), "names")));
  if (one.tags) parts.push(part("Tags", "", list(one.tags.map(t), "names")));
  if (one.trend && one.trend.length > 1) parts.push(trends(cell, one.trend, details));
  if (one.contents) parts.push(packages(one.contents, details));
  if (one.layers) {
    parts.push(part("Layers", sized(one.layers.reduce((sum, layer) => sum + layer[1], 0)), h("div", { class: "tall", tabindex: 0, role: "region", "aria-label": "Layers" }, table(["Digest", "Made by", ">Size"], one.layers.map(([digest, size, made]) => h("tr", {}, h("td", {}, h("code", {}, t(digest))), h("td", { class: "free" }, h("code", {}, t(made))), h("td", { class: "number" }, sized(size))))))));
  }
  return parts;
}

function openCell(number) {
  const dialog = byId("details"), cell = cells[number];
  if (!cell) return;
  opened = number;
  const title = h("h2", { id: "details-title", tabindex: -1, autofocus: true }, cell.id);
  const button = (name, sign, act, key) => {
    const made = h("button", { type: "button", class: "plain", "aria-label": name, title: key ? `${name} (${key})` : name }, icon(sign));
    made.addEventListener("click", act);
    return made;
  };
  dialog.replaceChildren(h("header", {}, title, button("Previous cell", "previous", () => stepCell(-1), "k"), button("Next cell", "next", () => stepCell(1), "j"), button("Close", "close", () => dialog.close(), "Esc")), h("div", { class: "inside" }, cellBody(cell)));
  if (!dialog.open) {
    opener = document.activeElement;
    dialog.showModal();
  }
  dialog.scrollTop = 0;
  title.focus({ preventScroll: true });
  history.replaceState(null, "", `#cell-${encodeURIComponent(cell.id)}`);
}

// The next cell of those that the grid shows; where the opened one is not among them, the first.
function stepCell(by) {
  const shown = grid.rows.flatMap((one) => one.present.map((cell) => cell.number));
  if (!shown.length) return;
  const at = shown.indexOf(opened);
  openCell(shown[at < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, at + by))]);
}

function startDetails() {
  const dialog = byId("details");
  withTips(dialog);
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("input") || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "j" || event.key === "k") stepCell(event.key === "j" ? 1 : -1);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    hideTip();
    const row = grid.rows.findIndex((one) => one.present.some((cell) => cell.number === opened));
    history.replaceState(null, "", location.pathname + location.search);
    if (opener && opener.isConnected && opener !== document.body && !opener.matches("td.cell")) opener.focus();
    else if (row >= 0) moveTo(row, grid.rows[row].kept.findIndex((cell) => cell && cell.number === opened));
    opened = null;
  });
  const follow = () => {
    if (!location.hash.startsWith("#cell-")) return;
    const number = numbers.get(decodeURIComponent(location.hash.slice(6)));
    if (number !== undefined && number !== opened) openCell(number);
  };
  addEventListener("hashchange", follow);
  follow();
}
