"""Native tools are judged: the same work is done with them and without, in a cell's own file system, and compared."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

from orchestrator.acceleration.gate.comparing import compare, read_answers
from orchestrator.acceleration.gate.cutting import Cut, after_configure, before_configure
from orchestrator.acceleration.gate.model import Answers, Trial, UnjudgedError
from orchestrator.acceleration.gate.units import load_units
from orchestrator.acceleration.model import CONTEXT, DECLINED, MOUNT, Made, Verdict
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.build.failure import Failure, FailureClass

#: What the Dockerfile's own stages do not use: names of stages, and of the context with the work script.
_WORK, _NATIVE, _PLAIN = "gate-work", "gate-native", "gate-plain"
_WORK_FILES = Path(__file__).parent / "work"

#: How many units are compiled where the compiler is the image's own both times: that make and the shell call it alike.
_FEW = 3
#: Failures that a broken tool can cause. All others are the network's, the disk's, the engine's or the emulator's.
_OWN = frozenset({FailureClass.COMPILE, FailureClass.ARCHITECTURE, FailureClass.UNKNOWN})


def judge(
    made: Made,
    trial: Trial,
    *,
    build: Callable[[BuildRequest], BuildResult],
    directory: Path,
    log: Path,
    units: tuple[str, ...] | None = None,
) -> Verdict:
    """Judge tools by the cell of a trial. `directory` is there and empty; `units` are targets of the Makefile.

    By default they are those of `units.yaml`, of which tools without a compiler get a few. Where ./configure itself fails with the tools, what can be
    asked before it decides whose fault that is. Raises `UnjudgedError` where nothing was found out, for whatever reason.
    """
    if units is None:
        units = load_units() if made.tools.compilers else load_units()[:_FEW]
    cut = after_configure(trial.dockerfile)
    found, failure = _try(made, trial, cut, units, build=build, directory=directory / "trial", log=log)
    broken: tuple[str, ...] = ()
    if failure is not None:
        if failure.kind not in _OWN:
            raise UnjudgedError(f"the trial's build failed ({failure.kind}): {failure.message}")
        small = before_configure(trial.dockerfile)
        earlier = log.with_name(f"{log.stem}-before-configure{log.suffix}")
        found, again = _try(made, trial, small, (), build=build, directory=directory / "small", log=earlier)
        if again is not None:
            raise UnjudgedError(f"the trial's build failed ({again.kind}): {again.message}")
        broken = (f"./configure, or the gate's work after it, fails with native tools: {_why(failure)}",)
    if found is None:
        raise UnjudgedError("the trial's build gave no results")
    native, plain = found
    differences: tuple[str, ...] = (_refusal(native),)
    compared = 0
    if native.taken:
        differences, compared = compare(native, plain, made.tools.corrected)
        differences = (*_not_taken(made, native), *differences)
    if broken and not differences:
        raise UnjudgedError(f"{broken[0]}; a small trial without it shows no difference")
    return Verdict(
        digest=made.digest,
        differences=(*broken, *differences),
        compared=compared,
        by=trial.cell,
        judged=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    )


def dockerfile(cut: Cut, trial: Trial) -> str:
    """Write the trial's Dockerfile: the cell's own as it is up to the cut, then a stage for each way, and one with what came of them."""
    declared = "".join(f"ARG {name}\n" for name in trial.arguments)
    tools = f"--mount=type=bind,from={CONTEXT},target={MOUNT}"
    work = f"--mount=type=bind,from={_WORK},target=/dev/gate"
    return (
        f"{cut.text}\n"
        f"FROM scratch AS {_WORK}\n\n"
        f"FROM {cut.stage} AS {_NATIVE}\n{declared}"
        f"RUN {tools} \\\n\t{work} \\\n\tsh /dev/gate/work.sh native\n\n"
        f"FROM {cut.stage} AS {_PLAIN}\n{declared}"
        f"RUN {tools} \\\n\tmkdir /gate && cat {MOUNT}/programs > /gate/programs && {MOUNT}/leave\n"
        f"RUN {work} \\\n\tsh /dev/gate/work.sh plain\n\n"
        f"FROM scratch\n"
        f"COPY --from={_NATIVE} /gate /native\n"
        f"COPY --from={_PLAIN} /gate /plain\n"
    )


def _try(
    made: Made,
    trial: Trial,
    cut: Cut,
    units: tuple[str, ...],
    *,
    build: Callable[[BuildRequest], BuildResult],
    directory: Path,
    log: Path,
) -> tuple[tuple[Answers, Answers] | None, Failure | None]:
    """Do the work both ways: what came of it, or why that could not be built."""
    context, work, results = (directory / name for name in ("context", "work", "results"))
    context.mkdir(parents=True)
    (context / "Dockerfile").write_text(dockerfile(cut, trial), encoding="utf-8")
    shutil.copytree(_WORK_FILES, work)
    (work / "units").write_text("".join(f"{unit}\n" for unit in units), encoding="utf-8")
    result = build(
        BuildRequest(
            directory=context,
            platform=trial.platform,
            contexts={**trial.contexts, CONTEXT: made.context, _WORK: str(work)},
            reference="",
            timeout=trial.timeout,
            silence=trial.silence,
            log=log,
            emulated=True,
            builder=trial.builder,
            arguments=trial.arguments,
            export=f"type=local,dest={results}",
        )
    )
    if result.failure is not None:
        return None, result.failure
    return (read_answers(results / "native"), read_answers(results / "plain")), None


def _why(failure: Failure) -> str:
    told = [line for line in failure.tail if "error" in line.lower()] or list(failure.tail[-1:]) or [failure.message]
    return told[0][:200]


def _refusal(native: Answers) -> str:
    said = next((line for line in native.declined.splitlines() if line.startswith(DECLINED)), "")
    if said:
        return f"declined: {said.removeprefix(DECLINED).strip().strip(';').replace(';', ', ')}"
    return f"declined: none of the programs was replaced{f' ({native.declined})' if native.declined else ''}"


def _not_taken(made: Made, native: Answers) -> tuple[str, ...]:
    """Without the compiler among what was taken, both ways compile with the emulated one, and the same comes out of course."""
    tools = made.tools
    compiler = f"gcc-{tools.compiler}"
    if compiler not in tools.compilers or any(path.endswith(compiler) for path in native.taken):
        return ()
    return (f"{compiler} was not replaced: nothing is known about the native one",)
