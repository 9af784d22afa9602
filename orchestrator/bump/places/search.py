"""One look for a release of a line: what is newer, what of it is complete, and what there is to tell about the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.bump.model import is_final, order
from orchestrator.bump.places.model import Release, is_web
from orchestrator.bump.places.names import number_of
from orchestrator.bump.places.opening import Opened
from orchestrator.bump.places.taking import Taker
from orchestrator.bump.tags import Tags
from orchestrator.errors import UnreachableError
from orchestrator.inputs.transfer import TransferError
from orchestrator.matrix.model import Line

#: Releases that are told of what is missing of them: a site may name hundreds.
_TOLD = 5


@dataclass(kw_only=True, slots=True)
class Search:
    """Goes through a place from the newest release on, and remembers what it passed over and why."""

    line: Line
    opened: Opened
    taker: Taker
    tags: Tags | None
    prereleases: bool = False
    _exact: bool = field(default=False, init=False)
    _listed: str = field(default="", init=False)
    _lacking: list[str] = field(default_factory=list, init=False)
    _notes: list[str] = field(default_factory=list, init=False)

    def newer(self) -> Iterator[Release]:
        """Give the releases that the line may go to, newest first, complete or not. Raises `UnreachableError` where the place cannot be asked."""
        current = order(self.line.release)
        try:
            for release in self._all():
                self._listed = self._listed or release.release
                if order(release.release) <= current:
                    return
                yield release
        except TransferError as error:
            raise self._unasked(error) from error

    def exactly(self, wanted: str) -> Iterator[Release]:
        """Give one release by its number, also an older one; which is the newest is then not looked for.

        Raises `UnreachableError`, also where there is nothing of it.
        """
        self._exact = True
        try:
            found = self.opened.place.shelf(self.line, number_of(wanted)).releases(self.line)
        except TransferError as error:
            raise self._unasked(error) from error
        release = next((one for one in found if one.release == wanted), None)
        if release is None:
            raise UnreachableError(
                f"{self.opened.name} has nothing of {wanted}",
                mend="check the number, or name another place with --source-url or --offline",
            )
        if order(wanted) < order(self.line.release):
            self._notes.append(f"{wanted} is older than {self.line.release}, which {self.line.name} is at")
        yield release

    def complete(self, release: Release) -> str:
        """Give where the tarball is in the end, when it and its signature are there; else empty, and it is remembered what is missing.

        Raises `UnreachableError` where that cannot be found out.
        """
        if release.missing:
            self._lacking.append(release.missing)
            return ""
        if not is_web(release.tarball):
            return release.tarball
        at = release.signature
        try:
            self.taker.transfer.look(at)
            at = release.tarball
            origin = self.taker.transfer.look(at)
        except TransferError as error:
            self.lacks(at, error)
            return ""
        if origin != release.tarball:
            self._notes.append(f"{release.tarball} leads to {origin}")
        return origin

    def lacks(self, address: str, error: TransferError) -> None:
        """Remember a file that is not there; raises `UnreachableError` for one that may be there and did not come."""
        if not error.missing:
            raise UnreachableError(
                f"{address}: {error.reason}",
                mend="run again later, or name another place with --source-url or --offline",
            ) from error
        self._lacking.append(f"{address}: {error.reason}")

    def nothing(self) -> None:
        """End a search that found none: fine where there is nothing newer. Raises `UnreachableError` where there is, and none of it is complete."""
        if self._lacking:
            more = f"; and {len(self._lacking) - _TOLD} more" if len(self._lacking) > _TOLD else ""
            raise UnreachableError(
                f"no release of {self.line.name} is complete that it could go to: {'; '.join(self._lacking[:_TOLD])}{more}",
                mend="wait until it is out in full, or name another place with --source-url or --offline",
            )
        for note in self.told()[1]:
            self.taker.progress.note(note)

    def told(self) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Give what each place said to be the newest release, and all that there is to tell."""
        seen = {"listing": self._listed}
        notes = [*(f"passed over: {one}" for one in self._lacking[:_TOLD]), *self._notes]
        if len(self._lacking) > _TOLD:
            notes.insert(_TOLD, f"passed over: {len(self._lacking) - _TOLD} more")
        if self.tags is not None:
            seen["tags"], trouble = self.tags.wait()
            if trouble:
                notes.append(trouble)
            elif not self._exact and order(seen["tags"]) > order(self._listed):
                notes.append(f"{seen['tags']} is tagged, not released yet")
        return seen, tuple(notes)

    def _all(self) -> Iterator[Release]:
        current = order(self.line.release)
        for shelf in self.opened.place.shelves(self.line):
            if shelf.candidates and not self.prereleases:
                if order(shelf.number) > current:
                    self._notes.append(f"{shelf.where} has pre-releases only ({', '.join(shelf.candidates)})")
                continue
            for release in shelf.releases(self.line):
                if self.prereleases or is_final(release.release):
                    yield release

    def _unasked(self, error: TransferError) -> UnreachableError:
        return UnreachableError(
            f"{self.opened.name} cannot be asked for the releases of {self.line.name}: {error.reason}",
            mend="check the address and the network, or name another place with --source-url or --offline",
        )
