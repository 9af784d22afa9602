"""Architectures of an image are compared; each one's own words for itself are no difference."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.prove.catalogue import choose
from orchestrator.prove.proofs.parity.comparing import neutral
from tests.unit.prove.fakes import FakeSubject, failures, outcomes, pair
from tests.unit.prove.images import Draft, Entry, draft, link, right

AMD, ARM = "3.7-slim-stretch-amd64", "3.7-slim-stretch-arm64v8"
SYSCONFIG = "/usr/local/lib/python3.7/_sysconfigdata.py"
MODULE = "/usr/local/lib/python3.7/lib-dynload/_bisect.cpython-x86_64-linux-gnu.so"
PROOFS = choose(["parity"])
Spoil = Callable[[Draft], object]


def add(path: str, entry: Entry) -> Spoil:
    return lambda made: made.own.update({path: entry})


def variables(text: str) -> Spoil:
    return add(SYSCONFIG, Entry(content=f"build_time_vars = {text}\n".encode()))


CASES = {
    "a file on one side": (
        {"parity/files": "/usr/local/x: only on amd64", "parity/content": "1 differences: /usr/local/x: only on amd64"},
        add("/usr/local/x", Entry()),
    ),
    "a module on the other side": (
        {"parity/files": "_bisect.cpython-ARCH-linux-gnu.so: only on arm64v8"}, lambda made: made.own.pop(MODULE),
    ),
    "another mode": ({"parity/files": "file 0600 0:0 on amd64, file 0644 0:0 on arm64v8"}, add("/usr/local/lib/python3.7/os.py", Entry(content=b"/usr/local/lib/python3.7/os.py", mode=0o600))),
    "another link": ({"parity/files": "to python3.7 on arm64v8"}, add("/usr/local/bin/python3", link("python3.8"))),
    "other bytes": ({"parity/content": "sha256:"}, add("/usr/local/lib/python3.7/os.py", Entry(content=b"so"))),
    "another version": (
        {"parity/packages": "1.1-1 on amd64, 1.0-1 on arm64v8"},
        lambda made: made.own.update({"/var/lib/dpkg/status": Entry(content=made.own["/var/lib/dpkg/status"].content.replace(b"1.0-1", b"1.1-1"))}),
    ),
    "another size": (
        {"parity/configuration": "SIZEOF_LONG: 4 on amd64, 8 on arm64v8"},
        variables("{'HOST_GNU_TYPE': 'x86_64-pc-linux-gnu', 'SIZEOF_LONG': 4}"),
    ),
    "variables that are the processor's": (
        {}, variables("{'HOST_GNU_TYPE': 'x86_64-linux-gnu', 'SIZEOF_LONG': 8, 'HAVE_GCC_ASM_FOR_X64': 1}"),
    ),
    "no dictionary": ({"parity/configuration": "does not assign a dictionary of plain values"}, variables("open('/x')")),
    "no Python": ({"parity/configuration": "does not assign"}, variables("(")),
    "nothing assigned": ({"parity/configuration": "does not assign"}, add(SYSCONFIG, Entry(content=b"pass\n"))),
}  # fmt: skip


@pytest.mark.parametrize(("said", "spoil"), CASES.values(), ids=CASES)
def test_a_difference_is_named_with_both_sides(said: dict[str, str], spoil: Spoil) -> None:
    seen = failures(pair(AMD, ARM, spoil), proofs=PROOFS)
    assert seen.keys() == said.keys(), seen
    assert all(words in seen[name] for name, words in said.items()), seen


def test_no_variables_at_all() -> None:
    without = draft(AMD, lambda made: made.own.pop(SYSCONFIG))
    seen = failures(FakeSubject(without, peers=(FakeSubject(right(ARM)),)), proofs=PROOFS)
    assert seen["parity/configuration"] == "there is no _sysconfigdata*.py"


def test_every_peer_is_compared_and_named() -> None:
    peers = (FakeSubject(right(ARM)), FakeSubject(right(ARM)))
    seen = {one.name: one.detail for one in outcomes(FakeSubject(right(AMD), peers=peers), PROOFS)}
    assert seen["parity/packages"].endswith("alike on amd64, arm64v8, arm64v8")


@pytest.mark.parametrize(
    ("cell", "text", "neutralised"),
    [
        (AMD, "x.cpython-37m-x86_64-linux-gnu.so", "x.cpython-37m-ARCH-linux-gnu.so"),
        (AMD, "/lib/ld-linux-x86-64.so.2 (amd64)", "/lib/ld-linux-ARCH.so.2 (ARCH)"),
        (ARM, "aarch64-linux-gnu", "ARCH-linux-gnu"),
        (ARM, "x86_64 and aarch64be", "x86_64 and aarch64be"),
    ],
)
def test_only_whole_words_of_the_own_architecture_are_replaced(cell: str, text: str, neutralised: str) -> None:
    assert neutral(FakeSubject(right(cell)), text) == neutralised
