"""Each way in which two ways can differ is told in a sentence; what is no measure is no difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.acceleration.gate.comparing import compare, read_answers
from orchestrator.acceleration.gate.model import UnjudgedError
from orchestrator.acceleration.model import Corrected
from tests.unit.acceleration.gate.ways import OBJECTS, TEXTS, write_way

SINCE = Corrected(cross="12.2.0-14", native="12.2.0-14+deb12u1", unless="__SSP")


def compared(
    tmp_path: Path,
    *,
    texts: tuple[Mapping[str, str], Mapping[str, str]] = (TEXTS, TEXTS),
    statuses: tuple[Mapping[str, int], Mapping[str, int]] = ({}, {}),
    files: tuple[Mapping[str, bytes], Mapping[str, bytes]] = (OBJECTS, OBJECTS),
    corrected: Corrected | None = None,
) -> tuple[tuple[str, ...], int]:
    native, plain = (
        read_answers(write_way(tmp_path / name, texts=texts[at], statuses=statuses[at], files=files[at]))
        for at, name in enumerate(("native", "plain"))
    )
    return compare(native, plain, corrected)


def test_the_same_is_no_difference(tmp_path: Path) -> None:
    assert compared(tmp_path) == ((), len(OBJECTS) + len(TEXTS))


def test_a_line_that_differs_is_quoted_from_both(tmp_path: Path) -> None:
    (said,), _ = compared(tmp_path, texts=({**TEXTS, "version-of-sed": "sed 4.8\n"}, TEXTS))
    assert said == "version-of-sed: 'sed 4.8' with native tools, 'sed 4.7' without"


def test_a_corrected_compiler_may_name_the_version_before(tmp_path: Path) -> None:
    cross, native = (
        {**TEXTS, "version-of-gcc": f"gcc-12 (Debian {version}) 12.2.0\n"} for version in (SINCE.cross, SINCE.native)
    )
    assert compared(tmp_path / "1", texts=(cross, native), corrected=SINCE)[0] == ()
    # Not another one, and not where both are to be of one version.
    other = {**TEXTS, "version-of-gcc": "gcc-12 (Debian 12.2.0-13) 12.2.0\n"}
    assert len(compared(tmp_path / "2", texts=(other, native), corrected=SINCE)[0]) == 1
    assert len(compared(tmp_path / "3", texts=(cross, native))[0]) == 1


@pytest.mark.parametrize("macro", ["__SSP__", "__SSP_STRONG__"])
def test_a_correction_that_counts_is_a_difference(tmp_path: Path, macro: str) -> None:
    texts = {**TEXTS, "macros": f"#define A 1\n#define {macro} 3\n"}
    (said,), _ = compared(tmp_path / "1", texts=(texts, texts), corrected=SINCE)
    assert said == f"macros: with {macro}, the compilers 12.2.0-14 and 12.2.0-14+deb12u1 do not do the same"
    # Told on the same stream, but by the preprocessor and not by the compiler.
    told = {**TEXTS, "macros": f"#define A 1\n      |\n{macro} is unknown\n"}
    assert compared(tmp_path / "4", texts=(told, told), corrected=SINCE)[0] == ()
    assert compared(tmp_path / "2", texts=(texts, texts))[0] == ()
    assert compared(tmp_path / "3", texts=(texts, texts), corrected=replace(SINCE, unless=""))[0] == ()


def test_of_many_lines_some_are_quoted_and_the_others_counted(tmp_path: Path) -> None:
    more = "".join(f"#define A{number} 1\n" for number in range(5))
    (said,), _ = compared(tmp_path, texts=({**TEXTS, "macros": f"#define A 1\n{more}"}, TEXTS))
    assert said == (
        "macros: '#define A0 1', '#define A1 1', '#define A2 1' and 2 lines more with native tools, nothing more without"
    )


def test_the_machine_that_make_was_built_for_is_no_difference(tmp_path: Path) -> None:
    native, plain = (
        {**TEXTS, "version-of-make": f"GNU Make 4.3\nBuilt for {machine}\n"}
        for machine in ("x86_64-pc-linux-gnu", "aarch64-unknown-linux-gnu")
    )
    assert compared(tmp_path, texts=(native, plain))[0] == ()


def test_the_day_that_busybox_was_built_on_is_no_difference(tmp_path: Path) -> None:
    def said(version: str, built: str, usage: str = "Usage: sed") -> Mapping[str, str]:
        text = f"BusyBox v{version} ({built}) multi-call binary.\n\n{usage}\n"
        return {**TEXTS, "version-of-sed": text}

    here, there = "2018-07-17 15:21:40 UTC", "2018-05-30 10:45:57 UTC"
    assert compared(tmp_path / "1", texts=(said("1.28.4", here), said("1.28.4", there)))[0] == ()
    assert len(compared(tmp_path / "2", texts=(said("1.28.4", here), said("1.27.2", here)))[0]) == 1
    assert len(compared(tmp_path / "3", texts=(said("1.28.4", here), said("1.28.4", here, "Usage: awk")))[0]) == 1


def test_warnings_may_come_in_another_order(tmp_path: Path) -> None:
    assert compared(tmp_path, texts=({**TEXTS, "compile": "a\nb\n"}, {**TEXTS, "compile": "b\na\n"}))[0] == ()


def test_macros_may_come_in_another_order(tmp_path: Path) -> None:
    native, plain = ({**TEXTS, "macros": text} for text in ("#define A 1\n#define B 2\n", "#define B 3\n#define A 1\n"))
    (said,), _ = compared(tmp_path, texts=(native, plain))
    assert said == "macros: '#define B 2' with native tools, '#define B 3' without"


def test_a_file_that_differs_is_told(tmp_path: Path) -> None:
    (said,), _ = compared(tmp_path, files=({**OBJECTS, "links/library": b"other"}, OBJECTS))
    assert said == "links/library: their bytes differ (5 bytes with native tools, 7 without)"


def test_a_file_of_one_way_only_is_told(tmp_path: Path) -> None:
    said, _ = compared(tmp_path, files=({"links/library": b"library", "links/more": b""}, OBJECTS))
    assert said == (
        "links/more: made with native tools only",
        "objects/Objects/boolobject.o: not made with native tools",
    )


def test_a_step_that_fails_with_native_tools_only_is_told_with_its_error(tmp_path: Path) -> None:
    texts = {**TEXTS, "compile": "make: hm\nx.c:1:10: fatal error: stddef.h: No such file\nmake: *** [x.o] Error 1\n"}
    (said,), _ = compared(tmp_path, texts=(texts, TEXTS), statuses=({"compile": 2}, {}))
    assert said == "compile: fails (2) with native tools, works without: x.c:1:10: fatal error: stddef.h: No such file"


def test_a_step_that_fails_without_native_tools_only_is_told(tmp_path: Path) -> None:
    (said,), _ = compared(tmp_path, texts=(TEXTS, {**TEXTS, "run": "no\n"}), statuses=({}, {"run": 1}))
    assert said == "run: works with native tools, fails (1) without: no"


def test_a_question_that_one_way_did_not_come_to_is_told(tmp_path: Path) -> None:
    (said,), _ = compared(tmp_path, texts=({**TEXTS, "more": ""}, TEXTS))
    assert said == "more: works with native tools, was not tried without"


def test_a_question_that_fails_alike_is_no_difference(tmp_path: Path) -> None:
    assert compared(tmp_path, statuses=({"version-of-sed": 2}, {"version-of-sed": 2}))[0] == ()


@pytest.mark.parametrize("name", ["compile", "library", "program", "run", "macros"])
def test_work_that_fails_both_ways_is_no_measure(tmp_path: Path, name: str) -> None:
    texts = {**TEXTS, name: "first\nthe reason\n"}
    with pytest.raises(UnjudgedError, match=f"'{name}' fails with native tools and without: the reason"):
        compared(tmp_path, texts=(texts, texts), statuses=({name: 1}, {name: 1}))


@pytest.mark.parametrize(
    "text",
    [
        "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n",
        "x.c:1: internal compiler error: Segmentation fault\n",
    ],
)
def test_an_emulator_that_crashes_is_no_measure(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnjudgedError, match="the emulator crashed while it did 'compile'"):
        compared(tmp_path, texts=(TEXTS, {**TEXTS, "compile": text}), statuses=({}, {"compile": 2}))


def test_a_signal_is_a_crash(tmp_path: Path) -> None:
    with pytest.raises(UnjudgedError, match="the emulator crashed while it did 'version-of-sed'"):
        compared(tmp_path, statuses=({}, {"version-of-sed": 139}))


def test_nothing_made_is_no_measure(tmp_path: Path) -> None:
    with pytest.raises(UnjudgedError, match="nothing was compiled"):
        compared(tmp_path, files=({}, {}))


@pytest.mark.parametrize("content", [None, "compile\n", "compile\tx\n"])
def test_work_without_its_list_is_no_measure(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "statuses").write_text(content, encoding="utf-8")
    with pytest.raises(UnjudgedError, match="left no list"):
        read_answers(tmp_path)
