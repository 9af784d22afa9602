"""The command: what it writes where, and what it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import pytest

from orchestrator.cli.group import run
from orchestrator.cli.readme import command
from orchestrator.readme.budget import HUB_LIMIT
from tests.unit.conftest import ROOT
from tests.unit.readme.pages import COMMITS, SEED, section

VERSIONS = str(ROOT / "versions.json")


@pytest.fixture
def commits(tmp_path: Path) -> str:
    path = tmp_path / "commits.json"
    path.write_text(json.dumps(dict(COMMITS)))
    return str(path)


def call(capsys: pytest.CaptureFixture[str], *args: str, matrix: str = VERSIONS) -> tuple[int, str, str]:
    code = run(("readme", "--matrix", matrix, *args))
    out, err = capsys.readouterr()
    return code, out, err


def test_an_architectures_description_is_on_stdout(capsys: pytest.CaptureFixture[str], commits: str) -> None:
    code, out, err = call(capsys, "--arch", "arm64v8", "--commits", commits)
    assert (code, err) == (0, "")
    for heading in ("## Simple Tags", "## Shared Tags"):
        assert section(out, heading) == section(SEED, heading)


def test_json_says_all_of_it(capsys: pytest.CaptureFixture[str], commits: str) -> None:
    code, out, err = call(capsys, "--commits", commits, "--json", "--limit", "12500")
    document = json.loads(out)
    assert code == 0
    assert {name: document[name] for name in ("repository", "arch", "limit")} == {
        "repository": "python",
        "arch": None,
        "limit": 12500,
    }
    assert document["bytes"] == len(document["text"].encode()) <= 12500
    assert [set(one) for one in document["dropped"]] == [{"part", "reason", "bytes"}] * len(document["dropped"])
    assert document["dropped"][0]["part"] == "logo"
    assert "python: to stay within 12,500 bytes, left out:\n  logo (121 bytes): " in err
    code, out, _ = call(capsys, "--commits", commits, "--json", "--all")
    assert [one["repository"] for one in json.loads(out)][:3] == ["python", "amd64/python", "arm32v5/python"]


def test_all_of_them_are_written_and_checked(capsys: pytest.CaptureFixture[str], commits: str, tmp_path: Path) -> None:
    top = tmp_path / "out"
    options = ("--all", "--output", str(top), "--commits", commits)
    code, out, err = call(capsys, *options, "--check")
    assert code == 3
    assert "+# Quick reference" in out
    assert "9 of 9 descriptions are stale" in err
    assert not top.exists()
    code, out, err = call(capsys, *options)
    assert (code, err) == (0, "")
    written = sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())
    assert len(written) == 9
    assert written[-1] == "s390x/python/README.md"
    assert "python/README.md" in written
    assert call(capsys, *options, "--check") == (0, "", "")
    stale = top / "arm64v8" / "python" / "README.md"
    stale.write_text(stale.read_text().replace("3.7-stretch", "3.7-scratch"))
    code, out, err = call(capsys, *options, "--check")
    assert code == 3
    assert out.startswith(f"--- a/{stale}\n+++ b/{stale}\n")
    assert "1 of 9 descriptions are stale\n  mend: " in err
    code, out, _ = call(capsys, *options, "--check", "--json")
    assert code == 3
    assert [one["path"] for one in json.loads(out) if one["stale"]] == [str(stale)]
    code, out, _ = call(capsys, *options)
    assert out == f"wrote {stale}\n8 of 9 were as they should be\n"
    assert "3.7-scratch" not in stale.read_text()


def test_output_is_a_file_or_a_directory(capsys: pytest.CaptureFixture[str], commits: str, tmp_path: Path) -> None:
    options = ("--arch", "i386", "--commits", commits)
    one = tmp_path / "one.md"
    assert call(capsys, *options, "--output", str(one))[1] == f"wrote {one}\n"
    code, out, _ = call(capsys, *options, "--output", str(tmp_path), "--json")
    inside = tmp_path / "i386" / "python" / "README.md"
    assert code == 0
    assert (json.loads(out)["path"], json.loads(out)["stale"]) == (str(inside), True)
    assert one.read_bytes() == inside.read_bytes()
    one.write_bytes(b"\xff")
    assert call(capsys, *options, "--output", str(one))[0] == 3


def test_what_cannot_be_written_is_said(capsys: pytest.CaptureFixture[str], commits: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, out, err = call(capsys, "--commits", commits, "--output", str(tmp_path / "file" / "below"))
    assert (code, out) == (3, "")
    assert "cannot be read" in err
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "python").symlink_to("/proc/nowhere")
    code, _, err = call(capsys, "--commits", commits, "--output", str(blocked))
    assert code == 4
    assert "cannot be written" in err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--arch", "arm64"], 'did you mean "arm64v8"?'),
        (["--all"], "needs a directory"),
        (["--all", "--output", VERSIONS], "is a file"),
        (["--all", "--arch", "amd64", "--output", "x"], "--all means every architecture"),
        (["--check"], "--output PATH"),
        (["--limit", "0"], "--limit"),
    ],
)
def test_wishes_that_make_no_sense_exit_2(
    capsys: pytest.CaptureFixture[str], commits: str, args: list[str], said: str
) -> None:
    code, out, err = call(capsys, *args, "--commits", commits)
    assert (code, out) == (2, "")
    assert said in err
    assert "mend: " in err


def test_too_little_room_exits_3_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], commits: str, tmp_path: Path
) -> None:
    code, out, err = call(capsys, "--all", "--commits", commits, "--limit", "2000", "--output", str(tmp_path / "x"))
    assert (code, out) == (3, "")
    assert "2,000 are allowed" in err
    assert not (tmp_path / "x").exists()


def test_a_matrix_without_a_hub_takes_the_settings_address(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    matrix = tmp_path / "versions.json"
    shutil.copy(ROOT / "examples" / "debian" / "versions.json", matrix)
    given = tmp_path / "commits.json"
    given.write_text(
        json.dumps(
            {f"{line}/{variant}": "a" * 40 for line in ("2.7", "3.9") for variant in ("bullseye", "bullseye/slim")}
        )
    )
    config = tmp_path / "config.yaml"
    config.write_text("source: https://git.example.org/own/images\n")
    code, out, _ = call(capsys, "--commits", str(given), "--config", str(config), matrix=str(matrix))
    assert code == 0
    assert f"https://git.example.org/own/images/blob/{'a' * 40}/3.9/bullseye/Dockerfile" in out
    assert "[own/images](https://git.example.org/own/images)" in out


def test_the_limit_is_that_of_the_hub_and_architectures_are_completed() -> None:
    parameters = {one.name: one for one in command.params}
    assert parameters["limit"].default == HUB_LIMIT
    context = click.Context(command)
    context.params["matrix"] = VERSIONS
    assert [one.value for one in parameters["arch"].shell_complete(context, "arm")] == [
        "arm32v5", "arm32v6", "arm32v7", "arm64v8"
    ]  # fmt: skip
