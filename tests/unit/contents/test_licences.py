"""What packages call their licences becomes SPDX's where it is certain, and stays as it is where it is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.contents.licences import entries, gathered, is_spdx, licensing


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Expat", ["MIT"]),
        ("MIT", ["MIT"]),
        ("BSD-3-clause", ["BSD-3-Clause"]),
        ("zlib", ["Zlib"]),
        ("GPL-2", ["GPL-2.0-only"]),
        ("GPL-2+", ["GPL-2.0-or-later"]),
        ("GPL-2.0+", ["GPL-2.0-or-later"]),
        ("GPLv3+", ["GPL-3.0-or-later"]),
        ("GPL2", ["GPL-2.0-only"]),
        ("LGPL-2", ["LGPL-2.0-only"]),
        ("LGPLv2.1+", ["LGPL-2.1-or-later"]),
        ("AGPL-3+", ["AGPL-3.0-or-later"]),
        ("GFDL-1.2+", ["GFDL-1.2-or-later"]),
        ("GFDL-NIV-1.3+", ["GFDL-1.3-no-invariants-or-later"]),
        ("GFDL-1.3+-no-invariant", ["GFDL-1.3-no-invariants-or-later"]),
        ("Apache-2", ["Apache-2.0"]),
        ("Apache License, Version 2.0", ["Apache-2.0"]),
        ("Perl", ["GPL-1.0-or-later OR Artistic-1.0-Perl"]),
        ("GPL-2+ with Autoconf exception", ["GPL-2.0-or-later WITH Autoconf-exception-2.0"]),
        ("GPL-3+-autoconf-exception", ["GPL-3.0-or-later WITH Autoconf-exception-3.0"]),
        ("GPL-3+-WITH-BISON-EXCEPTION", ["GPL-3.0-or-later WITH Bison-exception-2.2"]),
        ("GPL-2 with Linux-syscall-note exception", ["GPL-2.0-only WITH Linux-syscall-note"]),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only WITH Classpath-exception-2.0"]),
        ("GPL-1+ or Artistic", ["GPL-1.0-or-later OR Artistic-1.0-Perl"]),
        ("LGPLv3+_or_GPLv2+", ["LGPL-3.0-or-later OR GPL-2.0-or-later"]),
        ("BSD-3-clause and GPL-2", ["BSD-3-Clause", "GPL-2.0-only"]),
        ("GPL-1+ or Artistic, and Expat", ["GPL-1.0-or-later OR Artistic-1.0-Perl", "MIT"]),
        ("REGCOMP, and GPL-1+ or Artistic", ["REGCOMP", "GPL-1.0-or-later OR Artistic-1.0-Perl"]),
        ("Expat and ISC, or GPL-2", ["(MIT AND ISC) OR GPL-2.0-only"]),
        ("ISC AND (BSD-3-Clause OR MIT)", ["ISC", "BSD-3-Clause OR MIT"]),
        ("Apache-2.0 OR BSD-2-Clause", ["Apache-2.0 OR BSD-2-Clause"]),
    ],
)  # fmt: skip
def test_names_that_are_certain_become_spdx(words: str, found: list[str]) -> None:
    assert list(entries(words)) == found
    assert all(is_spdx(one) for one in found if one != "REGCOMP")


@pytest.mark.parametrize(
    "words",
    [
        "public-domain", "LGPL", "GPL", "BSD", "MIT/X11", "GPL-2+ with distribution exception", "GPL-9+", "GPL-1.3",
        "GPL-3+ with classpath exception", "same-as-rest-of-p11kit", "LicenseRef-mine", "GPL-2 or something", "or", "and or (",
    ],
)  # fmt: skip
def test_what_is_not_certain_keeps_its_words(words: str) -> None:
    assert entries(words) == (words,)
    assert not is_spdx(words)


def test_words_are_on_one_line_and_not_endless() -> None:
    assert entries("Own \n  words") == ("Own words",)
    assert entries("") == ()
    (only,) = entries("x" * 1000)
    assert len(only) == 120


def test_several_statements_are_in_order_whatever_their_case() -> None:
    assert gathered(["zlib", "own", "MIT", "BSD-2-clause and Expat"]) == ("BSD-2-Clause", "MIT", "own", "Zlib")


@given(st.text(alphabet="GPLMIT-23+. orandwith(),_", max_size=40))
def test_whatever_is_written_is_never_an_error(words: str) -> None:
    for one in entries(words):
        assert one
        assert entries(one) == (one,) or not is_spdx(one)


def test_threads_may_ask_at_the_same_time() -> None:
    licensing.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: entries("Expat or GPL-2+, and ISC"), range(32)))
    assert set(found) == {("MIT OR GPL-2.0-or-later", "ISC")}
