"""One document from Markdown to HTML: headings get anchors as GitHub gives them, links are led by somebody else."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: Gives where a link leads in the site, for what it says in the document.
Leads = Callable[[str], str]
#: Gives a picture as an address that brings it along, for the path that the document says.
Shows = Callable[[str], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """A heading: its level from 1, the words, and its anchor."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """A document as HTML, with its headings; the first of them is its title."""

    body: str
    headings: tuple[Heading, ...] = field(default=())

    @property
    def title(self) -> str:
        """The words of the first heading."""
        return self.headings[0].text if self.headings else ""


def headings(text: str) -> tuple[Heading, ...]:
    """List the headings of a document."""
    return _numbered(_parser().parse(_without_comments(text)))


def rendered(text: str, leads: Leads, shows: Shows = str) -> Article:
    """Render a document. HTML in it is shown as text; comments are left out."""
    parser = _parser()
    tokens = parser.parse(_without_comments(text))
    found = _numbered(tokens)
    anchors = iter(found)
    tables = cell = 0
    columns: list[str] = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", next(anchors).anchor)
        if token.type == "table_open":
            tables += 1
            token.meta["label"] = f"Table {tables}"
            columns, cell = [], 0
        if token.type == "th_open":
            columns.append(inline.content)
        if token.type == "tr_open":
            cell = 0
        if token.type == "td_open":
            # A phone shows rows below each other, where the head of a column is out of sight.
            token.attrSet("data-label", columns[cell])
            cell += 1
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", leads(str(child.attrGet("href") or "")))
            if child.type == "image":
                child.attrSet("src", shows(str(child.attrGet("src") or "")))
    return Article(body=parser.renderer.render(tokens, parser.options, {}), headings=found)


def anchor_of(text: str) -> str:
    """Make an anchor of a heading's words, as GitHub does: lower case, hyphens for spaces, nothing else but letters, digits and _."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def _numbered(tokens: Sequence[Token]) -> tuple[Heading, ...]:
    found: list[Heading] = []
    seen: dict[str, int] = {}
    for token, inline in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(one.content for one in inline.children or () if one.type in {"text", "code_inline"})
        anchor = anchor_of(text)
        again = seen.get(anchor, 0)
        seen[anchor] = again + 1
        found.append(Heading(level=int(token.tag[1]), text=text, anchor=f"{anchor}-{again}" if again else anchor))
    return tuple(found)


def _without_comments(text: str) -> str:
    return re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # What is wider than a phone scrolls by itself, and can be scrolled with the keyboard.
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    parser.add_render_rule("fence", _fence)
    return parser


def _table_open(_self: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{tokens[index].meta["label"]}"><table>\n'


def _table_close(_self: object, _tokens: Sequence[Token], _index: int, *_: object) -> str:
    return "</table></div>\n"


def _fence(_self: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    token = tokens[index]
    lines = html.escape(token.content, quote=False)
    if token.info.startswith("console"):
        # What is typed stands out from what is answered.
        lines = re.sub(
            r"(?m)^(\$ )(.*?)(\s{2,}#.*)?$",
            lambda line: (
                f'<span class="quiet">{line[1]}</span><b>{line[2]}</b><span class="quiet">{line[3] or ""}</span>'
            ),
            lines,
        )
    return f'<pre tabindex="0"><code>{lines}</code></pre>\n'
