"""The lines of a Dockerfile that changed without any part of the recipe that changed standing in them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from orchestrator.compare.model import ORDER, Change, Topic

#: Topics of which the values stand in the Dockerfile, not the name.
_BY_VALUE = frozenset({Topic.BASE, Topic.RELEASE, Topic.KEY, Topic.CHECKSUM, Topic.SOURCE, Topic.PIN})
#: Topics of which the name stands there.
_BY_NAME = frozenset({Topic.PACKAGE, Topic.CONFIGURE, Topic.MAKE, Topic.FURTHER_WHEEL})
#: Changes of these are seen in a Dockerfile.
_SEEN = _BY_VALUE | _BY_NAME | {Topic.ENVIRONMENT, Topic.SYMLINK, Topic.COMMAND, Topic.STEP}


def line_changes(image: str, before: str, after: str, known: Iterable[Change]) -> Iterator[Change]:
    """Give one change with the lines that are gone and those that are new, each in their order; none where `known` accounts for all of them.

    What is known is taken out of both texts before they are compared. A line that has moved is gone from one place and new in another.
    """
    seen = [change for change in known if change.topic in _SEEN]
    words = _words(seen)
    old, new = (_lines(text, words) for text in (before, after))
    gone, come = _moved(old, new)
    if any(change.subject == ORDER for change in seen):
        # That lines have moved is told already.
        gone, come = _without_those_of(gone, come), _without_those_of(come, gone)
    if gone or come:
        yield Change(
            topic=Topic.DOCKERFILE,
            subject="lines",
            before="\n".join(line.text for line in gone) if gone else None,
            after="\n".join(line.text for line in come) if come else None,
            where=(image,),
        )
    elif not seen:
        # Built again all the same.
        yield Change(topic=Topic.DOCKERFILE, subject="blanks", before="", after="", where=(image,))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """A line, and what of it is compared."""

    text: str
    rest: str


def _lines(text: str, words: re.Pattern[str] | None) -> tuple[_Line, ...]:
    bare = [_bare(line) for line in text.splitlines()]
    return tuple(_Line(text=line, rest=rest) for line in bare if (rest := _without(words, line)))


def _moved(old: Sequence[_Line], new: Sequence[_Line]) -> tuple[tuple[_Line, ...], tuple[_Line, ...]]:
    """Give the lines that are taken out of the one and put into the other."""
    texts = [line.rest for line in old], [line.rest for line in new]
    if texts[0] == texts[1]:
        return (), ()
    if texts[0] > texts[1]:
        # Where lines can be paired in several ways, the way back is to pair them alike.
        come, gone = _moved(new, old)
        return gone, come
    steps = SequenceMatcher(None, *texts, autojunk=False).get_opcodes()
    return (
        tuple(line for kind, start, end, _, _ in steps if kind != "equal" for line in old[start:end]),
        tuple(line for kind, _, _, start, end in steps if kind != "equal" for line in new[start:end]),
    )


def _without_those_of(lines: Iterable[_Line], others: Iterable[_Line]) -> tuple[_Line, ...]:
    """Give the lines that `others` lack."""
    spare = Counter(line.rest for line in others)
    found = []
    for line in lines:
        if spare[line.rest]:
            spare[line.rest] -= 1
        else:
            found.append(line)
    return tuple(found)


def _without(words: re.Pattern[str] | None, line: str) -> str:
    return " ".join((words.sub("", line) if words is not None else line).split())


def _words(known: Iterable[Change]) -> re.Pattern[str] | None:
    words = set[str]()
    for change in known:
        values = [value for value in (change.before, change.after) if value]
        if change.topic in _BY_NAME:
            words.add(change.subject)
        elif change.topic in _BY_VALUE:
            words.update(values)
        elif change.topic is Topic.ENVIRONMENT:
            words.update(f"ENV {change.subject}={value}" for value in values)
        elif change.topic is Topic.SYMLINK:
            words.update(f"&& ln -s {value} /usr/local/bin/{change.subject}" for value in values)
        elif change.topic is Topic.COMMAND:
            words.update(f"CMD {json.dumps(value.split())}" for value in values)
            programs = {value.split()[0] for value in values}
            words.update(programs if len(programs) > 1 else ())
    if not words:
        return None
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{either})(?![A-Za-z0-9])")


def _bare(line: str) -> str:
    """Take off indentation and the backslash that goes on: both change with a neighbour."""
    return line.strip().removesuffix("\\").rstrip()
