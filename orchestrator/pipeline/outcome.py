"""What a publication came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.errors import EnvironmentFailedError, ExitCode, OrchestratorError, summary
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.publish.model import Held, Published
from orchestrator.publish.wanted import Candidate
from orchestrator.registry.registries import Registries


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was published, which images were held back for which reason, and the exit code that this comes to.

    `unchanged` counts the references that led where they should, `pushed` the blobs and manifests that were sent; `finished` are images that an
    earlier run had begun; `without` maps images to best-effort architectures that they were published without, and why.
    """

    published: tuple[Published, ...]
    held_back: Mapping[str, Held]
    code: ExitCode
    retries: int = 0
    unchanged: int = 0
    pushed: int = 0
    finished: tuple[str, ...] = ()
    without: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Finishing:
    """What was finished of earlier runs: images and the references led for them; images that have to wait, with the reason and its code."""

    images: tuple[str, ...] = ()
    published: tuple[Published, ...] = ()
    held_back: Mapping[str, tuple[Held, ExitCode]] = field(default_factory=dict)

    def __add__(self, other: Finishing) -> Finishing:
        return Finishing(
            images=(*self.images, *other.images),
            published=(*self.published, *other.published),
            held_back={**self.held_back, **other.held_back},
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What a run has looked at before it publishes: where references lead, and what was finished."""

    heads: Mapping[str, str | None] = field(default_factory=dict)
    finished: Finishing = field(default_factory=Finishing)


@dataclass(kw_only=True, slots=True)
class Outcome:
    """A report in the making; what is held back is written down at once."""

    chronicle: Chronicle | None
    run: int
    published: list[Published] = field(default_factory=list)
    held_back: dict[str, Held] = field(default_factory=dict)
    codes: set[ExitCode] = field(default_factory=set)
    unchanged: int = 0
    without: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def hold_back(self, image: str, held: Held, code: ExitCode = ExitCode.CELLS_FAILED) -> None:
        """An image is not published now."""
        self.held_back[image] = held
        self.codes.add(code)
        if self.chronicle is not None:
            self.chronicle.hold_back(self.run, image, f"{held.reason} ({held.mend})" if held.mend else held.reason)

    def fail(self, image: str, error: OrchestratorError | OSError) -> None:
        """An image could not be published."""
        if isinstance(error, OSError):
            error = EnvironmentFailedError(str(error), mend="see that there is room for its layers, then publish again")
        self.hold_back(image, Held(reason=error.message, mend=error.mend), error.code)

    def foresee(self, some: Sequence[Published]) -> None:
        """References would be led elsewhere."""
        self.published += some

    def say_without(self, one: Candidate) -> None:
        """An image is published, perhaps without some of its architectures."""
        if one.without:
            self.without[one.image.id] = one.without

    def report(self, registries: Registries, *, finished: tuple[str, ...], notes: tuple[str, ...]) -> Report:
        """Sum it up."""
        return Report(
            published=tuple(self.published),
            held_back=self.held_back,
            code=summary(self.codes),
            retries=registries.retries.count,
            unchanged=self.unchanged,
            pushed=registries.sent,
            finished=finished,
            without=self.without,
            notes=notes,
        )


def nothing() -> Report:
    """The report of publishing nothing."""
    return Report(published=(), held_back={}, code=ExitCode.DONE)
