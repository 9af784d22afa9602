"""The lines of a Dockerfile that changed without any part of the recipe that changed standing in them."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from orchestrator.compare.model import Change, Topic

#: Topics of which the values stand in the Dockerfile, not the name.
_BY_VALUE = frozenset({Topic.BASE, Topic.RELEASE, Topic.KEY, Topic.CHECKSUM, Topic.SOURCE, Topic.PIN})
#: Topics of which the name stands there.
_BY_NAME = frozenset({Topic.PACKAGE, Topic.CONFIGURE, Topic.MAKE, Topic.FURTHER_WHEEL})
#: Changes of these are seen in a Dockerfile.
_SEEN = _BY_VALUE | _BY_NAME | {Topic.ENVIRONMENT, Topic.SYMLINK, Topic.COMMAND, Topic.STEP}


def line_changes(image: str, before: str, after: str, known: Iterable[Change]) -> Iterator[Change]:
    """Give one change with the lines that are gone and those that are new, each in their order; none where `known` accounts for all of them.

    What is known is taken out of both texts before they are compared.
    """
    seen = [change for change in known if change.topic in _SEEN]
    words = _words(seen)
    old, new = ([_bare(line) for line in text.splitlines()] for text in (before, after))
    gone, come = _left(old, new, words), _left(new, old, words)
    if gone or come:
        yield Change(
            topic=Topic.DOCKERFILE,
            subject="lines",
            before="\n".join(gone) if gone else None,
            after="\n".join(come) if come else None,
            where=(image,),
        )
    elif not seen:
        # Only order or blanks differ; it is built again all the same.
        yield Change(
            topic=Topic.DOCKERFILE,
            subject="order of lines, or blanks",
            before=_short(before),
            after=_short(after),
            where=(image,),
        )


def _left(lines: Iterable[str], others: Iterable[str], words: re.Pattern[str] | None) -> tuple[str, ...]:
    """Give the lines that `others` lack, whatever the words are in either."""
    spare = Counter(_without(words, line) for line in others)
    found = []
    for line in lines:
        rest = _without(words, line)
        if spare[rest]:
            spare[rest] -= 1
        elif rest:
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


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
