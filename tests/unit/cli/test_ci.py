"""What CI systems are told to call exists, and nothing that a stranger types becomes a part of a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from check_jsonschema import main as check_jsonschema  # type: ignore[import-untyped]

from orchestrator.cli.group import COMMANDS, cli
from orchestrator.errors import ExitCode
from tests.unit.conftest import ROOT

JENKINSFILE = ROOT / "Jenkinsfile"
SCRIPT = ROOT / ".ci" / "orchestrate"
EXAMPLES = ROOT / "examples" / "ci"
WORKFLOWS = sorted(EXAMPLES.glob("*.yml"))
FILES = [JENKINSFILE, SCRIPT, *sorted(EXAMPLES.iterdir())]

#: A call, up to where the shell or Groovy goes on to something else.
_CALL = re.compile(r"(?:\.ci/orchestrate|\.venv/bin/orchestrator) ([a-z-]+)([^|;'\n)}]*)")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def workflow(path: Path) -> Any:
    # In YAML 1.1 a bare `on` is a boolean: the one reason for another loader here.
    return yaml.load(text_of(path), Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but strings


def steps(path: Path) -> Iterator[tuple[str, Any]]:
    for name, job in workflow(path)["jobs"].items():
        for step in job["steps"]:
            yield name, step


def options_of(name: str) -> set[str]:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_commands_and_their_options_exist(path: Path) -> None:
    for command, rest in _CALL.findall(text_of(path)):
        assert command in COMMANDS, command
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= options_of(command), command


def test_options_that_the_script_adds_exist() -> None:
    text = text_of(SCRIPT)
    added = re.findall(r"^\t*(?:([a-z |]+)\) .*)?add (--[a-z]+)", text, re.MULTILINE)
    assert [option for _, option in added] == ["--matrix", "--version", "--variant", "--arch", "--jobs"]
    for command in COMMANDS:
        if command in {"plan", "list", "build", "nightly", "publish"}:
            assert {"--matrix", "--version", "--variant", "--arch"} <= options_of(command)
    assert "--jobs" in options_of("build") & options_of("nightly")
    assert "--allow-rebuild" in options_of("nightly") & options_of("publish")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_make_targets_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:sh '|&& |^ +)make ([a-z]+)", text_of(path), re.MULTILINE)) <= targets


def test_jenkins_knows_every_exit_code() -> None:
    told = {int(code) for code in re.findall(r"^ +(\d+): '", text_of(JENKINSFILE), re.MULTILINE)}
    assert told == {int(code) for code in ExitCode} - {int(ExitCode.DONE)}


def test_parameters_of_jenkins_are_those_that_the_script_checks() -> None:
    named = set(re.findall(r"(?:string|booleanParam)\(name: '([A-Z_]+)'", text_of(JENKINSFILE)))
    assert named == {"VERSION", "VARIANT", "ARCH", "JOBS", "ALLOW_REBUILD"}
    assert all(f"{name}-}}" in text_of(SCRIPT) for name in named)


@pytest.mark.parametrize("path", [JENKINSFILE, EXAMPLES / "Jenkinsfile"], ids=["one agent", "many agents"])
def test_no_script_of_jenkins_is_put_together_from_words(path: Path) -> None:
    text = text_of(path)
    assert "params." not in text
    scripts = re.findall(r"\bsh(?:\(script:)? *(\"|')", text)
    assert len(scripts) > 3
    assert set(scripts) == {"'"}  # Groovy fills nothing in between these


def fits(path: Path) -> bool:
    # The schema comes with the checker; a unit test opens no socket.
    code = check_jsonschema(["--builtin-schema", "vendor.github-workflows", str(path)], standalone_mode=False)
    return bool(code == 0)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_fit_their_schema(path: Path, tmp_path: Path) -> None:
    assert fits(path)
    broken = tmp_path / "broken.yml"
    broken.write_text(text_of(path).replace("runs-on:", "runs-at:"))
    assert not fits(broken)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_little_and_run_nothing_that_others_wrote(path: Path) -> None:
    document = workflow(path)
    assert document["permissions"] == {"contents": "read"}
    assert document["concurrency"]["cancel-in-progress"] == "false"
    assert document["defaults"]["run"]["shell"] == "bash"
    for _, step in steps(path):
        assert "${{" not in step.get("run", "")
        if "uses" in step:
            assert re.fullmatch(r"(?:actions|docker)/[a-z-]+(?:/(?:save|restore))?@v\d+", step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_end_by_themselves(path: Path) -> None:
    assert all(int(job["timeout-minutes"]) <= 360 for job in workflow(path)["jobs"].values())


def test_a_matrix_is_only_used_when_it_is_not_empty() -> None:
    jobs = workflow(EXAMPLES / "matrix.yml")["jobs"]
    made = {name: job for name, job in jobs.items() if "strategy" in job}
    assert set(made) == {"build", "publish"}
    for job in made.values():
        assert "needs.plan.outputs.any == 'true'" in job["if"]
        source = re.fullmatch(r"\$\{\{ fromJSON\(needs\.plan\.outputs\.([a-z]+)\) \}\}", job["strategy"]["matrix"])
        assert source is not None
        assert source[1] in jobs["plan"]["outputs"]


def test_what_a_job_takes_another_has_left() -> None:
    left, taken = set(), set()
    for _, step in steps(EXAMPLES / "matrix.yml"):
        words = step.get("with", {})
        if "upload-artifact" in step.get("uses", ""):
            left.add(re.sub(r"\$\{\{ .* \}\}", "X", words["name"]))
        if "download-artifact" in step.get("uses", ""):
            taken.add(re.sub(r"\$\{\{ .* \}\}", "X", words.get("name") or words["pattern"]))
    assert left == {"before", "cell-X", "published-X"}
    assert taken == {"before", "cell-X-*", "cell-*", "published-*"}


def test_the_readme_names_every_file() -> None:
    text = text_of(EXAMPLES / "README.md")
    for path in EXAMPLES.iterdir():
        if path.name != "README.md":
            assert f"]({path.name})" in text, path.name
