"""What upstream's git tags say to be the newest release: a second opinion, never a reason to fail."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field

from orchestrator.bump.model import is_final, order
from orchestrator.errors import OrchestratorError
from orchestrator.matrix.model import Line
from orchestrator.system.git import remote_tags
from orchestrator.system.process import Command, Completed, Runner, run

#: The repository that releases are tagged in.
UPSTREAM = "https://github.com/python/cpython"
#: Seconds for the question, and those that are waited at most when everything else is done.
_SECONDS, _GRACE = 9.0, 10.0


@dataclass(kw_only=True, slots=True)
class Tags:
    """Asks the repository at `address` in a thread of its own, while others look elsewhere."""

    address: str
    line: Line
    prereleases: bool = False
    runner: Runner = run
    _newest: str = field(default="", init=False)
    _trouble: str = field(default="", init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin to ask."""
        self._thread = threading.Thread(target=self._work, name="tags", daemon=True)
        self._thread.start()

    def wait(self, seconds: float = _GRACE) -> tuple[str, str]:
        """Give the newest release that is tagged (empty: none, or not known), and in one line why it is not known."""
        if self._thread is None:
            return "", ""
        self._thread.join(seconds)
        if self._thread.is_alive():
            return "", f"the tags of {self.address} are not known: no answer within {seconds:.0f} s"
        return self._newest, self._trouble

    def _work(self) -> None:
        try:
            tags = remote_tags(self.address, f"v{self.line.name}.*", runner=self._bounded)
        except (OSError, OrchestratorError) as error:
            why = error.message if isinstance(error, OrchestratorError) else str(error)
            self._trouble = f"the tags of {self.address} are not known: {why}"
            return
        releases = [tag.removeprefix("v") for tag in tags if tag.startswith(f"v{self.line.name}.")]
        self._newest = max(
            (one for one in releases if order(one) and (self.prereleases or is_final(one))), key=order, default=""
        )

    def _bounded(self, command: Command) -> Completed:
        return self.runner(dataclasses.replace(command, timeout=_SECONDS))
