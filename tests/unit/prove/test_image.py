"""A config as values, and instructions in one form whoever wrote them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.prove.image import instruction, parse_config

FIRST = "ENV PATH=/usr/local/bin:/usr/bin"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("RUN /bin/sh -c make -j 2 # buildkit", "RUN /bin/sh -c make -j 2"),
        ("/bin/sh -c make -j 2", "RUN /bin/sh -c make -j 2"),
        ("/bin/sh -c set -e; \\\n\t\tmake", "RUN /bin/sh -c set -e; make"),
        ("RUN /bin/sh -c a \t&& b # buildkit", "RUN /bin/sh -c a && b"),
        ('/bin/sh -c #(nop)  CMD ["python3"]', 'CMD ["python3"]'),
        ('/bin/sh -c #(nop)  CMD ["python" "-c" "x"]', 'CMD ["python", "-c", "x"]'),
        ('CMD ["python","-c"]', 'CMD ["python", "-c"]'),
        (r'ENTRYPOINT ["a\"b" "c, d"]', r'ENTRYPOINT ["a\"b", "c, d"]'),
        ("/bin/sh -c #(nop)  ENV LANG=C.UTF-8", "ENV LANG=C.UTF-8"),
        ("ENV LANG=C.UTF-8", "ENV LANG=C.UTF-8"),
        ("COPY /usr/local /usr/local # buildkit", "COPY /usr/local /usr/local"),
        ("CMD python3", "CMD python3"),
        ("", ""),
    ],
)
def test_every_builder_says_the_same(text: str, form: str) -> None:
    assert instruction(text) == form
    assert instruction(form) == form


@given(st.text(max_size=60))
def test_an_instruction_is_one_line(text: str) -> None:
    assert not set("\n\r\t") & set(instruction(text))


def test_an_empty_config_is_empty() -> None:
    image = parse_config({"config": None, "history": None})
    assert (image.platform, image.environment, image.command, image.entrypoint, image.user) == ("", (), (), (), "")
    assert (image.history, image.base_layers, image.own_history) == ((), 0, ())


def test_everything_that_is_said_is_read() -> None:
    image = parse_config(
        {
            "os": "linux",
            "architecture": "arm",
            "variant": "v7",
            "created": "2019-01-10T15:30:00Z",
            "config": {
                "Env": ["A=1"], "Cmd": "word", "Entrypoint": ["x", "y"], "WorkingDir": "/w", "User": "u", "Labels": {"l": 1},
                "ExposedPorts": {"80/tcp": {}}, "Volumes": None, "ArgsEscaped": True, "Hostname": "0123", "Image": "sha256:1",
                "Healthcheck": {"Test": ["NONE"]}, "OnBuild": [], "StopSignal": "SIGINT",
            },
        }
    )  # fmt: skip
    assert (image.platform, image.created) == ("linux/arm/v7", "2019-01-10T15:30:00Z")
    assert (image.environment, image.command, image.entrypoint) == (("A=1",), ("word",), ("x", "y"))
    assert (image.directory, image.user, image.labels) == ("/w", "u", {"l": "1"})
    assert image.others.keys() == {"ExposedPorts", "Healthcheck", "StopSignal"}


def entry(text: str, *, empty: bool = False) -> dict[str, object]:
    return {"created_by": text, "empty_layer": empty}


def test_what_is_above_the_base_begins_with_the_first_instruction_of_the_family() -> None:
    history = [
        entry("ADD rootfs /"),
        entry("CMD x", empty=True),
        entry("RUN y"),
        entry(FIRST, empty=True),
        entry("RUN z"),
    ]
    image = parse_config({"history": history})
    assert image.base_layers == 2
    assert [one.text for one in image.own_history] == [FIRST, "RUN z"]
    assert [one.empty for one in image.own_history] == [True, False]


def test_where_the_base_is_not_found_everything_counts_as_ours() -> None:
    image = parse_config({"history": [entry("ADD rootfs /"), {"comment": "nothing"}]})
    assert image.base_layers == 0
    assert [one.text for one in image.own_history] == ["ADD rootfs /", ""]
