"""The stream decoder on what buildx really wrote, and on anything else, cut wherever a pipe may cut it."""

from __future__ import annotations

import base64
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.build.rawjson import Decoder, Event, LogOutput, Said, Vertex

#: Cut down from a real build of 28 minutes with buildx 0.13.1, emulated, that failed when pip was to be installed.
CAPTURED = (Path(__file__).parents[2] / "data" / "rawjson-emulated-2.7-failed-at-pip.txt").read_bytes()


def decode(*pieces: bytes) -> list[Event]:
    decoder = Decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + list(decoder.close())


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def test_the_captured_build_is_understood_to_its_end() -> None:
    events = decode(CAPTURED)
    failed = [event for event in events if isinstance(event, Vertex) and event.error]
    assert [event.name.partition("]")[0] for event in failed] == ["[build 7/9"]
    assert failed[0].error.endswith("did not complete successfully: exit code: 2")
    slowest = max((event for event in events if isinstance(event, Vertex)), key=lambda event: event.seconds)
    assert slowest.name.startswith("[build 5/9] RUN make -j")
    assert slowest.seconds == pytest.approx(919.434976)
    said = [event.text for event in events if isinstance(event, Said)]
    assert said[0] == "Dockerfile:27"
    assert said[-1].startswith("ERROR: failed to solve: process")
    logs = [event.data for event in events if isinstance(event, LogOutput)]
    assert logs[-1].startswith(b"python: can't open file")


@given(st.lists(st.integers(min_value=0, max_value=len(CAPTURED)), max_size=40))
def test_the_captured_build_reads_the_same_however_it_is_cut(places: list[int]) -> None:
    assert decode(*cut(CAPTURED, places)) == decode(CAPTURED)


def _object(text: str, indent: int | None) -> str:
    data = base64.b64encode(text.encode()).decode()
    return json.dumps(
        {"vertexes": [{"digest": "sha256:0", "name": text}], "logs": [{"vertex": "sha256:0", "data": data}]},
        indent=indent,
        ensure_ascii=False,
    )


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="{"), min_size=1, max_size=12
)
OBJECTS = st.builds(_object, st.text(st.characters(codec="utf-8"), max_size=12), st.sampled_from([None, 2]))


@given(st.lists(st.one_of(WORDS, OBJECTS), max_size=8), st.lists(st.integers(min_value=0), max_size=30))
def test_any_mixture_of_lines_and_objects_reads_the_same_however_it_is_cut(parts: list[str], places: list[int]) -> None:
    data = "".join(f"{part}\n" for part in parts).encode()
    whole = decode(data)
    assert decode(*cut(data, places)) == whole
    assert decode(*(bytes([one]) for one in data)) == whole
    assert [event.text for event in whole if isinstance(event, Said)] == [
        one for one in parts if not one.startswith("{")
    ]
    named = [event.name for event in whole if isinstance(event, Vertex)]
    assert named == [json.loads(one)["vertexes"][0]["name"] for one in parts if one.startswith("{")]


@given(st.binary(max_size=200), st.lists(st.integers(min_value=0), max_size=20))
def test_no_bytes_break_it_and_none_hold_back_what_follows(noise: bytes, places: list[int]) -> None:
    marker = b'\n{"vertexes": [{"digest": "d", "name": "marker"}]}\n'
    for pieces in ([noise, marker], cut(noise + marker, places)):
        events = decode(*pieces)
        assert [event.name for event in events if isinstance(event, Vertex)][-1:] == ["marker"]


def test_a_character_cut_at_every_byte_is_whole_again() -> None:
    line = "é ✓ 😀\n".encode()
    for place in range(len(line) + 1):
        assert decode(line[:place], line[place:]) == [Said(text="é ✓ 😀")]


def test_events_come_as_soon_as_their_object_is_complete() -> None:
    decoder = Decoder()
    text = b'{\n  "vertexes": [\n    {"digest": "d", "name": "n"}\n  ]\n}'
    assert list(decoder.feed(text[:-1])) == []
    assert [type(event) for event in decoder.feed(text[-1:])] == [Vertex]


def test_an_object_cut_off_by_a_kill_comes_out_as_text() -> None:
    assert decode(b'{"vertexes": [{"dig') == [Said(text='{"vertexes": [{"dig')]


def test_a_line_that_only_looks_like_an_object_does_not_swallow_the_next() -> None:
    events = decode(b'{not json}\n{"vertexes": [{"digest": "d", "name": "n"}]}\n')
    assert [type(event) for event in events] == [Said, Vertex]


def test_go_times_with_nanoseconds_keep_their_microseconds() -> None:
    status = {
        "vertexes": [{"digest": "d", "started": "2026-11-22T23:57:16.229159502Z", "completed": "2026-11-22T23:57:17Z"}]
    }
    (vertex,) = decode(json.dumps(status).encode())
    assert isinstance(vertex, Vertex)
    assert vertex.started == datetime(2026, 11, 22, 23, 57, 16, 229159, tzinfo=UTC)
    assert vertex.seconds == timedelta(microseconds=770841).total_seconds()


def test_a_running_step_has_taken_no_time_yet() -> None:
    (vertex,) = decode(b'{"vertexes": [{"digest": "d", "started": "2026-11-22T23:57:16.5Z"}]}')
    assert isinstance(vertex, Vertex)
    assert vertex.completed is None
    assert vertex.seconds == 0.0


def test_empty_lists_and_nulls_say_nothing() -> None:
    assert decode(b'{"vertexes": null, "logs": []}\n{}\n') == []


@pytest.mark.parametrize(
    "text",
    [
        '{"vertexes": 1}',
        '{"vertexes": ["x"]}',
        '{"vertexes": [{"started": "yesterday"}]}',
        '{"logs": [{"data": "abc"}]}',
    ],
)
def test_json_that_is_not_buildkits_comes_out_as_text(text: str) -> None:
    assert decode(text.encode()) == [Said(text=text)]
