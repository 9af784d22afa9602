"""The chart is one well-formed file that asks for nothing else."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

from benchmarks.acceleration.chart import chart
from benchmarks.acceleration.model import Measured, Stretch
from tests.unit.benchmarks.samples import NEW, OLD, WORDS, measured

_SVG = "{http://www.w3.org/2000/svg}"


def drawn(*images: Measured) -> ET.Element:
    return ET.fromstring(chart(images, NEW, WORDS))  # noqa: S314 - we wrote it


def texts(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{_SVG}text")]


def test_bars_are_as_long_as_what_they_stand_for_and_stay_within() -> None:
    root = drawn(measured())
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    bars = [one for one in root.iter(f"{_SVG}rect") if one.attrib["x"] == "262"]
    known = sum(name in each.seconds for each in measured().timings.values() for name in Stretch)
    assert len(bars) == known == 12
    plain = [float(one.attrib["width"]) for one in bars if one.attrib["class"] == "plain"]
    fast = [float(one.attrib["width"]) for one in bars if one.attrib["class"] == "fast"]
    assert abs(plain[-1] / fast[-1] - 2040 / 290) < 0.05
    assert all(262 + float(one.attrib["width"]) < width - 100 for one in bars)
    assert all(float(one.attrib["y"]) < height for one in root.iter(f"{_SVG}text"))


def test_seconds_and_ratios_stand_beside_them() -> None:
    said = texts(drawn(measured()))
    assert "2,040 s, 17.0 times native" in said
    assert "120 s" in said
    assert "just now" in said


def test_bars_of_another_run_are_marked() -> None:
    said = texts(drawn(measured(plain=OLD)))
    assert "2,040 s, 17.0 times native¹" in said
    assert any(one.startswith("¹ ") and one.endswith("long ago") for one in said)
    assert "290 s, 2.4 times native" in said


def test_images_stand_below_each_other() -> None:
    one = drawn(measured())
    two = drawn(measured(), replace(measured(), image="3.9-slim-bullseye", release="3.9.2"))
    assert float(two.attrib["height"]) > 1.7 * float(one.attrib["height"])
    assert {"2.7.18 (2.7-slim-bullseye)", "3.9.2 (3.9-slim-bullseye)"} <= set(texts(two))


def test_it_has_colours_for_light_and_dark_and_loads_nothing() -> None:
    text = chart([measured()], NEW, WORDS)
    assert text.count(".fast { fill:") == 2
    assert "prefers-color-scheme: dark" in text
    assert "href" not in text
    assert "url(" not in text
