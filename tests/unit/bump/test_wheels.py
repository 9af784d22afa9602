from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from packaging.version import Version

from orchestrator.bump.index import Index
from orchestrator.bump.model import Part
from orchestrator.bump.wheels import Choice, choose
from orchestrator.errors import EnvironmentFailedError, OrchestratorError, UnreachableError, VerificationError
from orchestrator.matrix.model import Line, Matrix, Pin
from orchestrator.system.process import Command, Completed
from tests.unit.bump.fakes import FakePip, Wheel, sha256_of

ALL = frozenset(Part)
PRESENT = {
    "pip": {"18.1": Wheel()},
    "setuptools": {"40.6.3": Wheel()},
    "wheel": {"0.32.3": Wheel()},
    "virtualenv": {"16.2.0": Wheel()},
}


def line_of(matrix: Matrix, name: str) -> Line:
    return next(line for line in matrix.lines if line.name == name)


def chosen(line: Line, pip: FakePip, parts: frozenset[Part] = ALL, *, release: str | None = None) -> Choice:
    return choose(line, parts, Index(runner=pip, python="python"), release=release or line.release)


def versions(choice: Choice) -> dict[str, str]:
    return {pin.name: pin.version for pin in choice.pins}


def test_each_line_gets_the_newest_that_supports_it(matrix: Matrix) -> None:
    pip = FakePip(
        {
            **PRESENT,
            "pip": {
                "18.1": Wheel(),
                "19.1.1": Wheel(pythons=">=2.7"),
                "20.3.4": Wheel(pythons=">=2.7,!=3.4.*"),
                "24.0": Wheel(pythons=">=3.7"),
                "25.0b1": Wheel(pythons=">=3.7"),
            },
        }
    )
    found = {line.name: versions(chosen(line, pip)) for line in matrix.lines}
    assert found == {
        "3.7": {"pip": "24.0"},
        "3.6": {"pip": "20.3.4"},
        "3.5": {"pip": "20.3.4"},
        "3.4": {"pip": "19.1.1"},
        "2.7": {"pip": "20.3.4"},
    }
    (pin,) = chosen(matrix.lines[0], pip).pins
    assert pin == Pin(name="pip", version="24.0", sha256=sha256_of("pip 24.0"))


def test_wheels_of_which_the_index_does_not_know_the_pythons_are_compared_again(matrix: Matrix) -> None:
    old = {f"19.{minor}": Wheel(pythons=">=3.4") for minor in range(40)}
    pip = FakePip({**PRESENT, "pip": {**old, "26.2": Wheel(pythons=">=3.10", told=False)}})
    choice = chosen(line_of(matrix, "3.4"), pip, frozenset({Part.PIP}))
    assert versions(choice) == {"pip": "19.39"}
    assert choice.notes == ()
    assert len(pip.calls) < 10


def test_what_needs_something_that_the_images_lack_is_passed_over(matrix: Matrix) -> None:
    pip = FakePip(
        {
            **PRESENT,
            "wheel": {
                "0.45.1": Wheel(needs=("pytest>=6; extra == 'test'",)),
                "0.46.0": Wheel(needs=("packaging>=24.0",)),
                "0.47.0": Wheel(needs=("packaging>=24.0",)),
            },
        }
    )
    choice = chosen(matrix.lines[0], pip)
    assert versions(choice) == {"wheel": "0.45.1"}
    assert choice.notes == (
        "wheel 0.47.0 is passed over: it needs packaging, which the images have not; 0.45.1 is the newest that suits",
    )


def test_a_need_that_the_images_meet_is_none(matrix: Matrix) -> None:
    needs = ("setuptools>=50", 'importlib-metadata; python_version < "2.7"', "pathlib2 (==2.*) ; extra == 'docs'")
    wheels = {**PRESENT, "virtualenv": {"16.7.0": Wheel(), "17.0": Wheel(needs=needs)}}
    old = line_of(matrix, "2.7")
    kept = chosen(old, FakePip(wheels))
    assert versions(kept) == {"virtualenv": "16.7.0"}
    assert kept.notes == (
        "virtualenv 17.0 is passed over: it needs setuptools >=50, and the images have 40.6.3; 16.7.0 is the newest that suits",
    )
    both = chosen(old, FakePip({**wheels, "setuptools": {"51.0": Wheel()}}))
    assert versions(both) == {"setuptools": "51.0", "virtualenv": "17.0"}


def test_nothing_suits_then_the_pin_stays(matrix: Matrix) -> None:
    lacking = {f"0.{minor}": Wheel(needs=("packaging",)) for minor in range(33, 60)}
    choice = chosen(matrix.lines[0], FakePip({**PRESENT, "wheel": lacking}))
    assert versions(choice) == {}
    assert choice.notes == ("wheel 0.59 is passed over: it needs packaging, which the images have not; 0.32.3 stays",)


def test_a_pin_is_never_lowered_and_what_was_yanked_is_not_taken(matrix: Matrix) -> None:
    older = FakePip({**PRESENT, "pip": {"10.0": Wheel()}})
    assert chosen(matrix.lines[0], older) == Choice()
    yanked = FakePip(
        {
            **PRESENT,
            "pip": {
                "19.0": Wheel(),
                "19.1": Wheel(yanked=True),
                "19.2": Wheel(needs=("six",)),
                "20.0": Wheel(yanked=True),
            },
        }
    )
    assert versions(chosen(matrix.lines[0], yanked)) == {"pip": "19.0"}


def test_a_version_that_the_matrix_cannot_take_is_passed_over(matrix: Matrix) -> None:
    pip = FakePip({**PRESENT, "pip": {"19.0": Wheel(), "20.0.post1": Wheel()}})
    choice = chosen(matrix.lines[0], pip)
    assert versions(choice) == {"pip": "19.0"}
    assert "plain versions only" in choice.notes[0]


def test_only_the_parts_that_were_asked_for(matrix: Matrix) -> None:
    newer = {name: {"99.0": Wheel()} for name in PRESENT}
    old = line_of(matrix, "2.7")
    assert versions(chosen(old, FakePip(newer), frozenset({Part.WHEEL, Part.EXTRAS}))) == {
        "wheel": "99.0",
        "virtualenv": "99.0",
    }
    pip = FakePip(newer)
    assert chosen(old, pip, frozenset({Part.RELEASE})) == Choice()
    assert pip.calls == []


def test_a_release_candidate_is_asked_for_like_its_release(matrix: Matrix) -> None:
    pip = FakePip(PRESENT)
    chosen(matrix.lines[0], pip, release="3.8.0rc1")
    assert "3.8.0" in pip.calls[0].argv


def test_a_wheel_that_the_index_has_not_is_a_note(matrix: Matrix) -> None:
    without = {name: wheels for name, wheels in PRESENT.items() if name != "wheel"}
    pip = FakePip({**without, "pip": {"24.0": Wheel()}})
    choice = chosen(matrix.lines[0], pip)
    assert versions(choice) == {"pip": "24.0"}
    assert choice.notes == ("pip's index has no wheel of wheel for 3.7",)


def test_pip_names_no_host_and_offline_it_reads_no_configuration(matrix: Matrix, tmp_path: Path) -> None:
    pip = FakePip(PRESENT)
    chosen(matrix.lines[0], pip)
    choose(matrix.lines[0], ALL, Index(runner=pip, python="python", offline=tmp_path), release="3.7.2")
    there, offline = pip.calls
    assert there.environment is None
    assert not [word for call in pip.calls for word in call.argv if "://" in word]
    assert offline.argv[-3:] == ("--no-index", "--find-links", str(tmp_path))
    assert offline.environment is not None
    assert {name for name in offline.environment if name.startswith("PIP_")} == {"PIP_CONFIG_FILE"}


def test_nothing_is_asked_twice(matrix: Matrix) -> None:
    pip = FakePip(PRESENT)
    index = Index(runner=pip, python="python")
    for _ in range(3):
        choose(matrix.lines[0], ALL, index, release="3.7.2")
    assert len(pip.calls) == 1


@pytest.mark.parametrize(
    ("wheel", "kind", "said"),
    [
        (Wheel(hashed=False), VerificationError, "no sha256 of pip-24.0"),
        (Wheel(file="cp37-cp37m-linux_x86_64"), UnreachableError, "no universal wheel of pip 24.0"),
    ],
)
def test_an_offer_that_cannot_be_pinned(matrix: Matrix, wheel: Wheel, kind: type[OrchestratorError], said: str) -> None:
    with pytest.raises(kind, match=said):
        chosen(matrix.lines[0], FakePip({**PRESENT, "pip": {"24.0": wheel}}))


def test_an_index_that_does_not_answer(matrix: Matrix) -> None:
    with pytest.raises(UnreachableError, match="could not fetch"):
        chosen(matrix.lines[0], FakePip(PRESENT, unreachable=True))


@pytest.mark.parametrize(
    ("out", "err", "said"),
    [
        ("no JSON", "", "report cannot be read"),
        ('{"version": "2", "install": []}', "", "report cannot be read"),
        ("", "no such option: --report", "too old"),
    ],
)
def test_a_pip_that_is_not_understood(matrix: Matrix, out: str, err: str, said: str) -> None:
    def pip(command: Command, /) -> Completed:
        return Completed(command=command, status=int(bool(err)), stdout=out.encode(), stderr=err.encode(), seconds=0.1)

    with pytest.raises(EnvironmentFailedError, match=said):
        choose(matrix.lines[0], ALL, Index(runner=pip), release="3.7.2")


@given(some.integers(0, 60), some.integers(1, 60))
def test_the_search_finds_the_border_wherever_it_is(fitting: int, lacking: int) -> None:
    """Above some version every wheel lacks something: the one below it is found, in few steps."""
    wheels = {
        f"1.{minor}": Wheel(needs=("six",) if minor > fitting else ()) for minor in range(1, fitting + lacking + 1)
    }
    pip = FakePip({"pip": wheels})
    line = dataclasses.replace(_LINE, pip=Pin(name="pip", version="1.0", sha256="0"))
    found = versions(chosen(line, pip, frozenset({Part.PIP})))
    assert found == ({"pip": f"1.{fitting}"} if fitting else {})
    assert Version("1.0") < Version(found.get("pip", "1.1"))
    assert len(pip.calls) <= 20


_PIN = Pin(name="other", version="1.0", sha256="0")
_LINE = Line(
    name="3.7", release="3.7.2", aliases=(), gpg_key="", source=None,  # type: ignore[arg-type]
    pip=_PIN, setuptools=_PIN, wheel=_PIN, extras=(),
)  # fmt: skip
