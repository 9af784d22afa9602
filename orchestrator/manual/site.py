"""The manual as a small static site: the documents of a checkout and the reference, one page each, with navigation; no script, nothing from elsewhere.

A link that leads nowhere, and an anchor that is not there, are errors.
"""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.errors import InvalidFileError
from orchestrator.manual.markdown import file_of, reference_pages
from orchestrator.manual.model import Manual
from orchestrator.manual.rendering import Article, headings, rendered

_PARTS = Path(__file__).parent / "parts"
#: The colours, and what makes a page readable, are those of the report of a run.
_BASE = Path(__file__).resolve().parents[1] / "report" / "run" / "page" / "parts" / "base.css"

#: How pages are grouped in the navigation.
_RECIPES, _COMMANDS, _FILES, _PROJECT = "Recipes", "Commands", "Files and catalogues", "Project"

_OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A document: where it is in the checkout, where its page is in the site, its group, its Markdown."""

    source: str
    page: str
    group: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Linked:
    """A file of the checkout that documents link to: it goes along, as text."""

    source: Path
    page: str


def site(manual: Manual, root: Path) -> tuple[Mapping[str, str], tuple[Linked, ...]]:
    """Give the pages by file name, and the files that they link to. Raises `InvalidFileError` for links that lead nowhere.

    `root` is a checkout; without documents there, the site is the reference alone.
    """
    documents = (*_recipes(root), *_reference(manual), *_project(root))
    shelf = _Shelf(documents, root)
    articles = {one.page: rendered(one.text, partial(shelf.lead, one), partial(shelf.show, one)) for one in documents}
    if shelf.broken:
        raise InvalidFileError("; ".join(shelf.broken), mend="correct the links, or make what they lead to")
    pages = {one.page: _page(one, articles, documents) for one in documents}
    if "index.html" not in pages:
        pages["index.html"] = _page(
            next(one for one in documents if one.page == "reference/index.html"), articles, documents, at="index.html"
        )
    return pages, tuple(shelf.linked.values())


class _Shelf:
    """Knows what there is to link to, and remembers what was not there."""

    def __init__(self, documents: Sequence[Document], root: Path) -> None:
        self._root = root
        self._pages = {one.source: one for one in documents}
        self._anchors = {one.source: {found.anchor for found in headings(one.text)} for one in documents}
        self.linked: dict[str, Linked] = {}
        self.broken: list[str] = []

    def lead(self, document: Document, link: str) -> str:
        """Say where a link of a document leads in the site."""
        if _OUTSIDE.match(link):
            return link
        path, mark, anchor = link.partition("#")
        source = (
            posixpath.normpath(posixpath.join(posixpath.dirname(document.source), path)) if path else document.source
        )
        target = self._pages.get(source) or self._pages.get(posixpath.join(source, "README.md"))
        if target is None:
            return self._file(document, link, source)
        if anchor and anchor not in self._anchors[target.source]:
            self.broken.append(f"{document.source}: {link}: there is no heading with this anchor")
        return f"{_relative(target.page, document.page)}{mark}{anchor}" if path else f"{mark}{anchor}"

    def show(self, document: Document, picture: str) -> str:
        """Give a picture of a document, which has to be an SVG of the checkout, as what the page brings along."""
        source = posixpath.normpath(posixpath.join(posixpath.dirname(document.source), picture))
        file = self._root / source
        if source.startswith("..") or not source.endswith(".svg") or not file.is_file():
            self.broken.append(f"{document.source}: {picture}: there is no such picture (an SVG file)")
            return ""
        return f"data:image/svg+xml;base64,{base64.b64encode(file.read_bytes()).decode()}"

    def _file(self, document: Document, link: str, source: str) -> str:
        file = self._root / source
        if source.startswith("..") or not file.is_file():
            self.broken.append(f"{document.source}: {link}: there is no such file")
            return link
        # A browser shows text that it knows to be text, and saves the rest.
        page = f"files/{source}.txt"
        self.linked[source] = Linked(source=file, page=page)
        return _relative(page, document.page)


def _recipes(root: Path) -> tuple[Document, ...]:
    index = root / "docs" / "README.md"
    order = index.read_text(encoding="utf-8") if index.is_file() else ""
    found = sorted((root / "docs").glob("*.md"), key=lambda path: (path != index, _place(order, path.name), path.name))
    return tuple(
        Document(
            source=f"docs/{path.name}",
            page="index.html" if path.name == "README.md" else f"{path.stem}.html",
            group=_RECIPES,
            text=path.read_text(encoding="utf-8"),
        )
        for path in found
    )


def _place(text: str, name: str) -> int:
    """Say where an index names a document; those that it does not name come last."""
    return text.find(f"({name})") if f"({name})" in text else len(text)


def _reference(manual: Manual) -> tuple[Document, ...]:
    commands = {file_of(one) for one in manual.commands}
    return tuple(
        Document(
            source=f"docs/reference/{name}",
            page=f"reference/{'index' if name == 'README.md' else name.removesuffix('.md')}.html",
            group=_COMMANDS if name in commands or name == "README.md" else _FILES,
            text=text,
        )
        for name, text in reference_pages(manual).items()
    )


def _project(root: Path) -> tuple[Document, ...]:
    named = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
    paths = [path for name in named if (path := root / name).is_file()]
    # An installed package has none of them, and whatever lies above it is not ours.
    paths += sorted(root.glob("examples/*/README.md")) if paths else []
    return tuple(
        Document(
            source=(source := path.relative_to(root).as_posix()),
            page=f"project/{source.removesuffix('.md').removesuffix('/README').replace('/', '-').lower()}.html",
            group=_PROJECT,
            text=path.read_text(encoding="utf-8"),
        )
        for path in paths
    )


def _page(document: Document, articles: Mapping[str, Article], documents: Sequence[Document], *, at: str = "") -> str:
    article, page = articles[document.page], at or document.page
    groups = {
        group: [
            (_relative(one.page, page), _short(articles[one.page].title), one is document)
            for one in documents
            if one.group == group
        ]
        for group in (_RECIPES, _COMMANDS, _FILES, _PROJECT)
    }
    style = f"{_BASE.read_text(encoding='utf-8')}\n{(_PARTS / 'site.css').read_text(encoding='utf-8')}"
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=article.title,
            body=Markup(article.body),  # noqa: S704  rendered from our documents, in which HTML is shown as text
            groups={group: found for group, found in groups.items() if found},
            home=_relative("index.html", page),
            here=[one for one in article.headings if one.level == 2],
            style=Markup(style),  # noqa: S704  our own files
            policy=_policy(style),
        )
    )


def _short(title: str) -> str:
    """Commands are called by their own names among each other."""
    return title.removeprefix("orchestrator ")


def _relative(page: str, before: str) -> str:
    return os.path.relpath(page, posixpath.dirname(before) or ".")


def _policy(style: str) -> str:
    """Allow nothing but the page's own style, by its hash: https://www.w3.org/TR/CSP3/."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_PARTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
