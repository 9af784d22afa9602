"""A suite's state on a mirror: its signed Release file, by digest and date."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from orchestrator.errors import UnreachableError
from orchestrator.inputs.transfer import Transfer, TransferError
from orchestrator.system.apt_sources import Mirror


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """`digest` (sha256, hex) changes with every change of the suite; `date` is its own, in seconds since the epoch.

    The signature is not checked here but by apt, when the suite is used.
    """

    digest: str
    date: int


def read_release(mirror: Mirror, suite: str, transfer: Transfer) -> Release:
    """Ask the mirror for the state of a suite. Raises `UnreachableError`."""
    address = f"{mirror.url}/dists/{suite}/InRelease"
    try:
        data = transfer.small(address)
    except TransferError as error:
        if error.missing:
            raise UnreachableError(
                f"the Debian mirror of this host has no suite {suite} ({address}: {error.reason})",
                mend="the suite has moved to Debian's archive or never was there: mark it as archived in the matrix and build where a "
                "registry serves its images, or choose another suite",
            ) from error
        raise UnreachableError(
            f"the Debian mirror of this host does not answer ({address}: {error.reason})",
            mend="check the network, and the mirror in the host apt's sources",
        ) from error
    date = re.search(rb"^Date: *(.+)$", data, re.MULTILINE)
    try:
        seconds = int(parsedate_to_datetime(date[1].decode("ascii").strip()).timestamp()) if date else None
    except (ValueError, TypeError):
        seconds = None
    if seconds is None:
        raise UnreachableError(
            f"{address} is not a Release file (it has no date)",
            mend="something between here and the mirror answers in its place: check the proxy and the mirror",
        )
    return Release(digest=hashlib.sha256(data).hexdigest(), date=seconds)
