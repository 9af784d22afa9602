"""`bump` on the real thing, without a key of ours: CPython 3.13.5 in the Debian pool, signed by its release manager, whose key has expired since."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bump.places.index import SourceIndexes
from orchestrator.bump.places.names import read_name
from orchestrator.inputs.transfer import Transfer, make_client
from orchestrator.matrix.load import load_matrix
from orchestrator.system.apt_sources import host_mirror
from orchestrator.system.files import sha256_of
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.command_line import Called, CommandLine

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = "pool/main/p/python3.13"
SHA256 = "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640"
KEY = "7169605F62C751356D054A26A821E680E5FA6305"
RELEASE = "3.13.5"


@dataclass(frozen=True, kw_only=True)
class Bumped:
    """The Debian matrix with a line 3.13 at 3.13.1, and calls of `bump` on it."""

    matrix: Path
    command: CommandLine

    def __call__(self, *words: str) -> Called:
        return self.command(
            "bump", "3.13", "--only", "release", "--json", "--matrix", str(self.matrix), *words, timeout=300
        )

    @property
    def line(self) -> Any:
        return json.loads(self.matrix.read_text())["lines"]["3.13"]


@pytest.fixture
def bumped(tmp_path: Path, orchestrator: CommandLine) -> Bumped:
    document = json.loads((ROOT / "examples" / "debian" / "versions.json").read_text())
    line = document["lines"].pop("3.9")
    pool = f"{DIRECTORY}/python3.13_3.13.1.orig.tar.xz"
    source = {"format": "tar.xz", "sha256": "1" * 64, "pool": pool}
    document["lines"]["3.13"] = line | {"release": "3.13.1", "gpg_key": KEY, "source": source}
    matrix = tmp_path / "versions.json"
    matrix.write_text(json.dumps(document, indent=2))
    shutil.copytree(ROOT / "dockerfile-templates", tmp_path / "dockerfile-templates")
    own = CommandLine(
        environment={
            **orchestrator.environment,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "GNUPGHOME": str(tmp_path / "no-keyring"),
        },
        state=orchestrator.state,
    )
    assert own("render", "--matrix", str(matrix)).code == 0
    return Bumped(matrix=matrix, command=own)


def shown(bumped: Bumped, called: Called) -> None:
    """See that 3.13.5 was verified, written and kept."""
    assert called.code == 0, called.err
    notes = "\n".join(called.document["lines"][0]["notes"])
    assert f"{KEY} expired on 2026-07-02, after it had signed on 2025-06-11" in notes
    assert (bumped.line["release"], bumped.line["source"]["sha256"]) == (RELEASE, SHA256)
    (line,) = (one for one in load_matrix(bumped.matrix).lines if one.name == "3.13")
    places = Places.from_environment(bumped.command.environment)
    assert sha256_of(places.downloads / "sha256" / SHA256 / line.source.file) == SHA256
    assert bumped.command("render", "--check", "--matrix", str(bumped.matrix)).code == 0


def test_the_pool_that_the_line_takes_its_source_from(bumped: Bumped) -> None:
    before = bumped.matrix.read_bytes()
    standing = bumped("--check")
    assert standing.code == 1, standing.err
    # Newer ones may be in the pool by now: whatever is complete there and not this one is a release of the line as well.
    assert standing.document["lines"][0]["to"].startswith("3.13.")
    assert bumped.matrix.read_bytes() == before
    shown(bumped, bumped("--to", RELEASE))
    assert bumped.line["source"]["pool"] == f"{DIRECTORY}/python3.13_{RELEASE}.orig.tar.xz"
    again = bumped("--to", RELEASE)
    assert (again.code, again.document["written"]) == (0, [])


def test_the_pool_as_an_address(bumped: Bumped) -> None:
    shown(bumped, bumped("--to", RELEASE, "--source-url", f"{host_mirror().url}/{DIRECTORY}/"))


def test_the_files_in_a_directory_without_any_network(bumped: Bumped, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    mirror = host_mirror().url
    with make_client() as client:
        transfer = Transfer(client=client)
        indexes = SourceIndexes(mirror=mirror, transfer=transfer, cache=tmp_path / "indexes", progress=Silent())
        mine = [name for name in indexes.files(DIRECTORY) if (said := read_name(name)) and said.release == RELEASE]
        assert len(mine) >= 3, mine
        for name in mine:
            part = tmp_path / "unfinished.part"
            transfer.to_file(f"{mirror}/{DIRECTORY}/{name}", part, lambda _done, _total: None)
            part.rename(given / name)
    nobody = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    alone = CommandLine(environment={**bumped.command.environment, **nobody}, state=bumped.command.state)
    shown(bumped, Bumped(matrix=bumped.matrix, command=alone)("--offline", str(given)))


def test_another_key_than_the_pinned_one_is_refused(bumped: Bumped) -> None:
    document = json.loads(bumped.matrix.read_text())
    document["lines"]["3.13"]["gpg_key"] = "E3FF2839C048B25C084DEBE9B26995E310250568"
    bumped.matrix.write_text(json.dumps(document, indent=2))
    before = bumped.matrix.read_bytes()
    refused = bumped("--to", RELEASE)
    # The packaging holds the key of who signed, and not this one; nobody else may be reachable here.
    assert refused.code in {5, 6}
    assert "E3FF2839C048B25C084DEBE9B26995E310250568" in refused.err
    assert bumped.matrix.read_bytes() == before
