from __future__ import annotations

import io
import lzma
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from orchestrator.bump.signature import packaging, program
from orchestrator.bump.signature.keyring import Keyring
from orchestrator.bump.signature.packaging import signing_key
from orchestrator.bump.signature.program import Gpg, find_gpg
from orchestrator.bump.signature.sources import KeySource, KeySources
from orchestrator.bump.signature.status import Result, read_keys, read_signatures
from orchestrator.bump.signature.verdict import Verdict, judge
from orchestrator.bump.signature.verify import Verifier
from orchestrator.errors import EnvironmentFailedError, UnreachableError, UsageError, VerificationError
from orchestrator.inputs.transfer import Transfer, TransferError
from orchestrator.system.apt_sources import Mirror
from orchestrator.system.places import Places
from orchestrator.system.process import Command, Completed
from orchestrator.system.progress import Silent

KEY = "7169605F62C751356D054A26A821E680E5FA6305"
OTHER = "25B74A5081489489BE2A45D698F0C4E92DF8062E"
#: What gpg 2.2.40 said of CPython 3.13.5 and of the key in Debian's packaging of it, in November 2026.
LISTING = f"""tru::1:1795644926:0:3:1:5
pub:e:4096:1:A821E680E5FA6305:1426072182:1782998657::-:::sc::::::23::0:
fpr:::::::::{KEY}:
uid:e::::1664833397::7F54460F1293AF7E9D29D11EE27DE2F8E6DB609A::Thomas Wouters <thomas@python.org>::::::::::0:
uid:e::::1664833391::5684DD41423857183CED440CDC1193FF82FF3C0B::Thomas Wouters <thomas@xs4all.nl>::::::::::0:
sub:e:4096:1:22EF7ACB211508C5:1426072182:1782998671:::::e::::::23:
fpr:::::::::2770054CA07604BEC801EE7222EF7ACB211508C5:
"""
EXPIRED = f"""[GNUPG:] NEWSIG
[GNUPG:] KEYEXPIRED 1782998657
[GNUPG:] KEY_CONSIDERED {KEY} 0
[GNUPG:] SIG_ID 70NlS1OaYV1r1Z2Lg4p0fV2C8Rg 2025-06-11 1749663954
[GNUPG:] EXPKEYSIG A821E680E5FA6305 Thomas Wouters <thomas@python.org>
[GNUPG:] NOTATION_NAME issuer-fpr@notations.openpgp.fifthhorseman.net
[GNUPG:] VALIDSIG {KEY} 2025-06-11 1749663954 0 4 0 1 10 00 {KEY}
"""
GOOD = EXPIRED.replace("EXPKEYSIG", "GOODSIG").replace("[GNUPG:] KEYEXPIRED 1782998657\n", "")
BAD = "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG A821E680E5FA6305 Thomas Wouters <thomas@python.org>\n"
ABSENT = f"[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 98F0C4E92DF8062E 1 8 00 1795645746 9 {OTHER}\n[GNUPG:] NO_PUBKEY 98F0C4E92DF8062E\n"
MD5 = f"[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG A821E680E5FA6305 1 1 00 1795645746 5 {KEY}\n"


def judged(status: str, listing: str = LISTING) -> Verdict:
    (key,) = read_keys(listing)
    return judge(read_signatures(status), key, KEY)


def test_keys_are_read_with_their_parts() -> None:
    (key,) = read_keys(LISTING)
    assert (key.primary.fingerprint, key.owner) == (KEY, "Thomas Wouters <thomas@python.org>")
    assert key.primary.expires == datetime(2026, 7, 2, 13, 24, 17, tzinfo=UTC)
    assert [one.fingerprint for one in key.subkeys] == ["2770054CA07604BEC801EE7222EF7ACB211508C5"]
    (revoked,) = read_keys(LISTING.replace("pub:e", "pub:r").replace("1782998657", ""))
    assert (revoked.primary.revoked, revoked.primary.expires) == (True, None)
    assert read_keys("tru::1:\nfpr:::::::::X:\n") == ()


def test_signatures_are_read_with_who_made_them_and_when() -> None:
    (seen,) = read_signatures(EXPIRED)
    assert (seen.result, seen.primary, seen.digest, seen.kind) == (Result.EXPIRED_KEY, KEY, 10, "00")
    assert seen.made == datetime(2025, 6, 11, 17, 45, 54, tzinfo=UTC)
    assert [one.result for one in read_signatures(GOOD + BAD + ABSENT)] == [Result.GOOD, Result.BAD, Result.ERROR]
    assert read_signatures("") == ()
    assert read_signatures("gpg: GOODSIG\n[GNUPG:]\n[GNUPG:] NODATA 4\n") == ()
    # A name cannot pass for a status: it is on the same line.
    assert len(read_signatures("[GNUPG:] BADSIG A821 [GNUPG:] GOODSIG B\n")) == 1
    for end in "\x0b\x0c\x1c\x85\u2028\u2029":
        assert (
            len(read_signatures(f"[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG A821 x{end}{GOOD.replace(chr(10), end)}\n")) == 1
        )
    assert read_signatures("[GNUPG:] PLAINTEXT 62 0 \n" + GOOD) == ()


def test_a_good_signature_by_the_pinned_key() -> None:
    verdict = judged(GOOD)
    assert verdict.signature is not None
    assert (verdict.signature.fingerprint, verdict.signature.note) == (KEY, "")


def test_a_key_that_expired_after_it_had_signed() -> None:
    verdict = judged(EXPIRED)
    assert verdict.signature is not None
    assert verdict.signature.note == f"the key {KEY} expired on 2026-07-02, after it had signed on 2025-06-11"


def test_a_subkey_counts_by_its_own_end() -> None:
    sub = "2770054CA07604BEC801EE7222EF7ACB211508C5"
    by_subkey = EXPIRED.replace(f"VALIDSIG {KEY}", f"VALIDSIG {sub}")
    assert judged(by_subkey).signature is not None
    ended = judged(by_subkey, LISTING.replace("1782998671", "1749663954"))
    assert (ended.signature, ended.final) == (None, False)
    assert "2025-06-11, after the key" in ended.reason


@pytest.mark.parametrize(
    ("status", "said", "final"),
    [
        (EXPIRED.replace("1749663954", "1782998657"), "after the key", False),
        (EXPIRED.replace("1749663954", ""), "", False),
        (BAD, "is bad", True),
        (GOOD + BAD, "is bad", True),
        (GOOD.replace("GOODSIG", "REVKEYSIG"), "revoked", True),
        (GOOD + GOOD.replace("GOODSIG", "REVKEYSIG"), "revoked", True),
        (GOOD.replace("GOODSIG", "EXPSIG"), "has expired", False),
        (ABSENT, OTHER, False),
        (GOOD.replace(f" 00 {KEY}", f" 00 {OTHER}"), OTHER, False),
        (GOOD.replace(" 10 00 ", " 1 00 "), "MD5", False),
        (GOOD.replace(" 10 00 ", " 3 00 "), "RIPEMD-160", False),
        (GOOD.replace(" 10 00 ", " 99 00 "), "99", False),
        (GOOD.replace(" 10 00 ", " 10 13 "), "not one of a file", False),
        (GOOD.replace(" 10 00 ", " 10 01 "), "not one of a file", False),
        (MD5, "MD5", False),
        (MD5.replace(" 1 1 00", " 1 8 00"), "reason 5", False),
        (GOOD.split("[GNUPG:] VALIDSIG", maxsplit=1)[0], "pins", False),
    ],
)
def test_what_does_not_count(status: str, said: str, *, final: bool) -> None:
    verdict = judged(status)
    assert (verdict.signature, verdict.final) == (None, final)
    assert said in verdict.reason


def test_one_good_signature_among_others_is_enough() -> None:
    assert judged(ABSENT + GOOD + MD5).signature is not None
    both = judged(ABSENT + MD5)
    assert OTHER in both.reason
    assert "MD5" in both.reason


def test_sha1_is_told() -> None:
    verdict = judged(GOOD.replace(" 10 00 ", " 2 00 "))
    assert verdict.signature is not None
    assert "SHA-1" in verdict.signature.note


@dataclass
class FakeGpg:
    """A gpg whose keyrings are files of lines `FINGERPRINT DATA`; what it says of signatures is by the key's data."""

    says: dict[str, str] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)

    def __call__(self, command: Command, /) -> Completed:
        self.commands.append(command)
        words = command.argv
        ring = Path(words[words.index("--keyring") + 1])
        lines = set(ring.read_text().splitlines()) if ring.exists() else set()
        out = ""
        if "--import" in words:
            ring.write_text("\n".join(sorted(lines | set((command.stdin or b"").decode().splitlines()))))
        elif "--export" in words:
            out = "\n".join(sorted(one for one in lines if words[-1] in one.split()[0]))
        elif "--list-keys" in words:
            primaries = sorted({one.split()[0].split("/")[0] for one in lines})
            out = "".join(f"pub:u::::::\nfpr:::::::::{one}:\n" for one in primaries)
        elif "--verify" in words:
            out = next((said for data, said in self.says.items() if any(data in one for one in lines)), "")
        return Completed(command=command, status=0, stdout=out.encode(), stderr=b"", seconds=0.0)


ASC = "-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n"


@dataclass
class Desk:
    """A keyring with a fake gpg, and files to verify."""

    root: Path
    gpg: FakeGpg

    @property
    def keyring(self) -> Keyring:
        return Keyring(gpg=Gpg(program=Path("/gpg"), runner=self.gpg), home=self.root, pinned=KEY)

    def verifier(self, *sources: bytes | Exception, keyring: Keyring | None = None) -> Verifier:
        def read(data: bytes | Exception) -> Callable[[], bytes]:
            def give() -> bytes:
                if isinstance(data, Exception):
                    raise data
                return data

            return give

        named = iter([KeySource(name=f"source {number}", read=read(one)) for number, one in enumerate(sources)])
        return Verifier(keyring=keyring or self.keyring, sources=named, progress=Silent())

    def check(self, verifier: Verifier, asc: str = ASC) -> str:
        (self.root / "x.asc").write_text(asc)
        (self.root / "x").touch()
        return verifier.check(self.root / "x", self.root / "x.asc", what="http://h/x").note


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(
        root=tmp_path,
        gpg=FakeGpg(
            says={
                "fresh": GOOD,
                "old": EXPIRED.replace("1749663954", "1782998657"),
                "revoked": GOOD.replace("GOODSIG", "REVKEYSIG"),
            }
        ),
    )


def test_only_the_pinned_key_comes_into_the_ring(desk: Desk) -> None:
    keyring = desk.keyring
    assert not keyring.add(f"{OTHER} data".encode())
    assert keyring.key is None
    assert keyring.add(f"{OTHER} data\n{KEY} fresh".encode())
    assert (desk.root / "pinned.kbx").read_text() == f"{KEY} fresh"
    assert not keyring.add(f"{KEY} fresh".encode())
    assert keyring.add(f"{KEY} more".encode())
    assert (desk.root / "pinned.kbx").read_text() == f"{KEY} fresh\n{KEY} more"
    # Nothing of the user's configuration, and no network.
    assert all(
        {"--no-options", "--batch", "--no-autostart", "--disable-dirmngr"} <= set(one.argv) for one in desk.gpg.commands
    )


def test_a_key_that_carries_the_pinned_one_is_another_key(desk: Desk) -> None:
    keyring = desk.keyring
    assert not keyring.add(f"{OTHER}/{KEY} fresh".encode())
    assert keyring.key is None


def test_sources_are_asked_until_one_settles_it(desk: Desk) -> None:
    fresh, old = f"{KEY} fresh".encode(), f"{KEY} old".encode()
    assert desk.check(desk.verifier(TransferError("404"), OSError("gone"), fresh, AssertionError("asked"))) == ""
    (desk.root / "pinned.kbx").unlink()
    assert desk.check(desk.verifier(old, fresh)) == ""


def test_a_revocation_settles_it(desk: Desk) -> None:
    with pytest.raises(VerificationError, match="revoked"):
        desk.check(desk.verifier(f"{KEY} revoked".encode(), AssertionError("asked")))


def test_an_expired_key_is_refused_when_nobody_has_a_fresher_one(desk: Desk) -> None:
    with pytest.raises(VerificationError, match="http://h/x: it was signed on 2026-07-02, after"):
        desk.check(desk.verifier(f"{KEY} old".encode(), TransferError("404"), f"{OTHER} x".encode()))


def test_a_key_that_nobody_has_is_told_with_all_who_were_asked(desk: Desk) -> None:
    with pytest.raises(UnreachableError) as caught:
        desk.check(desk.verifier(TransferError("404 Not Found"), OSError(13, "Permission denied"), b""))
    assert "source 0: 404 Not Found\n" in caught.value.message
    assert "source 1: Permission denied\n" in caught.value.message
    assert "source 2: does not have it" in caught.value.message
    assert "--key FILE" in caught.value.mend
    with pytest.raises(UnreachableError, match="nobody"):
        desk.check(desk.verifier())


def test_a_second_file_is_checked_with_the_key_that_is_there(desk: Desk) -> None:
    verifier = desk.verifier(f"{KEY} fresh".encode())
    assert desk.check(verifier) == ""
    assert desk.check(verifier) == ""


@pytest.mark.parametrize("asc", ["", "<html>", "-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n"])
def test_what_is_no_signature_is_refused(desk: Desk, asc: str) -> None:
    with pytest.raises(VerificationError, match="no detached PGP signature"):
        desk.check(desk.verifier(f"{KEY} fresh".encode()), asc)


def packed(name: str, data: bytes = b"key", kind: bytes = tarfile.REGTYPE, way: str = "xz") -> bytes:
    made = io.BytesIO()
    with tarfile.open(mode=f"w:{way}", fileobj=made) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo(name)
        member.size, member.type, member.linkname = len(data) if kind == tarfile.REGTYPE else 0, kind, "/etc/passwd"
        archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


@pytest.mark.parametrize("name", ["debian/upstream/signing-key.asc", "./debian/upstream/signing-key.pgp"])
def test_the_key_is_read_out_of_debians_packaging(name: str) -> None:
    for way in ("xz", "gz", "bz2"):
        assert signing_key(packed(name, way=way)) == b"key"


def test_packaging_takes_no_more_memory_than_a_key_is_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    nested = header.tobuf(tarfile.USTAR_FORMAT)
    with pytest.raises(TransferError, match="packaging cannot be read"):
        signing_key(lzma.compress(nested))
    header.size = 0
    with pytest.raises(TransferError, match="packaging cannot be read"):
        signing_key(lzma.compress(header.tobuf(tarfile.USTAR_FORMAT) * 2000))
    monkeypatch.setattr(packaging, "_UNPACKED", 1 << 20)
    with pytest.raises(TransferError, match="more than 1048576 bytes"):
        signing_key(packed("big", bytes(1 << 20)))


@pytest.mark.parametrize(
    "archive",
    [
        packed("debian/changelog"),
        packed("/debian/upstream/signing-key.asc"),
        packed("debian/upstream/signing-key.asc", kind=tarfile.SYMTYPE),
        packed("debian/upstream/signing-key.asc")[:60],
        b"",
        b"\xfd7zXZ\x00 no archive",
    ],
)
def test_packaging_without_a_key_or_damaged_has_none(archive: bytes) -> None:
    with pytest.raises(TransferError, match="packaging"):
        signing_key(archive)


@dataclass
class Keys:
    """Sources over a table of addresses."""

    root: Path
    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    now: float = 0.0
    status: int = 404

    def sources(self, **words: object) -> KeySources:
        def respond(request: httpx.Request) -> httpx.Response:
            self.asked.append(str(request.url))
            page = self.pages.get(str(request.url))
            return httpx.Response(self.status) if page is None else httpx.Response(200, content=page)

        def sleep(seconds: float) -> None:
            self.now += seconds

        return KeySources(
            pinned=KEY,
            gpg=Gpg(program=Path("/gpg"), runner=FakeGpg()),
            transfer=Transfer(client=httpx.Client(transport=httpx.MockTransport(respond)), sleep=sleep),
            home=self.root,
            environment={"GNUPGHOME": str(self.root / "none")},
            clock=lambda: self.now,
            **words,  # type: ignore[arg-type]
        )

    def names(self, **words: object) -> list[str]:
        return [one.name for one in self.sources(**words).all()]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(root=tmp_path)


ARMORED = b"Keys of release managers:\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n"


def test_keys_are_asked_for_in_order(keys: Keys) -> None:
    root = keys.root
    (root / "keys").mkdir()
    (root / "keys" / f"{KEY}.asc").write_bytes(ARMORED)
    (root / "mine.asc").write_bytes(ARMORED)
    (root / "own").mkdir()
    (root / "own" / "pubring.kbx").touch()
    found = KeySources(
        pinned=KEY,
        gpg=Gpg(program=Path("/gpg")),
        transfer=keys.sources().transfer,
        home=root,
        given=(str(root / "mine.asc"), "https://h/k.asc", "https://h/k.asc"),
        root=root,
        beside=("https://h/p/x.asc", "https://h/k.asc"),
        site="https://h/ftp/python",
        environment={"GNUPGHOME": str(root / "own")},
    ).all()
    assert [one.name for one in found] == [
        str(root / "mine.asc"),
        "https://h/k.asc",
        f"your keyring {root / 'own' / 'pubring.kbx'}",
        str(root / "keys" / f"{KEY}.asc"),
        "https://h/p/x.asc",
        "https://h/ftp/python/KEYS",
        "https://h/ftp/python/pubkeys.txt",
        "https://h/static/files/pubkeys.txt",
        f"https://keys.openpgp.org/vks/v1/by-fingerprint/{KEY}",
        f"https://keyserver.ubuntu.com/pks/lookup?op=get&options=mr&search=0x{KEY}",
    ]
    assert keys.asked == []


def test_offline_there_are_only_files_with_keys_in_them(keys: Keys) -> None:
    files = {
        "a.asc": ARMORED,
        "signature.asc": b"-----BEGIN PGP SIGNATURE-----",
        "KEYS.txt": ARMORED,
        "binary.gpg": b"\x99\x02\x0d",
        "text.gpg": b"hello",
        "Python-3.7.3.tar.xz.asc": ARMORED,
        "python3.7_3.7.3-1.debian.tar.xz": packed("debian/upstream/signing-key.asc"),
        "notes.md": ARMORED,
    }
    for name, data in files.items():
        (keys.root / name).write_bytes(data)
    paths = sorted(keys.root.iterdir())
    found = {Path(one.name).name: one.read() for one in keys.sources(files=paths).all()}
    assert found == {
        "a.asc": ARMORED,
        "KEYS.txt": ARMORED,
        "binary.gpg": b"\x99\x02\x0d",
        "python3.7_3.7.3-1.debian.tar.xz": b"key",
    }
    assert keys.asked == []
    with pytest.raises(UsageError, match="no network"):
        keys.names(files=paths, given=("https://h/k.asc",))


def test_what_the_user_named_has_to_be_there(keys: Keys) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.asc"):
        keys.names(given=(str(keys.root / "nowhere.asc"),))


def test_packaging_beside_a_release_is_unpacked(keys: Keys) -> None:
    address = "http://m/pool/python3.7_3.7.3-1.debian.tar.xz"
    keys.pages[address] = packed("debian/upstream/signing-key.asc")
    first = next(keys.sources(beside=(address,)).all())
    assert first.read() == b"key"


def test_packaging_that_the_user_named_is_unpacked_as_well(keys: Keys) -> None:
    name = "python3.7_3.7.3-1.debian.tar.xz"
    (keys.root / name).write_bytes(packed("debian/upstream/signing-key.asc"))
    keys.pages[f"http://m/{name}"] = packed("debian/upstream/signing-key.asc")
    file, address, *_ = keys.sources(given=(str(keys.root / name), f"http://m/{name}")).all()
    assert (file.read(), address.read()) == (b"key", b"key")


def test_an_address_that_stumbles_has_limited_time(keys: Keys) -> None:
    keys.status = 503
    source = next(keys.sources(given=("https://h/k.asc",)).all())
    with pytest.raises(TransferError):
        source.read()
    assert keys.now <= 20


def test_a_file_that_is_too_long_is_not_read(keys: Keys) -> None:
    path = keys.root / "long.asc"
    with path.open("wb") as file:
        file.truncate((8 << 20) + 1)
    source = next(keys.sources(given=(str(path),)).all())
    with pytest.raises(OSError, match="more than"):
        source.read()


def test_the_hosts_gpg_is_taken_where_there_is_one(tmp_path: Path) -> None:
    places = Places(cache=tmp_path, state=tmp_path)
    assert find_gpg(places, Silent(), which=lambda _: "/usr/bin/gpg").program == Path("/usr/bin/gpg")
    with pytest.raises(EnvironmentFailedError) as caught:
        find_gpg(places, Silent(), which=lambda _: None, root=False)
    assert "install gnupg" in caught.value.mend


def test_an_unpacked_gpg_comes_with_its_libraries(tmp_path: Path) -> None:
    tree = tmp_path / "gpg" / "tree"
    for name in ("usr/bin/gpg", "usr/lib/x/libgcrypt.so.20", "lib/x/libreadline.so.8"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    found = find_gpg(Places(cache=tmp_path, state=tmp_path), Silent(), which=lambda _: None, root=True)
    environment = found.environment({"GNUPGHOME": "/mine", "LANGUAGE": "de", "HOME": "/h"})
    assert environment == {
        "HOME": "/h",
        "LC_ALL": "C.UTF-8",
        "LD_LIBRARY_PATH": f"{tree / 'lib/x'}:{tree / 'usr/lib/x'}",
    }


def test_a_gpg_is_unpacked_from_debians_packages_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    def fetch(packages: tuple[str, ...], *, suite: str, skip: re.Pattern[str], **_: object) -> tuple[Path, ...]:
        fetched.append(suite)
        named = ("libgcrypt20", "libgpg-error0", "libreadline8", "libsqlite3-0", "gpgconf", "libbz2-1.0", "libtinfo6")
        assert not [name for name in (*packages, *named) if skip.fullmatch(name)]
        assert all(skip.fullmatch(name) for name in ("libc6", "pinentry-curses", "libgtk-3-0", "gpgv", "libgcrypt-doc"))
        return (tmp_path / "gpg_1_amd64.deb",)

    def unpack(command: Command, /) -> Completed:
        tree = Path(command.argv[-1])
        for name in ("usr/bin/gpg", "usr/lib/x/libgcrypt.so.20"):
            (tree / name).parent.mkdir(parents=True)
            (tree / name).touch()
        return Completed(command=command, status=status, stdout=b"", stderr=b"no space", seconds=0.0)

    mirror = Mirror(url="http://m", codename="suite", components=("main",), keyring=None)
    monkeypatch.setattr(program, "fetch_packages", fetch)
    monkeypatch.setattr(program, "host_mirror", lambda: mirror)
    monkeypatch.setattr(program, "require_apt", lambda **_: None)

    def find() -> Gpg:
        places = Places(cache=tmp_path, state=tmp_path)
        which = {"apt-get": "/usr/bin/apt-get"}.get
        return find_gpg(places, Silent(), runner=unpack, which=which, root=True)

    status = 2
    with pytest.raises(EnvironmentFailedError, match="no space"):
        find()
    assert [one.name for one in (tmp_path / "gpg").iterdir()] == ["fetch.lock"]
    status = 0
    assert find().program.is_file()
    assert find().libraries == (tmp_path / "gpg" / "tree" / "usr" / "lib" / "x",)
    assert fetched == ["suite", "suite"]
