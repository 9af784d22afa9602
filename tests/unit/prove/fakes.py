"""An image under proof that answers as a right one does, but for what it is told to say."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.matrix.model import Cell
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.prove.image import ImageConfig
from orchestrator.prove.model import Outcome, Proof, ProofFailedError, Ran, Subject, Where
from orchestrator.prove.prover import prove
from orchestrator.prove.survey.survey import Survey
from orchestrator.prove.upstream import Upstream
from orchestrator.recipe.recipe import Recipe, recipe_for
from tests.unit.prove.images import CPU, Draft, draft, right

Answer = Ran | dict[str, Any] | ProofFailedError


def ran(stdout: str = "", *, status: int = 0, stderr: str = "") -> Ran:
    return Ran(status=status, stdout=stdout, stderr=stderr, seconds=0.5)


class FakeSandbox:
    """Answers by the words of what it is asked to execute."""

    def __init__(self, subject: FakeSubject) -> None:
        self.subject = subject

    def execute(
        self, argv: Sequence[str], *, environment: Mapping[str, str] | None = None, directory: str | None = None
    ) -> Ran:
        assert directory is None
        self.subject.asked.append((*argv, *(environment or {})))
        return self.subject.told(" ".join(argv), lambda: _executed(self.subject, tuple(argv)))

    def put(self, directory: str, files: Mapping[str, bytes]) -> None:
        self.subject.written |= {f"{directory}/{path}": content for path, content in files.items()}


class FakeSubject:
    """`says` maps words to answers: whatever is run or probed that holds the words gets that answer instead of the right one."""

    def __init__(
        self,
        made: Draft,
        *,
        says: Mapping[str, Answer] | None = None,
        peers: Sequence[Subject] = (),
        inputs: bool = True,
    ) -> None:
        self.made = made
        self.recipe: Recipe = recipe_for(made.cell.image)
        self.says = says or {}
        self._peers = tuple(peers)
        self._inputs = inputs
        self.asked: list[tuple[str, ...]] = []
        self.written: dict[str, bytes] = {}
        self.limits: list[float] = []
        self.built: list[tuple[str, Mapping[str, bytes]]] = []

    @property
    def cell(self) -> Cell:
        return self.made.cell

    @property
    def dockerfile(self) -> str:
        return self.made.dockerfile

    @property
    def image(self) -> ImageConfig:
        return self.made.saved.image

    @property
    def survey(self) -> Survey:
        return self.made.saved.survey

    @property
    def upstream(self) -> Upstream | None:
        return self.made.upstream if self._inputs else None

    @property
    def peers(self) -> tuple[Subject, ...]:
        return self._peers

    def told(self, words: str, right: Callable[[], Ran]) -> Ran:
        found = next((answer for word, answer in self.says.items() if word in words), None) or right()
        if isinstance(found, ProofFailedError):
            raise found
        assert isinstance(found, Ran)
        return found

    def probe(self, name: str, *arguments: str, where: Where = Where.CONFINED) -> dict[str, Any]:
        self.asked.append((name, *arguments, str(where)))
        found = self.says.get(f"probe {name}") or _probed(self, name)
        if isinstance(found, ProofFailedError):
            raise found
        assert isinstance(found, dict)
        return found

    def sandbox(self, where: Where) -> FakeSandbox:
        assert where in Where
        return FakeSandbox(self)

    def run(
        self,
        command: Sequence[str] | None = None,
        *,
        entrypoint: Sequence[str] | None = None,
        files: Mapping[str, Mapping[str, bytes]] | None = None,
        directory: str | None = None,
        image: str | None = None,
    ) -> Ran:
        words = ("run", *(entrypoint or ()), *(command or ()), *(files or ()), image or "")
        self.asked.append(words)
        place = directory if image is None else "/usr/src/app"
        return self.told(" ".join(words), lambda: _run(self, words, place))

    @contextlib.contextmanager
    def build(self, dockerfile: str, files: Mapping[str, bytes]) -> Iterator[str]:
        self.built.append((dockerfile, files))
        yield "scratch/app:1"

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        self.limits.append(seconds)
        yield


def _executed(subject: FakeSubject, argv: tuple[str, ...]) -> Ran:
    line = subject.cell.image.line
    said = ""
    match argv:
        case ("uname", "-m"):
            said = CPU[subject.cell.architecture.platform.architecture] + "\n"
        case ("pip", "--version", *_):
            said = f"pip {line.pip.version} from /usr/local/lib/pip (python {line.name})\n"
        case ("proof-wheel",):
            said = "42\n"
        case ("python", "-c", script) if "started" in script:
            said = "started"
        case ("python", "-c", script) if "answer()" in script:
            said = "42\n" * script.count("import ")
        case (shell, "-c", "echo done") if shell.endswith("/bash"):
            said = "done\n"
        case ("pip", *_) | ("sh", "-c", _):
            pass
        case _:
            assert argv[:2] == ("python", "-c"), f"nobody expected {argv}"
            assert "pkgutil" in argv[2]
    return ran(said)


def _probed(subject: FakeSubject, name: str) -> dict[str, Any]:
    line = subject.cell.image.line
    if name == "version":
        return {
            "said": {"sys.version_info": line.release, "python --version": line.release},
            "executable": f"/usr/local/bin/python{line.name}",
        }
    if name == "imports_of_modules":
        absent = {module.text: "ImportError" for module in subject.recipe.modules if not module.loads}
        return {"failures": absent, "found": {}}
    return {"said": f"{name} works"}


def _run(subject: FakeSubject, words: tuple[str, ...], directory: str | None) -> Ran:
    match words[1:]:
        case ("echo", *rest):
            return ran(" ".join(rest[:-1]) + "\n")
        case ("sh", "-c", script, ""):
            return ran(script.removeprefix("echo ") + "\n")
        case ("",):
            return ran()
    said = {"python": subject.cell.image.line.release, "directory": directory, "read": "Grüße, 世界\n", "answer": 42}
    return ran(json.dumps(said) + "\n")


def failures(subject: FakeSubject, *, proofs: Sequence[Proof] = CATALOGUE) -> dict[str, str]:
    """What is wrong with an image: proof to message."""
    return {one.name: one.detail for one in outcomes(subject, proofs) if not one.passed}


def outcomes(subject: FakeSubject, proofs: Sequence[Proof] = CATALOGUE) -> tuple[Outcome, ...]:
    return prove(subject, proofs, emulated=False)


def pair(first: str, second: str, spoil: Callable[[Draft], object] = lambda _: None) -> FakeSubject:
    """An image with a right one of another architecture beside it."""
    return FakeSubject(draft(first, spoil), peers=(FakeSubject(right(second)),))
