"""Tags are led by a small process of its own that outlives the run: killed in the middle, a run leaves the old tags or all of the new ones.

It is started before the first tag moves, is told of whole sets on stdin (one JSON object in a line), and answers on stdout. When nobody writes
any more, it ends; what it was told of, it finishes first. It holds the run's lock as long as it lives, so that no other run comes between, and
it neither reads nor writes the ledger: what became of a set is seen in the registry. Without such a process the tags are led by the run itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import IO, Any

from orchestrator.errors import (
    CellsFailedError,
    EnvironmentFailedError,
    ExitCode,
    InterruptedRunError,
    OrchestratorError,
    UnreachableError,
    UsageError,
    VerificationError,
)
from orchestrator.publish.model import Target
from orchestrator.publish.visible import make_visible, verify
from orchestrator.registry.archive import Manifest
from orchestrator.registry.registries import Registries
from orchestrator.system.owners import VARIABLE
from orchestrator.system.retrying import Retries

#: Seconds that are waited for the process to end when nobody asks any more.
_FAREWELL = 2.0
_ERRORS: Mapping[int, type[OrchestratorError]] = {
    int(kind.code): kind
    for kind in (CellsFailedError, UsageError, EnvironmentFailedError, UnreachableError, VerificationError)
}


@dataclass(kw_only=True)
class Leader:
    """Leads tags: in a process of its own where one can be had. Closed with the context.

    One thread uses it; another one may close it meanwhile. `lock` is a file that stays locked as long as the process lives (None: there is
    none); `on_retry` is told what was tried again, in a line.
    """

    registries: Registries = field(repr=False)
    lock: int | None = None
    on_retry: Callable[[str], None] = lambda _: None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _closed: bool = field(default=False, init=False, repr=False)

    def start(self) -> None:
        """Start the process; where that is not possible, the tags are led in this one."""
        if self._process is not None:
            if not self._closed:
                return
            self._process.wait()  # what it was told of comes first
        self._process, self._closed = None, False
        environment = {name: value for name, value in self.registries.environment.items() if name != VARIABLE}
        with contextlib.suppress(OSError):
            # Not by `system.process`, which ends what it starts.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator.publish.leading"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
                start_new_session=True,
                pass_fds=() if self.lock is None else (self.lock,),
            )

    def lead(self, targets: Sequence[Target], manifests: Mapping[str, Manifest]) -> None:
        """Lead targets to their digests and read them back. Raises like `make_visible` and `verify`, `InterruptedRunError` when it was closed."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            lead_tags(self.registries, targets, manifests)
            return
        request = {
            "targets": [asdict(target) for target in targets],
            "manifests": {digest: [one.raw.decode(), one.media_type] for digest, one in manifests.items()},
            "plain": sorted(self.registries.plain),
        }
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            answer = self._answer(process.stdout)
        except (OSError, ValueError):
            if self._closed:
                raise InterruptedRunError(
                    "stopped while tags were led", mend="run the same again: it goes on where it was"
                ) from None
            # It is gone, and may have done a part: what is done is not done again.
            self._process = None
            _bury(process)
            now = self.registries.heads(target.reference for target in targets)
            lead_tags(self.registries, [replace(target, before=now[target.reference]) for target in targets], manifests)
            return
        if answer["code"] != ExitCode.DONE:
            kind = _ERRORS.get(answer["code"], EnvironmentFailedError)
            raise kind(answer["message"], mend=answer["mend"])

    def close(self) -> bool:
        """Let the process end; False when it has not ended yet, as it is still leading tags: it needs nobody for that, and keeps the lock meanwhile."""
        process, self._closed = self._process, True
        if process is None:
            return True
        _shut(process.stdin)
        try:
            # What it was told of may take its time with a registry that stumbles.
            process.wait(timeout=_FAREWELL)
        except subprocess.TimeoutExpired:
            # Another thread may be reading what it answers: closing that now would wait for it.
            return False
        _shut(process.stdout)
        self._process = None
        return True

    def _answer(self, pipe: IO[bytes]) -> dict[str, Any]:
        while line := pipe.readline():
            said: dict[str, Any] = json.loads(line)
            if "code" in said:
                self.registries.retries.add(int(said["retries"]))
                return said
            self.on_retry(str(said["retry"]))
        raise OSError("it has ended")


def serve(asked: IO[bytes], answers: IO[bytes], make: Callable[[frozenset[str], Retries], Registries]) -> None:
    """Lead what is asked for until nobody asks any more; nobody need read the answers.

    `make` is called once: what registries gave for the first set (connections, tokens) is used for the others as well.
    """

    def say(said: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError, ValueError):
            answers.write(json.dumps(said).encode() + b"\n")
            answers.flush()

    retries = Retries(
        on_retry=lambda what, tries, seconds: say({"retry": f"{what}; try {tries + 1} in {seconds:.1f} s"})
    )
    with contextlib.ExitStack() as stack:
        registries: Registries | None = None
        while line := asked.readline():
            try:
                request = json.loads(line)
            except ValueError:
                return  # whoever wrote it was killed in the middle: nothing of it was begun
            code, message, mend, before = ExitCode.DONE, "", "", retries.count
            try:
                targets = [Target(**one) for one in request["targets"]]
                manifests = {
                    digest: Manifest.of(raw.encode(), kind) for digest, (raw, kind) in request["manifests"].items()
                }
                if registries is None:
                    registries = stack.enter_context(make(frozenset(request["plain"]), retries))
                lead_tags(registries, targets, manifests)
            except OrchestratorError as error:
                code, message, mend = error.code, error.message, error.mend
            say({"code": int(code), "message": message, "mend": mend, "retries": retries.count - before})


def lead_tags(registries: Registries, targets: Sequence[Target], manifests: Mapping[str, Manifest]) -> None:
    """Lead targets to their digests in this process, and read them back. Raises like `make_visible` and `verify`."""
    # All tokens before the first tag: to get one takes longer than to lead a tag.
    registries.introduce(target.reference for target in targets if target.changes)
    make_visible(registries, targets, manifests)
    verify(registries, targets)


def _shut(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        # What is still in its buffer is for nobody.
        with contextlib.suppress(OSError):
            pipe.close()


def _bury(process: subprocess.Popen[bytes]) -> None:
    """Reap a process that does not answer any more. One that lives on must not lead tags beside us."""
    _shut(process.stdin)
    try:
        process.wait(timeout=_FAREWELL)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _shut(process.stdout)


def _main() -> None:
    # Whoever stops the run waits for what is begun here, which is short.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    serve(
        sys.stdin.buffer,
        sys.stdout.buffer,
        lambda plain, retries: Registries(environment=os.environ, plain=plain, retries=retries),
    )


if __name__ == "__main__":
    _main()
