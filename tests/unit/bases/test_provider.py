"""The shelf of bases, with a mirror, an mmdebstrap and a clock that are all played."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from orchestrator.bases.catalogue import wanted_bases
from orchestrator.bases.model import Base, Wanted
from orchestrator.bases.provider import TRUSTED_SECONDS, Bases
from orchestrator.engine.binfmt import Execution
from orchestrator.errors import (
    EnvironmentFailedError,
    InterruptedRunError,
    OrchestratorError,
    UnreachableError,
    VerificationError,
)
from orchestrator.matrix.model import Matrix, Platform
from orchestrator.system.apt_sources import Mirror
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation, Command, Completed, Stream

MIRROR = Mirror(
    url="http://mirror.invalid/debian", codename="x", components=("main",), keyring=Path("/usr/share/keyrings/x.gpg")
)


class Told:
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def note(self, message: str, /) -> None:
        self.notes.append(message)

    def warn(self, message: str, /) -> None:
        self.warnings.append(message)

    def advance(self, task: str, done: int, total: int | None, /) -> None:
        raise AssertionError(f"{task}: nothing is counted here ({done} of {total})")


class World:
    """The outside of `Bases`, all of it adjustable."""

    def __init__(self, root: Path) -> None:
        self.places = Places(cache=root / "cache", state=root / "state")
        self.told = Told()
        self.release = b"Suite: x\nDate: Sat, 09 Aug 2025 09:16:30 UTC\n"
        self.code = 200
        self.asked = 0
        self.now = 1_800_000_000.0
        self.files = {"etc/debian_version": b"11.11\n"}
        self.output, self.status = b"I: done\n", 0
        self.commands: list[Command] = []
        self.cancellation = Cancellation()
        self.during: Callable[[], None] = lambda: None
        self.runs = True
        self.installed: list[str] = []

    def bases(self) -> Bases:
        return Bases(
            places=self.places,
            progress=self.told,
            cancellation=self.cancellation,
            mirror=lambda: MIRROR,
            execution=self._execution,
            install=lambda packages, **_: self.installed.extend(packages),
            runner=lambda command: Completed(command=command, status=0, stdout=b"", stderr=b"", seconds=0.0),
            streamer=self._stream,
            client=httpx.Client(transport=httpx.MockTransport(self._answer)),
            clock=lambda: self.now,
        )

    def _execution(self, platform: Platform) -> Execution | None:
        return Execution(platform=platform) if self.runs else None

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        assert str(request.url) == f"{MIRROR.url}/dists/bullseye/InRelease"
        return httpx.Response(self.code, stream=httpx.ByteStream(self.release))

    def _stream(
        self, command: Command, on_output: Callable[[Stream, bytes], None], cancellation: Cancellation | None
    ) -> Completed:
        assert cancellation is self.cancellation
        self.commands.append(command)
        on_output("stderr", self.output)
        if not self.status:
            with tarfile.open(next(word for word in command.argv if word.endswith("/root.tar")), "w") as archive:
                for name, data in self.files.items():
                    member = tarfile.TarInfo(name)
                    member.size = len(data)
                    archive.addfile(member, io.BytesIO(data))
        self.during()
        return Completed(command=command, status=self.status, stdout=b"", stderr=b"", seconds=1.0)

    def scratch(self) -> list[str]:
        return [path.name for path in (self.places.bases / "scratch").glob("*")]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def slim(debian_matrix: Matrix) -> Wanted:
    return next(one for one in wanted_bases(debian_matrix.cells) if str(one) == "debian:bullseye-slim for amd64")


def test_a_base_is_made_once_and_then_nobody_is_asked(world: World, slim: Wanted) -> None:
    first = world.bases().ensure(slim)
    assert first.context == f"oci-layout://{first.layout}@{first.digest}"
    assert first.built == "2027-01-15T08:00:00Z"
    world.code = 500
    world.now += TRUSTED_SECONDS - 1
    assert world.bases().ensure(slim) == first
    assert (world.asked, len(world.commands)) == (1, 1)
    assert world.installed == ["mmdebstrap"]
    assert world.scratch() == []


def test_what_mmdebstrap_is_told(world: World, slim: Wanted) -> None:
    world.bases().ensure(slim)
    (command,) = world.commands
    argv = command.argv
    assert argv[0] == "mmdebstrap"
    assert {"--variant=minbase", "--architectures=amd64", "bullseye"} <= set(argv)
    assert argv[-1] == f"deb [signed-by={MIRROR.keyring}] {MIRROR.url} bullseye main"
    assert command.environment is not None
    assert command.environment["SOURCE_DATE_EPOCH"] == "1754730990"
    assert command.environment["TMPDIR"].startswith(str(world.places.bases))
    log = next((world.places.logs / "bases").iterdir()).read_text()
    assert log.startswith("mmdebstrap ")
    assert "I: done" in log


def test_after_a_week_the_mirror_is_asked_and_the_base_kept(world: World, slim: Wanted) -> None:
    first = world.bases().ensure(slim)
    world.now += TRUSTED_SECONDS + 1
    assert world.bases().ensure(slim) == first
    assert world.bases().ensure(slim) == first
    assert (world.asked, len(world.commands)) == (2, 1)


def test_a_changed_suite_makes_a_new_base_beside_the_old(world: World, slim: Wanted) -> None:
    first = world.bases().ensure(slim)
    world.now += TRUSTED_SECONDS + 1
    world.release += b"Changed: yes\n"
    world.files["etc/debian_version"] = b"11.12\n"
    second = world.bases().ensure(slim)
    assert second.digest != first.digest
    assert first.layout is not None
    assert first.layout.is_dir()  # a build may still be reading it
    assert world.bases().listed() == [second]


def test_an_unreachable_mirror_does_not_take_a_base_away(world: World, slim: Wanted) -> None:
    first = world.bases().ensure(slim)
    world.now += TRUSTED_SECONDS + 1
    world.code = 403
    assert world.bases().ensure(slim) == first
    assert len(world.told.warnings) == 1


def test_refresh_makes_it_anew_and_the_same_bytes_have_the_same_digest(world: World, slim: Wanted) -> None:
    first = world.bases().ensure(slim)
    assert world.bases().ensure(slim, refresh=True).digest == first.digest
    assert len(world.commands) == 2


def test_a_damaged_base_is_made_anew(world: World, slim: Wanted) -> None:
    first = world.bases().ensure(slim)
    assert first.layout is not None
    for blob in (first.layout / "blobs" / "sha256").iterdir():
        blob.write_bytes(b"")
    assert world.bases().listed() == []
    assert world.bases().ensure(slim).digest == first.digest
    assert world.bases().listed()


def test_prune_keeps_what_is_wanted_and_current(world: World, slim: Wanted, debian_matrix: Matrix) -> None:
    full = next(one for one in wanted_bases(debian_matrix.cells) if str(one) == "buildpack-deps:bullseye for amd64")
    old = world.bases().ensure(slim)
    world.files["new"] = b""
    kept, dropped = world.bases().ensure(slim, refresh=True), world.bases().ensure(full)
    removed = world.bases().prune([slim])
    assert set(removed) == {old.layout, dropped.layout}
    assert world.bases().listed() == [kept]


def test_no_mirror_and_no_base_is_exit_5(world: World, slim: Wanted) -> None:
    world.code = 404
    with pytest.raises(UnreachableError, match="has no suite bullseye"):
        world.bases().ensure(slim)
    assert world.commands == []


def test_a_captive_portal_is_not_a_release(world: World, slim: Wanted) -> None:
    world.release = b"<html>please log in</html>"
    with pytest.raises(UnreachableError, match="not a Release file"):
        world.bases().ensure(slim)


def test_an_architecture_that_cannot_be_executed(world: World, slim: Wanted) -> None:
    world.runs = False
    with pytest.raises(EnvironmentFailedError, match="cannot execute programs of linux/amd64"):
        world.bases().ensure(slim)


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("E: dpkg: write error: No space left on device", EnvironmentFailedError),
        ("W: GPG error: NO_PUBKEY 0123\nE: apt-get update failed", VerificationError),
        ("Err:1 Hash Sum mismatch", VerificationError),
        ("E: Unable to locate package libnothing", UnreachableError),
        ("E: Failed to fetch x  404  Not Found", UnreachableError),
        ("E: Could not resolve 'mirror'", UnreachableError),
        ("E: unable to pick chroot mode automatically", EnvironmentFailedError),
        ("E: something else", EnvironmentFailedError),
    ],
)
def test_failures_have_their_class_and_leave_nothing(
    world: World, slim: Wanted, output: str, kind: type[OrchestratorError]
) -> None:
    world.output, world.status = f"I: beginning\n{output}\nI: removing\n".encode(), 25
    with pytest.raises(kind) as caught:
        world.bases().ensure(slim)
    assert output.splitlines()[0].split(":", 1)[1].strip()[:12] in caught.value.message
    assert str(world.places.logs) in caught.value.message
    assert caught.value.mend
    assert world.scratch() == []
    assert world.bases().listed() == []


def test_cancelled(world: World, slim: Wanted) -> None:
    world.during = world.cancellation.cancel
    with pytest.raises(InterruptedRunError):
        world.bases().ensure(slim)
    assert world.scratch() == []


def test_what_a_killed_run_left_is_swept(world: World, slim: Wanted) -> None:
    left = world.places.bases / "scratch" / "base-left"
    (left / "mmdebstrap.x" / "etc").mkdir(parents=True)
    world.bases().ensure(slim)
    assert world.scratch() == []
    assert any("interrupted" in note for note in world.told.notes)


def test_a_registry_base_is_pulled_by_digest() -> None:
    from orchestrator.bases.model import How  # noqa: PLC0415

    digest = f"sha256:{hashlib.sha256(b'').hexdigest()}"
    base = Base(
        reference="debian:x",
        architecture="amd64",
        layout=None,
        digest=digest,
        built="",
        how=How.REGISTRY,
        size=0,
        seconds=0.0,
    )
    assert base.context == f"docker-image://debian:x@{digest}"
