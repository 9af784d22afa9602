from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from orchestrator.cli.group import _FLAGS, _WITH_VALUE, COMMANDS, cli
from orchestrator.completion.protocol import answer, split
from orchestrator.completion.resolving import Offer, Tree, offers
from orchestrator.completion.scripts import Shell, place, script
from orchestrator.completion.vocabulary import recipe_words, vocabulary
from orchestrator.ledger.opening import open_ledger
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.prove.model import Kind
from orchestrator.system.places import Places
from tests.unit.conftest import ROOT

TREE = Tree(group=cli, helps=COMMANDS, hoisted=(*_WITH_VALUE, *_FLAGS))

#: Values that nobody can know before they are typed.
FREE = {"bump --sha256", "new line --sha256"}


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Places.from_environment()


def words(*typed: str) -> list[str]:
    return [one.word for one in offers(TREE, typed[:-1], typed[-1])]


def commands(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    with click.Context(group) as ctx:
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from ((f"{name} {inner}", found) for inner, found in commands(command))
            yield name, command


def has_completion(one: click.Parameter) -> bool:
    return one._custom_shell_complete is not None or isinstance(one.type, click.Choice | click.Path | click.File)


def test_every_value_has_a_completion() -> None:
    without = {
        f"{name} {one.opts[0]}"
        for name, command in commands(cli)
        for one in command.params
        if not (isinstance(one, click.Option) and (one.is_flag or one.count)) and not has_completion(one)
    }
    assert without == FREE


def test_a_command_is_named_with_its_help_and_imports_nothing() -> None:
    empty = click.Group("orchestrator")
    tree = Tree(group=cli, helps=COMMANDS)
    assert offers(tree, (), "li") == tuple(
        Offer(word=name, help=text) for name, text in COMMANDS.items() if name.startswith("li")
    )
    assert offers(Tree(group=empty, helps={}), (), "") == ()


def test_options_before_the_command_are_offered_and_completed() -> None:
    assert words("--ma") == ["--matrix"]
    assert set(words("--")) >= {*_WITH_VALUE, *_FLAGS, "--help"}
    assert words("--matrix", "examples/deb") == ["examples/debian/"]
    assert words("--matrix=examples/debian/v") == ["--matrix=examples/debian/versions.json"]
    assert words("--matrix", "examples/debian/versions.json", "--version", "") == ["3.9", "2.7"]
    assert "list" in words("--matrix", "examples/debian/versions.json", "")
    assert words("--json", "--matrix", "examples/debian/versions.json", "build", "2.7-slim-bullseye-a") == [
        "2.7-slim-bullseye-amd64",
        "2.7-slim-bullseye-arm64v8",
    ]


def test_what_was_given_is_not_offered_again() -> None:
    assert "--force" in words("build", "--f")
    assert "--force" not in words("build", "--force", "--f")
    assert "--arch" in words("build", "--arch", "amd64", "--a")
    assert "3.7-stretch" not in words("build", "3.7-stretch", "3.7-str")


def test_values_of_options() -> None:
    assert words("build", "--variant", "slim") == ["slim-stretch"]
    assert words("list", "--format", "j") == ["json", "jenkins"]
    assert words("list", "--format=j") == ["--format=json", "--format=jenkins"]
    assert words("list", "--runner", "") == ["amd64=", "arm64v8="]
    assert words("plan", "--nodes", "2xa") == ["2xamd64:", "2xarm64v8:"]
    assert words("plan", "--failure-rate", "net") == ["network="]
    assert words("prune", "--images", "") == ["2"]
    assert words("test", "--image", "arm64v8/python:3.4.9-slim-s") == ["arm64v8/python:3.4.9-slim-stretch"]
    assert words("demo", "--image", "3.9-s") == ["3.9-slim-bullseye"]
    assert words("publish", "--registry", "loc") == ["localhost:5000"]
    assert offers(TREE, ("list", "--runner"), "am") == (Offer(word="amd64=", going_on=True),)


def test_arguments_are_completed_in_their_turn() -> None:
    assert words("explain", "3.5-alpine3.8")[:1] == ["3.5-alpine3.8"]
    assert words("explain", "3.5-alpine3.8", "linux") == ["linux-headers"]
    assert words("explain", "3.5-alpine3.8", "--enable-l") == ["--enable-loadable-sqlite-extensions"]
    assert words("explain", "3.5-alpine3.8", "linux-headers", "") == []
    assert words("engine", "st") == ["start", "stop", "status"]
    assert words("engine", "--", "--") == []
    assert "--json" in words("doctor", "")


def test_what_the_matrix_does_not_have_yet_is_offered_where_it_grows() -> None:
    assert words("new", "li") == ["line"]
    assert words("new", "line", "") == ["3.8"]
    assert words("new", "line", "3.8", "--variants", "stretch,sl") == ["stretch,slim-stretch"]
    assert words("new", "line", "3.8", "--gpg-key", "0D96") == ["0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D"]
    assert words("new", "suite", "bu") == ["bullseye", "buster"]
    assert words("new", "suite", "buster", "--full", "") == ["buildpack-deps:buster", "none"]
    assert "3.9" in words("new", "alpine", "")
    assert "3.8" not in words("new", "alpine", "")
    assert words("new", "--matrix", "examples/debian/versions.json", "line", "") == ["3.10"]
    assert "ppc64le" in words("new", "arch", "")
    assert "amd64" not in words("new", "arch", "")
    assert words("new", "arch", "ppc64le", "--platform", "linux/p") == ["linux/ppc64le"]
    assert words("bump", "3.7", "--to", "") == ["3.7.3"]
    assert words("bump", "3.") == ["3.7", "3.6", "3.5", "3.4"]
    assert words("bump", "--source-url", "") == ["https://www.python.org/ftp/python"]
    assert "ppc64le" in words("readme", "--arch", "")


def test_codes_of_checks_are_offered() -> None:
    assert "M101" in words("lint", "--select", "M")


def test_proofs_are_those_of_the_catalogue() -> None:
    assert set(words("test", "--only", "")) == {*map(str, Kind), *(proof.name for proof in CATALOGUE)}


def test_runs_come_from_the_ledger_newest_first(places: Places) -> None:
    assert words("history", "--run", "") == []
    with open_ledger(places.ledger) as ledger:
        for command in ("build", "publish"):
            with ledger.run(command):
                pass
    assert words("history", "--run", "") == ["2", "1"]
    assert words("publish", "--rollback", "") == ["2"]
    assert words("report", "")[:3] == ["latest", "2", "1"]
    assert words("report", "2", "3.4-alpine3.8") == [
        "3.4-alpine3.8",
        "3.4-alpine3.8-amd64",
        "3.4-alpine3.8-arm64v8",
    ]
    (found,) = offers(TREE, ("publish", "--rollback"), "")
    assert found.help.startswith("publish, 20")


def test_words_of_a_matrix_are_kept_until_it_changes(tmp_path: Path, places: Places) -> None:
    file = tmp_path / "versions.json"
    text = (ROOT / "versions.json").read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    first = vocabulary(file, places)
    assert "3.4" in first.lines
    (kept,) = (places.cache / "completion").iterdir()
    kept.write_text(kept.read_text().replace('"3.4"', '"kept"'))
    assert "kept" in vocabulary(file, places).lines
    document = json.loads(text)
    del document["lines"]["3.4"]
    file.write_text(json.dumps(document), encoding="utf-8")
    assert vocabulary(file, places).lines == tuple(line for line in first.lines if line != "3.4")
    kept.write_text("no JSON")
    assert vocabulary(file, places).lines == tuple(line for line in first.lines if line != "3.4")


def test_words_of_a_recipe_are_those_that_explain_takes(places: Places) -> None:
    found = recipe_words(ROOT / "versions.json", "3.7-slim-stretch", places)
    assert {"ca-certificates", "--build", "PYTHON_VERSION", "_uuid", "cleanup", "cmd"} <= set(found)
    assert not any("=" in word for word in found)


@pytest.mark.parametrize(
    ("line", "words", "begun", "quoted"),
    [
        ("", [], "", False),
        ("orchestrator ", ["orchestrator"], "", False),
        ("orchestrator li", ["orchestrator"], "li", False),
        ("a 'b c' d", ["a", "b c"], "d", False),
        ("a 'b c", ["a"], "b c", True),
        ("a b\\ c", ["a"], "b c", False),
        ("a b\\ ", ["a"], "b ", False),
    ],
)
def test_a_line_is_split_as_a_shell_does(line: str, words: list[str], begun: str, quoted: bool) -> None:  # noqa: FBT001
    assert split(line) == (words, begun, quoted)


def test_bash_gets_what_stands_behind_its_word_break() -> None:
    assert answer(TREE, "bash", ["orchestrator list --format=j"]) == "closed\njson\njenkins\n"
    assert (
        answer(TREE, "bash", ["orchestrator test --image arm64v8/python:3.4.9-slim-s"])
        == "closed\n3.4.9-slim-stretch\n"
    )
    assert answer(TREE, "bash", ["orchestrator list --runner am"]) == "open\namd64=\n"


def test_zsh_and_fish_get_help_beside_the_word() -> None:
    assert answer(TREE, "fish", ["lis"]) == f"list\t{COMMANDS['list']}\n"
    assert answer(TREE, "zsh", ["lis"]) == f"closed\tlist\t{COMMANDS['list']}\n"


def test_odd_names_of_files_are_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my $(odd) file.json").touch()
    (tmp_path / "other.txt").touch()
    (tmp_path / ".hidden.json").touch()
    monkeypatch.chdir(tmp_path)
    assert words("list", "--matrix", "") == ["my $(odd) file.json"]
    assert answer(TREE, "bash", ["orchestrator list --matrix m"]) == "closed\nmy\\ \\$\\(odd\\)\\ file.json\n"
    assert words("list", "--matrix", ".h") == [".hidden.json"]


@pytest.mark.parametrize("instruction", ["bash", "zsh", "fish", "tcsh", "tcsh_source"])
def test_errors_are_silent(instruction: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        answer(TREE, instruction, ["list", "--arch", ""] if instruction != "bash" else ["orchestrator list --arch "])
        == ""
    )


@pytest.mark.parametrize("shell", list(Shell))
def test_scripts_are_printed_in_both_ways(shell: Shell) -> None:
    assert answer(TREE, f"{shell}_source", []) == script(shell)
    assert f"_ORCHESTRATOR_COMPLETE={shell}" in script(shell)


def test_scripts_belong_where_the_shells_look() -> None:
    home = {"HOME": "/home/me"}
    assert str(place(Shell.FISH, home).path) == "/home/me/.config/fish/completions/orchestrator.fish"
    assert str(place(Shell.ZSH, home).path) == "/home/me/.local/share/zsh/site-functions/_orchestrator"
    assert str(place(Shell.BASH, home).path) == "/home/me/.local/share/bash-completion/completions/orchestrator"
    assert (
        str(place(Shell.BASH, {**home, "XDG_DATA_HOME": "/data"}).path)
        == "/data/bash-completion/completions/orchestrator"
    )
    assert str(place(Shell.FISH, {**home, "XDG_CONFIG_HOME": "relative"}).path).startswith("/home/me/")
