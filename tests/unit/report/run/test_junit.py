from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
import xmlschema

from orchestrator.matrix.model import Matrix
from orchestrator.report.run.gathering import gather
from orchestrator.report.run.junit import junit
from orchestrator.system.places import Places
from tests.unit.conftest import ROOT
from tests.unit.report.run.conftest import AMD, ARM, OTHER
from tests.unit.report.run.past import COMPILE, Past

SCHEMA = xmlschema.XMLSchema(ROOT / "tests" / "data" / "junit.xsd")


def written(past: Past, matrix: Matrix, places: Places, run: int | None = None) -> ET.Element:
    text = junit(gather(past.ledger, matrix, run, places))
    SCHEMA.validate(text)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ET.fromstring(text)  # noqa: S314 - our own
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases)) != "0"
        for name, tag in (("failures", "failure"), ("skipped", "skipped")):
            assert suite.get(name) == str(sum(case.find(tag) is not None for case in cases))
        names = [case.get("name") for case in cases]
        assert len(names) == len(set(names))
    assert root.get("tests") == str(len(root.findall("*/testcase")))
    assert root.get("failures") == str(len(root.findall("*/testcase/failure")))
    return root


def suite(root: ET.Element, cell: str) -> ET.Element:
    return next(one for one in root if one.get("name") == cell)


def cases(root: ET.Element, cell: str) -> dict[str | None, str]:
    """Names of cases with the elements in them."""
    return {one.get("name"): " ".join(part.tag for part in one) for one in suite(root, cell).findall("testcase")}


def test_the_schema_refuses_what_jenkins_would() -> None:
    for wrong in (
        "<testsuites><testsuite name='x'/></testsuites>",
        "<testsuites><testsuite name='x' tests='0' failures='0' errors='0' time='fast'/></testsuites>",
        "<testsuites><testcase name='x'/></testsuites>",
    ):
        assert not SCHEMA.is_valid(wrong)


def test_a_build_that_failed_marks_its_phase_and_skips_the_later_ones(
    nights: Past, matrix: Matrix, places: Places
) -> None:
    root = written(nights, matrix, places)
    assert cases(root, AMD) == {
        "build/packages": "", "build/configure": "", "build/compile": "failure", "build/install": "skipped",
        "prove": "skipped",
    }  # fmt: skip
    failed = suite(root, AMD).find("testcase/failure")
    assert failed is not None
    assert (failed.get("type"), failed.get("message")) == ("compile error", COMPILE)
    text = failed.text or ""
    for said in (
        "failing since 2026-11-21T03:01:00 UTC (run 2)",
        "the base moved from b1 to b2",
        "VARIANT=slim-stretch",
    ):
        assert said in text
    assert suite(root, AMD).get("timestamp") == "2026-11-22T03:01:00"
    assert suite(root, AMD).get("hostname") == "engine"


def test_proofs_are_cases_and_what_came_from_the_cache_took_no_time(
    nights: Past, matrix: Matrix, places: Places
) -> None:
    root = written(nights, matrix, places)
    assert cases(root, ARM) == {
        "build/packages": "", "build/configure": "", "build/compile": "", "build/install": "",
        "prove/architecture/machine": "", "prove/interpreter/version": "failure", "prove/pip/install": "skipped",
    }  # fmt: skip
    assert suite(root, ARM).findall("testcase")[2].get("time") == "0.000"
    named = {one.get("name"): one.get("value", "") for one in suite(root, ARM).findall("properties/property")}
    assert named["key"] == "key3"
    assert named["executed"] == "emulated (QEMU 10)"
    assert named["reason"] == "the last attempt failed"
    assert named["digest"].startswith("sha256:")


def test_jenkins_tree_leads_from_images_over_architectures_to_cases(
    nights: Past, matrix: Matrix, places: Places
) -> None:
    root = written(nights, matrix, places)
    names = {one.get("classname", "") for one in root.findall("*/testcase")}
    assert {name.rpartition(".")[0] for name in names} == {image.id for image in matrix.images}
    assert {name.rpartition(".")[2] for name in names} == {"amd64", "arm64v8"}


def test_a_cell_that_the_run_left_alone_is_skipped_with_the_reason(
    nights: Past, matrix: Matrix, places: Places
) -> None:
    root = written(nights, matrix, places)
    skipped = {name: suite(root, name).find("testcase/skipped") for name in (OTHER, "3.4-stretch-amd64")}
    assert {name: one.get("message") for name, one in skipped.items() if one is not None} == {
        OTHER: "nothing to do in this run: proven, 2026-11-20T03:01:00 UTC",
        "3.4-stretch-amd64": "not part of this run; never built",
    }


def test_a_cell_that_was_not_tried_says_why(past: Past, matrix: Matrix, places: Places) -> None:
    past.begin(day=1)
    past.intend([AMD, ARM, OTHER])
    past.not_tried(AMD, "no builder runs linux/amd64")
    past.without_attempt(ARM, "network", "debian:stretch-slim: no answer")
    past.attempt(OTHER)
    root = written(past, matrix, places)
    why = suite(root, AMD).find("testcase/skipped")
    assert why is not None
    assert why.get("message") == "not tried: no builder runs linux/amd64"
    assert cases(root, ARM) == {"cell": "failure"}
    assert cases(root, OTHER) == {"cell": "skipped"}


def test_proofs_that_are_made_again_are_no_build(past: Past, matrix: Matrix, places: Places) -> None:
    past.begin(day=1)
    past.intend([AMD])
    number = past.proven(AMD)
    past.begin(day=2)
    past.intend([AMD], action="prove")
    past.proven_again(AMD, number, passes=True)
    root = written(past, matrix, places)
    assert list(cases(root, AMD)) == ["prove/architecture/machine", "prove/interpreter/version"]
    assert suite(root, AMD).get("timestamp") == "2026-11-02T03:00:00"


@pytest.mark.parametrize(
    ("message", "phase"),
    [
        ("[build 2/9] RUN apt-get update", "packages"),
        ("silent for 900 s: [build 4/9] RUN ./configure", "configure"),
        ("not done after 5 s", "compile"),
        ("[build 7/9] RUN make install", "install"),
    ],
)
def test_the_step_that_failed_names_the_phase(
    past: Past, matrix: Matrix, places: Places, message: str, phase: str
) -> None:
    past.begin(day=1)
    past.intend([AMD])
    past.failed(AMD, message=message)
    found = cases(written(past, matrix, places), AMD)
    assert [name for name, tag in found.items() if tag == "failure"] == [f"build/{phase}"]


def test_nothing_that_xml_or_a_terminal_cannot_bear_is_left(nights: Past, matrix: Matrix, places: Places) -> None:
    nights.begin(day=23)
    nights.intend([AMD], reason="bell \x07 and \x1b[31mred\x1b[0m")
    nights.failed(AMD, message="broken \x00 ]]> & <b>", log="\x1b]0;title\x07a\x0bb\x85c \uffff ]]>\n")
    root = written(nights, matrix, places)
    out = suite(root, AMD).findtext("system-out") or ""
    assert out.splitlines()[-3:] == ["a", "b", "c  ]]>"]
    assert "\x1b" not in (suite(root, AMD).findtext("testcase/failure") or "")
