"""What emulation costs on this machine, measured in builds on the engine that does the work: starting programs, calculating, compiling."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.acceleration.grounds import Ground, Side
from orchestrator.acceleration.model import CONTEXT, MOUNT
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.engine.processor import PLAIN, VARIABLE
from orchestrator.errors import EnvironmentFailedError
from orchestrator.matrix.model import Architecture
from orchestrator.matrix.platforms import normalise
from orchestrator.system.scratch import TOOLS, scratch

#: Seconds: a slow emulator takes some twenty, a dead one must not be waited for.
_TIMEOUT = 300.0

_DOCKERFILE = """\
FROM {flag}scratch AS {tools}
FROM {reference} AS measured
RUN --mount=type=bind,target=/dev/measuring --mount=type=bind,from={tools},target={mount} \\
\tsh /dev/measuring/measure "{plain}" > /measured
FROM scratch
COPY --from=measured /measured /
"""

#: COUNT PROGRAM...: nanoseconds for so many runs, one after the other, each started by the shell that reads this.
_TIMES = """\
left=$1
shift
begun=$(date +%s%N)
while [ "$left" -gt 0 ]; do
	"$@" > /dev/null
	left=$((left - 1))
done
echo $(($(date +%s%N) - begun))
"""

#: Prints `NAME COUNT NANOSECONDS`, of the quickest of three rounds. What a system does not have is not measured.
_MEASURE = f"""\
set -eu
at={MOUNT}

# busybox has a clock of seconds only: of nanoseconds it says nothing, or what it was asked.
case "$(date +%N)" in "" | *[!0-9]*) exit ;; esac

# NAME COUNT SHELL PROGRAM...
timed() {{
	name=$1 count=$2 shell=$3 best=
	shift 3
	command -v "$1" > /dev/null || return 0
	for round in 1 2 3; do
		took=$("$shell" /dev/measuring/times "$count" "$@")
		if [ -z "$best" ] || [ "$took" -lt "$best" ]; then best=$took; fi
	done
	echo "$name $count $best"
}}

timed start 50 sh /bin/true
timed perl 10 sh perl -e 1
timed python 2 sh python -c pass
timed calculate 1 sh perl -e 'my $sum = 0; $sum = ($sum * 31 + $_) % 65537 for 1 .. 1000000'
if [ -n "$1" ]; then
	({VARIABLE}=$1; export {VARIABLE}; timed plain-perl 10 sh perl -e 1; timed plain-python 2 sh python -c pass)
fi
if [ -x "$at/dash" ]; then
	PATH=$at/path:$PATH
	timed tools-start 50 "$at/dash" "$at/path/true"
	for compiler in "$at"/tree/usr/lib/gcc-cross/*/*/cc1 "$at"/tree/usr/libexec/gcc-cross/*/*/cc1; do
		timed tools-compile 1 "$at/dash" "$compiler" -quiet -O2 /dev/measuring/unit.c -o /dev/null
	done
fi
"""

#: A translation unit of some length that includes nothing.
_UNIT = "".join(
    f"int f{n}(int *a, int n) {{ int s = {n}; for (int i = 0; i < n; i++) {{ s = s * 31 + a[i] % (i + {n + 1}); a[i] = s ^ i; }} return s; }}\n"
    for n in range(100)
)
_LINE = re.compile(r"^(?P<name>[a-z-]+) (?P<count>[1-9][0-9]*) (?P<nanoseconds>[1-9][0-9]*)$", re.MULTILINE)
_NAMES = {
    "start": "start a program",
    "perl": "start Perl",
    "python": "start Python",
    "calculate": "calculate in Perl",
    "compile": "compile a file",
}

#: Builds what is asked for; a failed build is a result.
Build = Callable[[BuildRequest], BuildResult]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """What one thing takes, in seconds: on the machine's own architecture, emulated, by native tools in an emulated build, and emulated with a plain CPU.

    None is what could not be measured there.
    """

    name: str
    native: float | None = None
    emulated: float | None = None
    accelerated: float | None = None
    plain: float | None = None

    def ratio(self, seconds: float | None) -> float | None:
        """How many times the native seconds that is."""
        return None if seconds is None or self.native is None else seconds / self.native


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The measures of one architecture in one ground; `emulator` with its version, `cpu` the plain CPU (`QEMU_CPU=...`), empty where there is none."""

    architecture: str
    ground: str
    emulator: str
    cpu: str
    tools: bool
    measures: tuple[Measure, ...]


def measure(
    ground: Ground, host: Architecture, target: Architecture, emulator: str, *, build: Build, log: Path
) -> Measured:
    """Measure one ground on both architectures. Raises `EnvironmentFailedError` where a build of that does not end well."""
    platform = normalise(str(target.platform))
    plain = PLAIN.get(platform, "")
    native = _run(ground, ground.native, host, "", build=build, log=log)
    emulated = _run(ground, ground.emulated, target, plain, build=build, log=log)
    found = (
        Measure(
            name=text,
            native=native.get(name, native.get(f"tools-{name}")),
            emulated=emulated.get(name),
            accelerated=emulated.get(f"tools-{name}"),
            plain=emulated.get(f"plain-{name}"),
        )
        for name, text in _NAMES.items()
    )
    return Measured(
        architecture=target.name,
        ground=ground.name,
        emulator=emulator,
        cpu=f"{VARIABLE}={plain}" if plain else "",
        tools=ground.tools is not None,
        measures=tuple(one for one in found if one.emulated is not None or one.accelerated is not None),
    )


def _run(
    ground: Ground, side: Side, architecture: Architecture, plain: str, *, build: Build, log: Path
) -> Mapping[str, float]:
    contexts = {side.reference: side.context} if side.context else {}
    flag = ""
    if ground.tools is not None:
        contexts[CONTEXT] = ground.tools.context
        flag = f"--platform={ground.tools.platform} "
    with scratch(TOOLS) as directory:
        context, out = directory / "context", directory / "out"
        context.mkdir()
        dockerfile = _DOCKERFILE.format(flag=flag, tools=CONTEXT, mount=MOUNT, reference=side.reference, plain=plain)
        texts = {"Dockerfile": dockerfile, "measure": _MEASURE, "times": _TIMES, "unit.c": _UNIT}
        for name, text in texts.items():
            (context / name).write_text(text, encoding="utf-8")
        result = build(
            BuildRequest(
                directory=context,
                platform=str(architecture.platform),
                contexts=contexts,
                reference="",
                timeout=_TIMEOUT,
                log=log,
                offline=True,
                fresh=True,
                export=f"type=local,dest={out}",
            )
        )
        if result.failure is not None:
            raise EnvironmentFailedError(
                f"nothing can be measured for {architecture.name} in {side.reference}: {result.failure.message}",
                mend=f"see {log}, or run 'orchestrator doctor' without --bench",
            )
        said = (out / "measured").read_text(encoding="utf-8", errors="replace")
    return {one["name"]: int(one["nanoseconds"]) / int(one["count"]) / 1e9 for one in _LINE.finditer(said)}
