"""What a web server's page of a directory lists, whichever server wrote it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote, urljoin, urlsplit

#: Where an `<a href=...>` leads. Not by `html.parser`, which works for hours on a page of some megabytes that is made for that: here nothing is
#: looked at twice for long, as a tag and an address in it end at the next `<` or `>`, and are short.
_LINK = re.compile(
    r"""<a\s(?:[^<>]{0,500}?\s)?href\s{0,9}=\s{0,9}(?P<quote>["']?)(?P<address>[^<>"'\s]{1,500})(?P=quote)""",
    re.IGNORECASE,
)


def entries(page: str, address: str) -> tuple[str, ...]:
    """Give the names in a directory (decoded; those of directories end with `/`), in the page's order, each once.

    `address` is where the page came from, after redirects. Links elsewhere, to the parent, and those by which columns are sorted are left out.
    """
    base = address if address.endswith("/") else f"{address}/"
    root = unquote(urlsplit(base).path)
    found: dict[str, None] = {}
    for link in _LINK.finditer(page):
        try:
            parts = urlsplit(urljoin(base, unescape(link["address"]).strip()))
        except ValueError:  # brackets in what looks like a host
            continue
        if parts.query or parts.fragment or parts.netloc != urlsplit(base).netloc:
            continue
        path = unquote(parts.path)
        name = path.removeprefix(root)
        if path.startswith(root) and _is_plain(name.removesuffix("/")):
            found[name] = None
    return tuple(found)


def _is_plain(name: str) -> bool:
    """Whether it is one name, and not a path (after decoding it may be one)."""
    return name not in {"", ".", ".."} and not {"/", "\0"} & set(name)
