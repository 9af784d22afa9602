"""How much memory a command takes at most: `python -m benchmarks.peak ARGV...` runs it, says nothing of what it says, and prints kilobytes.

It is a small process of its own: what a process weighs before it becomes another program counts as that program's peak, too.
Source: https://man7.org/linux/man-pages/man2/getrusage.2.html (RUSAGE_CHILDREN, ru_maxrss)
"""

from __future__ import annotations

import resource
import subprocess
import sys


def main() -> int:
    """Run the command of the command line, and print its peak."""
    ended = subprocess.run(sys.argv[1:], check=False, stdout=subprocess.DEVNULL)
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}\n")
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
