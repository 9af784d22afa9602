from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from orchestrator.bump import finding
from orchestrator.bump.finding import Finder, SourceSettings
from orchestrator.bump.signature.program import Gpg
from orchestrator.bump.tags import Tags
from orchestrator.errors import UnreachableError, UsageError, VerificationError
from orchestrator.matrix.model import Line, Matrix
from orchestrator.system.places import Places
from orchestrator.system.process import Command, Completed, Runner
from tests.unit.bump.test_signature import ASC, BAD, GOOD, KEY, FakeGpg
from tests.unit.inputs.fakes import Remembering, ranged

SITE = "https://www.python.org/ftp/python"


@dataclass
class World:
    """A release site, git tags and a gpg, all in memory."""

    root: Path
    files: dict[str, bytes | int] = field(default_factory=dict)
    tags: tuple[str, ...] | None = ()
    gpg: Runner = field(default_factory=lambda: FakeGpg(says={"good": GOOD, "bad": BAD}))
    told: Remembering = field(default_factory=Remembering)
    asked: list[str] = field(default_factory=list)
    moved: bool = False
    vanishes: str = ""

    def release(self, release: str, *endings: str, data: bytes = b"") -> None:
        number = release.partition("rc")[0]
        for ending in endings or ("", ".asc"):
            content = ASC.encode() if ending else data or f"tarball of {release}".encode()
            self.files[f"{SITE}/{number}/Python-{release}.tar.xz{ending}"] = content

    def respond(self, request: httpx.Request) -> httpx.Response:
        address = str(request.url)
        self.asked.append(f"{request.method} {address}")
        if request.method == "GET" and self.vanishes and address.endswith(self.vanishes):
            return httpx.Response(404)
        if self.moved and "/old/" not in address and address.endswith(".tar.xz"):
            return httpx.Response(302, headers={"Location": address.replace("/ftp/", "/old/ftp/")})
        content = self.files.get(address.replace("/old/", "/"), 404)
        if address.endswith("/") and content == 404:
            names = {
                one.removeprefix(address).split("/")[0] + "/" * ("/" in one.removeprefix(address))
                for one in self.files
                if one.startswith(address)
            }
            if names:
                return httpx.Response(200, text="".join(f'<a href="{one}">' for one in names))
        return httpx.Response(content) if isinstance(content, int) else ranged(content)(request)

    def run(self, command: Command, /) -> Completed:
        if "ls-remote" in command.argv:
            out = "".join(f"{'0' * 40}\trefs/tags/{tag}\n" for tag in self.tags or ())
            refused = self.tags is None
            return Completed(
                command=command,
                status=128 if refused else 0,
                stdout=out.encode(),
                stderr=b"fatal: no such host" * refused,
                seconds=0.0,
            )
        return self.gpg(command)

    def finder(self, **sources: object) -> Finder:
        return Finder(
            inputs_places=Places(cache=self.root / "cache", state=self.root / "state"),
            progress=self.told,
            sources=SourceSettings(**sources),  # type: ignore[arg-type]
            root=self.root,
            mirror=None,
            client=httpx.Client(transport=httpx.MockTransport(self.respond), follow_redirects=True),
            sleep=lambda _: None,
            runner=self.run,
        )

    def fetched(self) -> list[str]:
        return [one for one in self.asked if one.startswith("GET ") and one.endswith(".tar.xz")]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(root=tmp_path)
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "none"))
    monkeypatch.setattr("orchestrator.system.git.shutil.which", lambda _: "/git")
    monkeypatch.setattr(finding, "find_gpg", lambda *_, **__: Gpg(program=Path("/gpg"), runner=made.run))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / f"{KEY}.asc").write_text(f"{KEY} good")
    return made


@pytest.fixture
def line(matrix: Matrix) -> Line:
    found = next(line for line in matrix.lines if line.name == "3.7")
    return dataclasses.replace(found, gpg_key=KEY)


def test_the_newest_is_found_without_fetching_it(world: World, line: Line) -> None:
    world.tags = ("v3.7.3", "v3.7.4", "v3.7.5rc1", "v3.7.x", "nightly")
    for release in ("3.7.2", "3.7.3", "3.7.5rc1", "3.8.1"):
        world.release(release)
    found = world.finder().newest(line)
    assert found is not None
    assert (found.release, found.format, found.origin) == ("3.7.3", "tar.xz", f"{SITE}/3.7.3/Python-3.7.3.tar.xz")
    assert found.seen == {"listing": "3.7.3", "tags": "3.7.4"}
    assert found.notes == (f"{SITE}/3.7.5 has pre-releases only (3.7.5rc1)", "3.7.4 is tagged, not released yet")
    assert world.fetched() == []
    assert world.finder(prereleases=True).newest(line) == dataclasses.replace(
        found,
        release="3.7.5rc1",
        origin=f"{SITE}/3.7.5/Python-3.7.5rc1.tar.xz",
        seen={"listing": "3.7.5rc1", "tags": "3.7.5rc1"},
        notes=(),
    )


def test_a_line_that_has_the_newest_has_nothing_to_do(world: World, line: Line) -> None:
    world.release("3.7.2")
    world.release("3.7.3rc1")
    assert world.finder().newest(line) is None
    assert world.finder().verified(line) is None
    assert world.finder().verified(line, to="3.7.2") is None
    assert any("3.7.3rc1" in note for note in world.told.notes)


def test_tags_that_cannot_be_asked_are_told(world: World, line: Line) -> None:
    world.tags = None
    world.release("3.7.3")
    found = world.finder().newest(line)
    assert found is not None
    assert (found.seen["tags"], "no such host" in found.notes[-1]) == ("", True)


@pytest.mark.parametrize(
    ("sources", "asked"),
    [({}, True), ({"site": SITE}, False), ({"site": SITE, "tags": "https://git/x"}, True)],
)
def test_whose_tags_are_asked(world: World, line: Line, sources: dict[str, str], *, asked: bool) -> None:
    world.release("3.7.3")
    found = world.finder(**sources).newest(line)
    assert found is not None
    assert ("tags" in found.seen) is asked


def test_a_verified_release_is_in_the_store_and_not_fetched_again(world: World, line: Line) -> None:
    world.release("3.7.3")
    found = world.finder().verified(line)
    assert found is not None
    content = b"tarball of 3.7.3"
    assert (found.release, found.sha256) == ("3.7.3", hashlib.sha256(content).hexdigest())
    assert (found.stored.directory / "Python-3.7.3.tar.xz").read_bytes() == content
    assert found.signature.fingerprint == KEY
    assert world.finder().verified(line) == found
    assert len(world.fetched()) == 1


def _tarball(name: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:xz") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "told"),
    [("Python-3.7.3/README", False), ("./Python-3.7.3", False), ("README", False), ("Python-3.7.2/README", True)],
)
def test_a_tarball_of_another_release_is_told(world: World, line: Line, name: str, *, told: bool) -> None:
    world.release("3.7.3", data=_tarball(name))
    found = world.finder().verified(line)
    assert found is not None
    assert any("says inside that it is Python 3.7.2" in note for note in found.notes) is told


def test_a_tarball_that_was_replaced_is_fetched_again(world: World, line: Line) -> None:
    world.release("3.7.3")
    assert world.finder().verified(line) is not None
    world.release("3.7.3", data=b"made anew")
    verdicts = iter([BAD, GOOD])

    def run(command: Command, /) -> Completed:
        done = FakeGpg()(command)
        return dataclasses.replace(done, stdout=next(verdicts).encode()) if "--verify" in command.argv else done

    world.gpg = run
    found = world.finder().verified(line)
    assert found is not None
    assert found.sha256 == hashlib.sha256(b"made anew").hexdigest()


def test_redirects_are_told(world: World, line: Line) -> None:
    world.release("3.7.3")
    world.moved = True
    found = world.finder().verified(line)
    assert found is not None
    assert found.origin == f"{SITE.replace('/ftp/', '/old/ftp/')}/3.7.3/Python-3.7.3.tar.xz"
    assert any(found.origin in note for note in found.notes)


Broken = Callable[[World], None]


def _no_signature(world: World) -> None:
    world.release("3.7.4", "")


def _no_tarball(world: World) -> None:
    world.release("3.7.4", ".asc")


def _gone(world: World) -> None:
    world.release("3.7.4")
    world.files[f"{SITE}/3.7.4/Python-3.7.4.tar.xz.asc"] = 404


@pytest.mark.parametrize("broken", [_no_signature, _no_tarball, _gone])
def test_what_is_not_complete_is_passed_over_and_an_error_where_nothing_is_left(
    world: World, line: Line, broken: Broken
) -> None:
    broken(world)
    for look in (world.finder().newest, world.finder().verified):
        with pytest.raises(UnreachableError, match=r"3\.7\.4"):
            look(line)
    world.release("3.7.3")
    for look in (world.finder().newest, world.finder().verified):
        found = look(line)
        assert found is not None
        assert found.release == "3.7.3"
        assert found.seen["listing"] == "3.7.4"
        assert any("passed over" in note and "3.7.4" in note for note in found.notes)
    with pytest.raises(UnreachableError, match=r"3\.7\.4"):
        world.finder().verified(line, to="3.7.4")


def test_of_many_releases_that_are_not_complete_a_few_are_told(world: World, line: Line) -> None:
    for number in range(3, 43):
        world.release(f"3.7.{number}", "")
    with pytest.raises(UnreachableError, match="; and 35 more\n") as caught:
        world.finder().newest(line)
    assert caught.value.message.count("has no signature") == 5
    world.release("3.7.3")
    found = world.finder().newest(line)
    assert found is not None
    assert [note.partition(":")[0] for note in found.notes].count("passed over") == 6
    assert "passed over: 34 more" in found.notes


def test_what_may_be_there_is_not_passed_over(world: World, line: Line) -> None:
    world.release("3.7.3")
    world.release("3.7.4")
    world.files[f"{SITE}/3.7.4/Python-3.7.4.tar.xz"] = 503
    with pytest.raises(UnreachableError, match="503"):
        world.finder().verified(line)


def test_a_bad_signature_is_never_passed_over(world: World, line: Line) -> None:
    world.release("3.7.3")
    world.release("3.7.4")
    (world.root / "keys" / f"{KEY}.asc").write_text(f"{KEY} bad")
    with pytest.raises(VerificationError, match=r"3\.7\.4.*is bad"):
        world.finder().verified(line)
    downloads = world.root / "cache" / "inputs"
    assert not list(downloads.glob("sha256/*"))
    assert not list(downloads.glob("partial/*"))


@pytest.mark.parametrize("to", ["3.8.0", "3.7", "3.70.1", "3.7.x", "", "3.7.3; id", "3.7.3\n"])
def test_a_release_of_another_line_is_refused(world: World, line: Line, to: str) -> None:
    with pytest.raises(UsageError, match=r"not a release of 3\.7"):
        world.finder().verified(line, to=to)
    assert world.asked == []


def test_exactly_one_release_also_an_older_one(world: World, line: Line) -> None:
    for release in ("3.7.1", "3.7.3", "3.7.4", "3.7.5rc1"):
        world.release(release)
    world.tags = ("v3.7.4",)
    for to in ("3.7.3", "3.7.5rc1", "3.7.1"):
        found = world.finder().verified(line, to=to)
        assert found is not None
        assert found.release == to
        # The page was not looked at for the newest one: it says nothing of that.
        assert found.seen == {"listing": "", "tags": "3.7.4"}
        assert not any("is tagged" in note for note in found.notes)
    assert found is not None
    assert any("3.7.1 is older than 3.7.2" in note for note in found.notes)
    with pytest.raises(UnreachableError, match=r"3\.7\.9"):
        world.finder().verified(line, to="3.7.9")


def test_a_line_at_a_candidate_goes_to_the_release(world: World, line: Line) -> None:
    source = dataclasses.replace(line.source, url=f"{SITE}/3.7.3/Python-3.7.3rc1.tar.xz")
    early = dataclasses.replace(line, release="3.7.3rc1", source=source)
    world.release("3.7.3rc1")
    world.release("3.7.3rc2")
    assert world.finder().newest(early) is None
    world.release("3.7.3")
    found = world.finder().newest(early)
    assert found is not None
    assert found.release == "3.7.3"


def test_a_site_that_cannot_be_asked(world: World, line: Line) -> None:
    with pytest.raises(UnreachableError, match=r"python\.org/ftp/python cannot be asked for the releases of 3\.7: 404"):
        world.finder().newest(line)


def test_offline_nobody_is_asked(world: World, line: Line) -> None:
    given = world.root / "given"
    given.mkdir()
    (given / "python3.7_3.7.3.orig.tar.xz").write_bytes(b"tarball")
    (given / "python3.7_3.7.3.orig.tar.xz.asc").write_text(ASC)
    pooled = dataclasses.replace(line, source=dataclasses.replace(line.source, pool="pool/main/p/python3.7/x.tar.xz"))
    found = world.finder(offline=given).verified(pooled)
    assert found is not None
    assert (found.release, found.origin) == ("3.7.3", str(given / "python3.7_3.7.3.orig.tar.xz"))
    assert found.pool == "pool/main/p/python3.7/python3.7_3.7.3.orig.tar.xz"
    assert found.seen == {"listing": "3.7.3"}
    assert (given / "python3.7_3.7.3.orig.tar.xz").read_bytes() == b"tarball"
    assert world.asked == []


def test_tags_are_waited_for_so_long_and_no_longer(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def slow(command: Command, /) -> Completed:
        assert command.timeout is not None
        assert command.timeout <= 10
        over.wait(30)
        return Completed(command=command, status=0, stdout=b"", stderr=b"", seconds=0.0)

    monkeypatch.setattr("orchestrator.system.git.shutil.which", lambda _: "/git")
    tags = Tags(address="https://git/x", line=line, runner=slow)
    assert tags.wait() == ("", "")
    tags.start()
    newest, trouble = tags.wait(0.05)
    over.set()
    assert newest == ""
    assert trouble.startswith("the tags of https://git/x are not known: no answer")


def test_what_vanishes_between_two_questions_is_passed_over(world: World, line: Line) -> None:
    world.release("3.7.3")
    for ending in (".tar.xz", ".tar.xz.asc"):
        world.vanishes = f"/3.7.4/Python-3.7.4{ending}"
        world.release("3.7.4")
        found = world.finder().verified(line)
        assert found is not None
        assert found.release == "3.7.3"
        assert any(world.vanishes in note for note in found.notes)


def test_a_signature_that_cannot_be_read(world: World, line: Line) -> None:
    given = world.root / "given"
    given.mkdir()
    (given / "Python-3.7.3.tar.xz").touch()
    with (given / "Python-3.7.3.tar.xz.asc").open("wb") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(UnreachableError, match="more than"):
        world.finder(offline=given).verified(line)


def test_a_file_from_two_answers_that_is_wrong_is_fetched_once_more(world: World, line: Line) -> None:
    world.release("3.7.3")
    address = f"{SITE}/3.7.3/Python-3.7.3.tar.xz"
    key = hashlib.sha256(address.encode()).hexdigest()
    part = world.root / "cache" / "inputs" / "partial" / f"{key}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"from a former")
    part.with_suffix(".json").write_text(json.dumps({"address": address, "validator": ""}))
    verdicts = iter([BAD, GOOD])

    def run(command: Command, /) -> Completed:
        done = FakeGpg()(command)
        return dataclasses.replace(done, stdout=next(verdicts).encode()) if "--verify" in command.argv else done

    world.gpg = run
    found = world.finder().verified(line)
    assert found is not None
    assert (found.stored.directory / "Python-3.7.3.tar.xz").read_bytes() == b"tarball of 3.7.3"
    assert len(world.fetched()) == 2
    assert not list(part.parent.iterdir())
