"""`bump` against a server that plays the release site, with keys and signatures by the real gpg."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.cli.group import run
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.load import load_matrix
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.command_line import CommandLine
from tests.integration.release_site import ReleaseSite, answer, refuse, reset, serve
from tests.integration.signing import Signer, signer

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC)
YEAR = timedelta(days=365)


def tarball(release: str) -> bytes:
    """Bytes that stand for a release: what counts of a tarball here is its signature."""
    return f"Python {release}\n".encode() * 5000


@pytest.fixture(scope="module")
def gpg() -> Iterator[Signer]:
    with signer() as made:
        yield made


@pytest.fixture(scope="module")
def manager(gpg: Signer) -> str:
    """The key of a release manager, years old and valid."""
    return gpg.key("manager", at=NOW - 3 * YEAR)


@dataclass(kw_only=True)
class Bumps:
    """A matrix with the line 3.7 at 3.7.2, and calls of `bump` that look at a site."""

    root: Path
    site: ReleaseSite
    gpg: Signer
    capsys: pytest.CaptureFixture[str]
    words: tuple[str, ...] = ()
    before: bytes = b""
    err: str = ""
    document: Any = field(default=None)

    @property
    def matrix(self) -> Path:
        return self.root / "versions.json"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    def pin(self, key: str, *published: bytes) -> None:
        """Pin a key for the line, and publish keys on the site (none: that one)."""
        document = json.loads((ROOT / "versions.json").read_text())
        document["lines"] = {"3.7": document["lines"]["3.7"] | {"gpg_key": key}}
        self.matrix.write_text(json.dumps(document, indent=2))
        assert run(["render", "--matrix", str(self.matrix)]) == 0
        self.before = self.matrix.read_bytes()
        self.site.files["/ftp/python/KEYS"] = b"".join(published) if published else self.gpg.public(key)

    def release(self, release: str, key: str | None, *, at: datetime | None = None, file: str = "") -> None:
        """Put a whole, signed release on the site (no key: unsigned)."""
        signature = None if key is None else self.gpg.sign(key, tarball(release), at=at)
        number = release.partition("rc")[0]
        self.site.put(number, file or f"Python-{release}.tar.xz", tarball(release), signature)

    def __call__(self, *words: str, site: bool = True) -> int:
        self.capsys.readouterr()
        where = ("--source-url", self.site.address) if site else ()
        code = run(
            ["bump", "3.7", "--only", "release", "--json", "--matrix", str(self.matrix), *where, *self.words, *words]
        )
        told = self.capsys.readouterr()
        self.err = told.err
        self.document = json.loads(told.out) if told.out else None
        return code

    @property
    def pinned(self) -> str:
        """The release that the matrix has."""
        return str(json.loads(self.matrix.read_text())["lines"]["3.7"]["release"])

    @property
    def notes(self) -> str:
        return "\n".join(self.document["lines"][0]["notes"])

    def refused(self, code: int, *said: str, words: tuple[str, ...] = ()) -> None:
        """See that a bump ends with this code and these words, and leaves everything as it was."""
        assert self(*words) == code, self.err
        for text in said:
            assert text in self.err
        assert "Traceback" not in self.err
        assert self.matrix.read_bytes() == self.before
        assert run(["render", "--check", "--matrix", str(self.matrix)]) == 0
        stored = Places.from_environment().downloads / "sha256"
        assert not list(stored.glob("*/*")), "something that was not verified is in the store"
        assert not list(self.temporary.iterdir()), "a keyring was left behind"


@pytest.fixture
def bumps(
    tmp_path: Path, gpg: Signer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Bumps]:
    # A gpg that had to be fetched for the keys is the one that verifies.
    fetched = Places.from_environment().cache / "gpg"
    fetched.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / "orchestrator").mkdir(parents=True)
    (tmp_path / "cache" / "orchestrator" / "gpg").symlink_to(fetched)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)  # it is looked up once in a process
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "no-keyring"))
    shutil.copytree(ROOT / "dockerfile-templates", tmp_path / "dockerfile-templates")
    with serve() as site:
        yield Bumps(root=tmp_path, site=site, gpg=gpg, capsys=capsys)


def test_the_newest_complete_release_is_taken_once_and_builds_find_it(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    for release in ("3.7.1", "3.7.2", "3.7.3", "3.7.9", "3.7.10", "3.7.11rc1", "3.7.12rc2", "3.8.1", "3.6.99"):
        bumps.release(release, manager)
    bumps.release("3.7.4", None)
    assert bumps("--dry-run") == 0, bumps.err
    assert bumps.matrix.read_bytes() == bumps.before
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.10"
    assert "3.7.11rc1" in bumps.notes
    assert bumps.document["lines"][0]["seen"]["listing"] == "3.7.10"
    assert bumps.site.fetched(".tar.xz") == 1
    (line,) = load_matrix(bumps.matrix).lines

    def nobody(_: httpx.Request) -> httpx.Response:
        raise AssertionError("the tarball is fetched again")

    inputs = Inputs(
        places=Places.from_environment(),
        progress=Silent(),
        mirror=None,
        client=httpx.Client(transport=httpx.MockTransport(nobody)),
    )
    stored = inputs.source(line)
    assert (stored.directory / "Python-3.7.10.tar.xz").read_bytes() == tarball("3.7.10")
    assert run(["render", "--check", "--matrix", str(bumps.matrix)]) == 0


def test_candidates_are_taken_where_they_are_asked_for(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    bumps.release("3.7.4rc1", manager)
    assert bumps("--check") == 1
    assert bumps.document["lines"][0]["to"] == "3.7.3"
    assert bumps("--pre") == 0, bumps.err
    assert bumps.pinned == "3.7.4rc1"
    bumps.release("3.7.4", manager)
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.4"


def test_exactly_one_release_up_or_down(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    for release in ("3.7.1", "3.7.3", "3.7.4"):
        bumps.release(release, manager)
    bumps.refused(5, "3.7.5", words=("--to", "3.7.5"))
    bumps.refused(2, "3.8.0", words=("--to", "3.8.0"))
    assert bumps("--to", "3.7.3") == 0, bumps.err
    assert bumps.pinned == "3.7.3"
    assert bumps("--to", "3.7.1") == 0, bumps.err
    assert bumps.pinned == "3.7.1"
    assert "3.7.1 is older than 3.7.3" in bumps.notes


@pytest.mark.parametrize("missing", ["signature", "tarball"])
def test_what_is_not_complete_is_passed_over(bumps: Bumps, manager: str, missing: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.4", manager)
    file = "Python-3.7.4.tar.xz" + (".asc" if missing == "signature" else "")
    del bumps.site.files[f"/ftp/python/3.7.4/{file}"]
    bumps.refused(5, "3.7.4", "has no")
    bumps.release("3.7.3", manager)
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"
    assert "passed over" in bumps.notes
    assert "3.7.4" in bumps.notes


def test_a_listed_file_that_is_gone_is_missing(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)

    def gone(request: BaseHTTPRequestHandler, _: int) -> bool:
        if request.path.endswith(".tar.xz"):
            refuse(request, 404)
            return True
        return False

    bumps.site.trouble = gone
    bumps.refused(5, "3.7.3", "404")


def test_a_tarball_that_is_too_short_where_it_lies(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    bumps.release("3.7.4", manager)
    path = "/ftp/python/3.7.4/Python-3.7.4.tar.xz"
    bumps.site.files[path] = bumps.site.files[path][:-100]
    # Never the older one in its place: somebody has to look at this.
    bumps.refused(6, "Python-3.7.4.tar.xz", "is bad")


def test_a_tarball_that_breaks_off_on_its_way(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)

    def broken(request: BaseHTTPRequestHandler, before: int) -> bool:
        if request.command == "GET" and request.path.endswith(".tar.xz") and before < broken_times:
            answer(request, tarball("3.7.3"), sent=1000)
            return True
        return False

    bumps.site.trouble, broken_times = broken, 99
    bumps.refused(5, "the connection broke off")
    broken_times = 0
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"


def test_a_signature_of_another_file(bumps: Bumps, manager: str, gpg: Signer) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    bumps.site.files["/ftp/python/3.7.3/Python-3.7.3.tar.xz.asc"] = gpg.sign(manager, b"something else")
    bumps.refused(6, "is bad", manager)


def test_what_is_no_signature(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    bumps.site.files["/ftp/python/3.7.3/Python-3.7.3.tar.xz.asc"] = b"<html>Please log in</html>"
    bumps.refused(6, "no detached PGP signature")


def test_a_message_that_brings_its_own_text(bumps: Bumps, manager: str, gpg: Signer) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    signed = gpg._run("--armor", "--local-user", manager, "--sign", stdin=b"anything").stdout
    disguised = signed.replace(b"PGP MESSAGE", b"PGP SIGNATURE")
    bumps.site.files["/ftp/python/3.7.3/Python-3.7.3.tar.xz.asc"] = disguised
    bumps.refused(6, "no detached PGP signature")


def test_a_good_signature_by_another_key(bumps: Bumps, manager: str, gpg: Signer) -> None:
    other = gpg.key("other")
    bumps.pin(manager, gpg.public(manager, other))
    bumps.release("3.7.3", other)
    bumps.refused(6, manager, other)


def test_several_signatures_of_one_file(bumps: Bumps, manager: str, gpg: Signer) -> None:
    other = gpg.key("another")
    bumps.pin(manager, gpg.public(other, manager))
    data, asc = tarball("3.7.3"), "/ftp/python/3.7.3/Python-3.7.3.tar.xz.asc"
    bumps.release("3.7.3", None)
    bumps.site.files[asc] = gpg.sign(other, data) + gpg.sign(manager, b"something else") + gpg.sign(manager, data)
    bumps.refused(6, "is bad")
    bumps.site.files[asc] = gpg.sign(other, data) + gpg.sign(manager, data)
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"


def test_a_signature_without_armor(bumps: Bumps, manager: str, gpg: Signer) -> None:
    bumps.pin(manager)
    asc = "/ftp/python/3.7.3/Python-3.7.3.tar.xz.asc"
    bumps.release("3.7.3", None)
    binary = gpg.sign(manager, tarball("3.7.3"), words=("--no-armor",))
    assert b"BEGIN" not in binary
    bumps.site.files[asc] = gpg.sign(manager, b"something else", words=("--no-armor",))
    bumps.refused(6, "is bad")
    bumps.site.files[asc] = gpg._run("--local-user", manager, "--sign", stdin=b"anything").stdout
    bumps.refused(6, "no detached PGP signature")
    bumps.site.files[asc] = binary
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"


def test_a_revoked_key(bumps: Bumps, gpg: Signer) -> None:
    key = gpg.key("revoked", at=NOW - 3 * YEAR)
    bumps.pin(key)
    bumps.release("3.7.3", key, at=NOW - 2 * YEAR)
    gpg.revoke(key)
    bumps.site.files["/ftp/python/KEYS"] = gpg.public(key)
    bumps.refused(6, "revoked", key)


def test_a_signature_from_before_its_key_expired_counts_and_one_from_after_does_not(bumps: Bumps, gpg: Signer) -> None:
    key = gpg.key("expired", at=NOW - 4 * YEAR)
    bumps.pin(key)
    bumps.release("3.7.3", key, at=NOW - 3 * YEAR)
    bumps.release("3.7.4", key, at=NOW - 1 * YEAR)
    gpg.expire(key, NOW - 2 * YEAR, at=NOW - 3 * YEAR)
    bumps.site.files["/ftp/python/KEYS"] = gpg.public(key)
    bumps.refused(6, "after the key", f"{NOW - 2 * YEAR:%Y-%m-%d}")
    assert bumps("--to", "3.7.3") == 0, bumps.err
    assert bumps.pinned == "3.7.3"
    assert f"expired on {NOW - 2 * YEAR:%Y-%m-%d}" in bumps.notes


def test_a_fresher_copy_of_an_expired_key_is_looked_for(bumps: Bumps, gpg: Signer, tmp_path: Path) -> None:
    key = gpg.key("extended", at=NOW - 4 * YEAR)
    bumps.pin(key)
    gpg.expire(key, NOW - 2 * YEAR, at=NOW - 3 * YEAR)
    (tmp_path / "old.asc").write_bytes(gpg.public(key))
    gpg.expire(key, NOW + 2 * YEAR, at=NOW - 2 * YEAR - timedelta(days=9))
    bumps.site.files["/ftp/python/KEYS"] = gpg.public(key)
    bumps.release("3.7.3", key, at=NOW - 1 * YEAR)
    bumps.words = ("--key", str(tmp_path / "old.asc"))
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"
    assert "expired" not in bumps.notes


def test_subkeys_sign_and_expire_like_keys(bumps: Bumps, gpg: Signer) -> None:
    key = gpg.key("subkeys", at=NOW - 4 * YEAR)
    early = gpg.subkey(key, at=NOW - 4 * YEAR, expires=NOW - 2 * YEAR)
    bumps.pin(key)
    bumps.release("3.7.3", early, at=NOW - 3 * YEAR)
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"
    assert f"expired on {NOW - 2 * YEAR:%Y-%m-%d}" in bumps.notes


def test_weak_digests(bumps: Bumps, gpg: Signer) -> None:
    gpg._run("--quick-gen-key", "weak <weak@example.com>", "rsa2048", "sign", "0")
    key = next(iter(gpg._fingerprints() & set(_of(gpg, "weak"))))
    bumps.pin(key)
    data = tarball("3.7.3")
    md5 = gpg.sign(key, data, words=("--digest-algo", "MD5", "--allow-weak-digest-algos"))
    bumps.site.put("3.7.3", "Python-3.7.3.tar.xz", data, md5)
    bumps.refused(6, "MD5")
    bumps.site.put("3.7.3", "Python-3.7.3.tar.xz", data, gpg.sign(key, data, words=("--digest-algo", "SHA1")))
    assert bumps() == 0, bumps.err
    assert "SHA-1" in bumps.notes


def _of(gpg: Signer, owner: str) -> list[str]:
    listing = gpg._run("--with-colons", "--list-keys", owner).stdout.decode()
    return [line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr")]


def test_a_signature_that_has_expired(bumps: Bumps, manager: str, gpg: Signer) -> None:
    bumps.pin(manager)
    data = tarball("3.7.3")
    early = gpg.sign(manager, data, at=NOW - 2 * YEAR, words=("--default-sig-expire", "30d"))
    bumps.site.put("3.7.3", "Python-3.7.3.tar.xz", data, early)
    bumps.refused(6, "has expired")


def test_a_key_that_nobody_has(bumps: Bumps, gpg: Signer) -> None:
    key, other = gpg.key("lost"), gpg.key("stranger")
    bumps.pin(key, gpg.public(other))
    bumps.release("3.7.3", key)
    bumps.refused(5, key, "/ftp/python/KEYS", "--key FILE")


def test_a_key_that_carries_the_pinned_one_as_its_subkey(bumps: Bumps, gpg: Signer) -> None:
    key = gpg.key("carrier", at=NOW - 2 * YEAR)
    carried = gpg.subkey(key, at=NOW - 1 * YEAR)
    bumps.pin(carried, gpg.public(key))
    bumps.release("3.7.3", carried)
    bumps.refused(5, carried)


Given = Callable[[Path, bytes, str], tuple[str, ...]]


def _file(root: Path, key: bytes, _: str) -> tuple[str, ...]:
    (root / "manager.asc").write_bytes(key)
    return "--key", str(root / "manager.asc")


def _directory(root: Path, key: bytes, _: str) -> tuple[str, ...]:
    (root / "given").mkdir()
    (root / "given" / "README.txt").write_text("keys")
    (root / "given" / "manager.txt").write_bytes(key)
    return "--key", str(root / "given")


def _beside_the_matrix(root: Path, key: bytes, fingerprint: str) -> tuple[str, ...]:
    (root / "keys").mkdir()
    (root / "keys" / f"{fingerprint}.asc").write_bytes(key)
    return ()


@pytest.mark.parametrize("given", [_file, _directory, _beside_the_matrix])
def test_keys_that_lie_on_this_host(bumps: Bumps, manager: str, gpg: Signer, given: Given) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    del bumps.site.files["/ftp/python/KEYS"]
    bumps.words = given(bumps.root, gpg.public(manager), manager)
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"
    assert bumps.site.fetched("/KEYS") == 0


def test_the_users_own_keyring_is_read_and_not_touched(
    bumps: Bumps, manager: str, gpg: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    del bumps.site.files["/ftp/python/KEYS"]
    home = bumps.root / "own"
    home.mkdir(mode=0o700)
    shutil.copy(gpg.home / "pubring.kbx", home)
    monkeypatch.setenv("GNUPGHOME", str(home))
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in home.iterdir()}
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in home.iterdir()} == before


def test_an_address_of_a_key(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    bumps.site.files["/elsewhere/key.asc"] = bumps.site.files.pop("/ftp/python/KEYS")
    bumps.words = ("--key", f"http://127.0.0.1:{bumps.site.port}/elsewhere/key.asc")
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"


def test_a_key_file_that_is_not_there(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    bumps.refused(2, "nowhere.asc", words=("--key", str(bumps.root / "nowhere.asc")))


def test_redirects_are_followed_and_told(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)
    for path in list(bumps.site.files):
        bumps.site.files[path.replace("/ftp/", "/mirror/", 1)] = bumps.site.files.pop(path)

    def moved(request: BaseHTTPRequestHandler, _: int) -> bool:
        if not request.path.startswith("/ftp/"):
            return False
        refuse(request, 302, Location=request.path.replace("/ftp/", "/mirror/", 1))
        return True

    bumps.site.trouble = moved
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"
    assert "/mirror/python/3.7.3/Python-3.7.3.tar.xz" in bumps.notes


def test_a_site_that_stumbles_is_asked_again(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)

    def stumbling(request: BaseHTTPRequestHandler, before: int) -> bool:
        if before == 0:
            refuse(request, 503)
        elif before == 1:
            reset(request)
        return before < 2

    bumps.site.trouble = stumbling
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"


def test_a_site_that_only_refuses(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)

    def closed(request: BaseHTTPRequestHandler, _: int) -> bool:
        refuse(request, 503, **{"Retry-After": "3600"})
        return True

    bumps.site.trouble = closed
    bumps.refused(5, "503", bumps.site.address)


def test_a_slow_site_is_waited_for(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)

    def slow(request: BaseHTTPRequestHandler, _: int) -> bool:
        time.sleep(0.2)
        if request.command != "GET" or not request.path.endswith(".tar.xz"):
            return False
        answer(request, tarball("3.7.3"), pause=0.3)
        return True

    bumps.site.trouble = slow
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"


def test_a_site_without_pages_delivers_what_is_named(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)

    def no_pages(request: BaseHTTPRequestHandler, _: int) -> bool:
        if request.path.endswith("/"):
            refuse(request, 403)
        return request.path.endswith("/")

    bumps.site.trouble = no_pages
    bumps.refused(5, "403")
    assert bumps("--to", "3.7.3") == 0, bumps.err
    assert bumps.pinned == "3.7.3"


def test_the_other_format_where_there_is_no_other(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager, file="Python-3.7.3.tgz")
    assert bumps() == 0, bumps.err
    source = json.loads(bumps.matrix.read_text())["lines"]["3.7"]["source"]
    assert source["format"] == "tgz"


@pytest.mark.parametrize("arranged", ["flat", "tree", "debian"])
def test_a_directory_is_the_only_source(bumps: Bumps, manager: str, gpg: Signer, arranged: str) -> None:
    bumps.pin(manager)
    given = bumps.root / "given"
    for release in ("3.7.3", "3.7.4rc1", "3.7.1"):
        directory = given / release if arranged == "tree" else given
        name = (
            f"Python-{release}.tar.xz"
            if arranged != "debian"
            else f"python3.7_{release.replace('rc', '~rc')}.orig.tar.xz"
        )
        directory.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(tarball(release))
        (directory / f"{name}.asc").write_bytes(gpg.sign(manager, tarball(release)))
    (given / "keys.txt").write_bytes(gpg.public(manager))
    assert bumps("--offline", str(given), site=False) == 0, bumps.err
    assert bumps.pinned == "3.7.3"
    assert bumps.site.asked == []


def test_a_directory_whose_name_is_no_text(bumps: Bumps, manager: str, gpg: Signer) -> None:
    bumps.pin(manager)
    given = bumps.root / os.fsdecode(b"\xff")
    given.mkdir()
    (given / "Python-3.7.3.tar.xz").write_bytes(tarball("3.7.3"))
    (given / "Python-3.7.3.tar.xz.asc").write_bytes(gpg.sign(manager, tarball("3.7.3")))
    (given / os.fsdecode(b"key-\xff.asc")).write_bytes(gpg.public(manager))
    command = CommandLine(environment=dict(os.environ), state=bumps.root / "state")
    done = command("bump", "3.7", "--only", "release", "--matrix", str(bumps.matrix), "--offline", str(given))
    assert done.code == 0, done.err
    assert f"from {bumps.root}/\\udcff/Python-3.7.3.tar.xz" in done.out
    assert bumps.pinned == "3.7.3"


def test_a_site_that_lists_everything_in_one_directory(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    for release in ("3.7.3", "3.7.5rc1"):
        bumps.release(release, manager)
    for path in [one for one in bumps.site.files if "Python-" in one]:
        bumps.site.files[f"/ftp/python/{path.rpartition('/')[2]}"] = bumps.site.files.pop(path)
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"


def test_ctrl_c_does_not_wait_for_a_server_that_stalls(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    asked = threading.Event()

    def stall(_request: BaseHTTPRequestHandler, _before: int) -> bool:
        asked.set()
        time.sleep(60)
        return True

    bumps.site.trouble = stall
    command = CommandLine(environment=dict(os.environ), state=bumps.root / "state")
    running = command.start(
        "bump", "3.7", "--only", "release", "--matrix", str(bumps.matrix), "--source-url", bumps.site.address,
        err=bumps.root / "err",
    )  # fmt: skip
    assert asked.wait(30)
    time.sleep(0.3)
    code, seconds = running.interrupt()
    assert (code, seconds < 12) == (130, True), running.err
    assert "Traceback" not in running.err
    assert bumps.matrix.read_bytes() == bumps.before


def test_ctrl_c_leaves_the_old_matrix_and_nothing_that_was_not_verified(bumps: Bumps, manager: str) -> None:
    bumps.pin(manager)
    bumps.release("3.7.3", manager)

    def slow(request: BaseHTTPRequestHandler, _: int) -> bool:
        if request.command == "GET" and request.path.endswith(".tar.xz"):
            answer(request, tarball("3.7.3"), pause=5.0)
            return True
        return False

    bumps.site.trouble = slow
    command = CommandLine(environment=dict(os.environ), state=bumps.root / "state")
    running = command.start(
        "bump", "3.7", "--only", "release", "--matrix", str(bumps.matrix), "--source-url", bumps.site.address,
        err=bumps.root / "err",
    )  # fmt: skip
    running.wait_for("fetching Python-3.7.3.tar.xz", seconds=30)
    time.sleep(0.5)
    code, seconds = running.interrupt()
    assert (code, seconds < 15) == (130, True), running.err
    assert "Traceback" not in running.err
    assert bumps.matrix.read_bytes() == bumps.before
    assert not list(bumps.temporary.iterdir()), "a keyring was left behind"
    assert not list((Places.from_environment().downloads / "sha256").glob("*/*"))
    bumps.site.trouble = lambda _request, _before: False
    assert bumps() == 0, bumps.err
    assert bumps.pinned == "3.7.3"
