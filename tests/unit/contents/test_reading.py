"""The contents of an image, from captured databases and metadata."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.contents.distributions import distributions
from orchestrator.contents.model import Component, Ecosystem
from orchestrator.prove.survey.survey import View
from tests.unit.contents.images import CONFIG, DIGEST, LINE, SITE, captured, debian, python, read, saved
from tests.unit.prove.images import Entry


def by_name(components: tuple[Component, ...]) -> dict[str, Component]:
    return {one.name: one for one in components}


def test_what_the_config_and_the_manifest_say() -> None:
    found = read(debian(), python())
    assert (found.digest, found.platform, found.command) == (DIGEST, "linux/amd64", ("python3",))
    assert found.created == CONFIG["created"]
    assert dict(found.environment) == {"PATH": "/usr/local/bin:/usr/bin", "LANG": "C.UTF-8", "EMPTY": ""}
    assert [layer.made_by for layer in found.layers] == [
        "bootstrap of debian:bullseye-slim",
        "COPY /usr/local /usr/local",
    ]
    blobs = saved(debian(), python()).blobs
    assert [(layer.digest, layer.size) for layer in found.layers] == [(one.digest, one.size) for one in blobs]
    assert all(layer.size > 1000 for layer in found.layers)


@pytest.mark.parametrize(
    ("history", "made_by"),
    [
        ([], ["", ""]),
        ([{"created_by": "COPY x y"}], ["", "COPY x y"]),
        ([{"created_by": "1"}, {"created_by": "2"}, {"created_by": "3"}], ["2", "3"]),
    ],
)
def test_a_history_that_tells_more_or_less_is_laid_along_the_top(history: list[Any], made_by: list[str]) -> None:
    assert [layer.made_by for layer in read({}, {}, config={**CONFIG, "history": history}).layers] == made_by


def test_debian_packages_with_their_sources_and_licences() -> None:
    found = by_name(read(debian()).components)
    assert found["zlib1g"] == Component(
        ecosystem=Ecosystem.DEB,
        name="zlib1g",
        version="1:1.2.11.dfsg-2+deb11u2",
        architecture="amd64",
        licences=("Zlib",),
        source="zlib 1:1.2.11.dfsg-2+deb11u2",
        purl="pkg:deb/debian/zlib1g@1:1.2.11.dfsg-2%2Bdeb11u2?arch=amd64&distro=bullseye",
    )
    assert (found["netbase"].source, found["netbase"].architecture) == ("", "all")
    assert found["bsdutils"].source == "util-linux 2.36.1-8+deb11u2"
    assert found["coreutils"].source == "coreutils 8.32-4"
    assert (found["tzdata"].licences, found["coreutils"].licences) == ((), ())
    # Its directory is a link to that of another package.
    assert "LGPL-2.1-or-later" in found["libgcc-s1"].licences


def test_alpine_packages_in_the_old_words_and_the_new() -> None:
    found = by_name(read({"/lib/apk/db/installed": Entry(content=captured("apk-installed"))}).components)
    assert set(found) == {"libc-utils", "musl-utils", "libretls", "cpython"}
    assert found["musl-utils"] == Component(
        ecosystem=Ecosystem.APK,
        name="musl-utils",
        version="1.1.24-r0",
        architecture="x86_64",
        licences=("BSD", "GPL-2.0-or-later", "MIT"),
        source="musl 1.1.24-r0",
        purl="pkg:apk/alpine/musl-utils@1.1.24-r0?arch=x86_64",
    )
    assert found["libretls"].licences == ("BSD-3-Clause OR MIT", "ISC")
    assert (found["libretls"].source, found["libc-utils"].source) == ("", "libc-dev 0.7.2-r0")


def test_python_distributions_of_every_kind() -> None:
    found = {one.name: one for one in read(python()).components if one.ecosystem is Ecosystem.PYPI}
    assert {name: (one.version, one.licences, one.purl) for name, one in found.items()} == {
        "Old_Thing": ("1", ("GPL-2.0-or-later",), "pkg:pypi/old-thing@1"),
        "setuptools": ("53.0.0", ("MIT",), "pkg:pypi/setuptools@53.0.0"),
        "tree": ("2", (), "pkg:pypi/tree@2"),
        "wheel": ("0.32.3", ("MIT",), "pkg:pypi/wheel@0.32.3"),
    }


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ("License-Expression: Apache-2.0 OR BSD-2-Clause\nLicense: MIT", ("Apache-2.0 OR BSD-2-Clause",)),
        ("License: MIT\nClassifier: License :: OSI Approved :: BSD License", ("MIT",)),
        ("License: my own\nClassifier: License :: OSI Approved :: MIT License", ("MIT",)),
        ("License: my own\nClassifier: License :: OSI Approved :: BSD License", ("my own",)),
        ("Classifier: License :: OSI Approved :: BSD License", ("BSD License",)),
        ("License: The text\n        of it all\nClassifier: Programming Language :: Python", ()),
        (
            "Classifier: License :: OSI Approved :: zlib/libpng License\nClassifier: License :: OSI Approved :: MIT License",
            ("MIT", "Zlib"),
        ),
    ],
)
def test_the_most_exact_statement_of_a_distribution_counts(fields: str, found: tuple[str, ...]) -> None:
    text = f"Metadata-Version: 2.1\nName: x\nVersion: 1\n{fields}\n\nLicense: not in the description\n"
    (only,) = distributions(View(files={}, contents={f"{SITE}/x-1.dist-info/METADATA": text.encode()}))
    assert only.licences == found


def test_what_lies_elsewhere_is_no_distribution() -> None:
    text = Entry(content=b"Metadata-Version: 1.0\nName: x\nVersion: 1\n")
    elsewhere = ("/usr/lib/python3/dist-packages/x-1.dist-info/METADATA", f"{SITE}/pip/_vendor/x-1.dist-info/METADATA")
    found = read(dict.fromkeys(elsewhere, text))
    assert [one.name for one in found.components] == ["cpython"]


def test_cpython_is_what_the_line_says() -> None:
    (found,) = read({}).components
    assert (found.name, found.version, found.licences, found.source) == (
        "cpython",
        "3.9.2",
        ("PSF-2.0",),
        LINE.source.url,
    )
    assert found.purl.startswith("pkg:generic/cpython@3.9.2?")
    assert f"checksum=sha256:{LINE.source.sha256}" in found.purl


def test_components_are_in_order_and_a_later_layer_has_the_last_word() -> None:
    later = {"/var/lib/dpkg/status": Entry(content=captured("dpkg-status").replace(b"Version: 6.3", b"Version: 6.4"))}
    found = read(debian(), python(), later).components
    assert list(found) == sorted(found, key=lambda one: (one.ecosystem, one.name, one.version))
    assert by_name(found)["netbase"].version == "6.4"


def test_a_document_that_is_too_long_is_not_kept() -> None:
    files = debian() | {
        "/usr/share/doc/zlib1g/copyright": Entry(content=captured("copyright-zlib1g") + bytes(512 * 1024))
    }
    assert by_name(read(files).components)["zlib1g"].licences == ()
