"""What a Dockerfile leaves in the history of its image."""

from __future__ import annotations

import pytest

from orchestrator.prove.dockerfile import DEFAULT_PATH, expand, instructions, makes_layer
from tests.unit.prove.images import CELLS, MATRICES, ROOT

PATH = f"ENV PATH=/usr/local/bin:{DEFAULT_PATH}"
INSTALL = "RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends"
KEY = "ENV GPG_KEY=0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D"
SED = (
    "RUN /bin/sh -c sed -i -E -e '/ stretch-updates /d' -e 's,^deb http://(deb|security)\\.([a-z.]+/[a-z-]+ stretch(-security)?"
    "[ /]),deb [check-valid-until=no trusted=yes] http://archive.\\2,' /etc/apt/sources.list"
)
LIBRARIES = (
    "RUN /bin/sh -c apt-get update && xargs apt-get install -y --no-install-recommends < /dev/runtime-libraries"
    " && rm -rf /var/lib/apt/lists/*"
)
EXPECTED = {
    "3.7/stretch/slim": (
        PATH,
        "ENV LANG=C.UTF-8",
        SED,
        f"{INSTALL} ca-certificates netbase && rm -rf /var/lib/apt/lists/*",
        LIBRARIES,
        "COPY /usr/local /usr/local",
        "RUN /bin/sh -c ldconfig && python3 --version",
        KEY,
        "ENV PYTHON_VERSION=3.7.2",
        "ENV PYTHON_PIP_VERSION=18.1",
        'CMD ["python3"]',
    ),
    "3.7/stretch": (
        PATH,
        "ENV LANG=C.UTF-8",
        SED,
        f"{INSTALL} tk-dev uuid-dev && rm -rf /var/lib/apt/lists/*",
        "COPY /usr/local /usr/local",
        "RUN /bin/sh -c ldconfig && python3 --version",
        KEY,
        "ENV PYTHON_VERSION=3.7.2",
        "ENV PYTHON_PIP_VERSION=18.1",
        'CMD ["python3"]',
    ),
    "2.7/alpine3.8": (
        PATH,
        "ENV LANG=C.UTF-8",
        "ENV PYTHONIOENCODING=UTF-8",
        "RUN /bin/sh -c apk add --no-cache ca-certificates",
        "RUN /bin/sh -c xargs apk add --no-cache --virtual .python-rundeps < /dev/runtime-libraries",
        "COPY /usr/local /usr/local",
        "RUN /bin/sh -c python2 --version",
        "ENV GPG_KEY=C01E1CAD5EA2C4F0B8E3571504C367C218ADD4FF",
        "ENV PYTHON_VERSION=2.7.15",
        "ENV PYTHON_PIP_VERSION=18.1",
        'CMD ["python2"]',
    ),
}


def committed(path: str) -> str:
    return (ROOT / path / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", EXPECTED)
def test_the_history_of_a_committed_dockerfile(path: str) -> None:
    assert instructions(committed(path)) == EXPECTED[path]


@pytest.mark.parametrize("image", [image for matrix in MATRICES for image in matrix.images], ids=lambda image: image.id)
def test_every_committed_dockerfile_has_the_shape_of_the_family(image: object) -> None:
    cell = next(cell for cell in CELLS.values() if cell.image is image)
    matrix = next(matrix for matrix in MATRICES if image in matrix.images)
    found = instructions((matrix.root / cell.image.directory / "Dockerfile").read_text(encoding="utf-8"))
    assert found[0] == PATH
    assert found[-1] == f'CMD ["python{cell.image.line.version[0]}"]'
    assert f"ENV PYTHON_VERSION={cell.image.line.release}" in found
    assert not any("--mount" in text or "--from" in text or "\\\n" in text for text in found)
    assert 3 <= sum(makes_layer(text) for text in found) <= 5


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("RUN x", True),
        ("COPY a b", True),
        ("ADD a b", True),
        ("WORKDIR /x", True),
        ("ENV A=1", False),
        ("CMD x", False),
        ("RUNNER x", False),
    ],
)
def test_what_makes_a_layer(text: str, *, layer: bool) -> None:
    assert makes_layer(text) is layer


def test_stages_build_on_each_other_by_name() -> None:
    text = (
        "FROM debian AS one\nENV A=1\n\nFROM --platform=linux/amd64 one AS two\n# a comment\nRUN --mount=type=bind,from=x,target=/y \\\n"
        "\t--mount=type=cache,target=/z \\\n\t# another\n\ttrue\nFROM unrelated\nENV B=2\nFROM two\nCOPY --from=one --chown=0:0 /a /b\n"
    )
    assert instructions(text) == ("ENV A=1", "RUN /bin/sh -c true", "COPY /a /b")


def test_path_is_filled_in_as_the_bases_have_it() -> None:
    assert expand("/x:$PATH") == f"/x:{DEFAULT_PATH}"
    assert expand("x") == "x"
