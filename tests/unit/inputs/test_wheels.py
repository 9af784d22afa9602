from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentFailedError, OrchestratorError, UnreachableError, VerificationError
from orchestrator.inputs.store import Store
from orchestrator.inputs.wheels import fetch_wheels
from orchestrator.matrix.model import Pin
from orchestrator.system.process import Command, Completed
from orchestrator.system.progress import Silent

FILES = {
    "pip-18.1-py2.py3-none-any.whl": b"pip's bytes",
    "wheel-0.32.3-py2.py3-none-any.whl": b"wheel's bytes",
    "typing_extensions-4.0.0-py3-none-any.whl": b"typing",
}


def pin(name: str, version: str, file: str) -> Pin:
    return Pin(name=name, version=version, sha256=hashlib.sha256(FILES[file]).hexdigest())


PIP = pin("pip", "18.1", "pip-18.1-py2.py3-none-any.whl")
WHEEL = pin("wheel", "0.32.3", "wheel-0.32.3-py2.py3-none-any.whl")
TYPING = pin("typing-extensions", "4.0.0", "typing_extensions-4.0.0-py3-none-any.whl")


@dataclass
class FakePip:
    """Puts the wheels that were asked for where pip would."""

    status: int = 0
    stderr: bytes = b""
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, command: Command, /) -> Completed:
        self.calls.append(command.argv)
        target = Path(command.argv[command.argv.index("--dest") + 1])
        for word in command.argv:
            name, equals, version = word.partition("==")
            for file, data in FILES.items():
                if equals and not self.status and file.startswith(f"{name.replace('-', '_')}-{version}-"):
                    (target / file).write_bytes(data)
        return Completed(command=command, status=self.status, stdout=b"", stderr=self.stderr, seconds=0.1)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_a_set_holds_exactly_its_wheels_and_each_is_fetched_once(tmp_path: Path) -> None:
    pip, store = FakePip(), Store(root=tmp_path)
    both = fetch_wheels((PIP, WHEEL), store=store, progress=Silent(), runner=pip)
    assert names(both.directory) == {"pip-18.1-py2.py3-none-any.whl", "wheel-0.32.3-py2.py3-none-any.whl"}
    one = fetch_wheels((WHEEL,), store=store, progress=Silent(), runner=pip)
    assert names(one.directory) == {"wheel-0.32.3-py2.py3-none-any.whl"}
    assert one.digest != both.digest
    assert len(pip.calls) == 1
    assert fetch_wheels((WHEEL, PIP), store=store, progress=Silent(), runner=pip) == both


def test_the_name_on_the_file_may_be_spelled_otherwise(tmp_path: Path) -> None:
    stored = fetch_wheels((TYPING,), store=Store(root=tmp_path), progress=Silent(), runner=FakePip())
    assert stored.files == ("typing_extensions-4.0.0-py3-none-any.whl",)


def test_pip_is_asked_for_the_universal_wheel_and_names_no_host(tmp_path: Path) -> None:
    pip = FakePip()
    fetch_wheels((PIP,), store=Store(root=tmp_path), progress=Silent(), runner=pip, python="python")
    (argv,) = pip.calls
    assert argv[:4] == ("python", "-m", "pip", "download")
    assert "--no-deps" in argv
    assert argv[-1] == "pip==18.1"
    assert not [word for word in argv if "://" in word]


def test_a_damaged_set_is_made_again(tmp_path: Path) -> None:
    pip, store = FakePip(), Store(root=tmp_path)
    first = fetch_wheels((PIP,), store=store, progress=Silent(), runner=pip)
    (first.directory / first.files[0]).write_bytes(b"other")
    assert fetch_wheels((PIP,), store=store, progress=Silent(), runner=pip) == first
    assert (first.directory / first.files[0]).read_bytes() == b"pip's bytes"
    assert len(pip.calls) == 1


def test_wrong_bytes_are_refused(tmp_path: Path) -> None:
    wrong = Pin(name="pip", version="18.1", sha256="0" * 64)
    with pytest.raises(VerificationError) as caught:
        fetch_wheels((wrong,), store=Store(root=tmp_path), progress=Silent(), runner=FakePip())
    assert PIP.sha256 in caught.value.message
    assert "0" * 64 in caught.value.message
    assert not list(tmp_path.glob("sha256/*"))


def test_the_users_own_wheels_come_first(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "pip-18.1-py2.py3-none-any.whl").write_bytes(b"pip's bytes")
    pip = FakePip()
    stored = fetch_wheels((PIP,), store=Store(root=tmp_path / "s"), progress=Silent(), directories=(own,), runner=pip)
    assert stored.files == ("pip-18.1-py2.py3-none-any.whl",)
    assert pip.calls == []


@pytest.mark.parametrize(
    ("stderr", "kind", "words"),
    [
        (b"ERROR: No matching distribution found for pip==18.1", UnreachableError, "no wheel of pip==18.1"),
        (
            b"WARNING: Retrying (Retry(total=0)) after connection broken\nERROR: No matching distribution found for pip==18.1",
            UnreachableError,
            "could not fetch",
        ),
        (b"/bin/python: No module named pip", EnvironmentFailedError, "has no pip"),
        (b"ERROR: something new", UnreachableError, "something new"),
    ],
)
def test_pips_refusals(tmp_path: Path, stderr: bytes, kind: type[OrchestratorError], words: str) -> None:
    with pytest.raises(kind, match=words):
        fetch_wheels((PIP,), store=Store(root=tmp_path), progress=Silent(), runner=FakePip(status=1, stderr=stderr))


def test_pip_ends_well_but_without_the_wheel(tmp_path: Path) -> None:
    odd = Pin(name="odd", version="1.0", sha256="1" * 64)
    with pytest.raises(UnreachableError, match="no universal wheel of odd"):
        fetch_wheels((odd,), store=Store(root=tmp_path), progress=Silent(), runner=FakePip())
