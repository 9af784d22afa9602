// The grid: https://www.w3.org/WAI/ARIA/apg/patterns/grid/ . One cell takes the focus, arrows move it. Of long grids only the rows in sight
// (and some around them) are in the page; two empty rows take the room of the others.

const grid = { rows: [], columns: [], at: { row: 0, column: 0 }, body: null, table: null, from: 0, to: 0, height: 61 };
const WHOLE = 300, AROUND = 14;

function cellElement(cell, dropped, row, column) {
  const place = { role: "gridcell", tabindex: grid.at.row === row && grid.at.column === column ? "0" : "-1", "aria-colindex": column + 2, "data-column": column };
  const arch = h("span", { class: "arch" }, arches[grid.columns[column]]);
  if (!cell) return h("td", { ...place, class: "cell nothing" }, h("p", {}, arch, quiet(dropped ? "filtered out" : "not in the matrix")));
  const figures = [
    cell.started ? h("span", { title: inUtc(cell.started) }, aged(index.made - cell.started)) : "",
    cell.size ? h("span", {}, sized(cell.size)) : "",
    cell.seconds ? h("span", { title: spoken(cell.seconds) }, roughly(cell.seconds)) : "",
    cell.started ? h("span", { class: cell.emulated ? "how emulated" : "how" }, cell.emulated ? "emulated" : "native") : "",
  ];
  return h("td", { ...place, class: "cell", "data-cell": cell.number, "data-state": cell.state, "data-touched": cell.touched ? 1 : 0 },
    h("p", {}, arch, icon(cell.state), h("span", { class: "word" }, cell.said), cell.kind && cell.state !== "proven" ? h("span", { class: "kind" }, cell.kind) : ""),
    h("p", { class: "figures-line" }, figures));
}

function rowElement(one, number) {
  const before = grid.rows[number - 1];
  const first = number === 0 ? "top" : before.row.line !== one.row.line && filter.order === "published" ? "first" : "";
  return h("tr", { role: "row", "aria-rowindex": number + 2, "data-row": number, class: first },
    h("th", { scope: "row", role: "rowheader", "aria-colindex": 1 }, h("b", {}, one.row.line), one.row.variant, h("small", {}, one.row.release)),
    one.kept.map((cell, column) => cellElement(cell, one.those[column] && !cell, number, column)));
}

function room(rowsAway) {
  const cell = h("td", { colspan: grid.columns.length + 1 });
  cell.style.height = `${rowsAway * grid.height}px`;
  return h("tr", { class: "room", role: "presentation", "aria-hidden": "true", hidden: rowsAway === 0 }, cell);
}

function drawRows(force) {
  const total = grid.rows.length;
  let from = 0, to = total;
  if (total > WHOLE) {
    const top = grid.table.getBoundingClientRect().top;
    from = Math.max(0, Math.min(total, Math.floor(-top / grid.height)) - AROUND);
    to = Math.min(total, from + Math.ceil(innerHeight / grid.height) + 2 * AROUND);
    from = Math.max(0, Math.min(from, to - 1));
  }
  const slack = AROUND / 2;
  if (!force && from <= grid.from + slack && from >= grid.from - slack && (to <= grid.to || grid.to === total)) return;
  const held = document.activeElement && grid.body.contains(document.activeElement);
  grid.from = from;
  grid.to = to;
  const drawn = [];
  for (let number = from; number < to; number += 1) drawn.push(rowElement(grid.rows[number], number));
  grid.body.replaceChildren(room(from), ...drawn, room(total - to));
  if (!grid.body.querySelector('[tabindex="0"]')) {
    // The focused row is out of sight: Tab has to find the grid all the same.
    const stand = grid.body.querySelector("td.cell");
    if (stand) stand.tabIndex = 0;
  } else if (held) {
    grid.body.querySelector('[tabindex="0"]').focus({ preventScroll: true });
  }
  const second = drawn[1] || drawn[0];
  if (second) {
    // A card's margin is part of its height.
    const high = drawn.length > 1 ? drawn[1].getBoundingClientRect().top - drawn[0].getBoundingClientRect().top : second.getBoundingClientRect().height;
    if (high > 0 && Math.abs(high - grid.height) > 0.5 && total > WHOLE) {
      grid.height = high;
      drawRows(true);
    }
  }
}

function drawGrid() {
  grid.rows = chosen();
  grid.columns = columns();
  grid.at = { row: 0, column: 0 };
  const found = grid.rows.reduce((sum, one) => sum + one.present.length, 0);
  byId("shown").textContent = found === cells.length ? count(found, "cell") : `${found} of ${count(cells.length, "cell")}`;
  if (!grid.rows.length) {
    byId("grid-place").replaceChildren(h("p", { class: "nobody" }, cells.length ? "No cell is like that." : "This run has no cells."));
    return;
  }
  grid.body = h("tbody", { role: "rowgroup" });
  grid.table = h("table", { role: "grid", class: "cells", "aria-labelledby": "cells-title", "aria-readonly": "true", "aria-rowcount": grid.rows.length + 1, "aria-colcount": grid.columns.length + 1 },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row", "aria-rowindex": 1 }, ["Image", ...grid.columns.map((number) => arches[number])].map((name, column) => h("th", { scope: "col", role: "columnheader", "aria-colindex": column + 1 }, name)))),
    grid.body);
  byId("grid-place").replaceChildren(h("div", { class: "sheet-of-cells" }, grid.table),
    h("p", { class: "legend" }, h("span", {}, "A bar at the left of a cell: this run worked on it. Ages are as of ", time(index.made), ".")));
  drawRows(true);
  fitGrid();
}

// Only a grid that is too wide scrolls sideways: in one that does, the names of columns could not stay in sight, and stand in the cells.
function fitGrid() {
  const box = grid.table && grid.table.parentNode;
  if (!box) return;
  box.classList.remove("wide");
  box.classList.toggle("wide", grid.table.scrollWidth > box.clientWidth + 1);
  document.documentElement.style.setProperty("--bar-height", `${document.querySelector(".bar").offsetHeight}px`);
}

function moveTo(row, column) {
  const bounded = { row: Math.max(0, Math.min(grid.rows.length - 1, row)), column: Math.max(0, Math.min(grid.columns.length - 1, column)) };
  const before = grid.body.querySelector('[tabindex="0"]');
  if (before) before.tabIndex = -1;
  grid.at = bounded;
  if (bounded.row < grid.from || bounded.row >= grid.to) {
    const top = grid.table.getBoundingClientRect().top + scrollY + bounded.row * grid.height;
    scrollTo({ top: top - innerHeight / 2, behavior: "instant" });
    drawRows(true);
  }
  const found = grid.body.querySelector(`tr[data-row="${bounded.row}"] td[data-column="${bounded.column}"]`);
  if (!found) return;
  found.tabIndex = 0;
  found.focus({ preventScroll: true });
  found.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
}

function gridKey(event) {
  const target = event.target.closest("td.cell");
  if (!target || event.altKey || event.metaKey) return;
  const row = Number(target.parentNode.dataset.row), column = Number(target.dataset.column);
  const last = { row: grid.rows.length - 1, column: grid.columns.length - 1 };
  const moves = {
    ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    PageUp: [row - 10, column], PageDown: [row + 10, column],
    Home: [event.ctrlKey ? 0 : row, 0], End: [event.ctrlKey ? last.row : row, last.column],
  };
  if (event.key === "Enter" || event.key === " ") {
    if (target.dataset.cell) openCell(Number(target.dataset.cell));
  } else if (moves[event.key]) {
    moveTo(...moves[event.key]);
  } else return;
  event.preventDefault();
}

function startGrid() {
  const place = byId("grid-place");
  place.addEventListener("keydown", gridKey);
  place.addEventListener("click", (event) => {
    const target = event.target.closest("td.cell[data-cell]");
    if (!target || String(getSelection())) return;
    moveTo(Number(target.parentNode.dataset.row), Number(target.dataset.column));
    openCell(Number(target.dataset.cell));
  });
  let waiting = false;
  const soon = () => {
    if (waiting || grid.rows.length <= WHOLE) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawRows(false); });
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", () => { fitGrid(); soon(); });
}
