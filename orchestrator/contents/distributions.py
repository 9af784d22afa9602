"""Python distributions below site-packages, by the metadata that their installers leave.

Sources: https://packaging.python.org/en/latest/specifications/core-metadata/ and
https://setuptools.pypa.io/en/latest/deprecated/python_eggs.html for those that came without a wheel
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from orchestrator.contents.licences import entries, gathered, is_spdx
from orchestrator.prove.survey.survey import View

_METADATA = re.compile(r"/.+/site-packages/(?:[^/]+\.dist-info/METADATA|[^/]+\.egg-info(?:/PKG-INFO)?)")
#: Classifiers that stand for one licence; others, as `BSD License`, for several.
_CLASSIFIERS = {
    "Apache Software License": "",
    "BSD License": "",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zope Public License": "",
    "zlib/libpng License": "Zlib",
}
_CLASSIFIER = "License :: "
#: What stands in the field where nobody wrote anything.
_NOTHING = {"", "UNKNOWN"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """An installed Python distribution; `licences` are entries as `licences.py` makes them."""

    name: str
    version: str
    licences: tuple[str, ...]


def distributions(view: View) -> tuple[Distribution, ...]:
    """Find every distribution below a site-packages directory, sorted by name; one whose metadata has no name or version is none."""
    found = {(one.name, one.version): one for one in _found(view)}
    return tuple(found[key] for key in sorted(found))


def _found(view: View) -> Iterator[Distribution]:
    for path in view.contents:
        if _METADATA.fullmatch(path):
            metadata = HeaderParser().parsestr(view.text(path))
            name, version = (str(metadata.get(field) or "").strip() for field in ("Name", "Version"))
            if name and version:
                yield Distribution(name=name, version=version, licences=_licences(metadata))


def _licences(metadata: Message) -> tuple[str, ...]:
    """The most exact statement there is: the expression, the field or the classifiers in SPDX's terms, else in the field's own words."""
    expression = str(metadata.get("License-Expression") or "").strip()
    if expression:
        return gathered([expression])
    field = str(metadata.get("License") or "").strip()
    if field in _NOTHING or "\n" in field:
        field = ""  # the whole text of a licence is not its name
    read = entries(field)
    if read and all(map(is_spdx, read)):
        return gathered([field])
    classified = [
        str(one).rpartition(" :: ")[2]
        for one in metadata.get_all("Classifier") or ()
        if str(one).startswith(_CLASSIFIER)
    ]
    known = [_CLASSIFIERS.get(one, "") for one in classified]
    if known and all(known):
        return gathered(known)
    return gathered([field] if field else classified)
