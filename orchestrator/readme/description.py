"""A description: its parts from the templates, put together, and brought within a limit of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import InvalidFileError
from orchestrator.readme.budget import HUB_LIMIT, STEPS
from orchestrator.readme.page import Page
from orchestrator.readme.tags import shared_tags, simple_tags
from orchestrator.render.templates import environment, template_errors

#: A template per section, in the order of the page.
SECTIONS = ("warning", "tags", "reference", "about", "usage", "variants", "license")
_TEMPLATES = (Path(__file__).resolve().parent / "templates",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropped:
    """What was left out to keep the limit: its name, why it can be spared, and the bytes that it took."""

    part: str
    reason: str
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """The text for a repository's page (Markdown), and what was left out of it to stay within `limit` bytes."""

    repository: str
    architecture: str | None
    text: str
    limit: int
    dropped: tuple[Dropped, ...] = ()

    @property
    def bytes(self) -> int:
        """The size of the text in UTF-8."""
        return _size(self.text)


def describe(page: Page, *, limit: int = HUB_LIMIT) -> Description:
    """Write a page, without those parts that do not fit into `limit` bytes.

    Raises `InvalidFileError` where not even the bare tags fit, or for a template that is wrong (with its line).
    """
    parts = _parts(page)
    text = _joined(parts)
    dropped: list[Dropped] = []
    for step in STEPS:
        if (size := _size(text)) <= limit:
            break
        bare = _parts(page, bare=step.unlinked) if step.unlinked else {}
        parts = {
            name: bare.get(name, part) if name in step.unlinked else part
            for name, part in parts.items()
            if name not in step.parts
        }
        text = _joined(parts)
        if freed := size - _size(text):
            dropped.append(Dropped(part=step.name, reason=step.reason, bytes=freed))
    if _size(text) > limit:
        raise InvalidFileError(
            f"{page.repository}: without all that can be left out, the description has {_size(text):,} bytes, and {limit:,} are allowed",
            mend="build fewer lines or variants, or give a greater --limit if the registry takes it",
        )
    return Description(
        repository=page.repository,
        architecture=page.architecture,
        text=text,
        limit=limit,
        dropped=tuple(dropped),
    )


def part_names() -> tuple[str, ...]:
    """Name the parts of every description, in its order: the blocks of the templates."""
    loaded = environment(_TEMPLATES)
    return tuple(name for section in SECTIONS for name in loaded.get_template(f"{section}.md.j2").blocks)


def _parts(page: Page, *, bare: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Fill in the blocks of the templates, in order; one that comes out empty does not apply to the page.

    Lists of tags whose part is named in `bare` have no links.
    """
    facts = {
        "page": page,
        "simple_tags": simple_tags(page, linked="simple" not in bare),
        "shared_tags": shared_tags(page, linked="shared" not in bare),
    }
    parts: dict[str, str] = {}
    for section in SECTIONS:
        name = f"{section}.md.j2"
        with template_errors(
            name,
            _TEMPLATES,
            about=page.repository,
            missing="install the orchestrator again, or restore it from version control",
            offered="use only what page, simple_tags and shared_tags offer",
        ):
            template = environment(_TEMPLATES).get_template(name)
            for block, fill in template.blocks.items():
                text = "".join(fill(template.new_context(facts))).strip("\n")
                if text:
                    parts[block] = text
    return parts


def _joined(parts: Mapping[str, str]) -> str:
    return "\n\n".join(parts.values()) + "\n"


def _size(text: str) -> int:
    return len(text.encode())
