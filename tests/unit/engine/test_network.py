from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.engine import network
from orchestrator.errors import EnvironmentFailedError
from tests.unit.engine.fakes import FakeRunner

BEFORE = ("filter -P FORWARD ACCEPT", "filter -A INPUT -j MINE", "nat -P PREROUTING ACCEPT")
STARTED = (
    "filter -P FORWARD DROP",
    "filter -N DOCKER",
    "filter -N DOCKER-USER",
    "filter -A INPUT -j MINE",
    "filter -A INPUT -j THEIRS",
    "filter -A FORWARD -j DOCKER-USER",
    "filter -A FORWARD -i orch-1 ! -o orch-1 -j ACCEPT",
    "filter -A DOCKER-USER -j RETURN",
    'nat -A POSTROUTING -s 172.18.0.0/16 ! -o orch-1 -m comment --comment "a b" -j MASQUERADE',
)


def test_only_what_the_engine_added_is_undone_rules_before_chains_before_policies() -> None:
    assert list(network.undo(BEFORE, STARTED, bridge="orch-1", alone=True)) == [
        ("-t", "filter", "-D", "FORWARD", "-j", "DOCKER-USER"),
        ("-t", "filter", "-D", "FORWARD", "-i", "orch-1", "!", "-o", "orch-1", "-j", "ACCEPT"),
        ("-t", "filter", "-D", "DOCKER-USER", "-j", "RETURN"),
        (
            *("-t", "nat", "-D", "POSTROUTING", "-s", "172.18.0.0/16", "!", "-o", "orch-1"),
            *("-m", "comment", "--comment", "a b", "-j", "MASQUERADE"),
        ),
        ("-t", "filter", "-F", "DOCKER"),
        ("-t", "filter", "-F", "DOCKER-USER"),
        ("-t", "filter", "-X", "DOCKER"),
        ("-t", "filter", "-X", "DOCKER-USER"),
        ("-t", "filter", "-P", "FORWARD", "ACCEPT"),
    ]


def test_beside_another_engine_only_rules_of_our_bridge_go() -> None:
    undone = list(network.undo(BEFORE, STARTED, bridge="orch-1", alone=False))
    assert [arguments[3] for arguments in undone] == ["FORWARD", "POSTROUTING"]
    assert all("orch-1" in arguments for arguments in undone)


def test_nothing_is_undone_when_nothing_changed() -> None:
    assert list(network.undo(STARTED, STARTED, bridge="orch-1", alone=True)) == []


def test_rules_that_our_start_flushed_are_put_back_where_they_were() -> None:
    before = (
        "filter -N DOCKER-ISOLATION",
        "filter -A DOCKER-ISOLATION -i docker0 -j STAGE-2",
        "filter -A DOCKER-ISOLATION -j RETURN",
        "filter -A FORWARD -j GONE",
    )
    assert list(network.missing(before, ("filter -A DOCKER-ISOLATION -j RETURN",))) == [
        ("-t", "filter", "-I", "DOCKER-ISOLATION", "1", "-i", "docker0", "-j", "STAGE-2")
    ]


def test_alone_means_no_other_engines_bridge(tmp_path: Path) -> None:
    (tmp_path / "eth0").mkdir()
    assert network.alone(devices=tmp_path)
    (tmp_path / "orch-2").mkdir()
    assert not network.alone(devices=tmp_path)
    assert network.bridge_exists("orch-2", devices=tmp_path)


def test_the_first_way_into_the_kernel_that_answers_is_taken() -> None:
    runner = FakeRunner(
        {"iptables": lambda command: 1 if (command.environment or {})["kind"] == "nft" else "-P INPUT ACCEPT"}
    )
    assert network.backend_of({"nft": {"kind": "nft"}, "legacy": {"kind": "legacy"}}, runner=runner) == "legacy"
    with pytest.raises(EnvironmentFailedError, match="packet filter") as caught:
        network.backend_of({"nft": {"kind": "nft"}}, runner=runner)
    assert "modprobe" in caught.value.mend or "nf_tables" in caught.value.mend


def test_restore_deletes_what_came_since_the_snapshot() -> None:
    listing = {"now": ""}
    runner = FakeRunner({"-t filter -S": lambda _: listing["now"], " -S": "", "-D": ""})
    before = network.snapshot({}, runner=runner)
    listing["now"] = "-A FORWARD -i orch-1 -j ACCEPT"
    runner.seen.clear()
    network.restore(before, bridge="orch-1", alone=False, environment={}, runner=runner)
    assert [line for line in runner.lines if " -D " in line] == [
        "iptables -w -t filter -D FORWARD -i orch-1 -j ACCEPT",
        "ip6tables -w -t filter -D FORWARD -i orch-1 -j ACCEPT",
    ]
