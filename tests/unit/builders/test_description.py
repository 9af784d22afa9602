from __future__ import annotations

from orchestrator.builders.description import read_description
from tests.unit.builders.answers import CONTAINED, DEFAULT, NO_DAEMON, NOBODY_THERE, REMOTE, beside


def test_a_running_builder() -> None:
    seen = read_description(DEFAULT)
    (part,) = seen.parts
    assert (seen.driver, seen.error) == ("docker", "")
    assert (part.name, part.endpoint, part.running) == ("default", "default", True)
    assert part.platforms[:2] == ("linux/amd64", "linux/amd64/v2")
    assert len(part.platforms) == 8


def test_a_builder_without_its_daemon_has_an_error_and_no_nodes() -> None:
    seen = read_description(NO_DAEMON)
    assert (seen.driver, seen.parts) == ("", ())
    assert seen.error.startswith("Cannot connect to the Docker daemon at unix:///x/nobody.sock")


def test_the_star_of_platforms_set_by_hand_is_not_part_of_them() -> None:
    (part,) = read_description(CONTAINED).parts
    assert (part.platforms, part.status, part.running) == (("linux/arm64",), "inactive", False)


def test_nodes_are_told_apart() -> None:
    seen = read_description(beside(REMOTE, NOBODY_THERE))
    assert [(part.endpoint, part.running) for part in seen.parts] == [
        ("tcp://127.0.0.1:18123", True),
        ("tcp://127.0.0.1:1", False),
    ]


def test_a_node_with_an_error_does_not_run() -> None:
    (part,) = read_description(REMOTE.replace("Status:           running", "Error: no such host")).parts
    assert (part.error, part.running) == ("no such host", False)


def test_nothing_is_read_from_nothing() -> None:
    assert read_description("").parts == ()
