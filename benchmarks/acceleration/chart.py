"""The measurement as a chart: horizontal bars by stretch, for each image and each way. One SVG file, legible on light and dark pages.

It has a ground of its own, and follows what the reader's system prefers: an image in a Markdown page is told nothing of the page's colours.
Source: https://www.w3.org/TR/SVG2/ and https://www.w3.org/TR/mediaqueries-5/#prefers-color-scheme
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from benchmarks.acceleration.model import Measured, Stretch, Timing, Way
from benchmarks.acceleration.table import HEADINGS, OLDER, shown

_WIDTH, _LEFT, _RIGHT, _BAR, _GAP, _TOP = 960, 262, 186, 13, 10, 92
_CLASSES = {Way.NATIVE: "native", Way.PLAIN: "plain", Way.ACCELERATED: "fast", Way.REBUILT: "again"}
#: Fill by class, on a light and on a dark ground; told apart by people who see no red or no green, too.
_LIGHT = {"native": "#57606a", "plain": "#c4501b", "fast": "#0969da", "again": "#6cb0f5"}
_DARK = {"native": "#9da7b3", "plain": "#f0883e", "fast": "#388bfd", "again": "#a5d0ff"}
_STYLE = """
text {{ font: 12px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, "DejaVu Sans", sans-serif; fill: {ink}; }}
.title {{ font-size: 16px; font-weight: 600; }} .image {{ font-size: 14px; font-weight: 600; }} .sum {{ font-weight: 600; }}
.small {{ font-size: 11px; fill: {faint}; }} .ground {{ fill: {ground}; stroke: {line}; }} .axis {{ stroke: {line}; }}
{fills}
"""


def chart(measured: Sequence[Measured], newest: str, runs: Mapping[str, str]) -> str:
    """Draw the SVG. `newest` names the newest run, `runs` maps every run to words for it."""
    body, height = [], _TOP
    for one in measured:
        block, height = _block(one, newest, height)
        body += block
    ways = [way for way in Way if any(way in one.timings for one in measured)]
    used = {each.run for one in measured for each in one.timings.values()}
    feet = [runs[newest]] if newest in used else []
    feet += [
        f"{OLDER} of another run, with its ratios to the native build of that run: {runs[run]}"
        for run in sorted(used - {newest})
    ]
    for foot in feet:
        body.append(f'<text class="small" x="24" y="{height + 14}">{escape(foot)}</text>')
        height += 18
    height += 16
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img">',
            "<title>Seconds of a build by phase: native, emulated, and emulated with native tools</title>",
            f"<style>{_style()}</style>",
            f'<rect class="ground" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="6"/>',
            '<text class="title" x="24" y="34">Building CPython for arm64v8 on an amd64 machine</text>',
            *_legend(ways),
            *body,
            "</svg>",
            "",
        ]
    )


def _style() -> str:
    def of(fills: Mapping[str, str], ink: str, faint: str, ground: str, line: str) -> str:
        rules = " ".join(f".{name} {{ fill: {colour}; }}" for name, colour in fills.items())
        return _STYLE.format(ink=ink, faint=faint, ground=ground, line=line, fills=rules)

    light = of(_LIGHT, "#1f2328", "#59636e", "#ffffff", "#d1d9e0")
    dark = of(_DARK, "#e6edf3", "#9198a1", "#0d1117", "#3d444d")
    return f"{light}@media (prefers-color-scheme: dark) {{{dark}}}"


def _legend(ways: Sequence[Way]) -> Iterator[str]:
    x = 24
    for way in ways:
        yield f'<rect class="{_CLASSES[way]}" x="{x}" y="50" width="12" height="12" rx="2"/>'
        yield f'<text x="{x + 18}" y="60.5">{escape(HEADINGS[way])}</text>'
        x += 18 + 7 * len(HEADINGS[way]) + 22


def _block(one: Measured, newest: str, top: int) -> tuple[list[str], int]:
    """Draw an image's bars from `top` down; returns them and where the next one begins."""
    ways = [way for way in Way if way in one.timings]
    longest = max((each.seconds.get(Stretch.WHOLE, 0.0) for each in one.timings.values()), default=0.0) or 1.0
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    out = [f'<text class="image" x="24" y="{top + 8}">{escape(f"{one.release} ({one.image})")}</text>']
    y = top + 24
    for name in Stretch:
        tall = len(ways) * _BAR
        kind = ' class="sum"' if name in {Stretch.COMPILING, Stretch.WHOLE} else ""
        out.append(f'<text{kind} x="{_LEFT - 10}" y="{y + tall / 2 + 4:.1f}" text-anchor="end">{escape(name)}</text>')
        for way in ways:
            out += _bar(way, name, one.timings[way], y, scale, older=one.timings[way].run != newest)
            y += _BAR
        y += _GAP
    out.append(f'<line class="axis" x1="{_LEFT}" y1="{top + 18}" x2="{_LEFT}" y2="{y - _GAP + 4}"/>')
    return out, y + 22


def _bar(way: Way, name: Stretch, each: Timing, y: int, scale: float, *, older: bool) -> Iterator[str]:
    seconds = each.seconds.get(name)
    if seconds is None:
        return
    width = max(seconds * scale, 0.6)
    label = f"{shown(seconds)} s"
    if name in each.ratios:
        label += f", {each.ratios[name]:.1f} times native"
    yield f'<rect class="{_CLASSES[way]}" x="{_LEFT}" y="{y + 0.5}" width="{width:.1f}" height="{_BAR - 1}"/>'
    yield f'<text class="small" x="{_LEFT + width + 6:.1f}" y="{y + _BAR - 1.5:.1f}">{label}{OLDER if older else ""}</text>'
