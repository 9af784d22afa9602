"""The embedded engine's traces in the host's network, and taking them away again.

Its bridge has a name of its own, so docker0 stays the business of the host's own engine. The packet filter's chains (DOCKER, ...) have fixed
names that every engine in this network namespace shares: they go only when no other engine's bridge is left.
"""

from __future__ import annotations

import contextlib
import fcntl
import shlex
import socket
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.process import Command, Runner, run

TABLES = ("filter", "nat", "mangle", "raw")
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_DEVICES = Path("/sys/class/net")
# From linux/sockios.h and linux/if.h: the bridge calls need neither iproute2 nor netlink.
_SIOCBRADDBR, _SIOCBRDELBR, _SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x89A0, 0x89A1, 0x8913, 0x8914, 0x1


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What the host's network looked like before the engine was started: rules per tool, and whether it forwarded packets."""

    rules: Mapping[str, tuple[str, ...]]
    forwarding: str


def bridge_exists(name: str, *, devices: Path = _DEVICES) -> bool:
    """Whether this network namespace has a device of this name."""
    return (devices / name).exists()


def alone(*, devices: Path = _DEVICES) -> bool:
    """Whether no engine's bridge is left, the host's own or another embedded one's; ours has been removed before."""
    return not any(device.name == "docker0" or device.name.startswith("orch-") for device in devices.iterdir())


def add_bridge(name: str) -> None:
    """Create a bridge if it is not there; the engine chooses a free range of addresses for it."""
    if bridge_exists(name):
        return
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
            fcntl.ioctl(handle, _SIOCBRADDBR, name.encode() + b"\0")
    except OSError as error:
        raise EnvironmentFailedError(
            f"the network bridge {name} cannot be created: {error.strerror}",
            mend="the kernel needs bridge support (modprobe bridge), and this user CAP_NET_ADMIN",
        ) from error


def remove_bridge(name: str) -> None:
    """Take a bridge down and away; nothing happens if it is not there."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sH22x", name.encode(), 0)
        flags = struct.unpack("16sH22x", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags & ~_IFF_UP))
        fcntl.ioctl(handle, _SIOCBRDELBR, name.encode() + b"\0")


def backend_of(environments: Mapping[str, Mapping[str, str]], *, runner: Runner = run) -> str:
    """Choose `nft` or `legacy`: the first whose iptables gets an answer from this kernel.

    `environments` maps each backend to the environment in which `iptables` is of that kind.
    """
    reasons = []
    for backend, environment in environments.items():
        asked = _iptables("iptables", "-w", "-t", "nat", "-S", environment=environment, runner=runner)
        if asked is not None:
            return backend
        reasons.append(backend)
    raise EnvironmentFailedError(
        f"this kernel's packet filter answers neither of iptables' ways ({', '.join(reasons)})",
        mend="load nf_tables and nft_chain_nat (modprobe), or point DOCKER_HOST at a Docker Engine that runs elsewhere",
    )


def snapshot(environment: Mapping[str, str], *, runner: Runner = run) -> Snapshot:
    """Remember what is there before the engine changes it."""
    forwarding = _FORWARDING.read_text(encoding="ascii").strip() if _FORWARDING.exists() else ""
    rules = {tool: tuple(_lines(tool, environment, runner)) for tool in ("iptables", "ip6tables")}
    return Snapshot(rules=rules, forwarding=forwarding)


def restore(
    before: Snapshot, *, bridge: str, alone: bool, environment: Mapping[str, str], runner: Runner = run
) -> None:
    """Remove the rules and chains that came since `before` and mention our bridge or, when no other engine is there (`alone`), Docker's chains."""
    for tool in ("iptables", "ip6tables"):
        for arguments in undo(
            before.rules.get(tool, ()), tuple(_lines(tool, environment, runner)), bridge=bridge, alone=alone
        ):
            _iptables(tool, "-w", *arguments, environment=environment, runner=runner)
    if alone and before.forwarding == "0":
        with contextlib.suppress(OSError):
            _FORWARDING.write_text("0", encoding="ascii")


def undo(before: tuple[str, ...], now: tuple[str, ...], *, bridge: str, alone: bool) -> Iterator[tuple[str, ...]]:
    """Compute iptables' arguments that lead from `now` back to `before`; lines are `table rule`, rules as `iptables -S` prints them.

    First rules, then the emptied chains, then policies: a chain can be deleted only when nothing refers to it.
    """
    known = set(before)
    fresh = [line.split(" ", 1) for line in now if line not in known]
    for table, rule in fresh:
        words = shlex.split(rule)
        ours = bridge in words
        if words[0] == "-A" and (ours or (alone and any(word.startswith("DOCKER") for word in words[1:]))):
            yield ("-t", table, "-D", *words[1:])
    if not alone:
        return
    chains = [(table, rule.split()[1]) for table, rule in fresh if rule.startswith("-N DOCKER")]
    for table, chain in chains:
        yield ("-t", table, "-F", chain)
    for table, chain in chains:
        yield ("-t", table, "-X", chain)
    policies = {tuple(line.split()[:3]): line.split()[3] for line in before if line.split()[1] == "-P"}
    for table, rule in fresh:
        words = rule.split()
        # The engine sets FORWARD to DROP. A table that nobody had used before has no policy on record: the kernel's is ACCEPT.
        if words[0] == "-P" and words[1] == "FORWARD":
            yield ("-t", table, "-P", words[1], policies.get((table, "-P", words[1]), "ACCEPT"))


def put_back(before: Snapshot, *, environment: Mapping[str, str], runner: Runner = run) -> None:
    """Insert again what our engine's start flushed out of the chains that it shares with another engine."""
    for tool in ("iptables", "ip6tables"):
        for arguments in missing(before.rules.get(tool, ()), tuple(_lines(tool, environment, runner))):
            _iptables(tool, "-w", *arguments, environment=environment, runner=runner)


def missing(before: tuple[str, ...], now: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Compute iptables' arguments that insert the lost rules at their old places in Docker's chains."""
    present, places = set(now), Counter[tuple[str, str]]()
    for line in before:
        table, rule = line.split(" ", 1)
        words = shlex.split(rule)
        if words[0] != "-A":
            continue
        places[table, words[1]] += 1
        if line not in present and words[1].startswith("DOCKER"):
            yield ("-t", table, "-I", words[1], str(places[table, words[1]]), *words[2:])


def _lines(tool: str, environment: Mapping[str, str], runner: Runner) -> Iterator[str]:
    for table in TABLES:
        listing = _iptables(tool, "-w", "-t", table, "-S", environment=environment, runner=runner)
        for line in (listing or "").splitlines():
            if line.startswith(("-A ", "-N ", "-P ")):
                yield f"{table} {line}"


def _iptables(*argv: str, environment: Mapping[str, str], runner: Runner) -> str | None:
    done = runner(Command(argv=argv, environment=environment, timeout=20.0))
    return done.text if done.ok else None
