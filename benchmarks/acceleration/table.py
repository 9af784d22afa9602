"""The measurement as Markdown: a table per image, and what comparing its images came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.acceleration.model import PROMISES, Equality, Measured, Stretch, Timing, Way

HEADINGS = {
    Way.NATIVE: "amd64, native",
    Way.PLAIN: "arm64v8, plain QEMU",
    Way.ACCELERATED: "arm64v8, native tools",
    Way.REBUILT: "the same, rebuilt on a moved base",
}
#: Behind what was measured in another run than the newest.
OLDER = "¹"
_PAIRS = {
    Way.PLAIN: "The accelerated image and the plainly emulated one",
    Way.REBUILT: "The accelerated image and the one that was rebuilt",
}


def table(measured: Sequence[Measured], newest: str, runs: Mapping[str, str]) -> list[str]:
    """Write lines of Markdown. `newest` names the newest run, `runs` maps every run to words for it."""
    lines: list[str] = []
    for one in measured:
        lines += [
            *_timings(one, newest),
            "",
            *(_equality(way, found, newest) for way, found in one.equalities.items()),
            "",
        ]
    used = {each.run for one in measured for each in one.timings.values()}
    used |= {each.run for one in measured for each in one.equalities.values()}
    older = used - {newest}
    lines += [
        f"{OLDER} of another run, with its ratios to the native build of that run: {runs[run]}" for run in sorted(older)
    ]
    return "\n".join(lines).strip("\n").splitlines()


def _timings(one: Measured, newest: str) -> list[str]:
    ways = [way for way in Way if way in one.timings]
    head = [f"{one.image} ({one.release}), seconds"]
    for way in ways:
        head.append(HEADINGS[way] + (OLDER if one.timings[way].run != newest else ""))
        if way is not Way.NATIVE:
            head.append("times native")
    rows = [_row(name, [one.timings[way] for way in ways], _promise(one.release, name)) for name in Stretch]
    return [f"| {' | '.join((*head, 'promised'))} |", f"|{'---|' * (len(head) + 1)}", *rows]


def _row(name: Stretch, timings: Sequence[Timing], promise: str) -> str:
    words = [f"**{name}**" if name in {Stretch.COMPILING, Stretch.WHOLE} else str(name)]
    for each in timings:
        seconds = each.seconds.get(name)
        words.append("-" if seconds is None else shown(seconds))
        if each.ratios:
            ratio = each.ratios.get(name)
            words.append("-" if ratio is None else f"{ratio:.2f}")
    return f"| {' | '.join((*words, promise))} |"


def shown(seconds: float) -> str:
    """Write seconds with as many digits as mean something."""
    return f"{seconds:,.0f}" if seconds >= 100 else f"{seconds:.1f}"


def _promise(release: str, name: Stretch) -> str:
    promised = PROMISES.get(release)
    if promised is None:
        return ""
    if name is Stretch.COMPILING:
        return f"native tools {promised.compiling:.1f}, rebuilt {promised.rebuilt:.1f}"
    return f"native tools {promised.whole:.1f}" if name is Stretch.WHOLE else ""


def _equality(way: Way, found: Equality, newest: str) -> str:
    mark = OLDER if found.run != newest else ""
    pair = f"{_PAIRS[way]}{mark}"
    if not found.equal:
        shown_ones = "; ".join(found.differences[:5])
        return f"**{pair} differ** in {len(found.differences)} ways: {shown_ones}."
    text = (
        f"{pair} have the same {found.paths:,} paths with the same modes, owners and links, the same {found.packages} packages, config and history; "
        f"{found.files - len(found.explained):,} of {found.files:,} files have the same bytes."
    )
    reasons: dict[str, list[str]] = {}
    for path, why in found.explained.items():
        reasons.setdefault(why, []).append(f"`{path}`")
    others = "; ".join(f"{', '.join(paths)} ({why})" for why, paths in reasons.items())
    return f"{text} The others differ in what any two builds differ in: {others}." if others else text


def missed(measured: Sequence[Measured], run: str) -> list[str]:
    """Say of what was measured in a run what is worse than promised."""
    found = []
    for one in measured:
        promised = PROMISES.get(one.release)
        for way, name, bound in () if promised is None else (
            (Way.ACCELERATED, Stretch.COMPILING, promised.compiling),
            (Way.ACCELERATED, Stretch.WHOLE, promised.whole),
            (Way.REBUILT, Stretch.COMPILING, promised.rebuilt),
        ):  # fmt: skip
            each = one.timings.get(way)
            ratio = each.ratios.get(name, 0.0) if each is not None and each.run == run else 0.0
            if ratio > bound:
                found.append(
                    f"{one.image}, {way}: {name} took {ratio:.2f} times the native seconds, promised are {bound:.1f}"
                )
        found += [
            f"{one.image}: the accelerated image is not equal to the {way} one" for way, same in one.equalities.items()
            if same.run == run and not same.equal
        ]  # fmt: skip
    return found
