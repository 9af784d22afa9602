"""What each of the 22 images contained in January 2019, written out apart from the rules that derive it."""

from __future__ import annotations

import pytest

from orchestrator.matrix.model import Image, Matrix
from orchestrator.recipe.explain import describe
from orchestrator.recipe.recipe import recipe_for

SLIM = {
    "dpkg-dev", "gcc", "libbz2-dev", "libc6-dev", "libexpat1-dev", "libffi-dev", "libgdbm-dev", "liblzma-dev", "libncursesw5-dev",
    "libreadline-dev", "libsqlite3-dev", "libssl-dev", "make", "tk-dev", "xz-utils", "zlib1g-dev",
}  # fmt: skip
ALPINE = {
    "bzip2-dev", "coreutils", "dpkg", "dpkg-dev", "expat-dev", "findutils", "gcc", "gdbm-dev", "libc-dev", "libffi-dev",
    "linux-headers", "make", "ncurses-dev", "pax-utils", "readline-dev", "sqlite-dev", "tcl-dev", "tk", "tk-dev", "xz-dev", "zlib-dev",
}  # fmt: skip
NIS = {"libnsl-dev", "libtirpc-dev"}

BUILD: dict[str, set[str]] = {
    "3.7-stretch": set(),
    "3.6-stretch": set(),
    "3.5-stretch": set(),
    "3.4-stretch": set(),
    "2.7-stretch": set(),
    "3.7-slim-stretch": SLIM | {"uuid-dev"},
    "3.6-slim-stretch": SLIM,
    "3.5-slim-stretch": SLIM,
    "3.4-slim-stretch": SLIM - {"libssl-dev"} | {"libssl1.0-dev"},
    "2.7-slim-stretch": SLIM - {"libexpat1-dev", "libffi-dev", "liblzma-dev"} | {"libdb-dev"},
    "3.7-alpine3.8": ALPINE | NIS | {"libressl-dev", "util-linux-dev"},
    "3.7-alpine3.7": ALPINE | NIS | {"openssl-dev", "util-linux-dev"},
    "3.6-alpine3.8": ALPINE | NIS | {"libressl-dev"},
    "3.6-alpine3.7": ALPINE | NIS | {"libressl-dev"},
    "3.6-alpine3.6": ALPINE | {"libressl-dev", "libressl"},
    "3.5-alpine3.8": ALPINE | {"openssl-dev"},
    "3.5-alpine3.7": ALPINE | {"libressl-dev"},
    "3.4-alpine3.8": ALPINE | {"libressl-dev"},
    "3.4-alpine3.7": ALPINE | {"libressl-dev"},
    "2.7-alpine3.8": ALPINE - {"xz-dev"} | NIS | {"libressl-dev"},
    "2.7-alpine3.7": ALPINE - {"xz-dev"} | NIS | {"libressl-dev"},
    "2.7-alpine3.6": ALPINE - {"xz-dev"} | {"libressl-dev", "libressl"},
}
RUNTIME_FULL = {"3.7": ["tk-dev", "uuid-dev"], "3.4": ["libssl1.0-dev", "tk-dev"]}
TRIPLET = "--build=$(dpkg-architecture --query DEB_BUILD_GNU_TYPE)"
THREE = [
    TRIPLET, "--enable-loadable-sqlite-extensions", "--enable-shared", "--with-system-expat", "--with-system-ffi", "--without-ensurepip",
]  # fmt: skip
KEYS = {
    "3.7": "0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D",
    "3.6": "0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D",
    "3.5": "97FC712E4C024BBEA48A61ED3A5CA953F73C700D",
    "3.4": "97FC712E4C024BBEA48A61ED3A5CA953F73C700D",
    "2.7": "C01E1CAD5EA2C4F0B8E3571504C367C218ADD4FF",
}


def images(matrix: Matrix) -> dict[str, Image]:
    return {image.id: image for image in matrix.images}


def test_every_image_is_written_out_here(matrix: Matrix) -> None:
    assert set(images(matrix)) == set(BUILD)


@pytest.mark.parametrize("name", sorted(BUILD))
def test_packages(matrix: Matrix, name: str) -> None:
    seen = describe(recipe_for(images(matrix)[name]))
    assert seen["build_packages"] == sorted(BUILD[name])
    line, _, variant = name.partition("-")
    if variant == "stretch":
        assert seen["runtime_packages"] == RUNTIME_FULL.get(line, ["tk-dev"])
    elif variant == "slim-stretch":
        assert seen["runtime_packages"] == ["ca-certificates", "netbase"]
    else:
        assert seen["runtime_packages"] == ["ca-certificates"]


@pytest.mark.parametrize("name", sorted(BUILD))
def test_everything_else(matrix: Matrix, name: str) -> None:
    image = images(matrix)[name]
    seen = describe(recipe_for(image))
    line, _, variant = name.partition("-")
    alpine = variant.startswith("alpine")
    env = {"PATH": "/usr/local/bin:$PATH", "LANG": "C.UTF-8"}
    if line == "2.7":
        env["PYTHONIOENCODING"] = "UTF-8"
        flags = [TRIPLET, "--enable-shared", "--enable-unicode=ucs4"]
        flags += ["--with-system-expat", "--with-system-ffi"] if alpine else []
        assert seen["configure_flags"] == flags
        assert seen["cmd"] == ["python2"]
        assert seen["symlinks"] == {}
    else:
        assert seen["configure_flags"] == THREE
        assert seen["cmd"] == ["python3"]
        assert seen["symlinks"] == {
            "idle": "idle3",
            "pydoc": "pydoc3",
            "python": "python3",
            "python-config": "python3-config",
        }
    env |= {"GPG_KEY": KEYS[line], "PYTHON_VERSION": image.line.release, "PYTHON_PIP_VERSION": "18.1"}
    assert list(seen["env"].items()) == list(env.items())
    assert seen["make_flags"] == (['EXTRA_CFLAGS="-DTHREAD_STACK_SIZE=0x100000"'] if alpine else [])
    assert (seen["pip"], seen["setuptools"], seen["wheel"]) == ("18.1", "40.6.3", "0.32.3")
    base = {"stretch": "buildpack-deps:stretch", "slim-stretch": "debian:stretch-slim"}
    assert seen["from"] == base.get(variant, f"alpine:{variant.removeprefix('alpine')}")


def test_only_the_full_image_of_2_7_has_virtualenv(matrix: Matrix) -> None:
    having = [image.id for image in matrix.images if any(pin.name == "virtualenv" for pin in recipe_for(image).wheels)]
    assert having == ["2.7-stretch"]


def test_every_part_has_a_sentence_and_a_link(matrix: Matrix) -> None:
    for image in matrix.images:
        seen = describe(recipe_for(image))
        parts = [
            *seen["build_packages"],
            *seen["runtime_packages"],
            *seen["configure_flags"],
            *seen["make_flags"],
            *seen["env"],
        ]
        for part in [*parts, *seen["symlinks"]]:
            sentence, _, link = seen["reasons"][part].rpartition(" ")
            assert sentence.endswith(".")
            assert link.startswith("https://")
