from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentFailedError, UnreachableError, VerificationError
from orchestrator.system.apt import Mirror, fetch_packages, host_mirror, install_on_host
from orchestrator.system.process import Command, Completed
from tests.unit.engine.fakes import Answer, FakeRunner, Told

URL = "http://mirror.example/debian"
DEB822 = f"""\
# comment
Types: deb deb-src
URIs: {URL}/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /keys/debian-archive-keyring.gpg

Types: deb
URIs: {URL}-security
Suites: bookworm-security
Components: main
"""
Host = Callable[..., Mirror]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    def make(files: dict[str, str], release: str = "ID=debian\nVERSION_CODENAME=bookworm\n") -> Mirror:
        etc = tmp_path / "apt"
        (etc / "sources.list.d").mkdir(parents=True)
        keys = tmp_path / "keys"
        keys.mkdir()
        (keys / "debian-archive-keyring.gpg").touch()
        for name, text in files.items():
            (etc / name).write_text(text.replace("/keys/", f"{keys}/"))
        (tmp_path / "os-release").write_text(release)
        return host_mirror(etc=etc, os_release=tmp_path / "os-release", keyrings=keys)

    return make


def test_a_deb822_file(host: Host) -> None:
    found = host({"sources.list.d/debian.sources": DEB822})
    assert (found.url, found.codename, found.components) == (URL, "bookworm", ("main", "contrib"))
    assert found.keyring is not None
    assert found.keyring.name == "debian-archive-keyring.gpg"


def test_one_line_entries(host: Host) -> None:
    text = f"# deb http://off.example/debian bookworm main\ndeb-src {URL}x bookworm main\ndeb [arch=amd64] {URL} bookworm main # here\n"
    found = host({"sources.list": text})
    assert (found.url, found.components) == (URL, ("main",))
    assert found.keyring is not None


@pytest.mark.parametrize(
    "other",
    [
        "deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example/stable/debian bookworm main",
        "deb http://security.example/debian-security bookworm-security main",
        "deb http://vendor.example/apt bookworm stable",
        "deb cdrom:[Debian]/ bookworm main",
        "deb file:/mirror/debian bookworm main",
        "deb http://old.example/debian bullseye main",
    ],
)
def test_other_sources_are_not_taken_for_the_mirror(host: Host, other: str) -> None:
    found = host({"sources.list": other + "\n", "sources.list.d/debian.sources": DEB822})
    assert found.url == URL


def test_a_disabled_stanza_does_not_count(host: Host) -> None:
    with pytest.raises(EnvironmentFailedError, match="no Debian mirror") as caught:
        host({"sources.list.d/debian.sources": f"Enabled: no\n{DEB822.split('# comment')[1].strip()}\n"})
    assert "sources.list" in caught.value.mend


def test_a_suite_by_its_role(host: Host) -> None:
    assert host({"sources.list": f"deb {URL} testing main\n"}, "ID=debian\n").codename == "testing"


def test_a_mirror_list_gives_its_first_address(host: Host, tmp_path: Path) -> None:
    (tmp_path / "mirrors").write_text(f"# nearest first\n{URL}/ priority:1\nhttp://far.example/debian\n")
    assert host({"sources.list": f"deb mirror+file:{tmp_path}/mirrors bookworm main\n"}).url == URL


def test_another_distribution_has_no_debian_mirror(host: Host) -> None:
    with pytest.raises(EnvironmentFailedError, match="no Debian mirror"):
        host({"sources.list": "deb http://archive.example/ubuntu noble main\n"}, "ID=ubuntu\nVERSION_CODENAME=noble\n")


def test_no_apt(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="no apt"):
        host_mirror(etc=tmp_path / "none")


MIRROR = Mirror(url=URL, codename="bookworm", components=("main",), keyring=Path("/keys/k.gpg"))
DUMP = 'Acquire "";\nAcquire::http::Proxy "http://proxy.example:3142";\nAcquire::IndexTargets "";\nAcquire::Check-Date "false";\n'


@pytest.fixture(autouse=True)
def _apt_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.system.apt.require_apt", lambda **_: None)


def download(command: Command) -> Answer:
    assert command.directory is not None
    for name in command.argv[3:]:
        (command.directory / f"{name}_1_amd64.deb").touch()
    return ""


def fetch(tmp_path: Path, runner: FakeRunner, skip: re.Pattern[str] | None = None) -> list[str]:
    files = fetch_packages(
        ["runc"],
        suite="stable",
        into=tmp_path / "debs",
        state=tmp_path / "apt",
        mirror=MIRROR,
        progress=Told(),
        skip=skip,
        runner=runner,
    )
    return [file.name for file in files]


def test_fetching_uses_a_private_apt_with_the_hosts_proxy_and_verification(tmp_path: Path) -> None:
    runner = FakeRunner({"apt-config": DUMP, "update": "", "download": download})
    assert fetch(tmp_path, runner) == ["runc_1_amd64.deb"]
    home = tmp_path / "apt" / "stable"
    assert (home / "etc" / "sources.list").read_text() == f"deb [signed-by=/keys/k.gpg] {URL} stable main\n"
    config = (home / "apt.conf").read_text()
    assert 'Acquire::http::Proxy "http://proxy.example:3142";' in config
    assert 'Acquire::Check-Date "false";' in config
    assert "IndexTargets" not in config
    assert f'Dir::Etc "{home}/etc";' in config
    for command in runner.seen[1:]:
        assert (command.environment or {})["APT_CONFIG"] == str(home / "apt.conf")
    assert not any("allow-unauthenticated" in line or "trusted=yes" in line for line in runner.lines)


def test_dependencies_come_along_but_for_those_to_skip(tmp_path: Path) -> None:
    listing = "runc\n  Depends: libc6\n  Depends: libseccomp2\nlibc6\n  Depends: x\nlibseccomp2:amd64\n<awk>\n"
    runner = FakeRunner({"apt-config": "", "update": "", "depends": listing, "download": download})
    assert fetch(tmp_path, runner, re.compile("libc6")) == ["libseccomp2_1_amd64.deb", "runc_1_amd64.deb"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("E: Failed to fetch x  Could not resolve host", UnreachableError),
        ("E: Unable to locate package runc", UnreachableError),
        ("E: Failed to fetch x  Hash Sum mismatch", VerificationError),
        ("W: GPG error: NO_PUBKEY 1234\nE: The repository is not signed.", VerificationError),
    ],
)
def test_what_apt_says_becomes_one_error(tmp_path: Path, said: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=re.escape(said.splitlines()[-1])):
        fetch(tmp_path, FakeRunner({"apt-config": "", "update": (100, said)}))


def test_without_signing_keys_nothing_is_fetched(tmp_path: Path) -> None:
    keyless = Mirror(url=URL, codename="bookworm", components=("main",), keyring=None)
    with pytest.raises(EnvironmentFailedError) as caught:
        fetch_packages(
            ["x"], suite="stable", into=tmp_path, state=tmp_path, mirror=keyless, progress=Told(), runner=FakeRunner({})
        )
    assert "debian-archive-keyring" in caught.value.mend


def only(*programs: str) -> Callable[[str], str | None]:
    return lambda name: f"/bin/{name}" if name in programs else None


def test_only_what_is_missing_is_installed(tmp_path: Path) -> None:
    runner, told = FakeRunner({"apt-get": "", "dpkg-query": "ii "}), Told()
    install_on_host(
        {"mmdebstrap": "mmdebstrap", "arch-test": "", "docker-registry": "docker-registry"},
        progress=told,
        runner=runner,
        which=only("apt-get", "dpkg-query", "mmdebstrap"),
        root=True,
        lists=tmp_path,
    )
    assert [line.split()[1] for line in runner.lines if line.startswith("apt-get")] == ["update", "install"]
    assert runner.lines[-1].endswith("--no-install-recommends docker-registry")
    assert any("docker-registry" in note for note in told.notes)


def test_lists_that_are_there_are_not_updated(tmp_path: Path) -> None:
    (tmp_path / "mirror_main_binary-amd64_Packages.lz4").touch()
    runner = FakeRunner({"apt-get install": ""})
    install_on_host({"x": "x"}, progress=Told(), runner=runner, which=only("apt-get"), root=True, lists=tmp_path)
    assert len(runner.lines) == 1


def test_nothing_missing_nothing_done() -> None:
    install_on_host({"x": "x"}, progress=Told(), runner=FakeRunner({}), which=only("x"), root=False)


@pytest.mark.parametrize(("root", "there"), [(False, ("apt-get",)), (True, ())])
def test_without_root_or_apt_the_command_is_told(*, root: bool, there: tuple[str, ...]) -> None:
    with pytest.raises(EnvironmentFailedError, match="missing on this host: x, y") as caught:
        install_on_host({"x": "x", "y": "y"}, progress=Told(), runner=FakeRunner({}), which=only(*there), root=root)
    assert caught.value.mend == "as root: apt-get install --no-install-recommends x y"


def test_a_failed_installation_says_why(tmp_path: Path) -> None:
    runner, told = (
        FakeRunner({"update": (100, "E: one source is down"), "install": (100, "E: Unable to locate package x")}),
        Told(),
    )
    with pytest.raises(EnvironmentFailedError, match="Unable to locate package x"):
        install_on_host({"x": "x"}, progress=told, runner=runner, which=only("apt-get"), root=True, lists=tmp_path)
    assert told.warnings == ["apt-get update: E: one source is down"]


def test_threads_that_want_the_same_install_it_once(tmp_path: Path) -> None:
    (tmp_path / "mirror_main_binary-amd64_Packages.lz4").touch()
    installed: list[str] = []
    installing: list[str] = []

    def runner(command: Command) -> Completed:
        assert not installing, "two at once: dpkg would refuse the second"
        installing.append(str(command))
        time.sleep(0.1)
        installed.append(installing.pop())
        return Completed(command=command, status=0, stdout=b"", stderr=b"", seconds=0.1)

    def which(name: str) -> str | None:
        return f"/bin/{name}" if name == "apt-get" or installed else None

    def install() -> None:
        install_on_host({"x": "x"}, progress=Told(), runner=runner, which=which, root=True, lists=tmp_path)

    with ThreadPoolExecutor(max_workers=4) as pool:
        for future in [pool.submit(install) for _ in range(4)]:
            future.result()
    (only_one,) = installed
    assert "DPkg::Lock::Timeout=" in only_one
