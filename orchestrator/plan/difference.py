"""What changed between two keys, said so that a person knows whether it was meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

#: So many changed lines of a recipe are quoted in a reason; `plan --why` shows all.
_QUOTED = 2
_WIDTH = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One ingredient that differs; `said` is a sentence, `before` is empty where it was not known."""

    ingredient: str
    before: str
    after: str
    said: str


def changes(
    before: Mapping[str, str], after: Mapping[str, str], *, old: str | None = None, new: str | None = None
) -> tuple[Change, ...]:
    """Compare the ingredients of two keys. `old` and `new` are the texts of the Dockerfiles, where they are known."""
    differing = [name for name in after if before.get(name) != after[name]]
    found = []
    for name in differing:
        was, now = before.get(name), after[name]
        if name == "dockerfile" and was is not None:
            said = _recipe(was and old, new, before, after, alone=not {"source", "wheels"} & set(differing))
        else:
            said = _said(name, was, now)
        if said:
            found.append(Change(ingredient=name, before=was or "", after=now, said=said))
    return tuple(found)


def recipe_diff(old: str, new: str) -> tuple[str, ...]:
    """Write the unified diff of two Dockerfiles, line by line."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), fromfile="before", tofile="now", lineterm="")
    return tuple(lines)


def _said(name: str, was: str | None, now: str) -> str:
    if was is None:
        # Written by an older version, which did not keep it apart: the Dockerfile tells.
        return ""
    say = _SENTENCES.get(name)
    return say(was, now) if say is not None else f"the {name} changed from {was} to {now}"


def _executed(was: str, now: str) -> str:
    if was.startswith("emulated") and now.startswith("emulated"):
        return f"the emulator changed: {_emulator(was)} before, {_emulator(now)} now"
    return f"executed differently: {was or 'unknown'} before, {now} now"


def _emulator(execution: str) -> str:
    return execution.removeprefix("emulated (").removesuffix(")")


def _bumped(what: str, was: str, now: str) -> str:
    (old, _, old_sum), (new, _, new_sum) = was.partition(" "), now.partition(" ")
    if old != new:
        return f"{what} was bumped from {old} to {new}"
    return f"{what} of {new} has another checksum: {_short(old_sum)} before, {_short(new_sum)} now"


def _wheels(was: str, now: str) -> Iterator[str]:
    old, new = _pins(was), _pins(now)
    for name in new:
        if name not in old:
            yield f"{name} {new[name].partition(' ')[0]} was added"
        elif old[name] != new[name]:
            yield _bumped(name, old[name], new[name])
    yield from (f"{name} {pin.partition(' ')[0]} was dropped" for name, pin in old.items() if name not in new)


def _pins(text: str) -> dict[str, str]:
    words = text.split()
    found = {}
    for pin, checksum in zip(words[::2], words[1::2], strict=False):
        name, _, version = pin.partition("==")
        found[name] = f"{version} {checksum}"
    return found


def _recipe(
    old: str | None, new: str | None, before: Mapping[str, str], after: Mapping[str, str], *, alone: bool
) -> str:
    """Quote what changed in the recipe; lines in which only a bumped version or checksum differs are not the recipe's."""
    if old is None or new is None:
        return "the recipe changed (the Dockerfile differs)" if alone else ""
    changed = list(_changed_lines(_with_new_inputs(old, before, after), new))
    if not changed:
        return "" if not alone else "the recipe changed (only in its inputs)"
    quoted = "; ".join(changed[:_QUOTED])
    more = f"; and {len(changed) - _QUOTED} more lines" if len(changed) > _QUOTED else ""
    return f"the recipe changed: {quoted}{more}"


def _changed_lines(old: str, new: str) -> Iterator[str]:
    was, now = old.splitlines(), new.splitlines()
    matcher = difflib.SequenceMatcher(a=was, b=now, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            continue
        for offset in range(max(old_to - old_from, new_to - new_from)):
            gone = was[old_from + offset].strip() if old_from + offset < old_to else None
            come = now[new_from + offset].strip() if new_from + offset < new_to else None
            if come is None:
                yield f'line {old_from + offset + 1} of before, "{_cut(gone or "")}", is gone'
            elif gone is None:
                yield f'line {new_from + offset + 1} is new: "{_cut(come)}"'
            else:
                yield f'line {new_from + offset + 1} is now "{_cut(come)}", was "{_cut(gone)}"'


def _with_new_inputs(old: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Write the old text with the new versions and checksums, so that what is left to differ is the recipe's own."""
    pairs: list[tuple[str, str]] = []
    for name in ("source", "wheels"):
        words = zip(before.get(name, "").split(), after.get(name, "").split(), strict=False)
        pairs += [pair for pair in words if pair[0] != pair[1]]
    for was, now in pairs:
        old_name, _, old_word = was.rpartition("==")
        new_name, _, new_word = now.rpartition("==")
        if old_name == new_name:
            old = old.replace(old_word.removeprefix("sha256:"), new_word.removeprefix("sha256:"))
    return old


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12] or "(unknown)"


_SENTENCES: Mapping[str, Callable[[str, str], str]] = {
    "base": lambda was, now: f"the base moved from {_short(was)} to {_short(now)}",
    "execution": _executed,
    "source": lambda was, now: _bumped("the source", was, now),
    "wheels": lambda was, now: "; ".join(_wheels(was, now)) or "the wheels changed",
    "tools": lambda was, now: f"the native tools changed: {was or 'none'} before, {now or 'none'} now",
    "format": lambda was, now: (
        f"keys are made in another way by this version of the orchestrator (form {was} before, {now} now)"
    ),
}
