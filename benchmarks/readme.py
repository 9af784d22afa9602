"""The tables in README.md: what stands between two markers is written by `make bench`."""

from __future__ import annotations

BEGIN, END = "<!-- make bench -->", "<!-- /make bench -->"


def with_tables(text: str, tables: str) -> str:
    """Put tables (Markdown) between the markers of a page; the page is given back as it is where it has no markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables.strip()}\n{END}{after}" if begin and end else text
