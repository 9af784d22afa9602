"""What a registry's answers mean: a definite no, trouble that may pass, or something that is no answer of a registry at all."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx

from orchestrator.errors import VerificationError
from orchestrator.system.http import TRANSIENT_STATUS, retry_after
from orchestrator.system.retrying import TransientError


class RefusedError(Exception):
    """A definite no of the registry; the message is its reason in one line, `mend` what to do where that is known."""

    def __init__(self, reason: str, *, mend: str = "") -> None:
        super().__init__(reason)
        self.mend = mend


def strange(answer: httpx.Response, what: str) -> RefusedError:
    """Make the error for an answer that no registry gives, such as a page for people; `what` is what is wrong with it."""
    where = answer.url.netloc.decode("ascii", "replace")
    return RefusedError(
        f"{where} answers, but not as a registry does: {what}",
        mend=f"check that {where} is the registry's address, and what stands before it (a proxy, a page to log in)",
    )


def json_object(answer: httpx.Response) -> dict[str, Any]:
    """Read an answer that has to be a JSON object. Raises `RefusedError` for anything else."""
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        kind = answer.headers.get("Content-Type", "").partition(";")[0][:80]
        raise strange(answer, f"{kind or 'something'} in place of JSON") from None
    if not isinstance(said, dict):
        raise strange(answer, "no JSON object")
    return said


def following(answer: httpx.Response) -> str:
    """Give the address of the next page of a list; empty where there is none. Raises `RefusedError` when it is no address.

    Source: https://www.rfc-editor.org/rfc/rfc8288#section-3
    """
    said = answer.links.get("next", {}).get("url")
    try:
        return str(answer.url.join(said)) if said else ""
    except httpx.InvalidURL:
        raise strange(answer, "its list goes on at no address") from None


def problem(answer: httpx.Response) -> Exception:
    """Say what an unwelcome answer means: the registry's code and message where there are some."""
    said = ""
    with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError, RecursionError):
        first = answer.json()["errors"][0]
        said = f" ({first['code']}: {first.get('message', '')})"
    reason = f"{answer.status_code} {answer.reason_phrase}{said}"
    if "DIGEST_INVALID" in said:
        return VerificationError(
            f"{answer.url.host} got other bytes than were sent: {reason}", mend="check the network"
        )
    if answer.status_code in TRANSIENT_STATUS:
        return TransientError(reason, after=retry_after(answer))
    return RefusedError(reason)
