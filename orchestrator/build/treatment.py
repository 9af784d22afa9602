"""What to do about a failed build: try again or not, how often, after which pause, and what is to blame."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from tenacity import RetryCallState, Retrying, wait_exponential

from orchestrator.build.failure import FailureClass

#: What a failure counts against: something shared, whose failures are counted over all cells, or the cell itself.
Blame = Literal["cell", "network", "registry", "engine", "machine"]

#: The longest pause in seconds, whatever a server asks for.
LONGEST = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Treatment:
    """What a class of failures deserves.

    `again` is how many more tries at most it is worth, None: as many as the settings allow. `pause` is the first pause before one, in
    seconds; it doubles with each. `reason` is for people.
    """

    again: int | None
    blames: Blame
    reason: str
    pause: float = 0.0


_TREATMENTS = {
    FailureClass.NETWORK: Treatment(
        again=None, blames="network", pause=5.0, reason="networks come back, and what is done already is in the cache"
    ),
    FailureClass.REGISTRY_BUSY: Treatment(
        again=None, blames="registry", pause=10.0, reason="the server answers and asks for patience"
    ),
    # The build itself did nothing wrong, and its finished steps may be lost with the engine: any living builder may take it.
    FailureClass.ENGINE_LOST: Treatment(
        again=None, blames="engine", pause=10.0, reason="another builder may do it, or this one after its restart"
    ),
    # QEMU's crashes are races as a rule; one that comes twice, with another setting even, comes always.
    FailureClass.EMULATOR_CRASH: Treatment(
        again=1, blames="cell", reason="emulators crash at random, so it is tried once more with another setting"
    ),
    # Room is a matter of slots, which a person sets.
    FailureClass.OUT_OF_MEMORY: Treatment(
        again=0,
        blames="machine",
        reason="it will not fit the next time either: give the builder fewer slots, or more memory",
    ),
    # A limit is the last word: another try would take as long again, and hold a slot that other cells wait for. Finished steps are cached.
    FailureClass.SILENCE: Treatment(
        again=0, blames="cell", reason="what hung may hang again: the next run begins with the step that hung"
    ),
    FailureClass.TIMEOUT: Treatment(
        again=0, blames="cell", reason="it had its time; finished steps are in the cache, so the next run gets further"
    ),
    # Each further build fails the same way until somebody makes room, and makes it worse.
    FailureClass.DISK_FULL: Treatment(
        again=0, blames="machine", reason="no build succeeds on a full disk; 'orchestrator prune' makes room"
    ),
    FailureClass.EMULATOR_MISSING: Treatment(
        again=0, blames="machine", reason="this machine cannot run that architecture; 'orchestrator doctor' says more"
    ),
    FailureClass.UPSTREAM_GONE: Treatment(
        again=0, blames="cell", reason="the server answered: it does not have the file or the image"
    ),
    # Bytes that are not what was pinned are never tried until they happen to fit.
    FailureClass.CHECKSUM: Treatment(
        again=0, blames="cell", reason="somebody has to look at bytes that are not what was promised"
    ),
    FailureClass.COMPILE: Treatment(again=0, blames="cell", reason="the same step fails the same way again"),
    FailureClass.ARCHITECTURE: Treatment(
        again=0, blames="cell", reason="files of another architecture got in, and would again"
    ),
    FailureClass.PROOF: Treatment(again=0, blames="cell", reason="the same image fails the same proof again"),
    FailureClass.UNACCELERATED: Treatment(
        again=0,
        blames="cell",
        reason="native tools that are required were not to be had; with acceleration: auto it is emulated",
    ),
    FailureClass.CANCELLED: Treatment(again=0, blames="cell", reason="it was stopped on purpose"),
    # Not known to be transient; hours of emulated building are not staked on a guess.
    FailureClass.UNKNOWN: Treatment(again=0, blames="cell", reason="nobody knows this failure yet: read the log"),
}

#: tenacity's waits read the number of the try from its state; nothing is ever called with this one.
_NOBODY = Retrying()


def treatment(kind: FailureClass) -> Treatment:
    """What a class of failures deserves."""
    return _TREATMENTS[kind]


def pause(kind: FailureClass, tries: int, after: float | None, random: Random) -> float:
    """How many seconds to wait before another try, `tries` (from 1 on) having failed.

    It doubles with each try; a random half of it keeps cells that failed together from coming back together. What the server asked for
    (`after`, seconds) wins when it is longer. Never more than `LONGEST`.
    """
    state = RetryCallState(retry_object=_NOBODY, fn=None, args=(), kwargs={})
    state.attempt_number = tries
    whole = wait_exponential(multiplier=_TREATMENTS[kind].pause, max=LONGEST)(state)
    return min(max(random.uniform(whole / 2, whole), after or 0.0), LONGEST)
