from __future__ import annotations

import hashlib
import socket
from pathlib import Path

import httpx
import pytest

from orchestrator.errors import InterruptedRunError, OrchestratorError, UnreachableError, VerificationError
from orchestrator.inputs.fetch import fetch
from orchestrator.inputs.model import StoredInput, Wanted
from orchestrator.inputs.store import Store
from orchestrator.inputs.transfer import ATTEMPTS, Transfer
from tests.unit.inputs.fakes import DATA, SHA256, Answer, Remembering, Server, broken, raises, ranged, status, whole

NEAR, FAR = "http://near.invalid/pool/x.orig.tar.xz", "https://far.invalid/x.tar.xz"


class Shop:
    """Everything around one `fetch`."""

    def __init__(self, root: Path, *answers: Answer) -> None:
        self.store = Store(root=root)
        self.server = Server(list(answers))
        self.slept: list[float] = []
        self.progress = Remembering()

    def fetch(self, *addresses: str, sha256: str = SHA256, directories: tuple[Path, ...] = ()) -> StoredInput:
        return fetch(
            Wanted(what="the source of X", file="x.tar.xz", sha256=sha256, addresses=addresses or (FAR,)),
            store=self.store,
            transfer=Transfer(client=self.server.client(), sleep=self.slept.append),
            progress=self.progress,
            directories=directories,
        )

    def nothing_half_made(self) -> bool:
        kept = [path for path in self.store.root.rglob("*") if path.is_file() and path.parent.name != "locks"]
        return not kept


def content(stored: StoredInput) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in stored.directory.iterdir()}


def test_a_file_is_fetched_once_and_lies_alone_in_its_directory(tmp_path: Path) -> None:
    shop = Shop(tmp_path, whole())
    first, second = shop.fetch(), shop.fetch()
    assert content(first) == {"x.tar.xz": DATA}
    assert first == second
    assert first.digest == f"sha256:{SHA256}"
    assert len(shop.server.requests) == 1
    assert shop.progress.advances[-1] == ("x.tar.xz", len(DATA), len(DATA))


def test_the_first_address_that_delivers_is_enough(tmp_path: Path) -> None:
    shop = Shop(tmp_path, status(404), whole())
    assert content(shop.fetch(NEAR, FAR)) == {"x.tar.xz": DATA}
    assert [str(request.url) for request in shop.server.requests] == [NEAR, FAR]


def test_a_stored_file_that_was_damaged_is_fetched_anew(tmp_path: Path) -> None:
    shop = Shop(tmp_path, whole())
    stored = shop.fetch()
    (stored.directory / "x.tar.xz").write_bytes(DATA[:-1] + b"!")
    assert content(shop.fetch()) == {"x.tar.xz": DATA}
    assert len(shop.server.requests) == 2


def test_a_broken_connection_is_resumed(tmp_path: Path) -> None:
    shop = Shop(tmp_path, broken(1000, ETag='"a"'), ranged(ETag='"a"'))
    assert content(shop.fetch()) == {"x.tar.xz": DATA}
    assert shop.server.ranges == [None, "bytes=1000-"]
    assert shop.server.requests[1].headers["If-Range"] == '"a"'
    assert len(shop.slept) == 1


def test_a_weak_etag_is_not_a_validator(tmp_path: Path) -> None:
    shop = Shop(tmp_path, broken(1000, ETag='W/"a"'), ranged())
    shop.fetch()
    assert "If-Range" not in shop.server.requests[1].headers


def test_a_server_that_ignores_ranges_sends_it_all_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path, broken(1000), whole())
    assert content(shop.fetch()) == {"x.tar.xz": DATA}


def test_an_earlier_process_left_a_part(tmp_path: Path) -> None:
    shop = Shop(tmp_path, broken(1000))
    with pytest.raises(UnreachableError):
        shop.fetch()
    again = Shop(tmp_path, ranged())
    assert content(again.fetch()) == {"x.tar.xz": DATA}
    assert again.server.ranges == ["bytes=1000-"]


def test_a_part_of_another_address_is_not_gone_on_with(tmp_path: Path) -> None:
    shop = Shop(tmp_path, *[broken(1000)] * ATTEMPTS, ranged())
    assert content(shop.fetch(NEAR, FAR)) == {"x.tar.xz": DATA}
    assert shop.server.ranges[-1] is None


def test_a_part_that_was_complete_needs_no_byte_more(tmp_path: Path) -> None:
    shop = Shop(tmp_path, broken(len(DATA)), ranged())
    assert content(shop.fetch()) == {"x.tar.xz": DATA}
    assert shop.server.ranges == [None, f"bytes={len(DATA)}-"]


def test_a_part_longer_than_the_file_is_dropped(tmp_path: Path) -> None:
    shop = Shop(tmp_path, broken(len(DATA) + 5, DATA + b"longer"), ranged())
    assert content(shop.fetch()) == {"x.tar.xz": DATA}
    assert shop.server.ranges == [None, f"bytes={len(DATA) + 5}-", None]


def test_a_file_that_changed_between_two_parts_is_fetched_in_one_piece(tmp_path: Path) -> None:
    old = b"-" * len(DATA)
    shop = Shop(tmp_path, broken(1000, old), ranged(), ranged())
    assert content(shop.fetch()) == {"x.tar.xz": DATA}
    assert shop.server.ranges == [None, "bytes=1000-", None]


def test_a_part_from_the_wrong_place_is_not_appended(tmp_path: Path) -> None:
    def shifted(_: httpx.Request) -> httpx.Response:
        return httpx.Response(206, headers={"Content-Range": f"bytes 2000-9999/{len(DATA)}"})

    shop = Shop(tmp_path, broken(1000), shifted, ranged())
    assert content(shop.fetch()) == {"x.tar.xz": DATA}
    assert shop.server.ranges[-1] is None


def test_wrong_bytes_are_refused_named_and_never_asked_for_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path, whole(b"something else"), whole())
    with pytest.raises(VerificationError) as caught:
        shop.fetch(NEAR, FAR)
    assert NEAR in caught.value.message
    assert "x.tar.xz" in caught.value.message
    assert SHA256 in caught.value.message
    assert hashlib.sha256(b"something else").hexdigest() in caught.value.message
    assert len(shop.server.requests) == 1
    assert shop.nothing_half_made()


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_stumbling_server_is_asked_again(tmp_path: Path, code: int) -> None:
    shop = Shop(tmp_path, status(code), whole())
    assert content(shop.fetch()) == {"x.tar.xz": DATA}
    assert len(shop.slept) == 1


def test_retry_after_is_obeyed(tmp_path: Path) -> None:
    shop = Shop(tmp_path, status(429, Retry_After="7"), whole())
    shop.fetch()
    assert shop.slept == [7.0]


def test_nobody_waits_for_an_hour(tmp_path: Path) -> None:
    shop = Shop(tmp_path, status(503, Retry_After="3600"))
    with pytest.raises(UnreachableError, match="503"):
        shop.fetch()
    assert shop.slept == []


def test_attempts_are_bounded(tmp_path: Path) -> None:
    shop = Shop(tmp_path, status(500))
    with pytest.raises(UnreachableError, match="500"):
        shop.fetch()
    assert len(shop.server.requests) == ATTEMPTS
    assert sum(shop.slept) < 120


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 451])
def test_a_plain_no_is_taken_for_one(tmp_path: Path, code: int) -> None:
    shop = Shop(tmp_path, status(code))
    with pytest.raises(UnreachableError, match=str(code)):
        shop.fetch()
    assert len(shop.server.requests) == 1


def test_not_found_names_every_place_and_the_way_out(tmp_path: Path) -> None:
    shop = Shop(tmp_path, status(404))
    with pytest.raises(UnreachableError) as caught:
        shop.fetch(NEAR, FAR)
    assert NEAR in caught.value.message
    assert FAR in caught.value.message
    assert "archive" in caught.value.mend
    assert SHA256 in caught.value.mend


def unresolved() -> Exception:
    error = httpx.ConnectError("no")
    error.__cause__ = socket.gaierror(-3, "Temporary failure in name resolution")
    return error


def test_a_name_that_does_not_resolve_is_tried_once_more_only(tmp_path: Path) -> None:
    shop = Shop(tmp_path, raises(unresolved))
    with pytest.raises(UnreachableError, match="does not resolve") as caught:
        shop.fetch()
    assert len(shop.server.requests) == 2
    assert sum(shop.slept) < 2
    assert "network" in caught.value.mend


def test_a_directory_of_the_users_own_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "x.tar.xz").write_bytes(DATA)
    shop = Shop(tmp_path / "store", status(500))
    assert content(shop.fetch(directories=(tmp_path / "none", own))) == {"x.tar.xz": DATA}
    assert shop.server.requests == []
    assert (own / "x.tar.xz").read_bytes() == DATA


def test_a_wrong_file_of_the_users_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tar.xz").write_bytes(b"no")
    shop = Shop(tmp_path / "store", whole())
    with pytest.raises(VerificationError, match=str(tmp_path)):
        shop.fetch(directories=(tmp_path,))
    assert shop.server.requests == []
    assert shop.nothing_half_made()


def test_cancelling_keeps_the_part(tmp_path: Path) -> None:
    # Asked before the request, before the answer's only piece (which is then not written).
    server, asked = Server([whole()]), iter([False])
    part = Store(root=tmp_path).part(SHA256)
    transfer = Transfer(client=server.client(), stop=lambda: next(asked, True))
    with pytest.raises(InterruptedRunError):
        transfer.to_file(FAR, part, lambda _done, _total: None)
    assert part.is_file()


def test_every_failure_is_one_of_ours(tmp_path: Path) -> None:
    for error in (httpx.ReadTimeout("slow"), httpx.UnsupportedProtocol("ftp"), httpx.TooManyRedirects("loop")):
        shop = Shop(tmp_path, raises(lambda error=error: error))  # type: ignore[misc]
        with pytest.raises(OrchestratorError):
            shop.fetch()
