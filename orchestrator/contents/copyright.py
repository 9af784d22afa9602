"""The licences that Debian's copyright files name.

Sources: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/ and, for files in free form,
https://www.debian.org/doc/debian-policy/ch-docs.html#copyright-information
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.contents.licences import entries, gathered, in_order

_REFERENCE = re.compile(r"/usr/share/common-licenses/([A-Za-z][A-Za-z0-9.+-]*[A-Za-z0-9])")
#: Files below common-licenses that hold one licence whatever the text around the reference says.
_PLAIN = {
    "Apache-2.0": "Apache-2.0",
    "Artistic": "Artistic-1.0-Perl",
    "BSD": "BSD-3-Clause",
    "CC0-1.0": "CC0-1.0",
    "MPL-1.1": "MPL-1.1",
    "MPL-2.0": "MPL-2.0",
}
#: `either version 2 of the License, or (at your option) any later version`, and shorter ways to say so.
_OR_LATER = re.compile(
    r"\bv(?:ersion )?(\d(?:\.[1-9])?)(?:\.0)?(?: of the licen[sc]e)?[,;]? "
    r"\(?or,? (?:\(?at your option\)?,? )?(?:any )?(?:later|above|newer|greater)\b",
    re.IGNORECASE,
)
_OTHER_GNU = re.compile(r"\b(?:Lesser|Library|Affero|Documentation)\b", re.IGNORECASE)
#: How many characters before a reference are taken to speak of it.
_BEFORE = 1200


def licences_of(text: str) -> tuple[str, ...]:
    """Read a copyright file: SPDX expressions and, where there is none for it, the file's own words; sorted."""
    stated = gathered(_stated(text)) if _is_machine_readable(text) else ()
    return stated or in_order(_referred_to(text))


def _is_machine_readable(text: str) -> bool:
    return re.match(r"(?:\s*\n)*Format(?:-Specification)?:", text) is not None


def _stated(text: str) -> list[str]:
    """The names in `License` fields of what is said of files; those of stand-alone licence texts where that says nothing."""
    of_files: list[str] = []
    others: list[str] = []
    for number, paragraph in enumerate(re.split(r"\n[ \t]*\n", text)):
        field = re.search(r"^License:[ \t]*(.*)$", paragraph, re.MULTILINE)
        if field is None or not field[1].strip():
            continue
        about_files = number == 0 or re.search(r"^Files:", paragraph, re.MULTILINE)
        (of_files if about_files else others).append(field[1].strip())
    return of_files or others


def _referred_to(text: str) -> Iterator[str]:
    """The licences whose texts a file in free form refers to.

    Of the GNU ones a reference tells the version whose text it is, and nothing of others. That later ones may be chosen is taken from words
    in front of it that say just that; where there are none, the path is all that is certain.
    """
    words = " ".join(text.split())
    certain, uncertain = set(), set()
    end = 0
    for reference in _REFERENCE.finditer(words):
        name = reference[1]
        before = words[max(end, reference.start() - _BEFORE) : reference.start()]
        end = reference.end()
        family, _, version = name.partition("-")
        versions = {later[1] for later in _OR_LATER.finditer(before)}
        if name in _PLAIN:
            yield _PLAIN[name]
        elif versions and (version in versions or (name == "GPL" and not _OTHER_GNU.search(before))):
            for one in {version} if version else versions:
                certain |= {family, f"{family}-{one}"}
                yield from entries(f"{family}-{one}+")
        else:
            uncertain.add(name)
    for name in uncertain - certain:
        yield f"common-licenses/{name}"
