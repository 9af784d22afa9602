// The cells as the index has them, and rows of the grid: an image with a cell, or none, for each architecture.

const index = data("index");
const word = (number) => index.texts[number];
const states = index.states.map(([key, said]) => ({ key, said }));
const arches = index.arches.map(word);

const cells = index.cells.map((row, number) => {
  const [image, arch, state, flags, started, seconds, size, kind, id] = row;
  const [line, release, variant, name] = index.images[image].map(word);
  return {
    number, image, arch, line, release, variant, started, seconds, size,
    id: id ? word(id) : `${name}-${arches[arch]}`,
    state: states[state].key, said: states[state].said, kind: word(kind),
    touched: (flags & 1) === 1, emulated: (flags & 2) === 2,
  };
});

const numbers = new Map(cells.map((cell) => [cell.id, cell.number]));

const rows = index.images.map((image, number) => {
  const [line, release, variant] = image.map(word);
  return { number, line, release, variant, cells: arches.map(() => null) };
});
for (const cell of cells) rows[cell.image].cells[cell.arch] = cell;

// What a search for words looks through.
const hay = (cell) => (cell.hay ??= `${cell.id} ${cell.release} ${cell.said} ${cell.kind} ${cell.started ? (cell.emulated ? "emulated" : "native") : ""}`.toLowerCase());
