"""Which extension modules each image has, written out apart from the rules that derive it."""

from __future__ import annotations

import pytest

from orchestrator.errors import InvalidFileError, UsageError
from orchestrator.matrix.model import Image, Matrix
from orchestrator.recipe.explain import describe, why
from orchestrator.recipe.recipe import recipe_for
from orchestrator.recipe.rules import ModuleRule, Rules, load_rules
from orchestrator.select import select_image

#: What lies in lib-dynload of 3.9.2 on bullseye's slim variant, listed in the image for amd64.
SEEN_3_9 = frozenset({
    "_asyncio", "_bisect", "_blake2", "_bz2", "_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr",
    "_codecs_tw", "_contextvars", "_crypt", "_csv", "_ctypes", "_ctypes_test", "_curses", "_curses_panel", "_datetime", "_decimal",
    "_elementtree", "_gdbm", "_hashlib", "_heapq", "_json", "_lsprof", "_lzma", "_md5", "_multibytecodec", "_multiprocessing",
    "_opcode", "_pickle", "_posixshmem", "_posixsubprocess", "_queue", "_random", "_sha1", "_sha256", "_sha3", "_sha512", "_socket",
    "_sqlite3", "_ssl", "_statistics", "_struct", "_testbuffer", "_testcapi", "_testimportmultiple", "_testinternalcapi",
    "_testmultiphase", "_tkinter", "_uuid", "_xxsubinterpreters", "_xxtestfuzz", "_zoneinfo", "array", "audioop", "binascii",
    "cmath", "fcntl", "grp", "math", "mmap", "nis", "ossaudiodev", "parser", "pyexpat", "readline", "resource", "select", "spwd",
    "syslog", "termios", "unicodedata", "xxlimited", "zlib",
})  # fmt: skip
#: The same of 2.7.18.
SEEN_2_7 = frozenset({
    "_bisect", "_bsddb", "_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw", "_collections",
    "_csv", "_ctypes", "_ctypes_test", "_curses", "_curses_panel", "_elementtree", "_functools", "_hashlib", "_heapq", "_hotshot",
    "_io", "_json", "_locale", "_lsprof", "_multibytecodec", "_multiprocessing", "_random", "_socket", "_sqlite3", "_ssl",
    "_struct", "_testcapi", "_tkinter", "array", "audioop", "binascii", "bz2", "cPickle", "cStringIO", "cmath", "crypt", "datetime",
    "dbm", "fcntl", "future_builtins", "gdbm", "grp", "itertools", "linuxaudiodev", "math", "mmap", "nis", "operator",
    "ossaudiodev", "parser", "pyexpat", "readline", "resource", "select", "spwd", "strop", "syslog", "termios", "time",
    "unicodedata", "zlib",
})  # fmt: skip
#: What `make install` put there in a logged build of the official full image of 3.6 (on jessie, the suite before stretch).
LOGGED_3_6 = frozenset({
    "_asyncio", "_bisect", "_blake2", "_bz2", "_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr",
    "_codecs_tw", "_crypt", "_csv", "_ctypes", "_ctypes_test", "_curses", "_curses_panel", "_datetime", "_dbm", "_decimal",
    "_elementtree", "_gdbm", "_hashlib", "_heapq", "_json", "_lsprof", "_lzma", "_md5", "_multibytecodec", "_multiprocessing",
    "_opcode", "_pickle", "_posixsubprocess", "_random", "_sha1", "_sha256", "_sha3", "_sha512", "_socket", "_sqlite3", "_ssl",
    "_struct", "_testbuffer", "_testcapi", "_testimportmultiple", "_testmultiphase", "_tkinter", "array", "audioop", "binascii",
    "cmath", "fcntl", "grp", "math", "mmap", "nis", "ossaudiodev", "parser", "pyexpat", "readline", "resource", "select", "spwd",
    "syslog", "termios", "unicodedata", "xxlimited", "zlib",
})  # fmt: skip
ALL_3_7 = LOGGED_3_6 | {"_contextvars", "_queue", "_uuid", "_xxtestfuzz"}
ALL_3_5 = LOGGED_3_6 - {"_asyncio", "_blake2", "_sha3"}
ALL_3_4 = ALL_3_5 - {"_testmultiphase"} | {"time"}

EXPECTED: dict[str, frozenset[str]] = {
    "3.7-stretch": ALL_3_7,
    "3.7-slim-stretch": ALL_3_7,
    "3.7-alpine3.8": ALL_3_7,
    "3.7-alpine3.7": ALL_3_7,
    "3.6-stretch": LOGGED_3_6,
    "3.6-slim-stretch": LOGGED_3_6,
    "3.6-alpine3.8": LOGGED_3_6,
    "3.6-alpine3.7": LOGGED_3_6,
    "3.6-alpine3.6": LOGGED_3_6 - {"nis"},
    "3.5-stretch": ALL_3_5,
    "3.5-slim-stretch": ALL_3_5,
    "3.5-alpine3.8": ALL_3_5 - {"nis"},
    "3.5-alpine3.7": ALL_3_5 - {"nis"},
    "3.4-stretch": ALL_3_4,
    "3.4-slim-stretch": ALL_3_4,
    "3.4-alpine3.8": ALL_3_4 - {"nis"},
    "3.4-alpine3.7": ALL_3_4 - {"nis"},
    "2.7-stretch": SEEN_2_7,
    "2.7-slim-stretch": SEEN_2_7,
    "2.7-alpine3.8": SEEN_2_7 - {"_bsddb"},
    "2.7-alpine3.7": SEEN_2_7 - {"_bsddb"},
    "2.7-alpine3.6": SEEN_2_7 - {"_bsddb", "nis"},
}
EXPECTED_ON_BULLSEYE: dict[str, frozenset[str]] = {
    "3.9-bullseye": SEEN_3_9 | {"_dbm"},
    "3.9-slim-bullseye": SEEN_3_9,
    "2.7-bullseye": SEEN_2_7,
    "2.7-slim-bullseye": SEEN_2_7,
}

THREE = {name for name in EXPECTED if name.startswith("3.")}
TWO = {name for name in EXPECTED if name.startswith("2.")}
#: A module, and which of the 22 images have it.
HAVING: dict[str, set[str]] = {
    "nis": set(EXPECTED) - {
        "3.6-alpine3.6", "3.5-alpine3.8", "3.5-alpine3.7", "3.4-alpine3.8", "3.4-alpine3.7", "2.7-alpine3.6",
    },
    "_uuid": {"3.7-stretch", "3.7-slim-stretch", "3.7-alpine3.8", "3.7-alpine3.7"},
    "_bsddb": {"2.7-stretch", "2.7-slim-stretch"},
    "_dbm": THREE,
    "_gdbm": THREE,
    "_lzma": THREE,
    "_md5": THREE,
    "xxlimited": THREE,
    "dbm": TWO,
    "gdbm": TWO,
    "linuxaudiodev": TWO,
    "_io": TWO,
    "time": TWO | {"3.4-stretch", "3.4-slim-stretch", "3.4-alpine3.8", "3.4-alpine3.7"},
    "_asyncio": {name for name in EXPECTED if name.startswith(("3.6-", "3.7-"))},
    "_testmultiphase": {name for name in EXPECTED if name.startswith(("3.5-", "3.6-", "3.7-"))},
    "ossaudiodev": set(EXPECTED),
    "spwd": set(EXPECTED),
    "_ctypes": set(EXPECTED),
    "_testcapi": set(EXPECTED),
    "_tkinter": set(EXPECTED),
    # In the interpreter, of another sort of machine, or of a later line.
    "_abc": set(), "_sre": set(), "pwd": set(), "dl": set(), "imageop": set(), "bsddb185": set(), "_sha": set(), "_zoneinfo": set(),
}  # fmt: skip


def images(*matrices: Matrix) -> dict[str, Image]:
    return {image.id: image for matrix in matrices for image in matrix.images}


def names(image: Image) -> list[str]:
    return [module.text for module in recipe_for(image).modules]


def with_rule(**fields: object) -> Rules:
    rule = ModuleRule.model_validate({"why": "Only a test wants it.", "link": "https://example.org/", **fields})
    rules = load_rules()
    return rules.model_copy(update={"modules": (*rules.modules, rule)})


def test_every_image_is_written_out_here(matrix: Matrix, debian_matrix: Matrix) -> None:
    assert set(images(matrix)) == set(EXPECTED)
    assert set(images(debian_matrix)) == set(EXPECTED_ON_BULLSEYE)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_22_images(matrix: Matrix, name: str) -> None:
    assert names(images(matrix)[name]) == sorted(EXPECTED[name])


@pytest.mark.parametrize("name", sorted(EXPECTED_ON_BULLSEYE))
def test_bullseye(debian_matrix: Matrix, name: str) -> None:
    assert names(images(debian_matrix)[name]) == sorted(EXPECTED_ON_BULLSEYE[name])


@pytest.mark.parametrize("module", sorted(HAVING))
def test_which_images_have_a_module(matrix: Matrix, module: str) -> None:
    assert {name for name, image in images(matrix).items() if module in names(image)} == HAVING[module]


def test_only_tkinter_fails_and_only_where_tk_is_not_kept(matrix: Matrix, debian_matrix: Matrix) -> None:
    for name, image in images(matrix, debian_matrix).items():
        failing = [module.text for module in recipe_for(image).modules if not module.loads]
        assert failing == ([] if name.endswith(("-stretch", "-bullseye")) and "slim" not in name else ["_tkinter"])


def test_a_module_has_one_rule_for_an_image(matrix: Matrix) -> None:
    image = select_image(matrix, "3.7-stretch")
    with pytest.raises(InvalidFileError) as twice:
        recipe_for(image, with_rule(module="_tkinter"))
    assert "3.7-stretch: two rules in modules.yaml apply to the module _tkinter" in str(twice.value)
    assert "disagree" not in str(twice.value)
    with pytest.raises(InvalidFileError, match="disagree on whether it loads"):
        recipe_for(image, with_rule(module="_tkinter", loads=False))
    assert "_extra" in [module.text for module in recipe_for(image, with_rule(module="_extra")).modules]


def test_a_word_finds_a_module(matrix: Matrix) -> None:
    kept, left_out = (recipe_for(select_image(matrix, name)) for name in ("3.7-stretch", "3.7-slim-stretch"))
    (there,) = why(kept, "_tkinter")
    assert there.startswith("_tkinter: tkinter is compiled against Tk, which the full image keeps. https://")
    (failing,) = why(left_out, "_tkinter")
    assert "Tk is not kept" in failing
    absent = why(recipe_for(select_image(matrix, "3.5-alpine3.8")), "nis")
    assert len(absent) == 2
    assert all(line.startswith("nis is not part of 3.5-alpine3.8. It is for: ") for line in absent)
    with pytest.raises(UsageError) as caught:
        why(kept, "_sqlite")
    assert 'did you mean "_sqlite3"?' in str(caught.value.mend)


def test_the_public_form_has_no_modules(matrix: Matrix) -> None:
    recipe = recipe_for(select_image(matrix, "2.7-stretch"))
    description = describe(recipe)
    assert "modules" not in description
    assert not {module.text for module in recipe.modules} & set(description["reasons"])


def test_every_module_has_a_sentence_and_a_link(matrix: Matrix, debian_matrix: Matrix) -> None:
    for image in images(matrix, debian_matrix).values():
        for module in recipe_for(image).modules:
            sentence, _, link = module.reason.rpartition(" ")
            assert sentence.endswith(".")
            assert link.startswith("https://")
