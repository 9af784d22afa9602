"""A shell on a terminal of its own, with keys pressed as a person does."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: What terminals are told about colours and the cursor, and titles of windows.
_CONTROL = re.compile(r"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>()][0-9A-B]?|\r|\x07")
#: fish asks what kind of terminal it is on; a plain one answers this.
_ASKED = b"\x1b[c"
_ANSWER = b"\x1b[?62;22c"
#: To the line's front: there the program's name becomes an argument of printf, which shows how the shell takes the line.
_FRONT = "\x01"


@dataclass(kw_only=True)
class Terminal:
    """An interactive shell."""

    descriptor: int
    seen: str = ""

    def press(self, keys: str) -> None:
        """Send keys."""
        os.write(self.descriptor, keys.encode())

    def until(self, pattern: str, *, seconds: float = 20.0) -> re.Match[str]:
        """Read on until the screen's text since the last call matches; it is forgotten then. Fails with what was seen instead."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, _CONTROL.sub("", self.seen))
            if found is not None:
                self.seen = ""
                return found
            left = deadline - time.monotonic()
            assert left > 0, f"no {pattern!r} after {seconds} s in {self.seen!r}"
            self._read(left)

    def quiet(self, *, pause: float = 0.15, seconds: float = 10.0) -> str:
        """Read on until nothing comes for a while, and give the text since the last call."""
        deadline = time.monotonic() + seconds
        while self._read(pause) and time.monotonic() < deadline:
            pass
        shown, self.seen = _CONTROL.sub("", self.seen), ""
        return shown

    def completed(self, line: str) -> list[str]:
        """Type a line, press TAB, and give the words that the shell makes of what stands there then."""
        self.press(line)
        self.quiet()
        self.press("\t")
        self.quiet(pause=0.5)
        self.press(f"{_FRONT}printf '<%s>\\n' BEGIN ")
        self.quiet()
        self.press("\n")
        said = self.until(r"(?s)\n<BEGIN>\n(.*?)\n[^<\n]*READY> ").group(1)
        self.quiet()
        return re.findall(r"<(.*?)>", said)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.descriptor], [], [], seconds)
        if not ready:
            return False
        data = os.read(self.descriptor, 65536)
        if _ASKED in data or b"\x1b[0c" in data:
            os.write(self.descriptor, _ANSWER)
        self.seen += data.decode(errors="replace")
        return True


@contextmanager
def opened(argv: Sequence[str], *, environment: Mapping[str, str], directory: Path) -> Iterator[Terminal]:
    """Start a shell on a terminal, 200 columns wide; end it with its terminal."""
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=directory,
            env={**environment, "TERM": "xterm", "COLUMNS": "200", "LINES": "50"},
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - these tests have no threads
        )
    finally:
        os.close(slave)
    try:
        yield Terminal(descriptor=master)
    finally:
        os.close(master)
        process.kill()
        process.wait(timeout=20)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    fcntl.ioctl(0, termios.TIOCSWINSZ, b"\x32\x00\xc8\x00\x00\x00\x00\x00")
