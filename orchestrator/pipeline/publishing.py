"""From proven cells to published images: what is there is looked at, what is missing is brought, then each image is made visible as a whole.

Image by image, so that one that is held back, or fails, holds back no other. The ledger is only used by the thread that decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Protocol

from orchestrator.config.settings import Rebuilds
from orchestrator.errors import OrchestratorError
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.journal import Journal, State
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import Attempt
from orchestrator.matrix.model import Cell, Image, Matrix
from orchestrator.pipeline.outcome import Finishing, Looked, Outcome, Report
from orchestrator.pipeline.shielding import shielded
from orchestrator.publish.candidates import candidates
from orchestrator.publish.content import Content, Save
from orchestrator.publish.finishing import RolledBack, finish, roll_back
from orchestrator.publish.index import make_index, members_of
from orchestrator.publish.leading import Leader, lead_tags
from orchestrator.publish.model import Held, ImageSet, Member, Provenance, Published, Target
from orchestrator.publish.names import Names
from orchestrator.publish.visible import changed
from orchestrator.publish.wanted import Candidate, may_change, references, targets
from orchestrator.registry.archive import Manifest
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries
from orchestrator.system.progress import Progress

#: Images that are brought to the registry at once; each is a file of its whole size meanwhile.
_LANES = 3


class Beside(Protocol):
    """What is done to every set whose content is in the registry, before it is visible; what it raises holds the set back."""

    @property
    def notes(self) -> list[str]:
        """What is worth telling of it, in lines."""

    def __call__(self, whole: ImageSet, /) -> None:
        """Do it."""

    def lacks(self, whole: ImageSet, /) -> bool:
        """Tell whether there is something left to do for a set that is published."""


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Publishes what a ledger says is proven. `save` opens what the engine saves of a reference; `origin` says where an image's recipe is from.

    `beside` is done to every set before it is visible; `leader` makes it visible (None: this process does).
    """

    matrix: Matrix
    names: Names
    ledger: Ledger
    registries: Registries
    progress: Progress
    save: Save
    exact: bool = True
    origin: Callable[[Image], Provenance] = lambda image: Provenance(version=image.line.release)
    beside: Beside | None = None
    leader: Leader | None = None

    def lead(self, some: Sequence[Target], manifests: Mapping[str, Manifest]) -> None:
        """Lead targets to their digests, and read them back."""
        if self.leader is not None:
            self.leader.lead(some, manifests)
            return
        lead_tags(self.registries, some, manifests)

    @property
    def place(self) -> str:
        """What the journal calls the place that is published to."""
        return self.names.place

    @property
    def journal(self) -> Journal:
        """The journal in the ledger."""
        return Journal(self.ledger)

    def publish(
        self,
        run: int,
        images: Sequence[Image],
        *,
        rebuilds: Rebuilds = Rebuilds.NEVER,
        again: bool = False,
        dry_run: bool = False,
        seen: Looked | None = None,
    ) -> Report:
        """Publish images of which all that is required is proven. `again`: also sets that were rolled back. `dry_run`: only tell what would change.

        `seen` is what has been looked at, and finished, before in this run.
        """
        try:
            return self._publish(run, images, rebuilds=rebuilds, again=again, dry_run=dry_run, seen=seen)
        finally:
            if self.leader is not None:
                self.leader.close()

    def _publish(
        self,
        run: int,
        images: Sequence[Image],
        *,
        rebuilds: Rebuilds,
        again: bool,
        dry_run: bool,
        seen: Looked | None,
    ) -> Report:
        outcome = Outcome(chronicle=None if dry_run else Chronicle(self.ledger), run=run)
        finished = Finishing() if dry_run else self.finish(run)
        known_heads = {} if seen is None or finished.images else seen.heads
        finished = finished if seen is None else seen.finished + finished
        outcome.published += finished.published
        for image, (why, code) in finished.held_back.items():
            outcome.hold_back(image, why, code)
        chosen = [one for one in self._candidates(images, outcome) if one.image.id not in finished.held_back]
        names = [name for one in chosen for name, _, _ in references(self.names, one.image, _cells(one))]
        heads = {**known_heads, **self.registries.heads(name for name in names if name not in known_heads)}
        current = self.journal.current(self.place)
        taken_back = self.journal.rolled_back(self.place)
        fresh = []
        for one in chosen:
            known = self._known(one, current.get(one.image.id))
            back = [old for old in taken_back.get(one.image.id, ()) if _images(old) == one.digests]
            if back and known is None and not again:
                outcome.hold_back(one.image.id, _rolled_back(back[-1]))
                continue
            if known is not None:
                some = targets(self.names, one.image, _cells(one), known.members, known.index.digest, heads)
                if not any(target.changes for target in some):
                    outcome.unchanged += len(some)
                    outcome.say_without(one)
                    if not dry_run:
                        self._beside(replace(known, targets=some), outcome)
                    continue
            if (held := self._protected(one, current.get(one.image.id), heads, rebuilds)) is not None:
                outcome.hold_back(one.image.id, held)
                continue
            fresh.append((one, known))
        if dry_run:
            for one, known in fresh:
                outcome.foresee(self._foreseen(one, known, heads))
        else:
            self._conclude(run, fresh, outcome, rebuilds=rebuilds, current=current)
        notes = tuple(self.beside.notes) if self.beside is not None else ()
        return outcome.report(self.registries, finished=finished.images, notes=notes)

    def _beside(self, whole: ImageSet, outcome: Outcome) -> None:
        """Put beside a set that is published what is not there yet: it is to be signed now, or its SBOM was not known then."""
        if self.beside is not None and self.beside.lacks(whole):
            try:
                self.beside(whole)
            except (OrchestratorError, OSError) as error:
                outcome.fail(whole.image, error)

    def finish(self, run: int) -> Finishing:
        """Make whole what killed runs left half visible, or half taken back. What cannot be finished now holds back its own image only."""
        done = Finishing()
        unfinished = self.journal.unfinished(self.place)
        if self.leader is not None and unfinished:
            self.leader.start()
        for begun in unfinished:
            try:
                done += self._finish(run, begun)
            except OrchestratorError as error:
                held = Held(
                    reason=f"what run {begun.run} had begun to publish cannot be finished: {error.message}",
                    mend=error.mend,
                )
                done += Finishing(held_back={begun.image: (held, error.code)})
        return done

    def _finish(self, run: int, begun: ImageSet) -> Finishing:
        if begun.state == State.ROLLING_BACK:
            undone = self.take_back(run, begun)
            self.progress.note(f"{begun.image}: finished taking back what run {begun.run} had published")
            return Finishing(images=(begun.image,), published=undone.published)
        result = shielded(lambda: finish(self.registries, begun, self.lead), on_interrupt=self._wait)
        if result.gone:
            self.progress.warn(f"{begun.image}: what run {begun.run} had begun to publish is given up: {result.gone}")
            self.journal.abandon(begun.number)
            return Finishing()
        for reference in result.moved[:1]:
            more = f" and {len(result.moved) - 1} more were" if len(result.moved) > 1 else " was"
            self.progress.warn(f"{begun.image}: {reference}{more} led elsewhere since run {begun.run}, and left there")
        self.journal.done(begun.number, run, [(one.reference, one.digest) for one in result.published])
        self.progress.note(f"{begun.image}: finished what run {begun.run} had begun to publish")
        return Finishing(images=(begun.image,), published=result.published)

    def take_back(self, run: int, one: ImageSet) -> RolledBack:
        """Lead the references of a set back to where they led before it. Raises `UnreachableError`; then the next run goes on with it."""
        former = self.journal.former(one.number)
        self.journal.begin_roll_back(one.number)
        done = shielded(lambda: roll_back(self.registries, one, self.lead, former), on_interrupt=self._wait)
        self.journal.roll_back(one.number, run, [(ref.reference, ref.digest) for ref in done.published])
        return done

    def _wait(self) -> None:
        self.progress.note("stopping: tags are being led, which is not left half done (once more: at once)")

    def _candidates(self, images: Sequence[Image], outcome: Outcome) -> list[Candidate]:
        found = []
        for name, one in candidates(self.matrix, images, self.ledger).items():
            if isinstance(one, Held):
                outcome.hold_back(name, one)
            else:
                found.append(one)
        return found

    @staticmethod
    def _known(one: Candidate, current: ImageSet | None) -> ImageSet | None:
        """The set that is published, when it is this one: its index is taken as it is, annotations and all."""
        return current if current is not None and _images(current) == one.digests else None

    def _protected(
        self, one: Candidate, current: ImageSet | None, heads: Mapping[str, str | None], rebuilds: Rebuilds
    ) -> Held | None:
        """Look at the full release's tags before anything is sent. What they will lead to is known but for the index."""
        if not self.exact and current is None:
            return None  # looked at once more when the digests are known
        before = [self.ledger.attempt(member.attempt) for member in current.members] if current is not None else [None]
        known = {member.image: member.digest for member in current.members} if current is not None else {}
        foreseen = [_foresee(cell, attempt, known.get(attempt.digest, attempt.digest)) for cell, attempt in one.proven]
        some = targets(self.names, one.image, _cells(one), foreseen, "", heads)
        return may_change(
            [target for target in some if not target.index], rebuilds, before, [attempt for _, attempt in one.proven]
        )

    def _foreseen(
        self, one: Candidate, known: ImageSet | None, heads: Mapping[str, str | None]
    ) -> tuple[Published, ...]:
        digests = {member.image: member.digest for member in known.members} if known is not None else {}
        members = [_foresee(cell, attempt, digests.get(attempt.digest, attempt.digest)) for cell, attempt in one.proven]
        index = known.index.digest if known is not None else ""
        some = targets(self.names, one.image, _cells(one), members, index, heads)
        return tuple(Published(reference=target.reference, digest=target.digest) for target in some if target.changes)

    def _conclude(
        self,
        run: int,
        fresh: Sequence[tuple[Candidate, ImageSet | None]],
        outcome: Outcome,
        *,
        rebuilds: Rebuilds,
        current: Mapping[str, ImageSet],
    ) -> None:
        """Bring content, several images at once, and make each whole image visible as soon as all of it is there."""
        if self.leader is not None and fresh:
            self.leader.start()  # while content is brought
        content = Content(registries=self.registries, names=self.names, save=self.save, exact=self.exact)
        brought: dict[str, dict[str, Member]] = {one.image.id: {} for one, _ in fresh}
        waiting = {one.image.id: (one, known) for one, known in fresh}
        with ThreadPoolExecutor(max_workers=_LANES, thread_name_prefix="push") as pool:
            futures: dict[Future[Member], tuple[str, str]] = {}
            for one, known in fresh:
                digests = {member.image: member.digest for member in known.members} if known is not None else {}
                for cell, attempt in one.proven:
                    future = pool.submit(content.bring, cell, attempt, known=digests.get(attempt.digest, ""))
                    futures[future] = (one.image.id, cell.id)
            try:
                for future in as_completed(futures):
                    image, cell_id = futures[future]
                    if image not in waiting:
                        continue
                    one, known = waiting[image]
                    try:
                        brought[image][cell_id] = future.result()
                        if len(brought[image]) < len(one.proven):
                            continue
                        members = tuple(brought[image][cell.id] for cell, _ in one.proven)
                        self._reveal(run, one, known or current.get(image), members, outcome, rebuilds=rebuilds)
                    except (OrchestratorError, OSError) as error:
                        outcome.fail(image, error)
                    del waiting[image]
            except BaseException:
                # Ctrl-C: nobody waits for a registry's patience.
                self.registries.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _reveal(
        self,
        run: int,
        one: Candidate,
        current: ImageSet | None,
        members: tuple[Member, ...],
        outcome: Outcome,
        *,
        rebuilds: Rebuilds,
    ) -> None:
        """All content is there: put the index beside it, write down what will change, and change it."""
        # Asked once more: building and bringing may have taken hours, and others may publish, too.
        heads = self.registries.heads(name for name, _, _ in references(self.names, one.image, _cells(one)))
        index = self._index(one, current, members, heads)
        some = targets(self.names, one.image, _cells(one), members, index.digest, heads)
        before = [self.ledger.attempt(member.attempt) for member in current.members] if current is not None else [None]
        if (held := may_change(some, rebuilds, before, [attempt for _, attempt in one.proven])) is not None:
            outcome.hold_back(one.image.id, held)
            return
        joint = Reference.parse(self.names.of_index("x"))
        with self.registries.asking(joint.registry, f"the index of {one.image.id} cannot be pushed") as distribution:
            distribution.put_manifest(joint.repository, index.digest, index)
        whole = ImageSet(image=one.image.id, registry=self.place, members=members, index=index, targets=some)
        if self.beside is not None:
            self.beside(whole)
        number = self.journal.begin(run, whole)
        manifests = {index.digest: index, **self._manifests(members)}

        shielded(lambda: self.lead(some, manifests), on_interrupt=self._wait)
        published = changed(some)
        self.journal.done(number, run, [(target.reference, target.digest) for target in published])
        outcome.published += published
        outcome.unchanged += len(some) - len(published)
        outcome.say_without(one)
        if published:
            self.progress.note(f"published {one.image.id}: {len(published)} references lead to {index.digest[:19]}")

    def _index(
        self, one: Candidate, current: ImageSet | None, members: Sequence[Member], heads: Mapping[str, str | None]
    ) -> Manifest:
        """Take the index that is published, if it has just these members; else make one."""
        wanted = {member.digest for member in members}
        if current is not None and current.digests == wanted:
            return current.index
        joint = Reference.parse(self.names.of_index("x"))
        for name, cell, _ in references(self.names, one.image, ()):
            if cell is None and (digest := heads.get(name)) is not None:
                with self.registries.asking(joint.registry, f"{name} cannot be read") as distribution:
                    there = distribution.manifest(joint.repository, digest)
                if set(members_of(there).values()) == wanted:
                    return there
                break
        return make_index(members, self.origin(one.image))

    def _manifests(self, members: Sequence[Member]) -> dict[str, Manifest]:
        joint = Reference.parse(self.names.of_index("x"))
        with self.registries.asking(joint.registry, "what was pushed cannot be read back") as distribution:
            return {one.digest: distribution.manifest(joint.repository, one.digest) for one in members}


def _cells(one: Candidate) -> list[Cell]:
    return [cell for cell, _ in one.proven]


def _images(one: ImageSet) -> frozenset[str]:
    return frozenset(member.image for member in one.members)


def _foresee(cell: Cell, attempt: Attempt, digest: str) -> Member:
    """A member of which only the digest is known."""
    return Member(
        cell=cell.id,
        arch=cell.architecture.name,
        attempt=attempt.id,
        image=attempt.digest,
        digest=digest,
        media_type="",
        size=0,
        platform={},
        created="",
    )


def _rolled_back(one: ImageSet) -> Held:
    return Held(
        reason=f"just this was published on {one.began[:10]} by run {one.run} and rolled back",
        mend="build it anew (--force), or publish the same again with --again",
    )
