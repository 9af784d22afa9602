"""What a proof is: a claim about an image that can fail, checked on the image's own architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from orchestrator.matrix.model import Cell
from orchestrator.prove.cells import Predicate, everywhere
from orchestrator.prove.image import ImageConfig
from orchestrator.prove.survey.survey import Survey
from orchestrator.prove.upstream import Upstream
from orchestrator.recipe.recipe import Recipe


class Kind(StrEnum):
    """What a proof is about; there is a folder below `proofs/` for each."""

    ARCHITECTURE = "architecture"
    INTERPRETER = "interpreter"
    RECIPE = "recipe"
    MODULES = "modules"
    BEHAVIOUR = "behaviour"
    PIP = "pip"
    README = "readme"
    SECURITY = "security"
    OVERRIDE = "override"
    PARITY = "parity"


class Where(StrEnum):
    """The two long-lived containers of an image under proof; neither has a network.

    `CONFINED` is the strictest that an image has to live with: read-only, a user that the image does not know, no capabilities, and a
    small writable /tmp. `WRITABLE` is what `docker run` gives: the image's own user and a file system that may be written.
    """

    CONFINED = "confined"
    WRITABLE = "writable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """How a program in a container ended. `status` is as a shell gives it: 128 and more for a signal."""

    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self) -> str:
        """Both streams, one after the other, for a log."""
        return "\n".join(part.rstrip() for part in (self.stdout, self.stderr) if part.strip())

    @property
    def last_line(self) -> str:
        """The last line that says something: of stderr, else of stdout."""
        lines = [line.strip() for stream in (self.stderr, self.stdout) for line in reversed(stream.splitlines())]
        return next((line for line in lines if line), "no output")


class Sandbox(Protocol):
    """A running container of the image."""

    def execute(
        self, argv: Sequence[str], *, environment: Mapping[str, str] | None = None, directory: str | None = None
    ) -> Ran:
        """Run a program to its end, within the time of the proof that is being made.

        Raises `ProofFailedError` when it does not end in time, writes without end, or the container dies under it.
        """

    def put(self, directory: str, files: Mapping[str, bytes]) -> None:
        """Write files (relative path to content) below a directory, which is made."""


class Subject(Protocol):
    """The image under proof, as far as proofs may look at it. Everything that is looked up is looked up once."""

    @property
    def cell(self) -> Cell:
        """What the image claims to be."""

    @property
    def recipe(self) -> Recipe:
        """What the image has to contain."""

    @property
    def dockerfile(self) -> str:
        """The text that the image is built from, as it is rendered now."""

    @property
    def image(self) -> ImageConfig:
        """What the image's config says."""

    @property
    def survey(self) -> Survey:
        """Every file of the image, read from its layers; nothing is run."""

    @property
    def upstream(self) -> Upstream | None:
        """What the inputs of its build hold; None where they are not on this host."""

    @property
    def peers(self) -> tuple[Subject, ...]:
        """The same image on other architectures, as far as they have been proven."""

    def probe(self, name: str, *arguments: str, where: Where = Where.CONFINED) -> dict[str, Any]:
        """Run a probe script inside and return what it saw. Raises `ProofFailedError` when it fails, dies or hangs."""

    def sandbox(self, where: Where) -> Sandbox:
        """The container of that kind, started when it is first asked for, and again after it had to be killed."""

    def run(
        self,
        command: Sequence[str] | None = None,
        *,
        entrypoint: Sequence[str] | None = None,
        files: Mapping[str, Mapping[str, bytes]] | None = None,
        directory: str | None = None,
        image: str | None = None,
    ) -> Ran:
        """`docker run`: a container of its own, to its end.

        `files` maps a directory to files (path to content); each directory is a volume, as `-v` makes one. `image` names another image
        than the one under proof (one that was built on it).
        """

    def build(self, dockerfile: str, files: Mapping[str, bytes]) -> AbstractContextManager[str]:
        """`docker build` without network; gives the reference of the result, which is removed at the end.

        `{image}` in the Dockerfile stands for the image under proof.
        """


class ProofFailedError(Exception):
    """The claim does not hold. The message says what was seen and what was expected; `output` is all that was said, for the log."""

    def __init__(self, message: str, *, output: str = "") -> None:
        super().__init__(message)
        self.output = output


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A named claim: `check` returns what was seen, in a few words, or raises `ProofFailedError`.

    `name` is the kind and the file's name: `recipe/environment`. `seconds` is how long it may take natively, `emulated_factor` how many
    times longer under an emulator. `needs` names proofs without which this one would only repeat their failure. `live` says that it
    runs the image, `pairwise` that it compares architectures, and is made only where there is another one to compare with, `against_inputs` that it needs
    the source tarball and the wheels, and is made only where they are on this host.
    """

    name: str
    claim: str
    link: str
    check: Callable[[Subject], str]
    applies: Predicate = everywhere
    seconds: float = 10.0
    emulated_factor: float = 10.0
    needs: tuple[str, ...] = ()
    live: bool = False
    pairwise: bool = False
    against_inputs: bool = False

    @property
    def kind(self) -> Kind:
        """The folder that it is in."""
        return Kind(self.name.partition("/")[0])

    def limit(self, *, emulated: bool) -> float:
        """Seconds that each thing it runs may take."""
        return self.seconds * (self.emulated_factor if emulated else 1.0)


class Verdict(StrEnum):
    """What came of a proof."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_MADE = "not made"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a proof went; `detail` says in a line what was seen or what is wrong, `output` all that was said when it failed."""

    name: str
    verdict: Verdict
    detail: str
    seconds: float
    output: str = ""

    @property
    def passed(self) -> bool:
        """True only for what has been shown."""
        return self.verdict is Verdict.PASSED
