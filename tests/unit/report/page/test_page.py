from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from orchestrator.report.run.model import RunReport
from orchestrator.report.run.page.page import render
from tests.unit.report.page import sample

VOID = {"meta", "link", "input", "br", "use", "path", "circle"}
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"'`><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\x1b[31mred\x1b]0;title\x07\x00\ud800",
    "\u202eevil\u202c \u2028 \u2029",
    "javascript:alert(1)",
    "]]>&lt;&#60;",
)


class Page(HTMLParser):
    """What a browser would find: elements, scripts, text; and that every element is closed where it has to be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["script"]:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif self._open[-1:] == ["style"]:
            self.styles.append(data)

    def document(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            json.loads(text) for attributes, text in self.scripts if attributes.get("id") == f"data-{name}"
        )
        return found


@pytest.mark.parametrize(
    "report",
    [
        sample.night(),
        sample.green(),
        sample.idle(),
        replace(sample.green(), cells=(), spans=(), published=(), history=()),
    ],
)
def test_it_is_well_formed_and_loads_nothing(report: RunReport) -> None:
    page = Page(render(report))
    for tag, attributes in page.elements:
        assert tag not in {"img", "iframe", "object", "embed", "base", "form"}
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action", "data"):
            value = attributes.get(name) or ""
            assert value.startswith(("#", "data:")) or not value, (tag, value)
    assert "url(http" not in "".join(page.styles)
    assert "@import" not in "".join(page.styles)


def test_the_policy_lets_run_what_is_in_the_page_and_nothing_else() -> None:
    page = Page(render(sample.night()))
    policy = next(attributes["content"] for _, attributes in page.elements if attributes.get("http-equiv")) or ""
    ours = [text for attributes, text in page.scripts if "type" not in attributes]
    wanted = {
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (*ours, *page.styles)
    }
    assert set(re.findall(r"'sha256-[^']+'", policy)) == wanted
    assert len(ours) == 2
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none';")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_the_ledger_stays_text(text: str) -> None:
    written = render(sample.hostile(text))
    written.encode("utf-8")
    page, harmless = Page(written), Page(render(sample.hostile("harmless")))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    assert len(page.scripts) == len(harmless.scripts)
    assert [set(attributes) for _, attributes in page.elements] == [
        set(attributes) for _, attributes in harmless.elements
    ]
    assert not set(written) & set("\x00\x1b\x07\u202e\u202c\u2028\u2029")


def test_what_failed_stands_there_without_a_script() -> None:
    report = sample.night()
    shown = render(report).split('<script type="application/json"')[0]
    for cell in report.failed:
        if cell.failure is not None:
            assert f'href="#cell-{cell.id}"' in shown
    for said in (
        "5 of 31 cells failed",
        "exit code 1: some cells failed",
        "since run 125",
        "new in this run",
        "make build VERSION=2.7",
        "arm64v8 is required",
    ):
        assert said in shown, said
    plain = shown.split("<noscript>")[1].split("</noscript>")[0]
    assert plain.count("<tr id=") == len(report.cells)


def test_a_page_without_script_stays_short() -> None:
    shown = render(sample.many(1000)).split('<script type="application/json"')[0]
    assert shown.count("<tr id=") == 500
    assert "the first 500 of 1000 cells" in shown


def test_the_data_gives_back_what_was_told() -> None:
    report = sample.night()
    page = Page(render(report))
    index, details, spans = page.document("index"), page.document("details"), page.document("spans")
    words = details["texts"]
    assert len(index["cells"]) == len(details["cells"]) == 44
    for cell, row, more in zip(report.cells, index["cells"], details["cells"], strict=True):
        line, release, variant, image = (index["texts"][number] for number in index["images"][row[0]])
        assert (line, release, variant, f"{image}-{index['texts'][index['arches'][row[1]]]}") == (
            cell.line,
            cell.release,
            cell.variant,
            cell.id,
        )
        assert index["states"][row[2]][1] == cell.state
        assert (bool(row[3] & 1), bool(row[3] & 2), row[6]) == (cell.touched, cell.emulated, cell.size)
        proofs = []
        if "proofs" in more:
            shape, seconds, differing = more["proofs"]
            names, usual = details["shapes"][shape]
            proofs = [
                [words[name], "passed", words[detail], took]
                for name, detail, took in zip(names, usual, seconds, strict=True)
            ]
            for place, verdict, detail in zip(differing[::3], differing[1::3], differing[2::3], strict=True):
                proofs[place][1:3] = [words[verdict], words[detail]]
        assert proofs == [[one.name, one.verdict, one.detail, round(one.seconds, 1)] for one in cell.proofs]
        ranges = more.get("contents", [])
        numbers = [
            first + number for first, many in zip(ranges[::2], ranges[1::2], strict=True) for number in range(many)
        ]
        names = [words[details["components"][number][1]] for number in numbers]
        assert names == [one.name for one in cell.contents.components] if cell.contents else not names
        assert [words[name] + words[tag] for name, tag in more.get("published", [])] == list(cell.published)
        assert [details["runs"][point[0]][0] for point in more.get("trend", [])] == [point.run for point in cell.trend]
    assert len(spans["bars"]) == len(report.spans)
    assert {tuple(spans["lanes"][bar[2]]) for bar in spans["bars"]} == set(map(tuple, spans["lanes"]))


def test_ten_thousand_cells_with_sixty_proofs_each_are_a_file_that_can_be_mailed() -> None:
    written = render(sample.many())
    assert len(Page(written).document("index")["cells"]) == 10_000
    assert len(written.encode()) < 20_000_000
    # One cell costs what is its own alone; nothing grows faster than the number of cells.
    small = render(sample.many(1000))
    assert len(written) < 12 * len(small)


def test_passed_details_that_differ_everywhere_are_left_out_before_the_page_grows_too_large() -> None:
    report = sample.many(200)
    cells = tuple(
        replace(
            cell, proofs=tuple(replace(proof, detail=f"{cell.id} {proof.name} " + "x" * 1000) for proof in cell.proofs)
        )
        for cell in report.cells
    )
    written = render(replace(report, cells=cells))
    details = Page(written).document("details")
    assert details["left_out"] > 0
    assert len(written) < 6_000_000
