"""What changed between two keys, in words."""

from __future__ import annotations

import pytest

from orchestrator.plan.difference import changes, recipe_diff

OLD = 'FROM x\nENV PYTHON_VERSION=3.7.2\nADD --checksum=sha256:aa https://e/3.7.2 /\nRUN make -j 2\nCMD ["python3"]\n'
KEY = {
    "format": "2", "cell": "c", "platform": "p", "dockerfile": "d1", "base": "sha256:" + "a" * 64, "execution": "native",
    "source": "3.7.2 sha256:aa", "wheels": "pip==18.1 sha256:bb setuptools==40.6.3 sha256:cc", "tools": "",
}  # fmt: skip


def said(*, old: str | None = OLD, new: str = OLD, before: dict[str, str] = KEY, **after: str) -> str:
    found = changes(before, KEY | after, old=old, new=new)
    return "; ".join(change.said for change in found)


def test_the_same_key_has_no_changes() -> None:
    assert changes(KEY, dict(KEY)) == ()


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"base": "sha256:" + "b" * 64}, "the base moved from aaaaaaaaaaaa to bbbbbbbbbbbb"),
        ({"execution": "emulated (QEMU 11)"}, "executed differently: native before, emulated (QEMU 11) now"),
        ({"wheels": "pip==19.0 sha256:dd setuptools==40.6.3 sha256:cc"}, "pip was bumped from 18.1 to 19.0"),
        (
            {"wheels": "pip==18.1 sha256:dd wheel==1 sha256:ee"},
            "pip of 18.1 has another checksum: bb before, dd now; wheel 1 was added; setuptools 40.6.3 was dropped",
        ),
        ({"source": "3.7.2 sha256:ab"}, "the source of 3.7.2 has another checksum: aa before, ab now"),
        ({"tools": "gcc 8"}, "the native tools changed: none before, gcc 8 now"),
        ({"platform": "q"}, "the platform changed from p to q"),
    ],
)
def test_each_ingredient_has_its_sentence(after: dict[str, str], words: str) -> None:
    assert "; ".join(change.said for change in changes(KEY, KEY | after)) == words


def test_another_emulator_is_named_with_the_one_before() -> None:
    before = KEY | {"execution": "emulated (QEMU 10.0)"}
    assert said(before=before, execution="emulated (QEMU 11)") == "the emulator changed: QEMU 10.0 before, QEMU 11 now"


def test_a_changed_line_is_quoted_with_its_number() -> None:
    new = OLD.replace("make -j 2", "make -j 4")
    assert said(new=new, dockerfile="d2") == 'the recipe changed: line 4 is now "RUN make -j 4", was "RUN make -j 2"'


def test_new_and_dropped_lines_are_told_and_more_than_two_are_counted() -> None:
    new = OLD.replace("FROM x\n", "FROM x\nRUN a\nRUN b\nRUN c\n")
    assert said(new=new, dockerfile="d2") == (
        'the recipe changed: line 2 is new: "RUN a"; line 3 is new: "RUN b"; and 1 more lines'
    )
    gone = OLD.replace("RUN make -j 2\n", "")
    assert said(new=gone, dockerfile="d2") == 'the recipe changed: line 4 of before, "RUN make -j 2", is gone'


def test_a_bumped_release_is_no_change_of_the_recipe() -> None:
    new = OLD.replace("3.7.2", "3.7.3").replace("sha256:aa", "sha256:ff")
    assert said(new=new, dockerfile="d2", source="3.7.3 sha256:ff") == "the source was bumped from 3.7.2 to 3.7.3"
    both = new.replace("make -j 2", "make")
    assert said(new=both, dockerfile="d2", source="3.7.3 sha256:ff") == (
        'the recipe changed: line 4 is now "RUN make", was "RUN make -j 2"; the source was bumped from 3.7.2 to 3.7.3'
    )


def test_without_the_old_text_the_file_is_said_to_differ() -> None:
    assert said(old=None, dockerfile="d2") == "the recipe changed (the Dockerfile differs)"


def test_an_attempt_of_an_older_version_lacks_ingredients_and_blames_none_of_them() -> None:
    before = {name: value for name, value in KEY.items() if name not in {"source", "wheels", "tools"}} | {"format": "1"}
    words = "keys are made in another way by this version of the orchestrator (form 1 before, 2 now)"
    assert said(before=before) == words


def test_a_long_line_is_cut() -> None:
    assert len(said(new=OLD.replace("make", "x" * 500), dockerfile="d2")) < 300


def test_the_diff_is_unified() -> None:
    assert recipe_diff("a\nb\n", "a\nc\n") == ("--- before", "+++ now", "@@ -1,2 +1,2 @@", " a", "-b", "+c")
