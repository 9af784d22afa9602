from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from orchestrator.engine.elf import MACHINES, PROBE_STATUS
from orchestrator.engine.registrations import KernelTable
from orchestrator.system.process import Command, Completed
from orchestrator.system.scratch import OF_RUNS, dead_scratch, sweep_scratch


def test_a_try_that_is_killed_leaves_what_the_next_run_sweeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[Path] = []

    def runner(command: Command) -> Completed:
        program = Path(command.argv[0])
        seen.append(program.parents[1])
        assert dead_scratch(*OF_RUNS) == []  # its owner lives
        return Completed(command=command, status=PROBE_STATUS, stdout=b"", stderr=b"", seconds=0.1)

    assert KernelTable(directory=tmp_path / "binfmt", runner=runner).executes(MACHINES[0])
    assert not seen[0].exists()
    seen[0].mkdir()
    (seen[0] / "lock").touch()  # as a killed one leaves it
    assert sweep_scratch(*OF_RUNS) == [seen[0]]
