from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.engine.client import client_environment, prepare_client
from orchestrator.engine.layout import Layout
from orchestrator.engine.packages import FROM_HOST, Tree, current_tree, ensure_tree, forget_other_trees
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.apt import Mirror
from orchestrator.system.places import Places
from orchestrator.system.process import Command
from tests.unit.engine.fakes import Answer, FakeRunner, Told

MIRROR = Mirror(url="http://mirror.example/debian", codename="bookworm", components=("main",), keyring=Path("/k.gpg"))
CLOSURE = "runc\n  Depends: libc6\n  Depends: libseccomp2\nlibc6\nlibseccomp2\n<virtual>\niptables\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(root=tmp_path / "engine", run=tmp_path / "run" / "orchestrator-0-abc")


def mirror_with(version: str) -> FakeRunner:
    """A mirror whose packages all have this version."""

    def download(command: Command) -> Answer:
        assert command.directory is not None
        for name in command.argv[command.argv.index("-q") + 1 :]:
            (command.directory / f"{name}_{version}_amd64.deb").touch()
        return ""

    def extract(command: Command) -> Answer:
        into, name = Path(command.argv[3]), Path(command.argv[2]).name.split("_")[0]
        paths = {
            "docker.io": "usr/sbin/dockerd",
            "docker-cli": "usr/bin/docker",
            "docker-buildx": "usr/libexec/docker/cli-plugins/docker-buildx",
            "libseccomp2": "usr/lib/x86_64-linux-gnu/libseccomp.so.2",
        }
        if name in paths:
            (into / paths[name]).parent.mkdir(parents=True, exist_ok=True)
            (into / paths[name]).touch()
        return ""

    return FakeRunner({"apt-config": "", "update": "", "depends": CLOSURE, "download": download, "dpkg-deb": extract})


@pytest.fixture(autouse=True)
def _apt_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.engine.packages.require_apt", lambda **_: None)
    monkeypatch.setattr("orchestrator.system.apt.require_apt", lambda **_: None)


def test_a_tree_is_named_after_its_versions_and_made_once(layout: Layout) -> None:
    runner = mirror_with("1%3a2.0-1")
    assert current_tree(layout) is None
    tree = ensure_tree(layout, Told(), runner=runner, mirror=MIRROR)
    assert tree.path.parent == layout.trees
    assert tree.multiarch == "x86_64-linux-gnu"
    assert tree.versions["docker.io"] == "1:2.0-1"
    assert "libseccomp2" in tree.versions
    assert "libc6" not in tree.versions
    calls = len(runner.seen)
    assert ensure_tree(layout, Told(), runner=runner, mirror=MIRROR) == tree
    assert len(runner.seen) == calls
    newer = ensure_tree(layout, Told(), refresh=True, runner=mirror_with("3"), mirror=MIRROR)
    assert newer.path != tree.path
    assert current_tree(layout) == newer
    forget_other_trees(layout, newer)
    assert list(layout.trees.iterdir()) == [newer.path]


def test_a_killed_unpacking_leaves_nothing_that_counts(layout: Layout) -> None:
    def killed(_: Command) -> Answer:
        raise KeyboardInterrupt

    runner = mirror_with("1")
    with pytest.raises(KeyboardInterrupt):
        ensure_tree(layout, Told(), runner=FakeRunner({**runner.answers, "dpkg-deb": killed}), mirror=MIRROR)
    assert current_tree(layout) is None
    (layout.root / "fetch-dead" / "tree").mkdir(parents=True)  # as kill -9 leaves it
    ensure_tree(layout, Told(), runner=runner, mirror=MIRROR)
    assert list(layout.root.glob("fetch-*")) == []


def test_a_package_that_does_not_unpack_is_an_environment_failure(layout: Layout) -> None:
    broken = FakeRunner({**mirror_with("1").answers, "dpkg-deb": (2, "No space left on device")})
    with pytest.raises(EnvironmentFailedError, match="No space left"):
        ensure_tree(layout, Told(), runner=broken, mirror=MIRROR)
    assert current_tree(layout) is None


def test_a_damaged_record_means_unpacking_anew(layout: Layout) -> None:
    ensure_tree(layout, Told(), runner=mirror_with("1"), mirror=MIRROR)
    for damage in ("", "[]", "{", '{"key": 1}'):
        layout.current.write_text(damage)
        assert current_tree(layout) is None


@pytest.mark.parametrize("name", ["libc6", "libgcc-s1", "gcc-14-base", "debconf-2.0"])
def test_the_c_library_never_comes_from_a_tree(name: str) -> None:
    assert FROM_HOST.fullmatch(name)


@pytest.mark.parametrize("name", ["libcap2", "libseccomp2", "libnftnl11", "runc"])
def test_other_libraries_do(name: str) -> None:
    assert not FROM_HOST.fullmatch(name)


def test_programs_find_the_trees_libraries_and_the_chosen_packet_filter() -> None:
    tree = Tree(path=Path("/t/k"), multiarch="m", versions={})
    environment = tree.environment({"PATH": "/bin", "X": "1"}, backend="legacy")
    assert environment["PATH"].split(os.pathsep) == ["/t/k/iptables-legacy", "/t/k/usr/bin", "/t/k/usr/sbin", "/bin"]
    assert environment["LD_LIBRARY_PATH"] == "/t/k/usr/lib/m"
    assert environment["XTABLES_LIBDIR"] == "/t/k/usr/lib/m/xtables"
    assert environment["X"] == "1"


def test_the_socket_stays_short_for_any_cache_directory(tmp_path: Path) -> None:
    deep = Places(cache=tmp_path / ("x" * 200), state=tmp_path)
    layout = Layout.of(deep)
    assert len(str(layout.exec_root / "containerd" / "containerd.sock.ttrpc")) < 100
    assert len(layout.bridge) <= 15
    other = Layout.of(Places(cache=tmp_path / "y", state=tmp_path))
    assert (other.run, other.bridge) != (layout.run, layout.bridge)


def test_the_client_keeps_the_users_login_file_and_gets_our_plugin(layout: Layout, tmp_path: Path) -> None:
    users = tmp_path / "home" / ".docker"
    (users / "cli-plugins").mkdir(parents=True)
    (users / "config.json").write_text('{"auths": {}}')
    (users / "cli-plugins" / "docker-compose").touch()
    (users / "cli-plugins" / "docker-buildx").touch()
    tree = Tree(path=tmp_path / "t", multiarch="m", versions={})
    base = {"HOME": str(tmp_path / "home"), "PATH": "/bin", "DOCKER_CONTEXT": "elsewhere", "BUILDX_BUILDER": "far"}
    for _ in range(2):
        prepare_client(layout, tree, base)
    assert (layout.client / "config.json").readlink() == users / "config.json"
    assert (layout.client / "cli-plugins" / "docker-buildx").readlink() == tree.buildx
    assert (layout.client / "cli-plugins" / "docker-compose").readlink() == users / "cli-plugins" / "docker-compose"
    environment = client_environment(layout, base)
    assert environment["DOCKER_HOST"] == layout.host
    assert environment["DOCKER_CONFIG"] == str(layout.client)
    assert environment["PATH"] == f"{layout.client}/bin:/bin"
    assert not {"DOCKER_CONTEXT", "BUILDX_BUILDER"} & environment.keys()
    assert client_environment(layout, environment) == environment
    (users / "config.json").unlink()
    prepare_client(layout, tree, base)
    assert not (layout.client / "config.json").is_symlink()


def test_a_login_made_with_our_configuration_is_kept(layout: Layout, tmp_path: Path) -> None:
    tree = Tree(path=tmp_path / "t", multiarch="m", versions={})
    base = {"HOME": str(tmp_path / "home")}
    prepare_client(layout, tree, base)
    (layout.client / "config.json").write_text("mine")
    (tmp_path / "home" / ".docker").mkdir(parents=True)
    (tmp_path / "home" / ".docker" / "config.json").write_text("later")
    prepare_client(layout, tree, {**base, "DOCKER_CONFIG": str(layout.client)})
    assert (layout.client / "config.json").read_text() == "mine"
