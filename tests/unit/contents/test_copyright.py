"""Debian's copyright files, as they were found in an image."""

from __future__ import annotations

import pytest

from orchestrator.contents.copyright import licences_of
from tests.unit.contents.images import captured


@pytest.mark.parametrize(
    ("package", "found"),
    [
        ("zlib1g", ("Zlib",)),
        ("libxxhash0", ("BSD-2-Clause", "GPL-2.0-only")),
        ("libcap-ng0", ("common-licenses/GPL-3", "GPL-2.0-or-later", "LGPL-2.1-or-later")),
        ("netbase", ("common-licenses/GPL-2",)),
        ("tzdata", ()),
    ],
)
def test_captured_files_say_what_they_say_and_no_more(package: str, found: tuple[str, ...]) -> None:
    assert licences_of(captured(f"copyright-{package}").decode()) == found


FORM = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"


def test_licences_are_those_of_files_and_of_the_whole() -> None:
    text = FORM + "License: ISC\n\nFiles: *\nLicense: Expat or GPL-2+\n text\n\nLicense: unused\n text of it\n"
    assert licences_of(text) == ("ISC", "MIT OR GPL-2.0-or-later")


def test_where_no_files_are_named_the_texts_count_and_then_the_references() -> None:
    assert licences_of(f"\n\n{FORM}\nLicense: Expat\n text\n") == ("MIT",)
    assert licences_of(f"{FORM}\nFiles: *\nLicense:\n See /usr/share/common-licenses/Apache-2.0.\n") == ("Apache-2.0",)


def referring(before: str, name: str) -> tuple[str, ...]:
    return licences_of(f"{before} On Debian systems, see `/usr/share/common-licenses/{name}'.")


@pytest.mark.parametrize(
    ("before", "name", "found"),
    [
        ("either version 2 of the License, or (at your option)\n any later version.", "GPL-2", "GPL-2.0-or-later"),
        ("either version 3, or (at your option) any later version.", "GPL", "GPL-3.0-or-later"),
        ("the GNU GPL, Version 2 or later,", "GPL-2", "GPL-2.0-or-later"),
        ("GPL v2 or newer.", "GPL-2", "GPL-2.0-or-later"),
        ("Version 1.3 or any later version published", "GFDL-1.3", "GFDL-1.3-or-later"),
        ("version 2.1 of the License, or any later version", "LGPL-2.1", "LGPL-2.1-or-later"),
        # Not the version whose text it is, or nothing about later ones, or perhaps about another licence:
        ("version 2, or any later version", "GPL-3", "common-licenses/GPL-3"),
        ("version 2 as published", "GPL-2", "common-licenses/GPL-2"),
        ("GNU Lesser General Public License version 2 or later. Also GPL.", "GPL", "common-licenses/GPL"),
        ("version 2 or later", "LGPL", "common-licenses/LGPL"),
        ("version 2 or later" + " and so on" * 200, "GPL-2", "common-licenses/GPL-2"),
        ("", "BSD", "BSD-3-Clause"),
        ("", "Artistic", "Artistic-1.0-Perl"),
        ("", "MPL-1.1", "MPL-1.1"),
    ],
)
def test_a_reference_tells_no_more_than_the_words_before_it(before: str, name: str, found: str) -> None:
    assert referring(before, name) == (found,)


def test_a_second_reference_to_what_is_certain_adds_nothing() -> None:
    first = "version 3, or any later version. See /usr/share/common-licenses/GPL, version 3 is in"
    assert referring(first, "GPL-3") == ("GPL-3.0-or-later",)
