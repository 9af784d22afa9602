"""Native tools as this program knows them: what they consist of, what was made, what was found out about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.processor import ROOM, ROOMS
from orchestrator.errors import VerificationError
from orchestrator.matrix.model import Architecture, Family, Suite
from orchestrator.matrix.platforms import normalise


class UnacceleratedError(VerificationError):
    """Native tools are required, and cannot be had or were not taken: the message says why."""


#: The named context that a Dockerfile takes them from, and where its steps find them. `dockerfile-templates/native-tools.j2` says the same.
CONTEXT = "native-tools"
MOUNT = "/dev/native-tools"
#: What they are made by, for each family: they look for libraries, and packages for their versions, in ways of their own.
TEMPLATES = {Family.DEBIAN: "native-tools.Dockerfile.j2", Family.ALPINE: "native-tools-alpine.Dockerfile.j2"}
#: How a line begins in which `take` says that it has taken nothing, and why.
DECLINED = "native-tools: declined:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """Two versions (of packages) of a suite's compiler that compile the same: the cross compiler's, and the native one's, which was corrected since.

    Not where the compiler defines a macro that begins with `unless`; empty where the correction counts nowhere.
    """

    cross: str
    native: str
    unless: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """Which programs stand in for the emulated ones of a target architecture in a suite, on a host of another architecture.

    `base` is the reference that they are made from (the suite's packages for the host are installed there). `triplet` is GNU's name of the target,
    `compiler` the version as packages are called (`10`); `programs` and `compilers` are names of files, `packages` of the suite's packages.
    Without `compilers` (Alpine has none for another architecture) both are empty, and the image's own compiler stays emulated.
    `cache` is the program that keeps compiled objects; without `programs`, where nothing is emulated, it is all that there is (but for apt's settings).
    `corrected` is given where the compilers may be of two versions.
    """

    base: str
    suite: Suite
    target: Architecture
    host: Architecture
    triplet: str
    compiler: str
    programs: tuple[str, ...]
    compilers: tuple[str, ...]
    packages: tuple[str, ...]
    cache: str = ""
    corrected: Corrected | None = None

    @property
    def room(self) -> str:
        """What the emulator of the target is told of room, as a shell exports it; empty where it is told nothing."""
        platform = normalise(str(self.target.platform))
        return f"{ROOM}={ROOMS[platform]}" if platform in ROOMS else ""

    def __str__(self) -> str:
        if not self.programs:
            return f"compiler cache of {self.suite.name} for {self.target.name}"
        return f"native tools of {self.suite.name} for {self.target.name} on {self.host.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolsPlan:
    """Tools that are wanted, with everything that decides what they will be: the Dockerfile's text, and the digest of their base."""

    tools: Tools
    dockerfile: str
    base_digest: str

    @property
    def identity(self) -> str:
        """A hash (hex) over what they are made of. It stands in the keys of cells, and is known before they are made."""
        text = "\n".join((self.base_digest, str(self.tools.host.platform), self.dockerfile))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """Tools that were made: an OCI image layout (a directory), the digest of its index, its compressed bytes, what making it took (seconds).

    `identity` is that of the plan that they were made by.
    """

    tools: Tools
    identity: str
    layout: Path
    digest: str
    size: int
    seconds: float

    @property
    def context(self) -> str:
        """What to give to buildx: `--build-context native-tools=<context>`."""
        return f"oci-layout://{self.layout}@{self.digest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the gate found: `differences` (sentences) between what both ways make, none where they may be used. `judged` is UTC in ISO 8601.

    `compared` counts what was compared, `by` is the cell whose flags were used.
    """

    digest: str
    differences: tuple[str, ...]
    compared: int
    by: str
    judged: str

    @property
    def qualified(self) -> bool:
        """Whether they may be used."""
        return not self.differences

    @property
    def told(self) -> str:
        """The first difference, and how many more there are; empty where there is none."""
        more = f" (and {len(self.differences) - 1} more)" if len(self.differences) > 1 else ""
        return f"{self.differences[0]}{more}" if self.differences else ""
