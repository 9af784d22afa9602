"""From answers to the matrix: what is added is there, everything else is as it was, to the byte."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import UnreachableError, UsageError
from orchestrator.lifetimes.lines import lifetime_of
from orchestrator.matrix.editing import put, remove, value_at
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Family, Matrix
from orchestrator.new.architecture import ask_architecture, with_architecture
from orchestrator.new.draft import Draft
from orchestrator.new.facts import Known, Offline
from orchestrator.new.interview import Interview
from orchestrator.new.line import ask_line, with_line
from orchestrator.new.suite import ask_suite, with_suite
from orchestrator.recipe.rules import load_rules
from tests.unit.conftest import ROOT
from tests.unit.new.fakes import SHA256, Scripted, Shelf, Told

PATH = ROOT / "versions.json"
TEXT = PATH.read_text(encoding="utf-8")
MATRIX = parse_matrix(TEXT, PATH)
TODAY = date(2019, 2, 1)


def line(name: str, upstream: Shelf | None = None, /, **answers: str) -> tuple[Draft, tuple[str, ...]]:
    upstream = upstream or Shelf()
    draft = Draft(TEXT, PATH)
    interview = Interview(given={key.replace("_", "-"): value for key, value in answers.items()}, yes=True)
    found = ask_line(interview, draft.matrix, name, upstream, lifetime_of(name), load_rules(), TODAY)
    after, notes = with_line(draft, found, upstream)
    return after, (*found.notes, *notes)


def suite(name: str, facts: Told | None = None, text: str = TEXT, **answers: str) -> Draft:
    draft = Draft(text, PATH)
    family = Family.ALPINE if name.startswith("alpine") else Family.DEBIAN
    found = ask_suite(Interview(given=answers, yes=True), draft.matrix, name, family, facts or Told(), TODAY)
    return with_suite(draft, found)


def tags_of(matrix: Matrix, image: str) -> tuple[str, ...]:
    return next((*one.tags, *one.shared_tags) for one in matrix.images if one.id == image)


def test_a_new_line_takes_over_the_aliases_of_the_newest() -> None:
    draft, notes = line("3.8")
    document = json.loads(draft.text)["lines"]
    assert list(document) == ["3.8", "3.7", "3.6", "3.5", "3.4", "2.7"]
    assert document["3.8"] == {
        "release": "3.8.20",
        "aliases": ["3", "latest"],
        "gpg_key": "E3FF2839C048B25C084DEBE9B26995E310250568",
        "source": {"format": "tar.xz", "sha256": SHA256},
        **{tool: document["3.7"][tool] for tool in ("pip", "setuptools", "wheel")},
        "variants": document["3.7"]["variants"],
    }
    assert document["3.7"]["aliases"] == []
    assert {"3", "latest", "3.8"} <= set(tags_of(draft.matrix, "3.8-stretch"))
    assert notes[0].startswith("3.8 is maintained until")
    assert "taken from the shelf" in notes


def test_an_older_line_takes_nothing() -> None:
    draft, _ = line("3.3", Shelf(release="3.3.7"), gpg_key="26DEA9D4613391EF3E25C9FF0A5B101836580288")
    assert list(json.loads(draft.text)["lines"])[-2:] == ["3.3", "2.7"]
    assert json.loads(draft.text)["lines"]["3.3"]["aliases"] == []
    assert json.loads(draft.text)["lines"]["3.7"]["aliases"] == ["3", "latest"]


def test_the_oldest_line_comes_last_and_gets_the_wheels_that_the_rules_want() -> None:
    shelf = Shelf(release="2.6.9")
    draft, _ = line("2.6", shelf, gpg_key="C01E 1CAD 5EA2 C4F0 B8E3 5715 04C3 67C2 18AD D4FF".lower())
    found = json.loads(draft.text)["lines"]
    assert list(found)[-1] == "2.6"
    assert found["2.6"]["extras"] == found["2.7"]["extras"]
    assert found["2.6"]["gpg_key"] == found["2.7"]["gpg_key"]


def test_another_pip_is_looked_up() -> None:
    draft, _ = line("3.8", Shelf(wheels={("pip", "19.0.3"): "a" * 64}), pip="19.0.3")
    assert json.loads(draft.text)["lines"]["3.8"]["pip"] == {"version": "19.0.3", "sha256": "a" * 64}
    with pytest.raises(UnreachableError, match=r"no pip 19\.0\.4 for 3\.8"):
        line("3.8", pip="19.0.4")


def test_what_comes_from_the_pool_is_written_with_its_place_there() -> None:
    pool = "pool/main/p/python3.8/python3.8_3.8.20.orig.tar.xz"
    shelf = Shelf(pool=pool)
    draft, _ = line("3.8", shelf)
    assert json.loads(draft.text)["lines"]["3.8"]["source"]["pool"] == pool
    assert shelf.fetched == ["https://www.python.org/ftp/python/3.8.20/Python-3.8.20.tar.xz"]


def test_a_candidate_lies_in_the_directory_of_its_release_and_is_told() -> None:
    shelf = Shelf()
    _, notes = line("3.8", shelf, release="3.8.0rc1")
    assert shelf.fetched == ["https://www.python.org/ftp/python/3.8.0/Python-3.8.0rc1.tar.xz"]
    assert any("pre-release" in note for note in notes)


def test_another_key_than_upstream_s_is_told() -> None:
    _, notes = line("3.8", gpg_key="0" * 40)
    assert any("E3FF2839C048B25C084DEBE9B26995E310250568" in note for note in notes)


def test_where_upstream_is_silent_the_last_known_release_is_proposed() -> None:
    person = Scripted()
    ask_line(Interview(person=person), MATRIX, "3.8", Shelf(release=""), lifetime_of("3.8"), load_rules(), TODAY)
    asked = {question.option: question for question in person.asked}
    assert list(asked) == ["release", "gpg-key", "aliases", "variants", "pip", "setuptools", "wheel"]
    assert (asked["release"].proposed, asked["aliases"].basis) == (
        "3.8.20",
        "3.8 is the newest, and takes 3 from 3.7 and latest from 3.7",
    )
    assert all(question.why.endswith(".") for question in person.asked)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"release": "3.7.3"}, '--release: "3.7.3" is not a release of 3.8'),
        ({"release": "3.8"}, "--release:"),
        ({"gpg_key": "E3FF"}, "--gpg-key:"),
        ({"aliases": "3,3.7"}, '"3.7" is the name of 3.7 itself'),
        ({"aliases": "3.8"}, '"3.8" is the name of 3.8 itself'),
        ({"aliases": "Latest"}, "--aliases:"),
        ({"variants": "buster"}, 'there is no variant "buster"'),
        ({"variants": "none"}, "--variants: at least 1"),
        ({"pip": "19.0rc1"}, "--pip:"),
    ],
)
def test_answers_that_are_none(answers: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        line("3.8", None, **answers)
    assert said in refused.value.message


def test_answers_that_do_not_go_together() -> None:
    used = MATRIX.lines[0].source.sha256
    with pytest.raises(UsageError, match="do not make a valid matrix") as refused:
        _ = line("3.8", Shelf(sha256=used))[0].matrix
    assert str(PATH) not in refused.value.message


def test_a_suite_is_added_where_the_published_order_has_it() -> None:
    draft = suite("buster")
    found = json.loads(draft.text)
    assert list(found["suites"]) == ["buster", "stretch", "alpine3.8", "alpine3.7", "alpine3.6"]
    assert found["suites"]["buster"] == {
        "family": "debian",
        "bases": {"full": "buildpack-deps:buster", "slim": "debian:buster-slim"},
        "architectures": found["suites"]["stretch"]["architectures"],
    }
    assert found["lines"]["3.7"]["variants"] == [
        "stretch", "slim-stretch", "buster", "slim-buster", "alpine3.8", "alpine3.7",
    ]  # fmt: skip
    assert "3.7" in tags_of(draft.matrix, "3.7-stretch")


def test_an_older_suite_comes_after() -> None:
    assert list(json.loads(suite("jessie").text)["suites"])[:2] == ["stretch", "jessie"]
    assert list(json.loads(suite("alpine3.5").text)["suites"])[-1] == "alpine3.5"
    assert list(json.loads(suite("alpine3.10").text)["suites"])[1] == "alpine3.10"


def test_a_suite_that_becomes_the_default_takes_the_tags() -> None:
    draft = suite("buster", default="yes")
    found = json.loads(draft.text)
    assert found["default_suite"] == "buster"
    assert found["lines"]["2.7"]["variants"][:4] == ["buster", "slim-buster", "stretch", "slim-stretch"]
    assert "latest" in tags_of(draft.matrix, "3.7-buster")
    assert "slim" in tags_of(draft.matrix, "3.7-slim-buster")


def test_a_new_alpine_becomes_the_default_unless_a_line_would_lose_its_tag() -> None:
    assert suite("alpine3.9").matrix.default_alpine == "alpine3.9"
    assert suite("alpine3.9", lines="3.7,3.6").matrix.default_alpine == "alpine3.8"
    assert suite("alpine3.5").matrix.default_alpine == "alpine3.8"
    assert suite("alpine3.9", default="no").matrix.default_alpine == "alpine3.8"


def test_the_oldest_alpine_is_dropped_when_asked_for() -> None:
    draft = suite("alpine3.9", drop="3.6")
    assert "alpine3.6" not in draft.text
    assert [one.id for one in draft.matrix.images if one.line.name == "3.6"][-1] == "3.6-alpine3.7"
    for word, said in (("3.8,3.7", "one"), ("stretch", "no Alpine release to drop"), ("3.9", "no Alpine release")):
        with pytest.raises(UsageError, match=said):
            suite("alpine3.9", drop=word)


def test_a_default_is_not_dropped() -> None:
    with pytest.raises(UsageError, match="no Alpine release to drop"):
        suite("alpine3.9", default="no", drop="alpine3.8")


def test_a_flavor_may_be_left_out_but_not_all() -> None:
    draft = suite("buster", full="none")
    assert json.loads(draft.text)["suites"]["buster"]["bases"] == {"slim": "debian:buster-slim"}
    assert "3.7-buster" not in {image.id for image in draft.matrix.images}
    with pytest.raises(UsageError, match="no variant at all"):
        suite("buster", full="none", slim="none")


def test_what_is_known_of_a_suite_is_proposed() -> None:
    facts = Told(
        bases=Known(value=("arm64v8", "amd64"), basis="the registry"), gone=Known(value=True, basis="the mirror")
    )
    found = json.loads(suite("buster", facts).text)["suites"]["buster"]
    assert (found["architectures"], found["archived"]) == (["amd64", "arm64v8"], True)


def test_how_long_a_suite_is_supported_is_told() -> None:
    answers = [
        ask_suite(Interview(yes=True), MATRIX, "alpine3.9", Family.ALPINE, Told(), day)
        for day in (TODAY, date(2021, 1, 1))
    ]
    assert [one.notes for one in answers] == [
        ("alpine3.9 is supported until 2020-11-01",),
        ("alpine3.9 has been without support since 2020-11-01",),
    ]


def test_what_is_written_down_of_suites_is_known_without_asking() -> None:
    facts = Offline()
    assert [facts.archived(name).value for name in ("buster", "bookworm", "zurg")] == [True, False, None]
    assert facts.architectures(("debian:buster-slim",), MATRIX.known).value is None


def test_the_first_alpine_of_a_matrix_without_one() -> None:
    document = json.loads(TEXT)
    del document["default_alpine"]
    document["suites"] = {"stretch": document["suites"]["stretch"]}
    for one in document["lines"].values():
        one["variants"] = ["stretch"]
    draft = suite("alpine3.9", text=json.dumps(document, indent=2))
    assert list(json.loads(draft.text))[:5] == ["name", "release_site", "hub", "default_suite", "default_alpine"]
    assert draft.matrix.default_alpine == "alpine3.9"


def test_an_architecture_is_enabled() -> None:
    draft = Draft(TEXT, PATH)
    after = with_architecture(draft, ask_architecture(Interview(), draft.matrix, "ppc64le"))
    assert [one.name for one in after.matrix.enabled] == ["amd64", "arm64v8", "ppc64le"]
    assert after.text == TEXT.replace('"arm64v8"],\n  "architectures"', '"arm64v8", "ppc64le"],\n  "architectures"')
    middle = with_architecture(draft, ask_architecture(Interview(), draft.matrix, "arm32v7"))
    assert [one.name for one in middle.matrix.enabled] == ["amd64", "arm32v7", "arm64v8"]


def test_an_architecture_that_is_not_declared_needs_a_platform_and_suites() -> None:
    draft = Draft(TEXT, PATH)
    after = with_architecture(draft, ask_architecture(Interview(yes=True), draft.matrix, "riscv64"))
    assert json.loads(after.text)["architectures"]["riscv64"] == "linux/riscv64"
    assert list(json.loads(after.text)["architectures"])[-2:] == ["riscv64", "s390x"]
    assert {cell.image.id for cell in after.matrix.cells if cell.architecture.name == "riscv64"} == {
        image.id for image in after.matrix.images
    }
    with pytest.raises(UsageError, match="is the platform of arm64v8"):
        ask_architecture(Interview(given={"platform": "linux/arm64"}), draft.matrix, "arm64v9")


LINES = [one.name for one in MATRIX.lines]
VARIANTS = list(dict.fromkeys(image.variant.name for image in MATRIX.images))
ARCHITECTURES = sorted(one.name for one in MATRIX.known)


def some(names: list[str], least: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(names), min_size=least, unique=True).map(lambda found: ",".join(found) or "none")


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["buster", "jessie", "zurg", "alpine3.9", "alpine3.5", "alpine3.10"]),
    lines=some(LINES, 0),
    architectures=some(ARCHITECTURES, 1),
    default=st.sampled_from(["yes", "no"]),
    archived=st.sampled_from(["yes", "no"]),
    crlf=st.booleans(),
)
def test_taking_a_suite_back_gives_the_file_as_it_was(
    name: str, lines: str, architectures: str, default: str, archived: str, *, crlf: bool
) -> None:
    before = TEXT.replace("\n", "\r\n") if crlf else TEXT
    draft = suite(
        name, text=before, lines=lines, architectures=architectures, default=default, archived=archived, drop="none"
    )
    assert draft.matrix.lines == MATRIX.lines
    text = remove(draft.text, ("suites", name))
    for key in ("default_suite", "default_alpine"):
        text = put(text, (key,), value_at(before, (key,)))
    for one in LINES:
        place = ("lines", one, "variants")
        for index in reversed(range(len(value_at(text, place)))):
            if value_at(text, (*place, index)) in {name, f"slim-{name}"}:
                text = remove(text, (*place, index))
    assert text == before


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["3.8", "3.10", "3.3", "2.6", "4.0"]),
    aliases=some(["3", "2", "latest", "4", "rc", "dev"], 0),
    variants=some(VARIANTS, 1),
)
def test_taking_a_line_back_gives_the_file_as_it_was(name: str, aliases: str, variants: str) -> None:
    draft, _ = line(name, Shelf(release=f"{name}.1"), gpg_key="0" * 40, aliases=aliases, variants=variants)
    matrix = draft.matrix
    assert {image.variant.name for image in matrix.images if image.line.name == name} == set(variants.split(","))
    text = remove(draft.text, ("lines", name))
    for one in LINES:
        text = put(text, ("lines", one, "aliases"), value_at(TEXT, ("lines", one, "aliases")))
    assert text == TEXT
