"""SVG badges: one per architecture and one for everything, each a single file that needs nothing else.

White text on each of the colours has a contrast of at least 4.5 to 1, and the words say what the colour says.
Source: https://www.w3.org/TR/WCAG22/#contrast-minimum
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from orchestrator.report.run.model import CellReport, CellState, RunReport

#: Thousandths of the font's size that the characters from space to tilde take in DejaVu Sans, which Verdana shares its proportions with.
_WIDTHS = (
    *(318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337),
    *(636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531),
    *(1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787),
    *(603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500),
    *(500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612),
    *(635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838),
)
#: Of any other character: as much as the widest.
_WIDEST = 1000
_FONT = "Verdana,'DejaVu Sans',Geneva,sans-serif"
_SIZE, _PADDING, _HEIGHT, _BASELINE, _CORNER = 11, 7, 20, 14, 4

LABEL = "#24292f"
GREEN, RED, AMBER, GREY = "#1a7f37", "#cf222e", "#8a5a00", "#57606a"
#: What the badge of all architectures is called.
TOTAL = "build"


def badges(report: RunReport) -> Mapping[str, str]:
    """Write the badges by their names: architectures in the order of the cells, and `build` for all."""
    found = {TOTAL: badge(TOTAL, *verdict(report.cells))}
    for arch in dict.fromkeys(cell.arch for cell in report.cells):
        found[arch] = badge(arch, *verdict(cell for cell in report.cells if cell.arch == arch))
    return found


def verdict(cells: Iterable[CellReport]) -> tuple[str, str]:
    """Sum cells up in words and a colour: red where one failed, green where all are proven."""
    counts = Counter(cell.state for cell in cells)
    whole = counts.total()
    proven, failed = counts[CellState.PROVEN], counts[CellState.FAILED]
    if failed:
        return f"{failed} failed, {proven}/{whole} proven", RED
    if whole and proven == whole:
        return f"{proven}/{whole} proven", GREEN
    return f"{proven}/{whole} proven", AMBER if proven else GREY


def badge(label: str, message: str, color: str) -> str:
    """Draw a badge, as wide as its words are."""
    left, right = (text_width(text) + 2 * _PADDING for text in (label, message))
    width = left + right
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": str(width),
            "height": str(_HEIGHT),
            "viewBox": f"0 0 {width} {_HEIGHT}",
            "role": "img",
            "aria-label": f"{label}: {message}",
        },
    )
    # No ids: several badges may stand in one page.
    ET.SubElement(root, "title").text = f"{label}: {message}"
    ET.SubElement(root, "rect", {"width": str(width), "height": str(_HEIGHT), "rx": str(_CORNER), "fill": color})
    turn, down = f"a{_CORNER} {_CORNER} 0 0 1", _HEIGHT - 2 * _CORNER
    outline = f"M{left} {_HEIGHT}H{_CORNER}{turn}-{_CORNER}-{_CORNER}v-{down}{turn} {_CORNER}-{_CORNER}H{left}z"
    ET.SubElement(root, "path", {"d": outline, "fill": LABEL})
    words = ET.SubElement(root, "g", {"fill": "#ffffff", "font-family": _FONT, "font-size": str(_SIZE)})
    for x, text in ((_PADDING, label), (left + _PADDING, message)):
        # Whatever font there is: the words take the room that was counted, no more.
        room = {"textLength": str(text_width(text)), "lengthAdjust": "spacingAndGlyphs"}
        ET.SubElement(words, "text", {"x": str(x), "y": str(_BASELINE), **room}).text = text
    return f"{ET.tostring(root, encoding='unicode')}\n"


def text_width(text: str) -> int:
    """Count the pixels that a text takes, rounded up."""
    thousandths = sum(_WIDTHS[ord(sign) - 32] if 32 <= ord(sign) < 32 + len(_WIDTHS) else _WIDEST for sign in text)
    return -(-thousandths * _SIZE // 1000)
