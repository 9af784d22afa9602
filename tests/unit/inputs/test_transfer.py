from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest

from orchestrator.inputs.transfer import Transfer, TransferError
from tests.unit.inputs.fakes import DATA, Answer, Server, broken, ranged, status, whole

ADDRESS = "http://h/x"


def moved(_: httpx.Request) -> httpx.Response:
    return httpx.Response(302, headers={"Location": "http://mirror/x"})


def transfer(server: Server, *, patient: bool = True) -> Transfer:
    return Transfer(client=server.client(), sleep=lambda _: None, patient=patient)


def test_a_document_tells_where_it_came_from() -> None:
    got = transfer(Server([moved, whole()])).document(ADDRESS, limit=len(DATA))
    assert (got.address, got.body) == ("http://mirror/x", DATA)


def test_a_document_is_unpacked_as_its_server_packed_it() -> None:
    packed = whole(gzip.compress(DATA), **{"Content-Encoding": "gzip"})
    assert transfer(Server([packed])).small(ADDRESS) == DATA
    with pytest.raises(TransferError):
        transfer(Server([whole(DATA, **{"Content-Encoding": "gzip"})])).small(ADDRESS)


def test_a_document_that_breaks_off_is_asked_for_again() -> None:
    short: Answer = lambda _: httpx.Response(200, content=DATA[:9], headers={"Content-Length": str(len(DATA))})  # noqa: E731
    assert transfer(Server([broken(10), short, whole()])).small(ADDRESS) == DATA


def test_a_look_fetches_nothing_and_follows() -> None:
    server = Server([moved, whole()])
    assert transfer(server).look(ADDRESS) == "http://mirror/x"
    assert [request.method for request in server.requests] == ["HEAD", "HEAD"]


def test_a_look_at_what_is_not_there() -> None:
    server = Server([status(404)])
    with pytest.raises(TransferError) as caught:
        transfer(server).look(ADDRESS)
    assert (caught.value.missing, caught.value.refused, len(server.requests)) == (True, True, 1)


@pytest.mark.parametrize("code", [400, 403, 405, 501])
def test_servers_that_refuse_to_be_looked_at_are_asked_for_the_file(code: int) -> None:
    server = Server([status(code), whole()])
    assert transfer(server).look(ADDRESS) == ADDRESS
    assert [request.method for request in server.requests] == ["HEAD", "GET"]
    with pytest.raises(TransferError) as caught:
        transfer(Server([status(code), status(404)])).look(ADDRESS)
    assert caught.value.missing


def test_a_look_is_tried_again() -> None:
    server = Server([status(503), whole()])
    assert transfer(server).look(ADDRESS) == ADDRESS
    assert len(server.requests) == 2


def test_who_is_not_patient_tries_once() -> None:
    server = Server([status(503), whole()])
    with pytest.raises(TransferError, match="503") as caught:
        transfer(server, patient=False).small(ADDRESS)
    assert (len(server.requests), caught.value.refused) == (1, False)


@pytest.mark.parametrize("code", [300, 304, 416])
def test_an_answer_that_is_no_file_is_none(code: int) -> None:
    for ask in (Transfer.document, Transfer.look):
        with pytest.raises(TransferError, match=str(code)):
            ask(transfer(Server([status(code)])), ADDRESS)


def test_a_file_without_an_end_does_not_fill_the_disk(tmp_path: Path) -> None:
    part = tmp_path / "part"
    for server in (Server([whole()]), Server([ranged()])):
        with pytest.raises(TransferError, match=f"longer than {len(DATA) - 1} bytes"):
            transfer(server).to_file(ADDRESS, part, lambda _done, _total: None, limit=len(DATA) - 1)
        assert not part.exists()
    transfer(Server([whole()])).to_file(ADDRESS, part, lambda _done, _total: None, limit=len(DATA))
    assert part.read_bytes() == DATA
