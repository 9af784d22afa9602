"""What an HTTP answer says about trying again, the same for every server that this program speaks to."""

from __future__ import annotations

import contextlib
import time
from email.utils import parsedate_to_datetime

import httpx

#: Statuses that say "later" (RFC 9110; 425: RFC 8470; 429: RFC 6585). 501 and 505 would be the same the next time.
TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def retry_after(answer: httpx.Response) -> float | None:
    """Read Retry-After: seconds or a date (RFC 9110, 10.2.3); None where there is none that can be read."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    return None
