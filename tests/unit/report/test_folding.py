"""What CI systems are told."""

from __future__ import annotations

import re

from orchestrator.report.folding import Folding, GitHubFolding, GitLabFolding, folding_for


def test_the_system_is_known_by_its_variables() -> None:
    assert isinstance(folding_for({"GITHUB_ACTIONS": "true"}), GitHubFolding)
    assert isinstance(folding_for({"GITLAB_CI": "true"}), GitLabFolding)
    assert folding_for({"CI": "true", "GITHUB_ACTIONS": "false"}) is None


def test_github_gets_an_escaped_error() -> None:
    folding: Folding = GitHubFolding()
    assert folding.error("a,b:c", "100%\nFAILED: x") == "::error title=a%2Cb%3Ac::a,b:c: 100%25%0AFAILED: x"


def test_a_log_gives_no_commands_within_a_group() -> None:
    first, stop, line, go, last = GitHubFolding().fold("cell", "log", ["::set-env name=PATH::x"])
    assert (first, line, last) == ("::group::cell: log", "::set-env name=PATH::x", "::endgroup::")
    word = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", stop)
    assert word
    assert go == f"::{word[1]}::"
    assert next(iter(GitHubFolding().fold("cell", "log", []))) == first
    assert list(GitHubFolding().fold("cell", "log", []))[1] != stop


def test_gitlab_gets_a_section_whose_name_is_one_word_and_the_same_at_both_ends() -> None:
    folding: Folding = GitLabFolding(now=lambda: 1700000000.9)
    assert folding.error("cell", "x") is None
    assert list(folding.fold("3.7 slim/amd64", "log", ["line"])) == [
        "\x1b[0Ksection_start:1700000000:log_3.7_slim_amd64[collapsed=true]\r\x1b[0K3.7 slim/amd64: log",
        "line",
        "\x1b[0Ksection_end:1700000000:log_3.7_slim_amd64\r\x1b[0K",
    ]
