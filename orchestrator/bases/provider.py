"""The front of this stage: bases by reference and architecture, made when they are not there or too old."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from orchestrator.bases import shelf
from orchestrator.bases.bootstrap import (
    HOOK,
    Plan,
    Streamer,
    arguments,
    bootstrap,
    child_environment,
    overlay_tar,
    stream_process,
)
from orchestrator.bases.catalogue import debian_architecture, kind_of
from orchestrator.bases.model import Base, Wanted
from orchestrator.bases.oci import LAYOUT_FORMAT, Written, write_layout
from orchestrator.bases.release import Release, read_release
from orchestrator.bases.shelf import Record, Slot
from orchestrator.bases.sweep import scratch_directory, sweep
from orchestrator.engine.binfmt import Execution, execution_here
from orchestrator.errors import EnvironmentFailedError, UnreachableError
from orchestrator.inputs.transfer import Transfer, make_client
from orchestrator.matrix.model import Platform
from orchestrator.system.apt import install_on_host
from orchestrator.system.apt_sources import Mirror, host_mirror
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation, Runner, run
from orchestrator.system.progress import Progress

#: Seconds for which a base is used without asking the mirror. Suites in use change at point releases, some months apart.
TRUSTED_SECONDS = 7 * 24 * 3600.0
#: The host packages that a bootstrap runs on, with the program that shows each.
_TOOLS = {"mmdebstrap": "mmdebstrap"}
#: What mmdebstrap wants in addition to see that a foreign architecture can be executed.
_FOREIGN_TOOLS = {"arch-test": "arch-test"}

Install = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Bases:
    """Bootstrapped bases of one user. Safe to use from several threads and processes.

    Foreign architectures have to be executable already (`orchestrator.engine.binfmt.ensure_emulation`). All fields after `cancellation` are
    the seams to the outside.
    """

    places: Places
    progress: Progress
    cancellation: Cancellation = field(default_factory=Cancellation)
    mirror: Callable[[], Mirror] = host_mirror
    execution: Callable[[Platform], Execution | None] = execution_here
    install: Install = install_on_host
    runner: Runner = run
    streamer: Streamer = stream_process
    client: httpx.Client | None = None
    clock: Callable[[], float] = time.time

    def ensure(self, wanted: Wanted, *, refresh: bool = False) -> Base:
        """Return a base, making it if there is none, if the suite has changed on the mirror since, or on `refresh`.

        Raises `UnreachableError` (mirror, archived suite), `VerificationError` (signatures), `EnvironmentFailedError` (tools, rights, emulator,
        disk), `InterruptedRunError`.
        """
        kind = kind_of(wanted)
        plan = Plan(
            kind=kind,
            suite=wanted.suite.name,
            architecture=debian_architecture(wanted.architecture.platform),
            mirror=self.mirror(),
        )
        slot = Slot(root=self.places.bases, reference=wanted.reference, architecture=wanted.architecture.name)
        recipe = _recipe(plan)
        with slot.lock():
            record = None if refresh else slot.read()
            if record is not None and record.recipe == recipe:
                if self.clock() - record.checked < TRUSTED_SECONDS:
                    return self._base(slot, record)
                if (still := self._checked(slot, record, plan.mirror, wanted)) is not None:
                    return self._base(slot, still)
            made = self._make(wanted, slot, plan, recipe)
            return self._base(slot, made)

    def listed(self) -> list[Base]:
        """Return what is there, by reference and architecture."""
        return [self._base(slot, record) for slot, record in shelf.records(self.places.bases)]

    def prune(self, keep: Iterable[Wanted]) -> list[Path]:
        """Remove every base but the current ones of `keep`, and what killed runs left; returns the directories removed."""
        sweep(self._scratch, runner=self.runner, progress=self.progress)
        return shelf.prune(self.places.bases, {(wanted.reference, wanted.architecture.name) for wanted in keep})

    @property
    def _scratch(self) -> Path:
        return self.places.bases / "scratch"

    def _base(self, slot: Slot, record: Record) -> Base:
        built = datetime.fromtimestamp(record.built, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return slot.base(record, built)

    def _checked(self, slot: Slot, record: Record, mirror: Mirror, wanted: Wanted) -> Record | None:
        """Ask the mirror whether a base is still its suite's newest; None when not. An unreachable mirror is no reason to stop."""
        try:
            release = self._release(mirror, wanted.suite.name)
        except UnreachableError as error:
            self.progress.warn(f"{wanted}: using the one of {self._base(slot, record).built}; {error.message}")
            return record
        if release.digest != record.release:
            self.progress.note(f"{wanted}: the suite has changed on the mirror")
            return None
        checked = replace(record, checked=self.clock())
        slot.write(checked)
        return checked

    def _release(self, mirror: Mirror, suite: str) -> Release:
        with contextlib.ExitStack() as stack:
            client = self.client or stack.enter_context(make_client())
            return read_release(mirror, suite, Transfer(client=client, stop=lambda: self.cancellation.requested))

    def _make(self, wanted: Wanted, slot: Slot, plan: Plan, recipe: str) -> Record:
        release = self._release(plan.mirror, plan.suite)
        execution = self.execution(wanted.architecture.platform)
        if execution is None:
            raise EnvironmentFailedError(
                f"{wanted}: this machine cannot execute programs of {wanted.architecture.platform}",
                mend="'orchestrator build' registers QEMU for it by itself; by hand: install Debian's qemu-user-static; or leave the "
                "architecture out with --arch",
            )
        emulated = not execution.native
        self.install(_TOOLS | (_FOREIGN_TOOLS if emulated else {}), progress=self.progress, runner=self.runner)
        sweep(self._scratch, runner=self.runner, progress=self.progress)
        self.progress.note(
            f"bootstrapping {wanted} ({'emulated' if emulated else 'native'}) from {plan.mirror.url}; "
            f"expect about {plan.kind.expected[int(emulated)]:.0f} s"
        )
        started = time.monotonic()
        with scratch_directory(self._scratch, runner=self.runner, progress=self.progress) as scratch:
            layer = bootstrap(
                replace(plan, date=release.date, emulated=emulated),
                scratch=scratch,
                log=self.places.logs / "bases" / f"{slot.directory.parent.name}-{slot.architecture}.log",
                environment=child_environment(self.runner),
                cancellation=self.cancellation,
                streamer=self.streamer,
            )
            written = self._lay_out(wanted, slot, scratch, layer, release)
        seconds = round(time.monotonic() - started, 1)
        self.progress.note(f"bootstrapped {wanted} in {seconds:.0f} s: {written.digest}, {written.size / 1e6:.1f} MB")
        now = self.clock()
        record = Record(
            reference=wanted.reference,
            architecture=wanted.architecture.name,
            digest=written.digest,
            release=release.digest,
            recipe=recipe,
            built=now,
            checked=now,
            size=written.size,
            seconds=seconds,
        )
        slot.write(record)
        return record

    def _lay_out(self, wanted: Wanted, slot: Slot, scratch: Path, layer: Path, release: Release) -> Written:
        layout = scratch / "layout"
        layout.mkdir()
        try:
            written = write_layout(
                layout,
                layer=layer,
                platform=wanted.architecture.platform,
                created=release.date,
                comment=f"bootstrap of {wanted.reference} from a Debian mirror, as of its Release file {release.digest}",
            )
            slot.place(layout, written.digest)
        except OSError as error:
            raise EnvironmentFailedError(
                f"{wanted}: the image cannot be written: {error.strerror}",
                mend="free some space, or set XDG_CACHE_HOME elsewhere",
            ) from error
        return written


def _recipe(plan: Plan) -> str:
    """Hash all that goes into a base except the mirror's state: every argument, and the files laid over it."""
    timeless = replace(plan, date=0)
    parts = [LAYOUT_FORMAT, HOOK, *arguments(timeless, scratch=Path("/")), overlay_tar(timeless).hex()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
