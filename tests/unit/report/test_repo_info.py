"""The page about what is in an image, as a Markdown renderer understands it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from markdown_it import MarkdownIt

from orchestrator.contents.model import Component, Contents, Ecosystem, LayerEntry
from orchestrator.report.run.model import CellReport, CellState
from orchestrator.report.run.repo_info import image_info, repo_info
from tests.unit.contents.images import DIGEST, debian, python, read

CONTENTS = read(debian(), python())


def cell(arch: str = "amd64", **changes: Any) -> CellReport:
    made = CellReport(
        id=f"3.9-slim-bullseye-{arch}", image="3.9-slim-bullseye", line="3.9", release="3.9.2", variant="slim-bullseye",
        arch=arch, platform=f"linux/{arch}", state=CellState.PROVEN, touched=True, action="build", reason="it is new",
        digest=DIGEST, size=60_920_635, tags=("3.9.2-slim-bullseye", "3.9-slim"), contents=CONTENTS,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def rendered(page: str) -> str:
    html: str = MarkdownIt("commonmark").enable("table").render(page)
    return html


def rows(page: str, heading: str) -> list[str]:
    """The rows of the table below a heading, without its head."""
    _, _, rest = page.partition(f"# {heading}\n\n")
    assert rest, heading
    return rest.partition("\n\n")[0].splitlines()[2:]


def test_a_page_says_what_the_image_is() -> None:
    page = repo_info(cell())
    assert page.startswith("# 3.9-slim-bullseye-amd64\n\nTags: `3.9.2-slim-bullseye`, `3.9-slim`\n\n- Python: 3.9.2\n")
    assert f"- Platform: `linux/amd64`\n- Digest: `{DIGEST}`\n- Size: 60.9 MB\n" in page
    assert "- Created: 2025-08-09T09:16:30.123456789Z\n- Command: `python3`\n" in page
    assert page.endswith("|\n")


def test_layers_environment_and_packages_have_tables() -> None:
    page = repo_info(cell())
    assert [row.split(" | ")[3] for row in rows(page, "Layers")] == [
        "`bootstrap of debian:bullseye-slim` |",
        "`COPY /usr/local /usr/local` |",
    ]
    assert rows(page, "Environment")[1:] == ["| `LANG` | `C.UTF-8` |", "| `EMPTY` |  |"]
    assert rows(page, "Built from source (1)")[0].startswith("| cpython | 3.9.2 | https://www.python.org/")
    assert rows(page, "Python distributions (4)")[-1] == "| wheel | 0.32.3 |  | MIT |"
    packages = rows(page, f"Debian packages ({len(CONTENTS.components) - 5})")
    assert packages[-1] == "| zlib1g | 1:1.2.11.dfsg-2+deb11u2 | zlib 1:1.2.11.dfsg-2+deb11u2 | Zlib |"
    html = rendered(page)
    assert html.count("<table>") == 5
    assert html.count("<tr>") == 5 + 2 + 3 + len(CONTENTS.components)
    assert "Alpine" not in page


@pytest.mark.parametrize(
    ("size", "said"), [(0, "not known"), (940, "940 bytes"), (3066, "3.1 kB"), (2 * 10**9, "2000.0 MB")]
)
def test_sizes_are_told_as_people_read_them(size: int, said: str) -> None:
    assert f"- Size: {said}\n" in repo_info(cell(size=size))


def test_a_cell_whose_contents_nobody_knows_says_how_to_record_them() -> None:
    page = repo_info(cell(contents=None, digest="", tags=()))
    assert "Its contents are not recorded; `orchestrator test 3.9-slim-bullseye-amd64` does that.\n" in page
    assert "- Digest: none\n" in page
    assert "Tags" not in page
    assert "Layers" not in page


HOSTILE = "a|b`c``d <script>alert(1)</script> *x* [y](javascript:z)\n\x1b[31m& ~e~ \\"


def test_what_an_image_says_means_nothing_in_markdown() -> None:
    contents = Contents(
        digest=DIGEST,
        platform="linux/amd64",
        created=HOSTILE,
        environment={HOSTILE: HOSTILE, "TICK": "`"},
        command=(HOSTILE,),
        layers=(LayerEntry(digest=DIGEST, size=1, made_by=HOSTILE),),
        components=(
            Component(ecosystem=Ecosystem.DEB, name=HOSTILE, version="1", licences=(HOSTILE,), source=HOSTILE),
        ),
    )
    page = repo_info(cell(contents=contents))
    html = rendered(page)
    assert "\x1b" not in page
    assert [tag for tag in ("<script", "<em>", "<a ", "<del>") if tag in html] == []
    assert html.count("<table>") == 3
    assert html.count("<tr>") == 3 + 1 + 2 + 1
    assert "<td>a|b`c``d &lt;script&gt;alert(1)&lt;/script&gt; *x* [y](javascript:z) &amp; ~e~ \\</td>" in html
    assert "<code>a|b`c``d &lt;script&gt;alert(1)&lt;/script&gt; *x* [y](javascript:z) &amp; ~e~ \\</code>" in html
    assert "<td><code>`</code></td>" in html


def test_an_image_has_one_page_over_its_architectures() -> None:
    page = image_info((cell(), cell("arm64v8", contents=None, tags=("3.9.2-slim-bullseye", "more"))))
    assert page.startswith("# 3.9-slim-bullseye\n\nTags: `3.9.2-slim-bullseye`, `3.9-slim`, `more`\n\n| architecture |")
    assert f"| [arm64v8](#39-slim-bullseye-arm64v8) | `linux/arm64v8` | `{DIGEST}` | 60.9 MB | proven |" in page
    assert page.index("## 3.9-slim-bullseye-amd64") < page.index("## 3.9-slim-bullseye-arm64v8")
    assert page.count("### Layers") == 1
    assert page.count("Tags:") == 1


def test_a_page_about_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="one cell"):
        image_info(())
