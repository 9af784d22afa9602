from __future__ import annotations

import dataclasses
import errno
import fcntl
import itertools
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bump.model import Proposal
from orchestrator.bump.writing import Draft, draft, edited, write_all, write_step
from orchestrator.cli.group import run
from orchestrator.errors import EnvironmentFailedError, InvalidFileError
from orchestrator.matrix.load import load_matrix, parse_matrix
from orchestrator.matrix.model import Line, Pin
from orchestrator.render import tree
from tests.unit.bump.fakes import sha256_of, verified
from tests.unit.conftest import ROOT

POOL = "pool/main/p/python3.9/python3.9_3.9.25.orig.tar.xz"


@pytest.fixture
def matrix_path(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "versions.json", tmp_path)
    path = tmp_path / "versions.json"
    assert run(["render", "--matrix", str(path)]) == 0
    return path


def line_at(path: Path, name: str) -> Line:
    return next(line for line in load_matrix(path).lines if line.name == name)


def pin(name: str, version: str) -> Pin:
    return Pin(name=name, version=version, sha256=sha256_of(f"{name} {version}"))


def worked(path: Path, *proposals: Proposal) -> Draft:
    return draft(path, path.read_text(), proposals)


def test_every_step_is_whole_and_leaves_the_rest_of_the_text(matrix_path: Path) -> None:
    new, old = line_at(matrix_path, "3.7"), line_at(matrix_path, "2.7")
    found = worked(
        matrix_path,
        Proposal(line=new, release=verified(new, "3.7.3"), pins=(pin("pip", "19.0.3"),)),
        Proposal(line=line_at(matrix_path, "3.6")),
        Proposal(line=old, pins=(pin("virtualenv", "16.4.3"),)),
    )
    assert [step.line.name for step in found.steps] == ["3.7", "2.7"]
    assert all(path.startswith("3.7/") for path in found.steps[0].paths)
    assert len(found.steps[0].paths) == 4
    lines = [matrix_path.read_text().splitlines(), *(step.text.splitlines() for step in found.steps)]
    changed = [sum(a != b for a, b in zip(before, after, strict=True)) for before, after in itertools.pairwise(lines)]
    assert changed == [3, 1]
    first = parse_matrix(found.steps[0].text, matrix_path)
    assert [line.release for line in first.lines] == ["3.7.3", "3.6.8", "3.5.6", "3.4.9", "2.7.15"]
    after = parse_matrix(found.steps[1].text, matrix_path)
    assert after.lines == found.after.lines
    assert after.lines[-1].extras == (pin("virtualenv", "16.4.3"),)


def test_the_matrix_first_then_the_dockerfiles(matrix_path: Path) -> None:
    line = line_at(matrix_path, "3.7")
    found = worked(matrix_path, Proposal(line=line, release=verified(line, "3.7.3")))
    assert "+ENV PYTHON_VERSION=3.7.3" in found.diff
    write_all(found)
    assert line_at(matrix_path, "3.7").release == "3.7.3"
    assert found.diff == ""
    assert run(["render", "--check", "--matrix", str(matrix_path)]) == 0


def test_a_crash_between_the_two_is_finished_by_render(matrix_path: Path) -> None:
    line = line_at(matrix_path, "3.7")
    found = worked(matrix_path, Proposal(line=line, release=verified(line, "3.7.3")))
    write_step(found.path, found.text, dataclasses.replace(found.steps[0], rendered=()))
    check = ["render", "--check", "--matrix", str(matrix_path)]
    assert run(check) == 3
    assert run(["render", "--matrix", str(matrix_path)]) == 0
    assert run(check) == 0


def test_a_matrix_that_was_changed_meanwhile_is_left_alone(matrix_path: Path) -> None:
    line = line_at(matrix_path, "3.7")
    found = worked(matrix_path, Proposal(line=line, release=verified(line, "3.7.3")))
    theirs = matrix_path.read_text().replace('"3.6.8"', '"3.6.9"')
    matrix_path.write_text(theirs)
    with pytest.raises(InvalidFileError, match="was changed while"):
        write_all(found)
    assert matrix_path.read_text() == theirs
    assert "3.7.2" in (matrix_path.parent / "3.7" / "alpine3.8" / "Dockerfile").read_text()


def test_of_two_at_the_same_time_the_later_one_sees_what_the_first_one_wrote(matrix_path: Path) -> None:
    first, second = line_at(matrix_path, "3.7"), line_at(matrix_path, "3.6")
    found = worked(matrix_path, Proposal(line=first, release=verified(first, "3.7.3")))
    late = worked(matrix_path, Proposal(line=second, release=verified(second, "3.6.9")))
    errors: list[InvalidFileError] = []

    def write_late() -> None:
        try:
            write_all(late)
        except InvalidFileError as error:
            errors.append(error)

    handle = os.open(matrix_path.parent, os.O_RDONLY)
    thread = threading.Thread(target=write_late)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the first one is just writing
        thread.start()
        thread.join(0.2)
        assert matrix_path.read_text() == found.text
        matrix_path.write_text(found.steps[0].text)
    finally:
        os.close(handle)
    thread.join(30)
    assert "was changed while" in errors[0].message
    assert matrix_path.read_text() == found.steps[0].text


def test_a_dockerfile_that_cannot_be_written_is_told_with_what_finishes_it(matrix_path: Path) -> None:
    line = line_at(matrix_path, "3.7")
    found = worked(matrix_path, Proposal(line=line, release=verified(line, "3.7.3")))
    shutil.rmtree(matrix_path.parent / "3.7" / "alpine3.8")
    (matrix_path.parent / "3.7" / "alpine3.8").write_text("in the way")
    with pytest.raises(InvalidFileError, match=r"versions\.json is written already") as caught:
        write_all(found)
    assert caught.value.mend.endswith("then: orchestrator render")


def test_a_disk_that_is_full_between_matrix_and_dockerfiles_is_told(
    matrix_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = line_at(matrix_path, "3.7")
    found = worked(matrix_path, Proposal(line=line, release=verified(line, "3.7.3")))

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tree, "write_atomically", full)
    with pytest.raises(
        EnvironmentFailedError, match=r"No space left on device; .*versions\.json is written already"
    ) as caught:
        write_all(found)
    assert "orchestrator render" in caught.value.mend
    assert line_at(matrix_path, "3.7").release == "3.7.3"


def test_a_release_that_the_matrix_cannot_hold_writes_nothing(matrix_path: Path) -> None:
    line = line_at(matrix_path, "3.7")
    with pytest.raises(InvalidFileError, match=r"not a release of 3\.7"):
        worked(matrix_path, Proposal(line=line, release=verified(line, "3.6.9")))
    assert line_at(matrix_path, "3.7").release == "3.7.2"


@pytest.mark.parametrize("before", ["pool/main/p/python3.9/python3.9_3.9.2.orig.tar.xz", None])
@pytest.mark.parametrize("after", [POOL, None])
def test_where_the_debian_pool_has_it_comes_goes_and_changes(before: str | None, after: str | None) -> None:
    path = ROOT / "examples" / "debian" / "versions.json"
    document: dict[str, Any] = json.loads(path.read_text())
    source = document["lines"]["3.9"]["source"]
    source.pop("pool")
    source |= {"pool": before} if before else {}
    text = json.dumps(document, indent=2)
    line = next(one for one in parse_matrix(text, path).lines if one.name == "3.9")
    changed = edited(text, Proposal(line=line, release=verified(line, "3.9.25", pool=after)))
    again = next(one for one in parse_matrix(changed, path).lines if one.name == "3.9")
    assert (again.release, again.source.pool, again.source.sha256) == ("3.9.25", after, sha256_of("3.9.25"))


def test_another_ending_of_the_tarball(matrix_path: Path) -> None:
    line = line_at(matrix_path, "3.7")
    release = dataclasses.replace(verified(line, "3.7.3"), format="tgz")
    found = worked(matrix_path, Proposal(line=line, release=release))
    assert found.steps[0].line.source.file == "Python-3.7.3.tgz"
    assert "+ADD --checksum" in found.diff
