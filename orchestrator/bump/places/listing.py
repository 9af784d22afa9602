"""What a web server's page of a directory lists, whichever server wrote it."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit


def entries(page: str, address: str) -> tuple[str, ...]:
    """Give the names in a directory (decoded; those of directories end with `/`), in the page's order, each once.

    `address` is where the page came from, after redirects. Links elsewhere, to the parent, and those by which columns are sorted are left out.
    """
    reader = _Links()
    reader.feed(page)
    reader.close()
    base = address if address.endswith("/") else f"{address}/"
    root = unquote(urlsplit(base).path)
    found: dict[str, None] = {}
    for link in reader.links:
        try:
            parts = urlsplit(urljoin(base, link.strip()))
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


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep where a link leads."""
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
