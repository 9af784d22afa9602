"""Layers laid upon each other give what a container sees."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.prove.survey.layer import FileKind
from orchestrator.prove.survey.survey import Survey, View, merge
from tests.unit.prove.images import Entry, directory, hardlink, layer, link


def view(*layers: Mapping[str, Entry]) -> View:
    return merge([layer(one) for one in layers])


def text(content: str) -> Entry:
    return Entry(content=content.encode())


def test_a_later_layer_wins_and_says_so() -> None:
    found = view({"/etc/passwd": text("old"), "/a": text("")}, {"/etc/passwd": text("new")})
    assert found.text("/etc/passwd") == "new"
    assert (found.files["/etc/passwd"].layer, found.files["/a"].layer) == (1, 0)
    assert found.text("/etc/shadow") == ""


def test_a_whiteout_removes_a_file_or_a_whole_directory() -> None:
    found = view(
        {"/etc/passwd": text("x"), "/d/e/f": text(""), "/de": text("")},
        {"/etc/.wh.passwd": text(""), "/.wh.d": text("")},
    )
    assert found.files.keys() == {"/etc", "/de"}
    assert found.contents == {}


def test_a_whiteout_does_not_touch_its_own_layer() -> None:
    found = view({"/d/old": text("")}, {"/d/new": text(""), "/.wh.d": text("")})
    assert found.files.keys() == {"/d", "/d/new"}


def test_an_opaque_directory_hides_what_lay_in_it() -> None:
    found = view({"/d/old": text(""), "/e": text("")}, {"/d/.wh..wh..opq": text(""), "/d/new": text("")})
    assert found.files.keys() == {"/d", "/d/new", "/e"}


def test_a_file_in_the_place_of_a_directory_takes_all_that_was_in_it_away() -> None:
    found = view({"/etc/passwd": text("x"), "/etcetera": text("")}, {"/etc": link("/usr/etc")})
    assert found.files.keys() == {"/etc", "/etcetera"}
    assert found.contents == {}


def test_a_directory_over_a_directory_keeps_what_is_in_it() -> None:
    found = view({"/d/old": text("")}, {"/d/": directory(0o700)})
    assert found.files.keys() == {"/d", "/d/old"}
    assert found.files["/d"].mode == 0o700


def test_a_file_that_is_not_kept_any_more_has_no_content_of_before() -> None:
    assert view({"/etc/passwd": text("x")}, {"/etc/passwd": link("y")}).contents == {}


def test_a_hard_link_is_of_its_layer() -> None:
    found = view({"/a": text("")}, {"/b": text(""), "/c": hardlink("b")})
    assert found.files["/c"].layer == 1


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/usr/bin/python3.7", "/usr/bin/python3.7"),
        ("/usr/bin/python", "/usr/bin/python3.7"),
        ("/bin/python", "/usr/bin/python3.7"),
        ("/bin/../bin/python", "/usr/bin/python3.7"),
        ("/bin/../usr/bin/python", None),
        ("/up", "/usr/bin/python3.7"),
        ("/bin/dot", "/usr/bin/python3.7"),
        ("/above", "/usr/bin"),
        ("/usr/bin", "/usr/bin"),
        ("/", "/"),
        ("/dangling", None),
        ("/loop", None),
        ("/long0", "/long40"),
        ("/longer", None),
        ("/nothing/x", None),
    ],
)
def test_links_are_followed_in_directories_too(path: str, leads_to: str | None) -> None:
    found = view(
        {
            "/bin": link("usr/bin"),
            "/usr/bin/python3.7": text(""),
            "/usr/bin/python3": link("python3.7"),
            "/usr/bin/python": link("/bin/python3"),
            "/usr/bin/dot": link(".//./python"),
            "/up": link("../../usr/bin/python"),
            "/above": link("usr/share/../bin"),
            "/usr/share/": directory(),
            "/dangling": link("nowhere"),
            "/loop": link("loop"),
            **{f"/long{n}": link(f"long{n + 1}") for n in range(40)},
            "/long40": text(""),
            "/longer": link("long0"),
        }
    )
    assert found.resolve(path) == leads_to


def test_below_is_sorted_and_takes_no_neighbour() -> None:
    found = view({"/a/c": text(""), "/a/b": text(""), "/ab": text("")})
    assert [path for path, _ in found.below("/a")] == [path for path, _ in found.below("/a/")] == ["/a/b", "/a/c"]


def survey(*layers: Mapping[str, Entry], base: int = 1) -> Survey:
    return Survey(layers=tuple(layer(one) for one in layers), base_layers=base)


def test_own_is_what_came_above_the_base_and_is_still_there() -> None:
    found = survey(
        {"/a": text(""), "/b": text("")},
        {"/b": text("x"), "/d/c": text(""), "/gone": text("")},
        {"/.wh.gone": text("")},
    )
    assert found.own.keys() == {"/b", "/d/c"}
    assert found.base.files.keys() == {"/a", "/b"}
    assert survey({"/a": text("")}, base=0).own.keys() == {"/a"}


def test_hidden_is_what_one_layer_brought_and_another_took_away() -> None:
    found = survey(
        {"/of-the-base": text("")},
        {"/gone": text(""), "/again": text(""), "/changed": text(""), "/d/x": text("")},
        {
            "/.wh.gone": text(""),
            "/.wh.of-the-base": text(""),
            "/changed": text("x"),
            "/.wh.again": text(""),
            "/.wh.d": text(""),
        },
        {"/again": text("")},
    )
    assert found.hidden == ("/d/x", "/gone")


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
STEPS = st.tuples(st.sampled_from(["file", "link", "directory", "remove", "empty"]), PATHS)
LAYERS = st.lists(st.lists(STEPS, max_size=5), max_size=4)


def _consistent(steps: list[tuple[str, str]]) -> dict[str, str]:
    """What one layer may hold: a path once, and nothing below what is no directory."""
    found: dict[str, str] = {}
    for what, path in steps:
        above = ["/".join(path.split("/")[:n]) for n in range(2, path.count("/") + 1)]
        if path in found or any(found.get(one, "directory") not in {"directory", "empty"} for one in above):
            continue
        if what not in {"directory", "empty"} and any(one.startswith(f"{path}/") for one in found):
            continue
        found[path] = what
    return found


def _entries(steps: Mapping[str, str]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for path, what in steps.items():
        parent, _, name = path.rpartition("/")
        match what:
            case "remove":
                entries[f"{parent}/.wh.{name}"] = Entry()
            case "empty":
                entries |= {f"{path}/": directory(), f"{path}/.wh..wh..opq": Entry()}
            case "directory":
                entries[f"{path}/"] = directory()
            case "link":
                entries[path] = link("x")
            case _:
                entries[path] = Entry()
    return entries


def _apply(tree: dict[str, FileKind], steps: Mapping[str, str]) -> None:
    """The same to a plain dict, one path after the other, as a person would do it with rm and mkdir."""

    def remove(path: str, *, itself: bool) -> None:
        for one in [one for one in tree if one.startswith(f"{path}/") or (itself and one == path)]:
            del tree[one]

    for path, what in steps.items():
        if what in {"remove", "empty"}:
            remove(path, itself=what == "remove")
    for path, what in steps.items():
        above = ["/".join(path.split("/")[:n]) for n in range(2, path.count("/") + 1)]
        for one in (*above, *([path] if what in {"directory", "empty"} else [])):
            if tree.get(one) is not FileKind.DIRECTORY:
                remove(one, itself=True)
                tree[one] = FileKind.DIRECTORY
        if what in {"file", "link"}:
            remove(path, itself=True)
            tree[path] = FileKind.FILE if what == "file" else FileKind.SYMLINK


@given(LAYERS)
def test_merging_is_applying_one_layer_after_the_other(drawn: list[list[tuple[str, str]]]) -> None:
    layers = [_consistent(steps) for steps in drawn]
    tree: dict[str, FileKind] = {}
    for one in layers:
        _apply(tree, one)
    merged = view(*(_entries(one) for one in layers))
    assert {path: file.kind for path, file in merged.files.items()} == tree
