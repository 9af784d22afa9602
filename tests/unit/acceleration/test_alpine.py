"""Tools for Alpine: what they are made by, and what the Dockerfiles that take them have to hold."""

from __future__ import annotations

import re

import pytest

from orchestrator.acceleration.catalogue import load_facts, tools_for
from orchestrator.acceleration.gate.cutting import STAGE, instructions
from orchestrator.acceleration.making import plan_tools
from orchestrator.acceleration.model import CONTEXT, DECLINED, MOUNT, Tools
from orchestrator.matrix.model import Architecture, Family, Image, Matrix, Platform
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.dockerfile import render, template_directories

HOST = Architecture(name="amd64", platform=Platform(os="linux", architecture="amd64"))
TAKEN = f"--mount=type=bind,from={CONTEXT},target={MOUNT}"


@pytest.fixture
def dockerfile(matrix: Matrix) -> str:
    """What the tools of 3.7-alpine3.8-arm64v8 are made by."""
    cell = next(cell for cell in matrix.cells if cell.id == "3.7-alpine3.8-arm64v8")
    tools = tools_for(cell, HOST)
    assert isinstance(tools, Tools)
    return plan_tools(tools, recipe_for(cell.image), "sha256:0", template_directories(matrix)).dockerfile


def files_of(dockerfile: str) -> dict[str, str]:
    """Give the files that a Dockerfile writes by itself: path to text."""
    return dict(re.findall(r'^COPY [^\n]*<<"EOF" (\S+)\n(.*?)^EOF$', dockerfile, re.MULTILINE | re.DOTALL))


def alpine(matrix: Matrix) -> list[Image]:
    return [image for image in matrix.images if image.variant.suite.family is Family.ALPINE]


def test_they_are_made_from_the_same_base_by_alpines_own_means(dockerfile: str) -> None:
    assert [one.rest for one in instructions(dockerfile) if one.word == "FROM"] == [
        "alpine:3.8 AS packages",
        "scratch",
    ]
    assert "RUN apk add --no-cache \\\n\t\tcoreutils \\\n\t\tfindutils \\\n\t\tlibc-dev \\\n\t\tmake\n" in dockerfile
    for word in ("apt-get", "dpkg", "patchelf", "ccache", "dash"):
        assert word not in dockerfile
    assert set(files_of(dockerfile)) == {"/collect", "/native-tools/take", "/native-tools/leave"}


def test_all_programs_are_looked_for_and_none_of_the_others(dockerfile: str) -> None:
    (names,) = re.findall(r"^for name in (.*); do$", files_of(dockerfile)["/collect"], re.MULTILINE)[:1]
    assert names.split() == [name for group in load_facts().alpine.programs for name in group.programs]
    assert not {"uname", "arch", "busybox", "od", "apk"} & set(names.split())


def test_what_is_begun_with_declines_in_the_words_that_are_looked_for(dockerfile: str) -> None:
    take, leave = (files_of(dockerfile)[f"/native-tools/{name}"] for name in ("take", "leave"))
    # Begun by the image's own shell: one that does not start here would end the build.
    assert take.startswith("#!/bin/sh\n")
    assert leave.startswith("#!/bin/sh\n")
    assert f'echo "{DECLINED} $*"' in take
    assert take.count(f"at={MOUNT} kept=/.emulated\n") == leave.count(f"at={MOUNT} kept=/.emulated\n") == 1


def test_every_step_after_them_has_the_mount_that_its_shell_leads_to(matrix: Matrix) -> None:
    for image in alpine(matrix):
        stage, taken, steps = "", False, 0
        for one in instructions(render(recipe_for(image), template_directories(matrix))):
            if one.word == "FROM":
                stage, taken = one.rest.partition(" AS ")[2], False
            elif one.word == "RUN" and stage == STAGE:
                # Nothing is installed once they are there.
                assert not (taken and "apk add" in one.rest)
                taken = taken or f"{MOUNT}/take" in one.rest
                assert TAKEN in one.rest
                assert taken
                steps += 1
            elif one.word == "RUN":
                assert MOUNT not in one.rest, "layers of the image are made without them"
        assert steps > 5
