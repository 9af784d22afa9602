"""After a tool stumbled, a registry is spoken to request by request: what is pushed is the same, and gets through 30% of failures."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import CellsFailedError, UnreachableError, UsageError, VerificationError
from orchestrator.publish.registry import Registry
from orchestrator.registry.credentials import Challenge, Login, login_for
from orchestrator.registry.distribution import normal_platform
from orchestrator.system.retrying import Patience, Retries
from tests.unit.publish.fakes import FakeEngine, registry_of
from tests.unit.registry.wire import ADDRESS, FakeWire, digest_of, image

STUMBLES = "received unexpected HTTP status: 503 Service Unavailable"
AMD = f"{ADDRESS}/amd64/python:3"
ARM = f"{ADDRESS}/arm64v8/python:3"
INDEX = f"{ADDRESS}/library/python:3"
PASSWORD = "pass"  # noqa: S105 - of nobody
IDENTITY = "it"


def engine_with(*, layers: int = 3, broken: bool = False) -> FakeEngine:
    """An engine with an image for two architectures, and tools that stumble at once."""
    engine = FakeEngine()
    for name, architecture, variant in (("amd", "amd64", ""), ("arm", "arm64", "v8")):
        digest, archive = image(
            len(name + architecture), layers=layers, architecture=architecture, variant=variant, broken=broken
        )
        engine.images_by_name[name], engine.archives[name] = digest, archive
    engine.trouble[AMD] = [STUMBLES]
    return engine


def direct(engine: FakeEngine, wire: FakeWire, retries: Retries | None = None) -> Registry:
    return registry_of(engine, retries, wire.client)


def publish_both(engine: FakeEngine, registry: Registry) -> str:
    assert registry.push("amd", AMD) == engine.images_by_name["amd"]
    assert registry.push("arm", ARM) == engine.images_by_name["arm"]
    members = [f"{AMD}@{engine.images_by_name['amd']}", f"{ARM}@{engine.images_by_name['arm']}"]
    return registry.index(INDEX, members)


@pytest.mark.parametrize("mounts", [True, False])
def test_an_index_is_what_buildx_would_have_written(mounts: bool) -> None:  # noqa: FBT001 - a parameter of the test
    engine, wire = engine_with(), FakeWire(mounts=mounts)
    registry = direct(engine, wire)
    digest = publish_both(engine, registry)
    kind, raw = wire.manifests["library/python", "3"]
    assert digest == digest_of(raw)
    assert kind == "application/vnd.docker.distribution.manifest.list.v2+json"
    # Captured from `docker buildx imagetools create` 0.13.1: two spaces, this order, no variant where it says nothing.
    assert raw.decode().splitlines()[:13] == [
        "{",
        '  "schemaVersion": 2,',
        f'  "mediaType": "{kind}",',
        '  "manifests": [',
        "    {",
        '      "mediaType": "application/vnd.docker.distribution.manifest.v2+json",',
        f'      "digest": "{engine.images_by_name["amd"]}",',
        f'      "size": {len(wire.manifests["amd64/python", "3"][1])},',
        '      "platform": {',
        '        "architecture": "amd64",',
        '        "os": "linux"',
        "      }",
        "    },",
    ]
    assert registry.platforms(INDEX) == {
        "linux/amd64": engine.images_by_name["amd"],
        "linux/arm64": engine.images_by_name["arm"],
    }
    # The tools were tried once; the name that the push needed is gone.
    assert engine.log == [AMD]
    assert set(engine.images_by_name) == {"amd", "arm"}


@settings(max_examples=60, deadline=None)
@given(st.integers())
def test_ten_layers_get_through_30_percent_of_failures(seed: int) -> None:
    engine, wire = engine_with(layers=10), FakeWire(rate=0.3, seed=seed)
    slept: list[float] = []
    told: list[str] = []
    retries = Retries(sleep=slept.append, on_retry=lambda what, _number, _seconds: told.append(what))
    digest = publish_both(engine, direct(engine, wire, retries))
    perfect = engine_with(layers=10), FakeWire()
    assert digest == publish_both(perfect[0], direct(*perfect))
    assert wire.blobs == perfect[1].blobs
    assert wire.manifests == perfect[1].manifests
    assert retries.count == len(told) == len(slept)
    assert wire.failures <= retries.count + 5  # what failed while greeting is not a retry of anything
    assert all(
        seconds >= 1 for seconds, what in zip(slept, told, strict=True) if what.endswith("429 Too Many Requests")
    )


def test_another_tag_of_the_same_image_sends_nothing_but_a_manifest() -> None:
    engine, wire = engine_with(), FakeWire()
    registry = direct(engine, wire)
    registry.push("amd", AMD)
    before = len(wire.requests)
    registry.push("amd", f"{ADDRESS}/amd64/python:3.9")
    assert wire.requests[before:] == [
        ("PUT", "/v2/amd64/python/manifests/3.9"),
        ("GET", "/v2/amd64/python/manifests/3.9"),
    ]
    assert engine.saves == ["amd"]


def test_a_healthy_registry_is_left_to_the_tools() -> None:
    engine, wire = engine_with(), FakeWire()
    engine.trouble.clear()
    publish_both(engine, direct(engine, wire))
    assert wire.requests == []
    assert engine.saves == []


def test_an_engine_that_knows_other_digests_is_left_to_push() -> None:
    engine, wire = engine_with(), FakeWire()
    registry = direct(engine, wire)
    object.__setattr__(registry, "exact", False)
    with pytest.raises(UnreachableError, match="cannot be read back"):
        registry.push("amd", AMD)  # the fake tool's registry is not the one on the wire
    assert engine.log == [AMD, AMD]
    assert engine.saves == []


def test_what_the_registry_refuses_is_refused_at_once() -> None:
    engine, wire = engine_with(), FakeWire()
    said = {"errors": [{"code": "DENIED", "message": "not yours"}]}
    wire.refused["POST", "/v2/amd64/python/blobs/uploads/"] = httpx.Response(403, json=said)
    retries = Retries(sleep=lambda _seconds: None)
    with pytest.raises(UnreachableError, match=r"cannot be pushed: 403 Forbidden \(DENIED: not yours\)"):
        direct(engine, wire, retries).push("amd", AMD)
    assert retries.count == 1
    assert set(engine.images_by_name) == {"amd", "arm"}


def test_a_registry_that_never_recovers_is_given_up_after_one_patience() -> None:
    engine, wire = engine_with(), FakeWire()
    registry = direct(engine, wire, Retries(sleep=lambda _seconds: None, patience=Patience(attempts=5)))
    wire.refused["POST", "/v2/amd64/python/blobs/uploads/"] = httpx.Response(503)
    with pytest.raises(UnreachableError, match="cannot be pushed: 503 Service Unavailable"):
        registry.push("amd", AMD)
    assert sum(method == "POST" for method, _ in wire.requests) == 5
    # It answers, so another image is not held back.
    assert registry.push("arm", ARM) == engine.images_by_name["arm"]


def test_a_wait_beyond_all_patience_is_not_begun() -> None:
    engine, wire = engine_with(), FakeWire()
    wire.refused["POST", "/v2/amd64/python/blobs/uploads/"] = httpx.Response(429, headers={"Retry-After": "3600"})
    slept: list[float] = []
    with pytest.raises(UnreachableError, match="429"):
        direct(engine, wire, Retries(sleep=slept.append)).push("amd", AMD)
    assert sum(slept) < 10


def test_wrong_bytes_are_not_sent_twice() -> None:
    engine, wire = engine_with(broken=True), FakeWire()
    with pytest.raises(VerificationError, match="other bytes than were sent"):
        direct(engine, wire).push("amd", AMD)


def test_wrong_bytes_of_a_registry_are_refused() -> None:
    engine, wire = engine_with(), FakeWire()
    registry = direct(engine, wire)
    registry.push("amd", AMD)
    digest = engine.images_by_name["amd"]
    wire.manifests["amd64/python", digest] = ("x", b"{}")
    with pytest.raises(VerificationError, match="when asked for"):
        registry.index(INDEX, [f"{AMD}@{digest}"])


def test_an_image_that_the_engine_has_in_part_is_not_pushed() -> None:
    engine, wire = engine_with(), FakeWire()
    engine.images_by_name["amd"] = "sha256:gone"
    with pytest.raises(CellsFailedError, match="sha256:gone"):
        direct(engine, wire).push("amd", AMD)


def test_the_token_of_a_login_is_got_once_per_repository(tmp_path: Path) -> None:
    engine, wire = engine_with(), FakeWire(asks_for="s3cret", rate=0.2, seed=3)
    login = {"auths": {ADDRESS: {"auth": "dXNlcjpwYXNz"}}}
    (tmp_path / "config.json").write_text(json.dumps(login))
    registry = direct(engine, wire)
    object.__setattr__(registry, "environment", {"DOCKER_CONFIG": str(tmp_path)})
    assert registry.push("amd", AMD) == engine.images_by_name["amd"]
    # A lost token is asked for again; else once.
    assert 1 <= sum(path == "/token" for _, path in wire.requests) <= 4


def test_without_a_login_a_basic_challenge_is_a_refusal() -> None:
    engine, wire = engine_with(), FakeWire()
    unauthorized = httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="r"'})
    wire.refused["HEAD", "/v2/amd64/python/blobs/" + next(iter(_blobs(engine)))] = unauthorized
    with pytest.raises(UnreachableError, match="401 Unauthorized"):
        direct(engine, wire).push("amd", AMD)


def _blobs(engine: FakeEngine) -> list[str]:
    wire = FakeWire()
    copy = engine_with()
    direct(copy, wire).push("amd", AMD)
    config: str = json.loads(wire.manifests["amd64/python", engine.images_by_name["amd"]][1])["config"]["digest"]
    return [config]


@pytest.mark.filterwarnings("ignore:docker-credential-no-such-helper not installed")
def test_logins_are_read_where_the_command_line_has_them(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    environment = {"DOCKER_CONFIG": str(tmp_path)}
    config.write_text(json.dumps({"auths": {"r:5000": {"auth": "dXNlcjpwYXNz"}, "t": {"identitytoken": "it"}}}))
    assert login_for("r:5000", environment) == Login(username="user", password=PASSWORD)
    assert login_for("t", environment) == Login(password=IDENTITY)
    assert login_for("other", environment) is None
    assert "pass" not in repr(login_for("r:5000", environment))
    config.write_text(json.dumps({"credHelpers": {"r": "no-such-helper"}}))
    with pytest.raises(UsageError, match="the login for r cannot be read"):
        login_for("r", environment)


def test_an_identity_is_given_as_a_form_and_a_password_as_basic() -> None:
    challenge = Challenge.parse('Bearer realm="http://r/token",service="s",scope="repository:a:pull"')
    form = challenge.token_request(Login(password=IDENTITY))
    assert form.method == "POST"
    assert b"refresh_token=it" in form.content
    plain = challenge.token_request(Login(username="user", password=PASSWORD), also="repository:b:pull")
    assert plain.headers["Authorization"] == "Basic dXNlcjpwYXNz"
    assert plain.url.params.get_list("scope") == ["repository:a:pull", "repository:b:pull"]
    assert "Authorization" not in challenge.token_request(None).headers


@pytest.mark.parametrize(
    ("architecture", "variant", "seen"),
    [("arm64", "v8", {}), ("arm", "", {"variant": "v7"}), ("arm", "v5", {"variant": "v5"}), ("s390x", "", {})],
)
def test_platforms_are_written_as_containerd_writes_them(architecture: str, variant: str, seen: dict[str, str]) -> None:
    found = normal_platform({"architecture": architecture, "os": "linux", "variant": variant})
    assert found == {"architecture": architecture, "os": "linux"} | seen
