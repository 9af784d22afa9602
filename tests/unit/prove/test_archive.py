"""The archive of a saved image is read once, front to back; what is wrong with one is said."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.prove.survey.archive import Blob, UnreadableImageError, _Chunks, read_archive
from tests.unit.prove.archives import Layout, chunks, saved
from tests.unit.prove.images import Entry, draft, right, tar

AMD = {"os": "linux", "architecture": "amd64"}
ARM = {"os": "linux", "architecture": "arm64", "variant": "v8"}
ONE, TWO = (tar({"/etc/passwd": Entry(content=text)}) for text in (b"one", b"two"))
NOISE = tar({"/etc/passwd": Entry(content=b"".join(hashlib.sha256(bytes([n])).digest() for n in range(250)) * 3)})
ATTESTATION = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}


def read(layout: Layout, *, platform: str = "linux/amd64", size: int = 1000) -> str:
    found = read_archive(chunks(layout.archive(), size), platform=platform)
    return f"{found.image.platform} {found.survey.whole.text('/etc/passwd')}"


def simple(*layers: bytes) -> Layout:
    layout = Layout()
    layout.top = [layout.image(AMD, layers)]
    return layout


@pytest.mark.parametrize("size", [1, 7, 512, 10_000_000])
def test_an_image_is_read_however_the_bytes_come(size: int) -> None:
    assert read(simple(ONE, TWO), size=size) == "linux/amd64 two"


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress])
def test_layers_may_be_compressed(compress: Callable[[bytes], bytes]) -> None:
    assert read(simple(compress(ONE))) == "linux/amd64 one"


def test_a_whole_image_is_what_it_was() -> None:
    made = right("3.7-alpine3.8-arm64v8")
    found = read_archive(chunks(saved(made), 65536), platform="linux/arm64/v8")
    assert found.image == made.saved.image
    assert found.survey.base_layers == 1
    assert found.survey.whole.files == made.saved.survey.whole.files


def test_base_layers_are_counted_by_the_history_but_are_never_more_than_there_are() -> None:
    made = draft("3.7-alpine3.8-amd64", lambda one: one.document["history"].insert(0, {"created_by": "ADD x /"}))
    assert read_archive([saved(made)], platform="linux/amd64").survey.base_layers == 2
    layout = Layout()
    layout.top = [layout.image(made.document, [ONE])]
    assert read_archive([layout.archive()], platform="linux/amd64").survey.base_layers == 1


def test_of_several_platforms_the_wanted_one_is_taken_else_the_first() -> None:
    layout = Layout()
    layout.top = [layout.index(layout.index(layout.image(AMD, [ONE])), layout.image(ARM, [TWO]))]
    assert read(layout) == "linux/amd64 one"
    assert read(layout, platform="linux/arm64/v8") == "linux/arm64/v8 two"
    assert read(layout, platform="linux/s390x") == "linux/amd64 one"


def test_arm64_without_a_variant_is_the_wanted_one() -> None:
    layout = Layout()
    layout.top = [layout.index(layout.image(AMD, [ONE]), layout.image(AMD | {"architecture": "arm64"}, [TWO]))]
    assert read(layout, platform="linux/arm64/v8") == "linux/arm64 two"


def test_attestations_are_no_images() -> None:
    layout = Layout()
    layout.top = [layout.index(layout.image(AMD, [b'{"in-toto": 1}']) | ATTESTATION, layout.image(AMD, [ONE]))]
    assert read(layout) == "linux/amd64 one"


def test_a_platform_whose_layers_were_not_saved_is_passed_over() -> None:
    layout = Layout()
    missing = layout.image(ARM, [ONE])
    layout.top = [layout.index(missing, {"digest": "sha256:never"}, layout.image(AMD, [TWO]))]
    gone = layout.blob(ONE)["digest"].partition(":")[2]
    found = read_archive([layout.archive(without=[gone])], platform="linux/arm64/v8")
    assert found.image.platform == "linux/amd64"


def test_files_beside_the_blobs_are_no_layers() -> None:
    data = simple(ONE).archive(extra={"repositories": b"no layer", "README": b""})
    assert read_archive([data], platform="linux/amd64").survey.whole.text("/etc/passwd") == "one"


def test_layers_are_told_as_they_are_stored() -> None:
    packed = gzip.compress(TWO)
    found = read_archive([simple(ONE, packed).archive()], platform="linux/amd64")
    digests = [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in (ONE, packed)]
    assert found.blobs == (Blob(digest=digests[0], size=len(ONE)), Blob(digest=digests[1], size=len(packed)))


def test_layers_that_are_known_are_not_read_again() -> None:
    data = simple(ONE, b"no layer").archive()
    known = read_archive([simple(ONE).archive()], platform="linux/amd64").layers
    (digest,) = known
    assert digest == hashlib.sha256(ONE).hexdigest()
    found = read_archive(
        [data], platform="linux/amd64", known={**known, hashlib.sha256(b"no layer").hexdigest(): known[digest]}
    )
    assert found.survey.whole.text("/etc/passwd") == "one"
    assert len(found.layers) == 2


def refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableImageError, match=said):
        read_archive(chunks(data), platform="linux/amd64")


def test_zstd_is_refused_by_name() -> None:
    refused(simple(b"\x28\xb5\x2f\xfd" + bytes(100)).archive(), "the layer [0-9a-f]{12} is compressed with zstd")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cannot be read"),
        (b"no archive" * 100, "cannot be read"),
        (simple(b"no layer" * 100).archive(), "cannot be read"),
        (simple(gzip.compress(NOISE)[:5000]).archive(), "cannot be read"),
        (simple(NOISE[:9000]).archive(), "cannot be read"),
        (simple(ONE).archive()[:3000], "the saved image"),
        (simple(ONE).archive(index=b"{"), "cannot be read"),
        (simple(ONE).archive(index=b"{}"), "no manifest whose layers are all there"),
        (simple(ONE).archive(index=b'["x"]'), "no manifest"),
        (simple(ONE).archive(index=b'{"manifests": ["x"]}'), "no manifest"),
        (simple(ONE).archive(index=b'{"manifests": [{"digest": 1}]}'), "no manifest"),
    ],
    ids=[
        "empty",
        "no archive",
        "no layer",
        "gzip cut",
        "layer cut",
        "archive cut",
        "index cut",
        "no index",
        "list",
        "words",
        "no digest",
    ],
)
def test_what_no_engine_saves_is_refused(data: bytes, said: str) -> None:
    refused(data, said)


def test_a_manifest_without_a_config_is_none() -> None:
    layout = Layout()
    layout.top = [layout.blob({"config": {"digest": "sha256:never"}, "layers": []}), layout.blob({"other": 1})]
    refused(layout.archive(), "no manifest")
    layout.top = [layout.blob({"config": layout.blob(b"[1]"), "layers": []})]
    refused(layout.archive(), "no manifest")


WHOLE = simple(ONE, gzip.compress(TWO)).archive()


@settings(max_examples=60)
@given(st.integers(0, len(WHOLE)), st.binary(min_size=1, max_size=3))
@example(0, b"\0")
def test_damage_is_noticed_or_harmless(at: int, by: bytes) -> None:
    damaged = WHOLE[:at] + by + WHOLE[at + len(by) :]
    for data in (damaged, WHOLE[:at]):
        # Anything but this one error would be a mistake of ours.
        with contextlib.suppress(UnreadableImageError):
            found = read_archive(chunks(data), platform="linux/amd64")
            assert len(found.survey.layers) == 2


def test_a_stream_can_be_read_in_every_way() -> None:
    def stream() -> io.RawIOBase:
        return _Chunks(iter([b"ab", b"cde", b"f"]))

    assert stream().read() == b"abcdef"
    assert [stream().read(n) for n in (0, 1, 3, 9)] == [b"", b"a", b"abc", b"abcdef"]
    assert io.BufferedReader(stream()).read(4) == b"abcd"
    assert stream().readable()
