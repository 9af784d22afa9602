"""What packages call their licences, as SPDX expressions where that is certain, else in their own words.

Sources: https://spdx.org/licenses/ for the identifiers, https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/ for expressions,
https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-syntax for Debian's names and its way to join them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from license_expression import (  # type: ignore[import-untyped]
    ExpressionError,
    ExpressionParseError,
    Licensing,
    ParseError,
    get_spdx_licensing,
)

#: Words that stand for one licence beyond doubt, in lower case.
_NAMES = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "artistic-2": "Artistic-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "cc0": "CC0-1.0",
    "expat": "MIT",
    "mit license": "MIT",
    "mpl-2": "MPL-2.0",
    "perl": "GPL-1.0-or-later OR Artistic-1.0-Perl",
    "psf": "PSF-2.0",
    "the mit license": "MIT",
}
#: Exceptions that packages name in passing, with the SPDX one by the version of the licence that it is to.
_EXCEPTIONS = {
    "autoconf": {"2": "Autoconf-exception-2.0", "3": "Autoconf-exception-3.0"},
    "bison": dict.fromkeys("23", "Bison-exception-2.2"),
    "classpath": {"2": "Classpath-exception-2.0"},
    "font": dict.fromkeys("23", "Font-exception-2.0"),
    "gcc": {"3": "GCC-exception-3.1"},
    "libtool": {"2": "Libtool-exception"},
    "linux-syscall-note": {"2": "Linux-syscall-note"},
}
_GNU = re.compile(r"(A|L|)GPL[- ]?v?([123])(?:\.(\d))?(?:\.0)?(\+|)", re.IGNORECASE)
_GFDL = re.compile(r"GFDL(-NIV)?-(1\.[123])(\+|)(-no-invariants?)?", re.IGNORECASE)
_WITH = re.compile(r"(\S+?)(?:\s+with\s+(?:the\s+)?|-with-|-)([a-z-]+?)[- ]exception", re.IGNORECASE)
#: What the parser would take for an identifier: a licence that a document would have to explain, and GPL for any version of it.
_UNCERTAIN = re.compile(r"LicenseRef-|(?<![\w-])GPL(?![\w-]| \d)", re.IGNORECASE)
_OPERATORS = {"and", "or", "with"}
#: Longer words are no name of a licence but a sentence about it.
_LONGEST = 120
_LONGEST_EXPRESSION = 2000


def entries(words: str) -> tuple[str, ...]:
    """Read what a package says, in Debian's syntax or SPDX's: everything that applies at once is an entry of its own.

    An entry is an SPDX expression in its normal form, or what could not be read as one, as it was written but on one line.
    """
    found: list[str] = []
    for clause in _clauses(" ".join(words[:_LONGEST_EXPRESSION].split())):
        found += _expressions(clause) or [clause[:_LONGEST].rstrip()]
    return tuple(dict.fromkeys(found))


def is_spdx(entry: str) -> bool:
    """Tell whether an entry is an SPDX expression; whoever brings own licences along (`LicenseRef-`) does not say what they are."""
    return bool(_parsed(entry))


def gathered(several: Iterable[str]) -> tuple[str, ...]:
    """Read several statements that all apply, into entries in order."""
    return in_order(entry for words in several for entry in entries(words))


def in_order(several: Iterable[str]) -> tuple[str, ...]:
    """Sort entries, without doubles, whatever their case."""
    return tuple(sorted(set(several), key=lambda entry: (entry.lower(), entry)))


def _clauses(words: str) -> list[str]:
    """Take apart what is joined by `and`, as far as that cannot be mistaken."""
    found = []
    for part in re.split(r"\s*,\s*and\s+", words, flags=re.IGNORECASE):
        alone = re.search(r"[(),]|\bor\b", part, re.IGNORECASE) is None
        found += re.split(r"\s+and\s+", part, flags=re.IGNORECASE) if alone else [part]
    return [part for part in found if part]


def _expressions(clause: str) -> list[str]:
    """Translate one clause; nothing where a word of it is not understood."""
    if whole := _identifier(clause):
        return _parsed(whole)
    # A comma before `or` holds together what stands before it.
    sides = re.split(r"\s*,\s*or\s+", clause.replace("_or_", " or "), flags=re.IGNORECASE)
    text = " or ".join(f"({side})" for side in sides)
    parts = re.split(r"(\(|\)|\s+(?:and|or)\s+)", text, flags=re.IGNORECASE)
    translated = []
    for part in parts:
        name = part.strip()
        if name.lower() in {"", "(", ")", "and", "or"}:
            translated.append(name.upper())
        elif known := _identifier(name):
            translated.append(f"({known})")
        else:
            return []
    return _parsed(" ".join(translated))


@lru_cache(maxsize=1024)
def _identifier(name: str) -> str:
    """The SPDX expression for one name; empty where it is not certain."""
    if known := _NAMES.get(name.lower()):
        return known
    if _parsed(name):
        return name
    if gnu := _GNU.fullmatch(name):
        kind, major, minor, later = gnu.groups()
        return _valid(f"{kind.upper()}GPL-{major}.{minor or '0'}{'-or-later' if later else '-only'}")
    if free := _GFDL.fullmatch(name):
        invariants = "-no-invariants" if free[1] or free[4] else ""
        return _valid(f"GFDL-{free[2]}{invariants}{'-or-later' if free[3] else '-only'}")
    if exempt := _WITH.fullmatch(name):
        licence = _identifier(exempt[1])
        number = re.search(r"\d", licence)
        exception = _EXCEPTIONS.get(exempt[2].lower(), {}).get(number[0] if number else "")
        return _valid(f"{licence} WITH {exception}") if exception else ""
    return ""


def _valid(text: str) -> str:
    return text if _parsed(text) else ""


@cache
def licensing() -> Licensing:
    """Give the SPDX licences, to parse expressions with: reading their list takes longer than anything that is done with it."""
    found = get_spdx_licensing()
    # It gets ready when it is first used, which threads must not do at the same time.
    found.parse("MIT")
    return found


def _parsed(text: str) -> list[str]:
    """Parse an SPDX expression and give the parts that apply at once, in normal form; empty where it is none."""
    if _UNCERTAIN.search(text) or not _is_well_formed(text):
        return []
    try:
        expression = licensing().parse(text, validate=True, strict=True)
    except (ExpressionError, ExpressionParseError, ParseError):
        return []
    parts = expression.args if isinstance(expression, licensing().AND) else (expression,)
    return [str(part) for part in parts]


def _is_well_formed(text: str) -> bool:
    """Tell whether names, operators and brackets fit together: the parser relies on it, and breaks down over what does not."""
    form = re.sub(r"[^\s()]+", lambda word: word[0].lower() if word[0].lower() in _OPERATORS else "x", text.strip())
    while (smaller := re.sub(r"\(\s*x\s*\)|\bx\s+(?:and|or|with)\s+x\b", "x", form)) != form:
        form = smaller
    return form == "x"
