"""Pages to look at: of the seed's commits, of changed matrices; and their Markdown taken apart."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Matrix
from orchestrator.readme.home import Home
from orchestrator.readme.page import Page, images_for
from tests.unit.conftest import ROOT

#: The description that the work started from, as it was on the Hub in January 2019.
SEED = (ROOT / "tests" / "data" / "seed-readme.md").read_text(encoding="utf-8")
#: The commits that it names.
COMMITS: Mapping[str, str] = {
    directory: commit for commit, directory in re.findall(r"/blob/([0-9a-f]{40})/(\S+?)/Dockerfile\)", SEED)
}
OFFICIAL = Home(address="https://github.com/docker-library/python", keepers="the Docker Community", official=True)
_DOCUMENT: dict[str, Any] = json.loads((ROOT / "versions.json").read_text(encoding="utf-8"))


def changed(change: Callable[[dict[str, Any]], object]) -> Matrix:
    """The matrix after `change` was made to its document."""
    document = copy.deepcopy(_DOCUMENT)
    change(document)
    return parse_matrix(json.dumps(document), ROOT / "versions.json")


def page(matrix: Matrix, architecture: str | None = None, *, home: Home = OFFICIAL) -> Page:
    """A page whose commits are the seed's where it has them."""
    images = images_for(matrix, architecture)
    commits = {image.directory: COMMITS.get(image.directory, "0" * 40) for image in images}
    return Page(matrix=matrix, architecture=architecture, images=images, home=home, commits=commits)


def headings(text: str) -> list[str]:
    """The headings, with their marks: `## Simple Tags`."""
    tokens = MarkdownIt().parse(text)
    return [
        f"{one.markup} {tokens[index + 1].content}" for index, one in enumerate(tokens) if one.type == "heading_open"
    ]


def section(text: str, heading: str) -> str:
    """What stands below a heading, to the next one (or a picture that stands alone)."""
    found = re.search(rf"^{re.escape(heading)}\n\n(.*?)(?=^#|^\[!\[|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no {heading}"
    return found[1].strip("\n")


def inline(text: str) -> list[Token]:
    """Every token inside paragraphs, items and headings, in order."""
    return [child for one in MarkdownIt().parse(text) for child in one.children or ()]


def code_of_tags(text: str) -> list[str]:
    """What is set as code in the lists of tags, in order."""
    found = re.search(r"^# Supported tags.*?$(.*?)(?=^# |^\[!\[|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found
    return [one.content for one in inline(found[1]) if one.type == "code_inline"]


def links(text: str) -> list[str]:
    """The addresses of all links."""
    return [str(one.attrs["href"]) for one in inline(text) if one.type == "link_open"]


def fences(text: str) -> list[str]:
    """The blocks of code."""
    return [one.content for one in MarkdownIt().parse(text) if one.type == "fence"]
