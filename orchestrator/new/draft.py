"""The matrix with what was answered: edits of its text, each at the place where the file's own order puts it, and read again after each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator.errors import InvalidFileError, UsageError
from orchestrator.matrix.editing import insert, put, remove, value_at
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Family, Matrix
from orchestrator.new.names import age
from orchestrator.system.strict import Place


@dataclass(frozen=True)
class Draft:
    """The text of a matrix that has not been written yet; `path` is where it belongs. Every edit gives another draft."""

    text: str
    path: Path

    @cached_property
    def matrix(self) -> Matrix:
        """The matrix that the text declares. Raises `UsageError` where the answers do not go together."""
        try:
            return parse_matrix(self.text, self.path)
        except InvalidFileError as error:
            # The line and the column are those of a text that nobody has seen.
            said = re.sub(rf"^{re.escape(str(self.path))}:\d+:\d+: ", "", error.message)
            raise UsageError(f"these answers do not make a valid matrix: {said}", mend=error.mend) from None

    def with_line(self, name: str, document: Mapping[str, Any]) -> Draft:
        """Add a line before the first older one."""
        follower = next((one for one in self._keys("lines") if _numbers(one) < _numbers(name)), None)
        return self._insert(("lines", name), document, before=follower)

    def without_alias(self, line: str, alias: str) -> Draft:
        """Take an alias from the line that has it."""
        aliases = self._value(("lines", line, "aliases"))
        return replace(self, text=remove(self.text, ("lines", line, "aliases", aliases.index(alias))))

    def with_suite(self, name: str, document: Mapping[str, Any]) -> Draft:
        """Add a suite: Debian's before Alpine's, each before the first older one."""
        suites: Mapping[str, Any] = self._value(("suites",))

        def comes_after(other: str) -> bool:
            alpine = suites[other]["family"] == Family.ALPINE
            if document["family"] != Family.ALPINE:
                return alpine or age(other) < age(name)
            return alpine and _numbers(other) < _numbers(name)

        return self._insert(("suites", name), document, before=next(filter(comes_after, suites), None))

    def without_suite(self, name: str) -> Draft:
        """Remove a suite that no line is built on."""
        return replace(self, text=remove(self.text, ("suites", name)))

    def with_variants(self, line: str, names: Iterable[str]) -> Draft:
        """Give a line further variants, each where the published order has it."""
        draft = self
        place = ("lines", line, "variants")
        for name in names:
            appended = replace(draft, text=insert(draft.text, (*place, 0), name))
            order = [image.variant.name for image in appended.matrix.images if image.line.name == line]
            there = draft._value(place)
            follower = next((there.index(one) for one in order[order.index(name) + 1 :] if one in there), None)
            draft = replace(draft, text=insert(draft.text, (*place, 0), name, before=follower))
        return draft

    def without_variants(self, line: str, names: Iterable[str]) -> Draft:
        """Take variants from a line."""
        text, place = self.text, ("lines", line, "variants")
        for name in names:
            text = remove(text, (*place, value_at(text, place).index(name)))
        return replace(self, text=text)

    def with_default(self, key: str, suite: str) -> Draft:
        """Make a suite the default: `key` is `default_suite` or `default_alpine`."""
        if key in self._keys():
            return replace(self, text=put(self.text, (key,), suite))
        keys = self._keys()
        return self._insert((key,), suite, before=next(iter(keys[keys.index("default_suite") + 1 :]), None))

    def with_architecture(self, name: str, platform: str) -> Draft:
        """Declare an architecture, sorted."""
        follower = next((one for one in self._keys("architectures") if one > name), None)
        return self._insert(("architectures", name), platform, before=follower)

    def enabled(self, name: str) -> Draft:
        """Enable an architecture that is declared."""
        return self._listed(("enabled_architectures",), name)

    def with_base_for(self, suite: str, architecture: str) -> Draft:
        """Say that a suite's bases exist for an architecture."""
        return self._listed(("suites", suite, "architectures"), architecture)

    def _listed(self, place: Place, name: str) -> Draft:
        follower = next((index for index, one in enumerate(self._value(place)) if one > name), None)
        return self._insert((*place, 0), name, before=follower)

    def _insert(self, place: Place, value: Any, *, before: str | int | None) -> Draft:
        return replace(self, text=insert(self.text, place, value, before=before))

    def _value(self, place: Place) -> Any:
        return value_at(self.text, place)

    def _keys(self, *place: str) -> list[str]:
        return list(self._value(place))


#: What the answers make of a draft.
Change = Callable[[Draft], Draft]


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", name))
