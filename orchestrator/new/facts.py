"""What the outside knows of a suite and of an architecture. Without `--online` it is not asked, and nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.bases.heads import base_heads, memory_of
from orchestrator.bases.model import Wanted
from orchestrator.config.settings import Settings
from orchestrator.engine.binfmt import execution_here
from orchestrator.inputs.provider import mirror_or_none
from orchestrator.inputs.transfer import Transfer, TransferError, make_client
from orchestrator.lifetimes.suites import release_of
from orchestrator.matrix.model import Architecture, Family, Platform, Suite
from orchestrator.matrix.platforms import normalise
from orchestrator.registry.registries import Registries
from orchestrator.system.places import Places


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What was found out, None where it was not; `basis` says from where, or why not."""

    value: tuple[str, ...] | bool | None
    basis: str


class Facts(Protocol):
    """Who knows about bases, suites and machines. Real: `Offline`, `Online`."""

    def architectures(self, references: Sequence[str], known: Sequence[Architecture], /) -> Known:
        """Find the architectures that all of these bases exist for."""

    def archived(self, suite: str, /) -> Known:
        """Find out whether a Debian suite has left the mirrors."""

    def execution(self, platform: Platform, /) -> str:
        """Say how this machine, or one of its builders, runs programs of a platform."""


@dataclass(frozen=True, kw_only=True)
class Offline:
    """Asks nobody; what this machine runs is seen without a network. `settings` name the builders."""

    settings: Settings = field(default_factory=Settings)

    def architectures(self, references: Sequence[str], known: Sequence[Architecture]) -> Known:  # noqa: ARG002 - the protocol's
        """Know nothing."""
        return Known(value=None, basis="--online asks the registry")

    def archived(self, suite: str) -> Known:
        """Know what is written down."""
        known = release_of(suite)
        if known is None:
            return Known(value=None, basis="--online asks the Debian mirror")
        return Known(value=known.left, basis="what is known of Debian's suites; --online asks the mirror")

    def execution(self, platform: Platform) -> str:
        """Look at the builders of the settings, then at this kernel."""
        name = str(platform)
        native = [one.name for one in self.settings.builders if name in map(normalise, one.platforms or ())]
        if native:
            return f"{name} runs natively on the builder {native[0]}"
        execution = execution_here(platform)
        if execution is None:
            return f"nothing here runs {name} yet: 'orchestrator engine start' registers QEMU, a native node goes under 'builders:' in the config"
        return f"{name} runs here: {execution}"


@dataclass(frozen=True, kw_only=True)
class Online(Offline):
    """Asks registries and the host's Debian mirror."""

    places: Places
    registries: Registries

    def architectures(self, references: Sequence[str], known: Sequence[Architecture]) -> Known:
        """Ask the registry for the index of each base."""
        suite = Suite(name="", family=Family.DEBIAN, bases={}, architectures=())
        wanted = [Wanted(reference=one, suite=suite, architecture=other) for one in references for other in known]
        heads = base_heads(self.registries, wanted, self.settings.base_registry, memory=memory_of(self.places))
        found = tuple(
            one.name for one in known if all((reference, one.name) in heads.bases for reference in references)
        )
        if not found:
            why = next(iter(heads.unknown.values()), "no base was named")
            return Known(value=None, basis=f"the registry does not tell: {why}")
        return Known(value=found, basis=f"what the registry has of {' and '.join(references)}")

    def archived(self, suite: str) -> Known:
        """Look whether the host's Debian mirror has the suite."""
        mirror = mirror_or_none()
        if mirror is None:
            return Offline.archived(self, suite)
        try:
            with make_client() as client:
                Transfer(client=client).small(f"{mirror.url}/dists/{suite}/InRelease")
        except TransferError as error:
            if error.missing:
                return Known(value=True, basis="the Debian mirror of this host does not have it (any more)")
            known = release_of(suite)
            silent = f"the Debian mirror of this host does not answer: {error.reason}"
            return Known(value=None if known is None else known.left, basis=silent)
        return Known(value=False, basis="the Debian mirror of this host has it")
