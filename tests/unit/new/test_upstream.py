from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from orchestrator.bump.finding import Finder, Found
from orchestrator.bump.index import Index, Offer
from orchestrator.bump.model import Signature, Verified
from orchestrator.errors import OrchestratorError, UnreachableError, UsageError
from orchestrator.inputs.model import StoredInput
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.model import Line, Matrix
from orchestrator.new.upstream import Reached, at_release, check_release, like, unreleased
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.unit.new.fakes import SHA256


@dataclass(frozen=True, kw_only=True)
class Answering(Finder):
    """A finder that has one release, or fails."""

    found: Verified | None = None
    trouble: OrchestratorError | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def newest(self, line: Line) -> Found | None:
        found = self.verified(line)
        return None if found is None else Found(release=found.release, format=found.format, origin=found.origin)

    def verified(self, line: Line, *, to: str | None = None) -> Verified | None:
        self.asked.append((line.release, to))
        if self.trouble is not None:
            raise self.trouble
        return self.found


@dataclass(frozen=True, kw_only=True)
class Offering(Index):
    """An index with these wheels."""

    offers: dict[str, Offer] = field(default_factory=dict)

    def newest(self, wanted: Sequence[str], *, release: str) -> dict[str, Offer]:
        assert release == "3.8.20"
        found = {one.partition("=")[0]: self.offers.get(one) for one in wanted}
        return {name: offer for name, offer in found.items() if offer is not None}


Places_ = Places(cache=Path("/nonexistent"), state=Path("/nonexistent"))


@pytest.fixture
def line(matrix: Matrix) -> Line:
    return at_release(like(matrix.lines[0], "3.8"), "3.8.20")


def reached(tmp_path: Path, *, finder: Finder | None = None, offers: dict[str, Offer] | None = None) -> Reached:
    places = Places(cache=tmp_path / "cache", state=tmp_path / "state")

    def nothing(_: httpx.Request) -> httpx.Response:
        return httpx.Response(404)

    return Reached(
        finder=finder or Answering(inputs_places=places, progress=Silent()),
        inputs=Inputs(
            places=places,
            progress=Silent(),
            mirror=None,
            directories=(tmp_path,),
            client=httpx.Client(transport=httpx.MockTransport(nothing)),
            sleep=lambda _: None,
        ),
        index=Offering(offers=offers or {}),
    )


def verified(tmp_path: Path) -> Verified:
    made = datetime(2024, 9, 6, tzinfo=UTC)
    return Verified(
        release="3.8.20",
        format="tar.xz",
        sha256=SHA256,
        origin="https://example.org/Python-3.8.20.tar.xz",
        stored=StoredInput(directory=tmp_path, digest=f"sha256:{SHA256}", files=()),
        signature=Signature(fingerprint="A" * 40, made=made, note="the key has expired since"),
        pool="pool/p/x.tar.xz",
        notes=("seen twice",),
    )


def test_a_line_that_is_not_there_is_older_than_all_its_releases(matrix: Matrix, debian_matrix: Matrix) -> None:
    new = like(matrix.lines[0], "3.8")
    assert (new.release, new.aliases, new.source.pool) == ("3.8.0a0", (), None)
    assert new.source.url == "https://www.python.org/ftp/python/3.8.0/Python-3.8.0a0.tar.xz"
    pooled = like(debian_matrix.lines[0], "3.13")
    assert pooled.source.pool == "pool/main/p/python3.13/python3.13_3.13.0.orig.tar.xz"
    assert unreleased(at_release(new, "3.8.20")) == new


def test_a_signed_release_is_taken_as_it_was_verified(tmp_path: Path, line: Line) -> None:
    finder = Answering(inputs_places=Places_, progress=Silent(), found=verified(tmp_path))
    tarball = reached(tmp_path, finder=finder).tarball(line)
    assert finder.asked == [("3.8.0a0", "3.8.20")]
    assert (tarball.format, tarball.sha256, tarball.pool) == ("tar.xz", SHA256, "pool/p/x.tar.xz")
    assert tarball.notes[0].startswith(f"signed by {'A' * 40} on 2024-09-06")
    assert tarball.notes[1:] == ("the key has expired since", "seen twice")


def test_an_upstream_that_does_not_answer_proposes_nothing(tmp_path: Path, line: Line) -> None:
    trouble = UnreachableError("no network", mend="plug it in")
    finder = Answering(inputs_places=Places_, progress=Silent(), trouble=trouble)
    newest = reached(tmp_path, finder=finder).newest(line)
    assert (newest.release, newest.basis) == ("", "the newest release is not known: no network")
    with pytest.raises(UnreachableError, match="no network") as refused:
        reached(tmp_path, finder=finder).tarball(line)
    assert refused.value.mend == "plug it in; or give the checksum from the release page with --sha256"
    with pytest.raises(UnreachableError, match=r"3\.8\.20 was not found"):
        reached(tmp_path).tarball(line)
    assert reached(tmp_path).newest(line).release == ""


def test_a_checksum_is_compared_unless_that_is_left_to_the_build(tmp_path: Path, line: Line) -> None:
    given = replace(reached(tmp_path), sha256=SHA256)
    with pytest.raises(UnreachableError, match=r"3\.8\.20"):
        given.tarball(line)
    (tmp_path / "Python-3.8.20.tgz").write_bytes(b"content")
    content = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    tarball = replace(given, sha256=content, format="tgz").tarball(line)
    assert (tarball.format, tarball.sha256) == ("tgz", content)
    assert "no signature" in tarball.notes[0]
    assert "not fetched" in replace(given, fetch=False).tarball(line).notes[0]


def test_what_is_offline_stays_there(tmp_path: Path, line: Line) -> None:
    with pytest.raises(UnreachableError, match="nothing else is asked"):
        replace(reached(tmp_path), sha256=SHA256, offline=tmp_path).tarball(line)


def test_a_wheel_is_pinned_if_it_supports_the_line(tmp_path: Path, line: Line) -> None:
    def offer(version: str, pythons: str) -> dict[str, Offer]:
        file = f"pip-{version}-py3-none-any.whl"
        found = Offer(name="pip", version=version, file=file, sha256="b" * 64, pythons=pythons)
        return {f"pip=={version}": found}

    upstream = reached(tmp_path, offers=offer("19.0.3", ">=2.7") | offer("26.0", ">=3.9"))
    assert upstream.pin("pip", "19.0.3", line).sha256 == "b" * 64
    with pytest.raises(UsageError, match=r"pip 26\.0 is for Python >=3\.9, not for 3\.8\.20"):
        upstream.pin("pip", "26.0", line)
    with pytest.raises(UnreachableError, match=r"no universal wheel of pip 1\.0"):
        upstream.pin("pip", "1.0", line)


@pytest.mark.parametrize("release", ["3.7.3", "3.8", "3.80.1", "latest"])
def test_releases_of_other_lines(release: str) -> None:
    with pytest.raises(UsageError):
        check_release("3.8", release)
