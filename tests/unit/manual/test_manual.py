from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import click
import pytest

from orchestrator.cli.group import COMMANDS, cli, run
from orchestrator.cli.helptext import laid_out, taken_apart
from orchestrator.config.settings import Settings
from orchestrator.errors import ExitCode, InvalidFileError
from orchestrator.lint.catalogue import CATALOGUE as CHECKS
from orchestrator.manual import facts
from orchestrator.manual.commands import command_pages
from orchestrator.manual.contents import manual
from orchestrator.manual.keys import keys_of
from orchestrator.manual.markdown import reference_pages
from orchestrator.manual.model import Manual
from orchestrator.manual.rendering import anchor_of, rendered
from orchestrator.manual.site import site
from orchestrator.manual.troff import escaped, man_pages
from orchestrator.matrix.document import MatrixDocument
from orchestrator.prove.catalogue import CATALOGUE as PROOFS
from tests.unit.conftest import ROOT


@cache
def whole() -> Manual:
    return manual()


def test_the_committed_reference_is_fresh() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").glob("*.md")}
    assert there == dict(reference_pages(whole())), "run 'make docs', and remove pages of commands that are gone"


def test_every_command_and_every_option_is_in_the_manual() -> None:
    pages = {page.name: page for page in whole().commands}
    assert [name for name in pages if " " not in name] == list(COMMANDS)
    assert "new line" in pages
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        said = " ".join(entry.name for entry in (*pages[name].options, *pages[name].shared))
        for one in command.params:
            if isinstance(one, click.Option):
                assert all(opt in said for opt in (*one.opts, *one.secondary_opts)), (name, one.opts)
        assert "--help" in said


def test_every_command_has_an_example() -> None:
    assert [page.name for page in command_pages(cli) if not page.examples and not page.commands] == []


def test_every_key_is_in_the_manual_with_a_sentence() -> None:
    settings, matrix = keys_of(Settings), keys_of(MatrixDocument)
    assert {key.place for key in settings} >= {"registry", "keep.days", "builders[].slots", "signing.key"}
    assert {key.place for key in matrix} >= {"lines.LINE.source.sha256", "suites.SUITE.bases.slim", "hub.repository"}
    assert [key.place for key in (*settings, *matrix) if not key.text] == []
    found = {key.place: key for key in settings}
    assert (found["timeout_minutes"].kind, found["timeout_minutes"].default) == ("number", "45")
    assert found["retries"].default == "attempts: 4, minutes: 60"
    assert found["rebuilds"].kind == "one of never, base, always"
    assert found["builders[].name"].default == ""


def test_catalogues_and_exit_codes_are_whole() -> None:
    assert [one.name for one in whole().proofs] == [one.name for one in PROOFS]
    assert [one.code for one in whole().checks] == [one.code for one in CHECKS]
    assert [one.name for one in whole().exit_codes] == [str(int(code)) for code in ExitCode]


def test_variables_of_the_manual_are_read_somewhere() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "orchestrator").rglob("*.py"))
    elsewhere = code.replace(Path(facts.__file__).read_text(encoding="utf-8"), "")
    assert [one.name for one in facts.ENVIRONMENT if f'"{one.name}"' not in elsewhere] == []


def test_a_docstring_is_taken_apart_and_laid_out_once() -> None:
    text = """Do this,
    and that.

    More of it.

    Examples: a --b 'c; d'; eval "$(x; y)"; z
    | head
    """
    parts = taken_apart(text)
    assert parts.summary == "Do this, and that."
    assert parts.paragraphs == ("More of it.",)
    assert parts.examples == ("a --b 'c; d'", 'eval "$(x; y)"', "z | head")
    assert taken_apart(laid_out(text)) == parts
    assert laid_out(laid_out(text)) == laid_out(text)
    assert taken_apart("").examples == ()


@pytest.mark.parametrize(
    ("text", "troff"),
    [
        (".hidden", "\\&.hidden"),
        ("a\n.b", "a\n\\&.b"),
        ("'quoted' --flag", "\\(aqquoted\\(aq \\-\\-flag"),
        ("back\\slash ~ ^ `", "back\\eslash \\(ti \\(ha \\(ga"),
        ("né", "n\\[u00E9]"),
    ],
)
def test_troff_prints_what_is_written(text: str, troff: str) -> None:
    assert escaped(text) == troff


def test_man_pages_are_for_each_command_and_file() -> None:
    pages = man_pages(whole())
    assert {
        "man1/orchestrator.1",
        "man1/orchestrator-new-line.1",
        "man5/versions.json.5",
        "man5/orchestrator.yaml.5",
    } <= set(pages)
    for name, page in pages.items():
        assert f".SH NAME\n{escaped(name.split('/')[1].rpartition('.')[0])} \\- " in page
        assert not re.search(r"\n\s*\n", page), name


def test_headings_get_the_anchors_of_github() -> None:
    assert anchor_of("What is `proven`, here?") == "what-is-proven-here"
    assert anchor_of("A line, a suite_x") == "a-line-a-suite_x"
    article = rendered("# T\n\n## A\n\n## A\n", lambda link: link)
    assert [one.anchor for one in article.headings] == ["t", "a", "a-1"]
    assert '<h2 id="a-1">' in article.body


def test_documents_cannot_bring_html_along() -> None:
    article = rendered(
        "# <b>T</b>\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))\n\n<!-- away -->\n", lambda link: link
    )
    assert "<script" not in article.body
    assert "<b>" not in article.body
    assert 'href="javascript' not in article.body
    assert "away" not in article.body


def checkout(root: Path, **documents: str) -> Path:
    (root / "docs").mkdir()
    for name, text in documents.items():
        (root / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    return root


def test_the_site_leads_links_to_its_pages_and_takes_files_along(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("{}")
    checkout(
        tmp_path,
        README="# Home\n\n[a](a.md#b-c) [r](reference/build.md) [d](../data.json) [w](https://example.org/)\n",
        a="# A\n\n## B C\n\n[h](README.md) [me](#b-c)\n",
    )
    pages, linked = site(whole(), tmp_path)
    assert 'href="a.html#b-c"' in pages["index.html"]
    assert 'href="reference/build.html"' in pages["index.html"]
    assert 'href="files/data.json.txt"' in pages["index.html"]
    assert 'href="https://example.org/"' in pages["index.html"]
    assert 'href="index.html"' in pages["a.html"]
    assert 'aria-current="page"' in pages["a.html"]
    assert [(one.source, one.page) for one in linked] == [(tmp_path / "data.json", "files/data.json.txt")]
    assert 'href="../index.html"' in pages["reference/build.html"]


@pytest.mark.parametrize("link", ["gone.md", "a.md#gone", "#gone", "../../outside.md", "../gone.json"])
def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path, link: str) -> None:
    checkout(tmp_path, README=f"# Home\n\n[x]({link})\n", a="# A\n")
    with pytest.raises(InvalidFileError, match=r"docs/README.md: "):
        site(whole(), tmp_path)


def test_all_links_of_this_checkout_lead_somewhere() -> None:
    pages, _ = site(whole(), ROOT)
    assert {"index.html", "developer.html", "reference/index.html", "project/readme.html"} <= set(pages)


def test_without_documents_the_site_is_the_reference(tmp_path: Path) -> None:
    pages, linked = site(whole(), tmp_path)
    assert "reference/build.html" in pages
    assert 'href="reference/build.html"' in pages["index.html"]
    assert linked == ()


def test_a_picture_is_brought_along_and_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "README.md").write_text("# Title\n\n![What it shows](../drawn.svg)\n", encoding="utf-8")
    with pytest.raises(InvalidFileError, match=r"docs/README\.md: \.\./drawn\.svg: there is no such picture"):
        site(replace(whole(), proofs=()), tmp_path)
    (tmp_path / "drawn.svg").write_text("<svg/>", encoding="utf-8")
    pages, _ = site(replace(whole(), proofs=()), tmp_path)
    assert 'src="data:image/svg+xml;base64,PHN2Zy8+" alt="What it shows"' in pages["index.html"]


def test_pages_bring_everything_along() -> None:
    pages, _ = site(replace(whole(), proofs=()), ROOT)
    for name, page in pages.items():
        assert "<script" not in page, name
        assert not re.search(r'(?:src|<link[^>]*href)="(?!data:)', page), name


def test_the_manual_is_written_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("manual", "--format", "markdown", "--output", str(tmp_path / "reference"))
    assert run((*args, "--check")) == ExitCode.INVALID
    assert run(args) == ExitCode.DONE
    assert run((*args, "--check")) == ExitCode.DONE
    (tmp_path / "reference" / "build.md").write_text("old")
    capsys.readouterr()
    assert run((*args, "--check", "--json")) == ExitCode.INVALID
    out = capsys.readouterr().out
    assert '"written": [\n    "build.md"\n  ]' in out


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run(("manual", "--format", "man", "--output", str(tmp_path / "file" / "below"))) == ExitCode.ENVIRONMENT
    assert "mend: name another directory" in capsys.readouterr().err
