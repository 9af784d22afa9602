from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.matrix.model import Flavor, Image, Line, Matrix, Suite
from orchestrator.new.rulebook import Bearing, Remark, remarks
from orchestrator.recipe.rules import Rules, load_rules


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules()


def on(matrix: Matrix, suite: str, **changes: object) -> tuple[tuple[Image, ...], Suite]:
    """Give the images of a suite under another name, and the suite itself."""
    model = next(one for one in matrix.suites if one.name == suite)
    new = replace(model, **changes)  # type: ignore[arg-type]
    images = [one for one in matrix.images if one.variant.suite == model]
    return tuple(replace(one, variant=replace(one.variant, suite=new)) for one in images), model


def named(found: tuple[Remark, ...], bearing: Bearing) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(one.name, one.role): one.images for one in found if one.bearing is bearing}


def test_an_exception_for_one_suite_is_asked_about_on_another(matrix: Matrix, rules: Rules) -> None:
    images, stretch = on(matrix, "stretch", name="buster", archived=False)
    found = remarks(images, stretch, rules)
    stops = named(found, Bearing.STOPS)
    assert stops["libssl1.0-dev", "build"] == ("3.4-slim-buster",)
    assert stops["libssl1.0-dev", "runtime"] == ("3.4-buster",)
    assert ("archived-suite", "") in stops
    begins = named(found, Bearing.BEGINS)
    assert begins["libssl-dev", "build"] == ("3.4-slim-buster",)
    assert all("slim" not in name for name in begins["_dbm", ""])
    assert next(one for one in found if one.name == "libssl1.0-dev").link == "https://bugs.python.org/issue26470"
    assert [one.bearing for one in found] == sorted((one.bearing for one in found), key=list(Bearing).index)
    # The reason is asked about once.
    assert not any(name == "libssl1.0-dev" for name, _ in named(found, Bearing.ELSEWHERE))


def test_a_release_of_alpine_is_compared_with_the_one_before(matrix: Matrix, rules: Rules) -> None:
    images, before = on(matrix, "alpine3.8", name="alpine3.9")
    found = remarks(images, before, rules)
    stops = named(found, Bearing.STOPS)
    assert stops["openssl-dev", "build"] == ("3.5-alpine3.9",)
    assert "3.4-alpine3.9" in stops["libressl-dev", "build"]
    assert set(named(found, Bearing.BEGINS)) == {("openssl-dev", "build")}
    assert named(found, Bearing.ELSEWHERE)["libssl1.0-dev", "build"] == ("3.4-alpine3.9",)
    assert ("libnsl-dev", "build") in named(found, Bearing.GOES_ON)


def test_a_line_is_compared_with_the_one_before(matrix: Matrix, rules: Rules) -> None:
    model = matrix.lines[0]
    new = replace(model, name="3.10")
    images = tuple(replace(one, line=new) for one in matrix.images if one.line == model)
    found = remarks(images, model, rules)
    assert set(named(found, Bearing.STOPS)) == {("parser", "")}
    assert ("_zoneinfo", "") in named(found, Bearing.BEGINS)
    goes_on = named(found, Bearing.GOES_ON)
    assert goes_on["util-linux-dev", "build"] == ("3.10-alpine3.8", "3.10-alpine3.7")
    assert ("lzma", "") not in goes_on
    assert not named(found, Bearing.ELSEWHERE)


def test_nothing_is_said_of_what_is_the_same(matrix: Matrix, rules: Rules) -> None:
    images, stretch = on(matrix, "stretch")
    assert {one.bearing for one in remarks(images, stretch, rules)} <= {Bearing.GOES_ON, Bearing.ELSEWHERE}
    assert remarks(images, None, rules) == ()
    slim_only = replace(stretch, bases={Flavor.SLIM: "debian:stretch-slim"})
    assert all("slim" in name for one in remarks(images, slim_only, rules) for name in one.images)


def test_a_line_is_no_suite(matrix: Matrix, rules: Rules) -> None:
    model: Line = matrix.lines[0]
    images = tuple(one for one in matrix.images if one.line == model)
    assert {one.bearing for one in remarks(images, model, rules)} == {Bearing.GOES_ON}
