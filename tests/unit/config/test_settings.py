"""Settings: all have defaults, none is guessed, every mistake is one error with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config.settings import BasePolicy, Settings, load_settings
from orchestrator.errors import InvalidFileError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orchestrator.yaml"


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(None) == Settings()
    assert Settings().bases is BasePolicy.AUTO


def test_the_file_of_the_directory_is_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text("namespace: team\n", encoding="utf-8")
    monkeypatch.chdir(path.parent)
    assert load_settings(None).namespace == "team"


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "{}\n"])
def test_an_empty_file_is_the_defaults(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    assert load_settings(path) == Settings()


def test_every_setting_can_be_given(path: Path) -> None:
    path.write_text(
        "registry: localhost:5000/team\nnamespace: library\nbases: bootstrap\nbase_registry: mirror.example.org\n"
        "inputs: /srv/files\ntimeout_minutes: 1.5\nemulation_factor: 10\n",
        encoding="utf-8",
    )
    settings = load_settings(path)
    assert settings.registry == "localhost:5000/team"
    assert (settings.bases, settings.timeout_minutes, settings.emulation_factor) == (BasePolicy.BOOTSTRAP, 1.5, 10)


@pytest.mark.parametrize(
    "registry",
    [
        "localhost",
        "localhost/team",
        "r.example/team",
        "r:5000",
        "r:65535/x",
        "docker.io",
        "docker.io/team",
        "index.docker.io",
    ],
)
def test_registries_that_docker_takes_for_what_they_are(path: Path, registry: str) -> None:
    path.write_text(f"registry: {registry}\nbase_registry: team\nplain_registries: [r.example, 'r:5000']\n")
    settings = load_settings(path)
    assert (settings.registry, settings.plain_registries) == (registry, ("r.example", "r:5000"))


@pytest.mark.parametrize(
    ("content", "said", "mend"),
    [
        ("regsitry: x\n", "regsitry: this key is not known here", 'did you mean "registry"?'),
        ("registry: http://localhost:5000\n", "registry: .*is not a registry, such as", "match"),
        ("registry: localhost:5000/$(id)\n", "registry: .*is not a registry", "match"),
        ("registry: myregistry\n", 'registry: docker takes "myregistry".*namespace', "HOST.DOMAIN or HOST:PORT"),
        ("registry: my-registry/team\n", "registry: .*without a dot", "docker.io/my-registry"),
        ("registry: localhost:99999\n", "registry: localhost has no port 99999", "65535"),
        ("registry: r.example:0/x\n", r"registry: r\.example has no port 0", "65535"),
        ("base_registry: r.example:70000\n", r"base_registry: r\.example has no port 70000", "65535"),
        ("plain_registries: [r.example, other]\n", r"plain_registries\[1\]: .*without a dot", "HOST.DOMAIN"),
        ("plain_registries: [r.example/team]\n", r"plain_registries\[0\]: .*without a path", "match"),
        ("namespace: a/b\n", "namespace: .*one path component", "match"),
        ("bases: bootstrp\n", "bases: .*not one of the choices", 'did you mean "bootstrap"?'),
        ("timeout_minutes: 0\n", "timeout_minutes: ", "right type and size"),
        ("timeout_minutes: .nan\n", "timeout_minutes: |cannot express", ""),
        ("timeout_minutes: '5'\n", "timeout_minutes: ", "right type"),
        ("emulation_factor: 0.5\n", "emulation_factor: ", "right type and size"),
        ("inputs: ''\n", "inputs: ", ""),
        ("inputs: 2026-01-01\n", "JSON cannot express", "plain values"),
        ("attestations: perhaps\n", "attestations: ", "right type"),
        ("signing: {tlgo: x}\n", r"signing\.tlgo: this key is not known here", 'did you mean "tlog"?'),
        ("signing: {key: ''}\n", r"signing\.key: ", ""),
        ("- a list\n", "the document: ", ""),
        ("a: [1\n", ":2:1: not valid YAML: ", "correct the syntax"),
        ("a: !!python/object:os.system x\n", ":1:4: not valid YAML", "correct the syntax"),
    ],
)
def test_a_mistake_is_one_error_that_names_file_place_and_mend(path: Path, content: str, said: str, mend: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidFileError, match=said) as raised:
        load_settings(path)
    assert str(path) in raised.value.message
    assert mend in raised.value.mend


def test_a_file_that_is_asked_for_has_to_exist(path: Path) -> None:
    with pytest.raises(InvalidFileError, match="this config does not exist"):
        load_settings(path)


def test_attestations_are_made_unless_told_otherwise_and_signing_needs_words(path: Path) -> None:
    assert (Settings().attestations, Settings().signing.key, Settings().signing.tlog) == (True, None, False)
    path.write_text("attestations: false\nsigning: {key: awskms:///alias/x, tlog: true}\n", encoding="utf-8")
    settings = load_settings(path)
    assert (settings.attestations, settings.signing.key, settings.signing.tlog) == (False, "awskms:///alias/x", True)
