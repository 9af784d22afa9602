from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.errors import UsageError
from orchestrator.matrix.model import Matrix
from orchestrator.new.names import alpine_name, architecture_name, line_name, suite_name

Reader = Callable[[str, Matrix], str]


@pytest.mark.parametrize(
    ("read", "word", "name"),
    [
        (line_name, "3.8", "3.8"),
        (line_name, " 3.14 ", "3.14"),
        (suite_name, "buster", "buster"),
        (suite_name, "zurg", "zurg"),
        (alpine_name, "3.9", "alpine3.9"),
        (alpine_name, "alpine3.9", "alpine3.9"),
        (alpine_name, "alpine:3.10", "alpine3.10"),
        (architecture_name, "ppc64le", "ppc64le"),
        (architecture_name, "riscv64", "riscv64"),
    ],
)
def test_what_is_meant(matrix: Matrix, read: Reader, word: str, name: str) -> None:
    assert read(word, matrix) == name


@pytest.mark.parametrize(
    ("read", "word", "mend"),
    [
        (line_name, "3.8.20", "orchestrator new line 3.8 --release 3.8.20"),
        (line_name, "python3.8", "orchestrator new line 3.8"),
        (line_name, "v3.9.0rc1", "orchestrator new line 3.9 --release 3.9.0rc1"),
        (line_name, "4", "orchestrator new line 3.8"),
        (line_name, "3.7", "orchestrator bump 3.7"),
        (suite_name, "bustre", "orchestrator new suite buster"),
        (suite_name, "Buster", "orchestrator new suite buster"),
        (suite_name, "slim-buster", "orchestrator new suite buster"),
        (suite_name, "debian:buster-slim", "orchestrator new suite buster"),
        (suite_name, "stable", "code name"),
        (suite_name, "alpine3.9", "orchestrator new alpine 3.9"),
        (suite_name, "stretch", "orchestrator list"),
        (suite_name, "$(id)", "orchestrator new suite"),
        (alpine_name, "3.9.4", "orchestrator new alpine 3.9"),
        (alpine_name, "buster", "orchestrator new suite buster"),
        (alpine_name, "edge", "orchestrator new alpine 3.9"),
        (alpine_name, "3.8", "orchestrator list"),
        (architecture_name, "arm64", "arm64v8"),
        (architecture_name, "linux/arm64", "orchestrator new arch arm64v8"),
        (architecture_name, "linux/ppc64le", "orchestrator new arch ppc64le"),
        (architecture_name, "amd64", "orchestrator list"),
        (architecture_name, "PPC", "ppc64le"),
    ],
)
def test_what_is_not_meant_is_told_with_what_may_be(matrix: Matrix, read: Reader, word: str, mend: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(word, matrix)
    assert mend in refused.value.mend
