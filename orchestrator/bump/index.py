"""What pip's configured index offers for a line, asked through pip itself: so its mirrors, logins, proxies and local directories apply.

Source: https://pip.pypa.io/en/stable/reference/installation-report/
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, Field

from orchestrator.errors import EnvironmentFailedError, OrchestratorError, UnreachableError, VerificationError
from orchestrator.inputs.wheels import PATIENCE, absent, refusal
from orchestrator.system.process import Command, Completed, Runner, run
from orchestrator.system.strict import Problem, convert

#: Seconds for one question.
_LIMIT = 180.0
#: What installs on any machine: no platform, no implementation.
_UNIVERSAL = ("--only-binary", ":all:", "--platform", "any", "--implementation", "py")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A wheel that the index has: its file's name and sha256 (hex), the Pythons that it is for (`>=3.7`, empty: any), and what it needs.

    `needs` are requirements as the wheel's metadata writes them (https://packaging.python.org/en/latest/specifications/core-metadata/).
    """

    name: str
    version: str
    file: str
    sha256: str
    pythons: str = ""
    needs: tuple[str, ...] = ()


class _Archive(BaseModel):
    hashes: dict[str, str] = {}


class _Download(BaseModel):
    url: str
    archive_info: _Archive = _Archive()


class _Metadata(BaseModel):
    name: str
    version: str
    requires_python: str = ""
    requires_dist: tuple[str, ...] = ()


class _Item(BaseModel):
    download_info: _Download
    metadata: _Metadata


class _Report(BaseModel):
    version: Annotated[str, Field(pattern=r"^1(\.|$)")]
    install: tuple[_Item, ...]


@dataclass(frozen=True, kw_only=True)
class Index:
    """Asks pip, and asks nothing twice. Any thread may call.

    `offline` is a directory of wheels that is looked in instead of the index; then no configuration of pip applies.
    """

    offline: Path | None = None
    runner: Runner = run
    python: str = sys.executable
    _answers: dict[tuple[str, ...], Completed] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def newest(self, wanted: Sequence[str], *, release: str) -> dict[str, Offer]:
        """Give, by name, the newest universal wheel of each requirement (`pip`, `wheel<0.46`) that the index has for a release (`3.7.3`).

        Pre-releases and yanked versions are left out, as pip does. The index may not know which Pythons a wheel is for, so that has to be
        compared again. What it does not have is not among the answers. Raises `UnreachableError`, `EnvironmentFailedError`.
        """
        done = self._report(wanted, release)
        if not done.ok and len(wanted) > 1:  # one that is missing makes pip answer nothing at all
            return {name: offer for one in wanted for name, offer in self.newest((one,), release=release).items()}
        if not done.ok:
            if absent(done):
                return {}
            raise self._refused(done, wanted)
        return {offer.name: offer for offer in self._offers(done)}

    def versions(self, name: str, *, release: str) -> tuple[str, ...]:
        """Name the final versions of a distribution that the index has for a release, newest first. Raises like `newest`."""
        done = self._ask("index", "versions", *_for(release), name)
        if not done.ok:
            if absent(done):
                return ()
            raise self._refused(done, (name,))
        found = re.search(r"^Available versions: (.*)$", done.stdout.decode("utf-8", "replace"), re.MULTILINE)
        numbers = [_version(word.strip()) for word in found[1].split(",")] if found else []
        known = sorted({one for one in numbers if one is not None}, reverse=True)
        return tuple(str(one) for one in known if not one.is_prerelease)

    def _report(self, wanted: Sequence[str], release: str) -> Completed:
        # Nothing is installed, but pip wants to know where; the place need not exist.
        nowhere = ("--dry-run", "--ignore-installed", "--target", "/nonexistent")
        return self._ask("install", *nowhere, "--no-deps", "--quiet", "--report", "-", *_for(release), *wanted)

    def _ask(self, *words: str) -> Completed:
        with self._lock:
            known = self._answers.get(words)
        if known is None:
            known = self.runner(self._command(words))
            with self._lock:
                self._answers[words] = known
        return known

    def _command(self, words: tuple[str, ...]) -> Command:
        argv = (self.python, "-m", "pip", *words, *PATIENCE)
        if self.offline is None:
            return Command(argv=argv, timeout=_LIMIT)
        # https://pip.pypa.io/en/stable/topics/configuration/: no file of it is read, and no variable says anything.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        return Command(
            argv=(*argv, "--no-index", "--find-links", str(self.offline)),
            environment={**environment, "PIP_CONFIG_FILE": os.devnull},
            timeout=_LIMIT,
        )

    def _offers(self, done: Completed) -> list[Offer]:
        try:
            report = convert(json.loads(done.stdout), _Report)
        except (ValueError, Problem) as error:
            said = error.message if isinstance(error, Problem) else str(error)
            raise EnvironmentFailedError(
                f"pip's report cannot be read: {said[:200]}",
                mend="run 'make setup', which brings a pip of 22.2 or later",
            ) from None
        return [_offer(item) for item in report.install]

    def _refused(self, done: Completed, wanted: Sequence[str]) -> OrchestratorError:
        said = done.stderr.decode("utf-8", "replace")
        if "no such option: --report" in said or 'unknown command "index"' in said:
            return EnvironmentFailedError(
                f"the pip of {self.python} is too old to say what its index has",
                mend="run 'make setup', which brings a pip of 22.2 or later",
            )
        return refusal(done, wanted)


def _for(release: str) -> tuple[str, ...]:
    return (*_UNIVERSAL, "--python-version", release)


def _offer(item: _Item) -> Offer:
    file = unquote(urlsplit(item.download_info.url).path).rpartition("/")[2]
    name, version = canonicalize_name(item.metadata.name), item.metadata.version
    sha256 = item.download_info.archive_info.hashes.get("sha256", "")
    if not _SHA256.fullmatch(sha256):
        raise VerificationError(
            f"pip's index has no sha256 of {file}", mend="use an index that gives the digests of its files"
        )
    if not file.endswith("-none-any.whl"):
        raise UnreachableError(
            f"pip's index has no universal wheel of {name} {version}, only {file}",
            mend="use an index that has its wheels",
        )
    return Offer(
        name=name,
        version=version,
        file=file,
        sha256=sha256,
        pythons=item.metadata.requires_python,
        needs=item.metadata.requires_dist,
    )


def _version(word: str) -> Version | None:
    try:
        return Version(word)
    except InvalidVersion:
        return None
