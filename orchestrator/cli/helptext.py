"""A command's docstring, taken apart: --help sets each example on a line of its own, and the manual is written from the same parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from inspect import cleandoc

#: How a paragraph of examples begins; they stand behind each other there, with semicolons between them.
_EXAMPLES = re.compile(r"Examples?:\s+(.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class HelpText:
    """The parts of a docstring, without line breaks inside: what the command does, what else is to be known, what may be typed."""

    summary: str
    paragraphs: tuple[str, ...]
    examples: tuple[str, ...]


def taken_apart(text: str) -> HelpText:
    """Read a docstring, or what `laid_out` made of one. A semicolon within quotes, or without a space behind it, ends no example."""
    paragraphs: list[str] = []
    examples: list[str] = []
    for raw in re.split(r"\n\s*\n", cleandoc(text)):
        one = raw.removeprefix("\b").strip()
        match = _EXAMPLES.match(one)
        if match is None:
            paragraphs += [" ".join(one.split())] if one else []
        elif raw.startswith("\b"):
            examples += [line.strip() for line in match[1].splitlines()]
        else:
            examples += _typed(" ".join(match[1].split()))
    return HelpText(
        summary=paragraphs[0] if paragraphs else "", paragraphs=tuple(paragraphs[1:]), examples=tuple(examples)
    )


def laid_out(text: str) -> str:
    """Give the text that click shows: paragraphs that it fills, and examples that it leaves as they are."""
    parts = taken_apart(text)
    said = [parts.summary, *parts.paragraphs]
    if parts.examples:
        said.append(
            "\n".join(
                ("\b", "Examples:" if len(parts.examples) > 1 else "Example:", *(f"  {one}" for one in parts.examples))
            )
        )
    return "\n\n".join(said)


def _typed(text: str) -> list[str]:
    """Part examples at their semicolons."""
    found: list[str] = []
    quote = ""
    begun = ""
    for index, letter in enumerate(text):
        if letter in "'\"" and (not quote or quote == letter):
            quote = "" if quote else letter
        if letter == ";" and not quote and text[index + 1 : index + 2] in {" ", ""}:
            found.append(begun.strip())
            begun = ""
        else:
            begun += letter
    return [*found, *([begun.strip()] if begun.strip() else [])]
