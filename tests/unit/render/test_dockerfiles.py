from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.errors import InvalidFileError
from orchestrator.matrix.model import Matrix
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.dockerfile import render, template_directories
from orchestrator.render.tree import render_images


def texts(matrix: Matrix) -> dict[str, str]:
    return {one.image.id: one.text for one in render_images(matrix, matrix.images)}


def test_what_is_committed_is_fresh(matrix: Matrix, debian_matrix: Matrix) -> None:
    for one in (*render_images(matrix, matrix.images), *render_images(debian_matrix, debian_matrix.images)):
        assert one.committed == one.text, one.diff


def test_every_part_of_a_recipe_is_in_its_dockerfile_as_written(matrix: Matrix, debian_matrix: Matrix) -> None:
    for image in (*matrix.images, *debian_matrix.images):
        recipe = recipe_for(image)
        text = render(recipe, template_directories(matrix))
        for part in (*recipe.configure_flags, *recipe.make_flags):
            assert f"\t{part}" in text
        for part in (*recipe.build_packages, *recipe.runtime_packages):
            assert re.search(rf"(^\t\t| ){re.escape(part.text)}( |$)", text, re.MULTILINE), part
        positions = [text.index(f"\nENV {variable.name}={variable.text}\n") for variable in recipe.environment]
        assert positions == sorted(positions)
        assert f"ADD --checksum=sha256:{image.line.source.sha256} {image.line.source.url} /" in text
        assert f"\nFROM {image.variant.base} AS base\n" in text
        assert text.count("FROM base\n") == 1
        for link in recipe.symlinks:
            assert f"ln -s {link.text} /usr/local/bin/{link.name}" in text


def test_dockerfiles_need_nothing_but_stock_buildkit(matrix: Matrix) -> None:
    for text in texts(matrix).values():
        assert "# syntax=" not in text
        assert "ARG " not in text
        for tool in ("wget", "curl", "gpg", "get-pip", "keyserver"):
            assert tool not in text


def test_pip_is_installed_by_hash_only(matrix: Matrix) -> None:
    for name, text in texts(matrix).items():
        assert "--require-hashes" in text
        assert text.count("--hash=sha256:") == (4 if name == "2.7-stretch" else 3)


def test_an_archived_suite_is_accepted_for_that_suite_alone(matrix: Matrix, debian_matrix: Matrix) -> None:
    for name, text in {**texts(matrix), **texts(debian_matrix)}.items():
        assert ("trusted=yes" in text) is name.endswith("-stretch")


#: The sources of the real debian:stretch-slim, hosts replaced; and one that a user set.
STRETCH = """\
deb http://deb.example.org/debian stretch main
deb http://security.example.org/debian-security stretch/updates main
deb http://deb.example.org/debian stretch-updates main
"""


def test_the_archive_rule_changes_the_lines_it_means(matrix: Matrix) -> None:
    text = texts(matrix)["3.7-slim-stretch"]
    match = re.search(r"-e '/( \S+ )/d' \\\n\t+-e 's,(.+?),(.+?),' \\", text)
    assert match is not None
    delete, pattern, replacement = match.groups()
    lines = [line for line in STRETCH.splitlines() if not re.search(delete, line)]
    changed = [re.sub(pattern, replacement, line) for line in lines]
    assert changed == [
        "deb [check-valid-until=no trusted=yes] http://archive.example.org/debian stretch main",
        "deb [check-valid-until=no trusted=yes] http://archive.example.org/debian-security stretch/updates main",
    ]
    own = "deb http://mirror.example.org/debian stretch main"
    assert re.sub(pattern, replacement, own) == own


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("FROM {{ image.nothing }}", "nothing"),
        ("FROM {% if %}", "slim.Dockerfile.j2:1"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ('{% include "none.j2" %}', "none.j2"),
    ],
)
def test_a_wrong_template_is_named_with_its_line(matrix: Matrix, tmp_path: Path, body: str, said: str) -> None:
    (tmp_path / "slim.Dockerfile.j2").write_text(body)
    image = next(image for image in matrix.images if image.id == "3.7-slim-stretch")
    with pytest.raises(InvalidFileError) as caught:
        render(recipe_for(image), [tmp_path])
    assert "slim.Dockerfile.j2" in str(caught.value) or "none.j2" in str(caught.value)
    assert said in str(caught.value)
    assert caught.value.mend
