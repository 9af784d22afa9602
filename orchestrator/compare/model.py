"""What differs between two states of the data, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.matrix.model import Family, Flavor, Image


class Kind(StrEnum):
    """What happened to a thing."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Scope(StrEnum):
    """What a change is about: the matrix itself, or some of its suites, lines or images, which `Change.where` then names."""

    MATRIX = "matrix"
    SUITE = "suite"
    LINE = "line"
    IMAGE = "image"


class Topic(StrEnum):
    """What kind of thing changed, in the order in which it is told. The value is what `--json` says."""

    LINE = "line"
    SUITE = "suite"
    IMAGE = "image"
    CELL = "cell"
    SETTING = "setting"
    ARCHITECTURE = "architecture"
    SUITE_STATE = "suite_state"
    SUITE_ARCHITECTURE = "suite_architecture"
    BASE = "base"
    RELEASE = "release"
    ALIAS = "alias"
    KEY = "gpg_key"
    SOURCE = "source"
    PIN = "wheel"
    CHECKSUM = "checksum"
    PACKAGE = "package"
    FURTHER_WHEEL = "further_wheel"
    CONFIGURE = "configure_flag"
    MAKE = "make_flag"
    ENVIRONMENT = "env"
    COMMAND = "cmd"
    SYMLINK = "symlink"
    STEP = "step"
    MODULE = "module"
    DOCKERFILE = "dockerfile"
    TAG = "tag"
    SHARED_TAG = "shared_tag"
    HUB = "hub"

    @property
    def scope(self) -> Scope:
        """What a change of this kind is about."""
        return _SCOPES.get(self, Scope.MATRIX)


_SCOPES = {
    **dict.fromkeys((Topic.SUITE_STATE, Topic.SUITE_ARCHITECTURE, Topic.BASE), Scope.SUITE),
    **dict.fromkeys(
        (Topic.RELEASE, Topic.ALIAS, Topic.KEY, Topic.SOURCE, Topic.PIN, Topic.CHECKSUM),
        Scope.LINE,
    ),
    **dict.fromkeys(
        (
            Topic.CELL,
            Topic.PACKAGE,
            Topic.FURTHER_WHEEL,
            Topic.CONFIGURE,
            Topic.MAKE,
            Topic.ENVIRONMENT,
            Topic.COMMAND,
            Topic.SYMLINK,
            Topic.STEP,
            Topic.MODULE,
            Topic.DOCKERFILE,
        ),
        Scope.IMAGE,
    ),
}

#: What goes into an image by its recipe.
RECIPE = frozenset(topic for topic, scope in _SCOPES.items() if scope is Scope.IMAGE) - {Topic.CELL}
TAGS = frozenset({Topic.TAG, Topic.SHARED_TAG})
#: The subject of a change of nothing but the order of a topic's subjects.
ORDER = "order"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that differs, in all places where it differs alike.

    `subject` names it (`uuid-dev`, `PYTHON_VERSION`, `3.7-alpine`); `before` and `after` are its values, None where it is not there, and empty where
    being there is all that there is to say. The value of a package is its role, of a tag the id of its image. `where` are the names of the suites
    or lines or the ids of the images that `topic.scope` speaks of.
    """

    topic: Topic
    subject: str
    before: str | None
    after: str | None
    where: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What happened to it."""
        if self.before is None:
            return Kind.ADDED
        return Kind.REMOVED if self.after is None else Kind.CHANGED

    @property
    def mirrored(self) -> Change:
        """The change that takes this one back."""
        return replace(self, before=self.after, after=self.before)


class Fate(StrEnum):
    """What becomes of a cell; the first that is true."""

    NEW = "new"
    GONE = "gone"
    #: Its Dockerfile, its inputs or its platform differ.
    BUILT = "built again"
    #: The rules differ, which say what is proven.
    PROVEN = "proven again"
    #: Only its image's tags differ.
    RETAGGED = "tagged anew"
    KEPT = "kept"


_TAKEN_BACK = {Fate.NEW: Fate.GONE, Fate.GONE: Fate.NEW}


@dataclass(frozen=True, kw_only=True, slots=True)
class CellChange:
    """What becomes of a cell (`3.7-stretch-amd64`) of an image (`3.7-stretch`)."""

    id: str
    image: str
    architecture: str
    fate: Fate

    @property
    def mirrored(self) -> CellChange:
        """What becomes of it when the change is taken back."""
        return replace(self, fate=_TAKEN_BACK.get(self.fate, self.fate))


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """An image by what it can be grouped with, and on which sides it is."""

    id: str
    line: str
    suite: str
    family: Family
    flavor: Flavor
    before: bool
    after: bool

    @classmethod
    def of(cls, image: Image, *, before: bool, after: bool) -> Spot:
        """Describe an image of a matrix."""
        suite = image.variant.suite
        return cls(
            id=image.id,
            line=image.line.name,
            suite=suite.name,
            family=suite.family,
            flavor=image.variant.flavor,
            before=before,
            after=after,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What differs between two states.

    `before` and `after` name them (`HEAD`, `the working tree`). `changes` are in the order of their topics; `cells` are those of either side with
    what becomes of them; `images` all of either side and `lines` the names of those on both, to say "all 3.7 slim images". `notes` are told to people.
    `text_changed` says that the text of the matrix, the rules or the templates differs.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    cells: tuple[CellChange, ...]
    images: tuple[Spot, ...]
    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()
    text_changed: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing differs that means anything: no fact, and no cell has anything done to it."""
        return not self.changes and all(cell.fate is Fate.KEPT for cell in self.cells)

    @property
    def mirrored(self) -> Comparison:
        """The comparison of the other way."""
        return replace(
            self,
            before=self.after,
            after=self.before,
            changes=tuple(change.mirrored for change in self.changes),
            cells=tuple(cell.mirrored for cell in self.cells),
            images=tuple(replace(spot, before=spot.after, after=spot.before) for spot in self.images),
        )

    def fated(self, fate: Fate) -> tuple[CellChange, ...]:
        """The cells of which this becomes."""
        return tuple(cell for cell in self.cells if cell.fate is fate)
