"""Somebody who polls all tags of an image while it is published, and writes down whatever is not a whole old or a whole new set."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

_ACCEPT = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)
#: Seconds after which a tag that gives a 500 is read once more: docker-registry empties the file of a tag before it writes it again.
_BLINK = 0.02


@dataclass(frozen=True, kw_only=True)
class Generation:
    """What an image is at one time: digests of its members by architecture, and of the index over them."""

    members: Mapping[str, str]
    index: str


@dataclass(frozen=True, kw_only=True)
class Tags:
    """The tags of an image: those that name the release, and those that move; `platforms` are `OS/ARCH` by architecture."""

    release: tuple[str, ...]
    moving: tuple[str, ...]
    platforms: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is going on: below `prefix` (empty, or ending in a slash) a set replaces another one, or none."""

    prefix: str
    old: Generation | None
    new: Generation


@dataclass(kw_only=True)
class Observer:
    """Polls in its own threads between `watching` and its end; `violations` are sentences, `between` counts the polls that saw old and new.

    `blinks` are reads that had to be made again: what they gave the first time.
    """

    address: str
    repository: str
    tags: Tags
    polls: int = 0
    between: int = 0
    blinks: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    _change: Change | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        # Held for a poll: what is expected does not change in the middle of one.
        self._lock = threading.Lock()
        self._seen_new: set[tuple[str, str]] = set()

    def watch(self, change: Change | None) -> None:
        """Expect something else from now on; None: look at nothing. To be called while nothing is published."""
        with self._lock:
            self._change, self._seen_new = change, set()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Poll until the end of the block."""
        thread = threading.Thread(target=self._run, name="observer", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join(timeout=30)

    def _run(self) -> None:
        with httpx.Client(base_url=f"http://{self.address}/v2/", trust_env=False, timeout=30) as client:
            while not self._stopped.is_set():
                with self._lock:
                    change = self._change
                    if change is not None:
                        try:
                            self._poll(_Look(observer=self, client=client, change=change))
                        except Exception as error:  # noqa: BLE001 - nobody sees what a thread raises
                            self.violations.append(f"the observer failed: {error!r}")
                # Somebody waits for the lock: a thread that takes it again at once would starve them.
                time.sleep(0.01 if change is None else 0.0005)

    def _poll(self, look: _Look) -> None:
        """Read in the opposite order of publishing: what implies something else is read before that."""
        tags, archs = self.tags, tuple(self.tags.platforms)
        moving = {tag: look.index(tag) for tag in tags.moving}
        moving_own = {(arch, tag): look.own(arch, tag) for arch in archs for tag in tags.moving}
        release = {tag: look.index(tag) for tag in tags.release}
        release_own = {(arch, tag): look.own(arch, tag) for arch in archs for tag in tags.release}
        for tag, new in {**moving, **release}.items():
            for arch in archs if new else ():
                if not {**moving_own, **release_own}[arch, tag]:
                    look.wrong(f"the index {tag} is new, {arch}'s own {tag} is not")
        if any(moving.values()) or any(moving_own.values()):
            for name, new in (*release.items(), *release_own.items()):
                if not new:
                    look.wrong(f"a moving tag is new, the release's {name} is not")
        states = {*moving.values(), *moving_own.values(), *release.values(), *release_own.values()}
        self.polls += 1
        self.between += len(states) == 2


@dataclass(frozen=True, kw_only=True)
class _Look:
    """One poll."""

    observer: Observer
    client: httpx.Client
    change: Change
    _whole: set[tuple[str, str]] = field(default_factory=set)

    def wrong(self, what: str) -> None:
        """Write down a violation."""
        self.observer.violations.append(f"{self.change.prefix}: {what}")

    def index(self, tag: str) -> bool:
        """Read the index of a tag; true when it is the new one."""
        old, new = self.change.old, self.change.new
        got = self._read("library", tag, may_be_missing=old is None)
        if got is None:
            return self._known("library", tag, new=False)
        digest, document = got
        generation = next((one for one in (new, old) if one is not None and one.index == digest), None)
        if generation is None:
            self.wrong(f"the index {tag} is neither old nor new, but {digest}")
            return False
        found = {_platform(entry): str(entry["digest"]) for entry in document["manifests"]}
        wanted = {name: generation.members[arch] for arch, name in self.observer.tags.platforms.items()}
        if found != wanted:
            self.wrong(f"the index {tag} has {found}, and not {wanted}")
        for member in found.values():
            self._is_there("library", member)
        return self._known("library", tag, new=generation is new)

    def own(self, arch: str, tag: str) -> bool:
        """Read an architecture's own tag; true when it is the new one."""
        old, new = self.change.old, self.change.new
        got = self._read(arch, tag, may_be_missing=old is None)
        if got is None:
            return self._known(arch, tag, new=False)
        digest, document = got
        if "layers" not in document:
            self.wrong(f"{arch}'s {tag} is no image")
        if digest not in {new.members[arch], old.members[arch] if old is not None else ""}:
            self.wrong(f"{arch}'s {tag} is neither old nor new, but {digest}")
        return self._known(arch, tag, new=digest == new.members[arch])

    def _known(self, where: str, tag: str, *, new: bool) -> bool:
        if new:
            self.observer._seen_new.add((where, tag))
        elif (where, tag) in self.observer._seen_new:
            self.wrong(f"{where}'s {tag} was new, and is old again")
        return new

    def _is_there(self, where: str, digest: str) -> None:
        """A member can be read, and all that it names is there; looked at once in a poll."""
        if (where, digest) in self._whole:
            return
        self._whole.add((where, digest))
        got = self._read(where, digest)
        for blob in () if got is None else (got[1]["config"], *got[1]["layers"]):
            answer = self.client.head(f"{self._repository(where)}/blobs/{blob['digest']}")
            if answer.status_code != httpx.codes.OK:
                self.wrong(f"{digest} lacks {blob['digest']}: {answer.status_code}")

    def _read(self, where: str, reference: str, *, may_be_missing: bool = False) -> tuple[str, dict[str, Any]] | None:
        """GET a manifest: the digest of the bytes that came, and what they say."""
        path = f"{self._repository(where)}/manifests/{reference}"
        answer = self.client.get(path, headers={"Accept": _ACCEPT})
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            self.observer.blinks.append(f"{where}'s {reference}: {answer.status_code} {answer.text[:200]}")
            time.sleep(_BLINK)
            answer = self.client.get(path, headers={"Accept": _ACCEPT})
        if answer.status_code == httpx.codes.NOT_FOUND and may_be_missing:
            return None
        if answer.status_code != httpx.codes.OK:
            self.wrong(f"{where}'s {reference} gives {answer.status_code}: {answer.text[:200]}")
            return None
        return f"sha256:{hashlib.sha256(answer.content).hexdigest()}", json.loads(answer.content)

    def _repository(self, where: str) -> str:
        return f"{self.change.prefix}{where}/{self.observer.repository}"


def _platform(entry: Mapping[str, Any]) -> str:
    return f"{entry['platform']['os']}/{entry['platform']['architecture']}"
