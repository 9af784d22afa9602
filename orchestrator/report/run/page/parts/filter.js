// Which rows and cells the grid shows, and in which order.

const filter = { words: [], states: new Set(), arches: new Set(), touched: false, order: "published" };

const worst = { failed: 0, stopped: 1, running: 2, "not-tried": 3, never: 4, proven: 5 };
const orders = {
  published: ["published order", null],
  failed: ["failed first", (row) => Math.min(...row.map((cell) => worst[cell.state]))],
  slowest: ["slowest first", (row) => -Math.max(...row.map((cell) => cell.seconds))],
  largest: ["largest first", (row) => -Math.max(...row.map((cell) => cell.size))],
  oldest: ["oldest first", (row) => Math.min(...row.map((cell) => cell.started || 0))],
};

function wanted(cell) {
  if (filter.states.size && !filter.states.has(cell.state)) return false;
  if (filter.touched && !cell.touched) return false;
  return filter.words.every((one) => hay(cell).includes(one));
}

const columns = () => arches.map((_, number) => number).filter((number) => !filter.arches.size || filter.arches.has(number));

// Rows that have a wanted cell, with the cells that are not wanted taken out.
function chosen() {
  const shown = columns();
  const narrowed = filter.words.length || filter.states.size || filter.touched;
  let found = [];
  for (const row of rows) {
    const those = shown.map((arch) => row.cells[arch]);
    const kept = narrowed ? those.map((cell) => (cell && wanted(cell) ? cell : null)) : those;
    const present = kept.filter(Boolean);
    if (present.length) found.push({ row, those, kept, present });
  }
  const by = orders[filter.order][1];
  if (by) {
    const keyed = found.map((one) => [by(one.present), one]);
    keyed.sort((a, b) => a[0] - b[0] || a[1].row.number - b[1].row.number);
    found = keyed.map((pair) => pair[1]);
  }
  return found;
}

function controls(changed) {
  const search = h("input", { type: "search", id: "filter", placeholder: "Filter: 3.7 alpine failed", "aria-label": "Filter the cells by words", autocomplete: "off", spellcheck: "false", "aria-keyshortcuts": "/" });
  search.addEventListener("input", () => {
    filter.words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    changed();
  });
  const toggles = (name, set, things) => h("div", { class: "choices", role: "group", "aria-label": name }, things.map(([key, ...shown]) => {
    const button = h("button", { type: "button", "aria-pressed": "false", "data-key": key }, ...shown);
    button.addEventListener("click", () => {
      if (!set.delete(key)) set.add(key);
      button.setAttribute("aria-pressed", set.has(key));
      changed();
    });
    return button;
  }));
  const tally = new Map();
  for (const cell of cells) tally.set(cell.state, (tally.get(cell.state) || 0) + 1);
  const present = states.filter((state) => tally.has(state.key));
  const touched = h("input", { type: "checkbox" });
  touched.addEventListener("change", () => { filter.touched = touched.checked; changed(); });
  const order = h("select", { "aria-label": "Order" }, Object.entries(orders).map(([key, [said]]) => h("option", { value: key }, said)));
  order.addEventListener("change", () => { filter.order = order.value; changed(); });
  const mixed = cells.some((cell) => cell.touched) && cells.some((cell) => !cell.touched);
  byId("controls").className = "controls";
  byId("controls").replaceChildren(
    search,
    present.length > 1 ? toggles("State", filter.states, present.map((state) => [state.key, icon(state.key), `${state.said} `, quiet(tally.get(state.key))])) : "",
    arches.length > 1 ? toggles("Architecture", filter.arches, arches.map((arch, number) => [number, arch])) : "",
    mixed ? h("label", {}, touched, "worked on in this run") : "",
    h("label", {}, order),
    h("p", { class: "shown", id: "shown", role: "status" }),
  );
  return search;
}
