"""Each proof passes the right image and refuses the wrong one, saying what it saw."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.matrix.model import Architecture, Cell, Matrix, Platform
from orchestrator.prove.catalogue import CATALOGUE, prove
from orchestrator.prove.elf import EXPECTED, ElfHeader, read_header
from orchestrator.prove.interpreter import MODULES
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from tests.unit.prove.fakes import FakeSubject, elf


def cell_for(matrix: Matrix, architecture: str) -> Cell:
    return next(cell for cell in matrix.cells if cell.architecture.name == architecture)


def failures(subject: Subject) -> dict[str, str]:
    return {outcome.name: outcome.detail for outcome in prove(subject) if not outcome.passed}


@pytest.mark.parametrize("architecture", ["amd64", "arm64v8"])
def test_the_right_image_passes_every_proof(matrix: Matrix, architecture: str) -> None:
    for cell in matrix.cells:
        if cell.architecture.name == architecture:
            outcomes = prove(FakeSubject(cell))
            assert [outcome.name for outcome in outcomes] == [proof.name for proof in CATALOGUE]
            assert all(outcome.passed for outcome in outcomes), outcomes


def test_arm64_without_a_variant_is_v8(matrix: Matrix) -> None:
    subject = FakeSubject(cell_for(matrix, "arm64v8"), config={"Os": "linux", "Architecture": "arm64"})
    assert failures(subject) == {}


@pytest.mark.parametrize(
    ("architecture", "config", "said"),
    [
        ("arm64v8", {"Os": "linux", "Architecture": "amd64"}, "the config says linux/amd64, expected linux/arm64/v8"),
        (
            "arm64v8",
            {"Os": "linux", "Architecture": "arm64", "Variant": "v9"},
            "linux/arm64/v9, expected linux/arm64/v8",
        ),
        ("amd64", {"Os": "linux", "Architecture": "amd64", "Variant": "v3"}, "linux/amd64/v3, expected linux/amd64"),
        ("amd64", {"Os": "windows", "Architecture": "amd64"}, "windows/amd64, expected linux/amd64"),
        ("amd64", {"Os": None}, "expected linux/amd64"),
    ],
)
def test_another_platform_in_the_config_is_refused(
    matrix: Matrix, architecture: str, config: dict[str, Any], said: str
) -> None:
    found = failures(FakeSubject(cell_for(matrix, architecture), config=config))
    assert set(found) == {"platform"}
    assert said in found["platform"]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (elf(62), "is for x86-64 64-bit little-endian, expected AArch64 64-bit little-endian"),
        (elf(183, bits=32), "is for AArch64 32-bit"),
        (elf(183, order="big"), "big-endian"),
        (elf(4242), "machine 4242"),
        (b"#!/bin/sh\nexec qemu-aarch64 python\n", "is not an ELF file"),
        (b"\x7fELF", "is not an ELF file"),
        (None, "there is no /usr/local/bin/python"),
    ],
)
def test_another_interpreter_is_refused(matrix: Matrix, file: bytes | None, said: str) -> None:
    found = failures(FakeSubject(cell_for(matrix, "arm64v8"), file=file))
    assert set(found) == {"interpreter-elf"}
    assert said in found["interpreter-elf"]


def test_another_machine_is_refused(matrix: Matrix) -> None:
    found = failures(FakeSubject(cell_for(matrix, "arm64v8"), machine="x86_64"))
    assert found == {"machine": "uname -m says x86_64, expected aarch64"}


def test_another_version_is_refused(matrix: Matrix) -> None:
    cell = cell_for(matrix, "amd64")
    found = failures(FakeSubject(cell, version="3.7.20"))
    assert found == {"version": f"sys.version_info says 3.7.20, expected {cell.image.line.release}"}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_does_not_import_is_refused_with_its_reason(matrix: Matrix, name: str) -> None:
    modules = dict.fromkeys(MODULES, "") | {name: "ImportError: libx.so.1: cannot open shared object file"}
    found = failures(FakeSubject(cell_for(matrix, "amd64"), modules=modules))
    assert set(found) == {"imports"}
    assert f"cannot import {name} (ImportError: libx.so.1" in found["imports"]


def test_a_module_that_was_not_tried_is_not_taken_as_there(matrix: Matrix) -> None:
    found = failures(FakeSubject(cell_for(matrix, "amd64"), modules={}))
    assert "ssl (not tried)" in found["imports"]


@pytest.mark.parametrize(
    "said",
    [
        "pip 18.0 from /x (python {line})",
        "pip {pip}.1 from /x (python {line})",
        "pip {pip} from /x (python 9.9)",
        "Traceback (most recent call last):",
        "",
    ],
)
def test_another_pip_is_refused(matrix: Matrix, said: str) -> None:
    cell = cell_for(matrix, "amd64")
    line = cell.image.line
    found = failures(FakeSubject(cell, pip=said.format(pip=line.pip.version, line=line.name)))
    assert set(found) == {"pip"}
    assert f"expected pip {line.pip.version} on python {line.name}" in found["pip"]


def test_an_architecture_that_nobody_knows_is_refused_not_crashed_on(matrix: Matrix) -> None:
    cell = cell_for(matrix, "amd64")
    subject = FakeSubject(cell)
    platform = Platform(os="linux", architecture="riscv128")
    subject.cell = Cell(image=cell.image, architecture=Architecture(name="riscv128", platform=platform))
    assert set(failures(subject)) == {"platform", "interpreter-elf", "machine"}


def test_one_proof_that_fails_does_not_stop_the_others(matrix: Matrix) -> None:
    made = []

    def check(name: str, error: bool) -> str:  # noqa: FBT001 - a fake
        made.append(name)
        if error:
            raise ProofFailedError(f"{name} is wrong")
        return f"{name} is right"

    proofs = [
        Proof(name=name, claim="", link="", check=lambda _, name=name, bad=bad: check(name, bad))  # type: ignore[misc]
        for name, bad in (("a", True), ("b", False))
    ]
    outcomes = prove(FakeSubject(matrix.cells[0]), proofs)
    assert made == ["a", "b"]
    assert [(one.name, one.passed, one.detail) for one in outcomes] == [
        ("a", False, "a is wrong"),
        ("b", True, "b is right"),
    ]


def test_every_proof_has_a_name_of_its_own_a_claim_and_a_link() -> None:
    assert len({proof.name for proof in CATALOGUE}) == len(CATALOGUE)
    assert all(proof.claim.endswith(".") and proof.link.startswith("https://") for proof in CATALOGUE)


def test_every_known_architecture_has_an_expected_header(matrix: Matrix) -> None:
    assert {one.platform.architecture for one in matrix.known} <= set(EXPECTED)


@pytest.mark.parametrize("header", EXPECTED.values(), ids=str)
def test_expected_headers_are_read_back(header: ElfHeader) -> None:
    assert read_header(elf(header.machine, bits=header.bits, order=header.order)) == header


def test_this_interpreter_has_a_header(tmp_path: object) -> None:
    del tmp_path
    with open("/proc/self/exe", "rb") as program:  # noqa: PTH123 - as it lies there
        assert read_header(program.read(64)) in EXPECTED.values()


@given(st.binary(max_size=64))
def test_whatever_is_not_elf_is_none_and_never_an_error(data: bytes) -> None:
    found = read_header(data)
    assert (found is None) or data.startswith(b"\x7fELF")


@pytest.mark.parametrize("broken", [elf()[:19], b"\x7fELF\x03" + elf()[5:], b"\x7fELF\x02\x03" + elf()[6:], b""])
def test_a_broken_header_is_none(broken: bytes) -> None:
    assert read_header(broken) is None
