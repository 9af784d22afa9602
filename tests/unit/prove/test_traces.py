"""What would tell of native tools is found wherever the pieces of a file are cut, and in names however they begin."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.prove.survey.traces import TRACES, Search, traces_in
from tests.unit.prove.images import Entry, layer

MIB = 1024 * 1024


def search(data: bytes, cuts: list[int]) -> tuple[str, ...]:
    found = Search()
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(bounds):
        found.feed(data[start:end])
    return found.found


@given(
    st.sampled_from(TRACES), st.binary(max_size=40), st.binary(max_size=40), st.lists(st.integers(0, 120), max_size=9)
)
def test_a_word_is_found_however_the_pieces_are_cut(word: str, before: bytes, after: bytes, cuts: list[int]) -> None:
    assert word in search(before + word.encode() + after, cuts)


@given(st.sampled_from(TRACES), st.lists(st.integers(0, 40), max_size=5))
def test_a_word_that_is_not_whole_is_none(word: str, cuts: list[int]) -> None:
    assert search(word.encode()[:-1] + b"\0" + word.encode()[1:], cuts) == ()


@pytest.mark.parametrize("at", [0, MIB - 20, MIB - 5, MIB, 2 * MIB - 1, 3 * MIB])
def test_a_large_file_is_read_to_its_end(at: int) -> None:
    content = bytes(at) + b"/dev/native-tools" + bytes(MIB)
    files = layer({"/srv/x": Entry(content=content), "/usr/local/x": Entry(content=b"\x7fELF" + content)}).files
    assert [files[path].traces for path in ("/srv/x", "/usr/local/x", "/srv")] == [(TRACES[0],), (TRACES[0],), ()]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/dev/native-tools/lib", True),
        ("dev/native-tools", True),
        ("../../dev/native-tools/bin/sed", True),
        (".emulated/bin/sed", True),
        ("/etc/apt/apt.conf.d/90native-tools", True),
        ("/usr/lib/alternative-tools", False),
        ("self.emulated", False),
        ("", False),
    ],
)
def test_names_and_targets(text: str, *, told: bool) -> None:
    assert (traces_in([text]) == (text,)) is told
