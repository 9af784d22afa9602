"""What the recipes in docs/ tell people to type is what the command line takes."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from orchestrator.cli.group import cli, hoisted
from orchestrator.matrix.model import Matrix
from orchestrator.prove.catalogue import choose
from orchestrator.select import Selection, select_cells
from tests.unit.conftest import ROOT
from tests.unit.manual.blocks import NEEDS, Block, blocks

DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))


def lines() -> list[tuple[str, str]]:
    return [(path.name, line) for path in DOCUMENTS for block in blocks(path) for line in block.lines]


def every_block() -> list[tuple[Path, Block]]:
    return [(path, block) for path in DOCUMENTS for block in blocks(path)]


def test_there_are_recipes_for_everybody() -> None:
    named = {path.stem for path in DOCUMENTS}
    assert named == {"README", "acceleration", "developer", "farm", "maintainer", "nightly", "publisher"}
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert all(f"({name}.md)" in index for name in named - {"README"})


def test_what_a_block_needs_is_known() -> None:
    for path, block in every_block():
        assert block.needs in NEEDS, f"{path.name}: {block.needs}"
        assert block.lines, f"{path.name}: a block without a line that is typed"


@pytest.mark.parametrize(("name", "line"), lines())
def test_a_typed_line_is_one_that_the_command_line_takes(name: str, line: str, matrix: Matrix) -> None:
    inner = line[line.index("$(") + 2 : line.rindex(")")] if "$(orchestrator" in line else line
    words = shlex.split(inner.partition(" > ")[0])
    if words[0] != "orchestrator":
        assert words[0] in {"make", "export", "docker", "eval"}, f"{name}: {line}"
        return
    args = hoisted(words[1:])
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        found = command.get_command(context, args.pop(0))
        assert found is not None, line
        command = found
    # Parsed strictly, so that an option or a choice that is not there is an error; nothing is invoked.
    context = command.make_context(command.name, [_here(word) for word in args])
    ids = context.params.get("cells") or ()
    if "orchestrator report" not in line:
        # The matrix has what is named: ids go stale when it grows and shrinks. A report takes a run's number, too.
        assert select_cells(matrix, Selection(ids=tuple(ids)))
    if named := context.params.get("only"):
        assert named == ("release",) or choose(named)


def _here(word: str) -> str:
    # Directories that have to be there are whoever reads the recipe's own.
    return str(ROOT) if word.startswith("~") else word
