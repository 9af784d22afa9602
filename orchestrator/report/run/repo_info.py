"""What is in an image, as a Markdown page for people: layers, environment, packages with versions, sources and licences.

Such pages stand beside the official images, one per tag: https://github.com/docker-library/repo-info
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from orchestrator.contents.model import Component, Contents, Ecosystem
from orchestrator.report.run.model import CellReport
from orchestrator.report.wording import harmless

_TITLES = {
    Ecosystem.GENERIC: "Built from source",
    Ecosystem.PYPI: "Python distributions",
    Ecosystem.DEB: "Debian packages",
    Ecosystem.APK: "Alpine packages",
}


def repo_info(cell: CellReport) -> str:
    """Write the page of one cell; it ends with a line's end. A cell whose contents were not recorded gets a page that says so."""
    return "\n".join([f"# {cell.id}", "", *_about(cell, "##")]) + "\n"


def image_info(cells: Sequence[CellReport]) -> str:
    """Write the page of an image over its architectures: what they share first, then each. Raises `ValueError` when there is no cell."""
    if not cells:
        raise ValueError("a page is about one cell at least")
    tags = list(dict.fromkeys(tag for cell in cells for tag in cell.tags))
    rows = [
        (
            f"[{cell.arch}](#{_anchor(cell.id)})",
            f"`{cell.platform}`",
            _digest(cell.digest),
            _size(cell),
            str(cell.state),
        )
        for cell in cells
    ]
    lines = [f"# {cells[0].image}", "", *_tags(tags)]
    lines += _table(("architecture", "platform", "digest", "size", "state"), rows)
    for cell in cells:
        lines += ["", f"## {cell.id}", "", *_about(cell, "###", tags=False)]
    return "\n".join(lines) + "\n"


def _about(cell: CellReport, heading: str, *, tags: bool = True) -> list[str]:
    facts = [
        f"- Python: {_escaped(cell.release)}",
        f"- Platform: `{cell.platform}`",
        f"- Digest: {_digest(cell.digest)}",
        f"- Size: {_size(cell)}",
    ]
    contents = cell.contents
    if contents is None:
        return [
            *(_tags(cell.tags) if tags else ()),
            *facts,
            "",
            f"Its contents are not recorded; `orchestrator test {cell.id}` does that.",
        ]
    if contents.created:
        facts.append(f"- Created: {_escaped(contents.created)}")
    if contents.command:
        facts.append(f"- Command: {_code(' '.join(contents.command))}")
    return [
        *(_tags(cell.tags) if tags else ()),
        *facts,
        "",
        f"{heading} Layers",
        "",
        *_layers(contents),
        "",
        f"{heading} Environment",
        "",
        *_table(("variable", "value"), [(_code(name), _code(value)) for name, value in contents.environment.items()]),
        *_components(contents.components, heading),
    ]


def _tags(tags: Iterable[str]) -> list[str]:
    named = ", ".join(f"`{tag}`" for tag in tags)
    return [f"Tags: {named}", ""] if named else []


def _layers(contents: Contents) -> list[str]:
    rows = [
        (str(number), _digest(layer.digest), _bytes(layer.size), _code(layer.made_by))
        for number, layer in enumerate(contents.layers, start=1)
    ]
    return _table(("", "digest", "size", "made by"), rows)


def _components(components: Sequence[Component], heading: str) -> list[str]:
    lines: list[str] = []
    for ecosystem, title in _TITLES.items():
        found = [one for one in components if one.ecosystem is ecosystem]
        if found:
            rows = [
                (_escaped(one.name), _escaped(one.version), _escaped(one.source), _escaped("; ".join(one.licences)))
                for one in found
            ]
            lines += ["", f"{heading} {title} ({len(found)})", ""]
            lines += _table(("name", "version", "source", "licences"), rows)
    return lines


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _digest(digest: str) -> str:
    return f"`{digest}`" if digest else "none"


def _size(cell: CellReport) -> str:
    return _bytes(cell.size) if cell.size else "not known"


def _bytes(count: int) -> str:
    """Write bytes in the greatest unit of which there is at least one: 940 bytes, 3.1 kB, 60.9 MB."""
    for factor, unit in ((1_000_000, "MB"), (1000, "kB")):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def _anchor(text: str) -> str:
    """The name that Markdown renderers give to a heading: lower case, without dots."""
    return re.sub(r"[^a-z0-9 _-]", "", text.lower()).replace(" ", "-")


def _escaped(text: str) -> str:
    """Text of an image that must mean nothing in Markdown or HTML, on one line."""
    return re.sub(r"([\\`*_\[\]<>|&#~])", r"\\\1", harmless(" ".join(text.split())))


def _code(text: str) -> str:
    """Text as code in a table: on one line, in more backticks than it holds, its bars escaped as tables demand it."""
    line = harmless(" ".join(text.split())).replace("|", r"\|")
    if not line:
        return ""
    fence = "`" * (max(map(len, re.findall(r"`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"
