"""The words of a matrix, of its recipes and of the checks, kept beside the downloads: TAB must not wait for them to be made again.

What is kept is thrown away when the file that it came from, or a rule, changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator import __version__
from orchestrator.system.places import Places

_PACKAGE = Path(__file__).resolve().parents[1]
_RULES = _PACKAGE / "recipe" / "rules"
_CHECKS = _PACKAGE / "lint" / "checks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """What can be named of a matrix, each list in published order."""

    lines: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    #: Architectures that are named anywhere, and those that a base exists for; the platforms of the former.
    known: tuple[str, ...] = ()
    everywhere: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    gpg_keys: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    setuptools: tuple[str, ...] = ()
    wheel: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    maintainers: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


def vocabulary(matrix: Path, places: Places) -> Vocabulary:
    """Give the words of a matrix. Raises what `load_matrix` raises."""
    kept = _kept(places, "matrix", matrix, (matrix,), lambda: asdict(_words_of(matrix)))
    return Vocabulary(**{name: tuple(words) for name, words in kept.items()})


def recipe_words(matrix: Path, image: str, places: Places) -> tuple[str, ...]:
    """Give the packages, flags, variables, steps and modules of an image's recipe, named as `explain` takes them."""
    rules = sorted(_RULES.glob("*.yaml"))
    kept = _kept(places, f"recipe-{image}", matrix, (matrix, *rules), lambda: {"words": _words_in(matrix, image)})
    return tuple(kept["words"])


def check_codes(places: Places) -> tuple[tuple[str, str], ...]:
    """Give the codes of `lint`'s checks, each with what has to hold."""
    kept = _kept(places, "checks", _CHECKS, sorted(_CHECKS.glob("*.py")), _codes)
    return tuple(zip(kept["codes"], kept["titles"], strict=True))


def _codes() -> dict[str, Sequence[str]]:
    from orchestrator.lint.catalogue import CATALOGUE  # noqa: PLC0415 - not where the words are kept

    return {"codes": [one.code for one in CATALOGUE], "titles": [one.title for one in CATALOGUE]}


def _words_of(path: Path) -> Vocabulary:
    from orchestrator.matrix.load import load_matrix  # noqa: PLC0415 - not where the words are kept
    from orchestrator.publish.names import local_references  # noqa: PLC0415 - same

    matrix = load_matrix(path)
    return Vocabulary(
        lines=tuple(line.name for line in matrix.lines),
        releases=tuple(line.release for line in matrix.lines),
        aliases=tuple(alias for line in matrix.lines for alias in line.aliases),
        variants=tuple(dict.fromkeys(image.variant.name for image in matrix.images)),
        architectures=tuple(architecture.name for architecture in matrix.enabled),
        suites=tuple(suite.name for suite in matrix.suites),
        images=tuple(image.id for image in matrix.images),
        cells=tuple(cell.id for cell in matrix.cells),
        references=tuple(name for cell in matrix.cells for name in local_references(matrix, cell)),
        known=tuple(architecture.name for architecture in matrix.known),
        everywhere=tuple(sorted({name for suite in matrix.suites for name in suite.architectures})),
        platforms=tuple(str(architecture.platform) for architecture in matrix.known),
        gpg_keys=tuple(dict.fromkeys(line.gpg_key for line in matrix.lines)),
        pip=tuple(dict.fromkeys(line.pip.version for line in matrix.lines)),
        setuptools=tuple(dict.fromkeys(line.setuptools.version for line in matrix.lines)),
        wheel=tuple(dict.fromkeys(line.wheel.version for line in matrix.lines)),
        extras=tuple(dict.fromkeys(f"{one.name}={one.version}" for line in matrix.lines for one in line.extras)),
        maintainers=() if matrix.hub is None else matrix.hub.maintainers,
        sites=(matrix.release_site,),
    )


def _words_in(path: Path, image: str) -> list[str]:
    from orchestrator.matrix.load import load_matrix  # noqa: PLC0415 - not where the words are kept
    from orchestrator.recipe.recipe import recipe_for  # noqa: PLC0415 - same
    from orchestrator.select import select_image  # noqa: PLC0415 - same

    recipe = recipe_for(select_image(load_matrix(path), image))
    named = [*recipe.reasons, *(module.text for module in recipe.modules)]
    # `explain` takes a flag without its value, which is the part that can be typed.
    return list(dict.fromkeys(name.partition("=")[0] for name in named))


def _kept(
    places: Places, kind: str, subject: Path, sources: Sequence[Path], make: Callable[[], dict[str, Sequence[str]]]
) -> dict[str, Sequence[str]]:
    """Read what was kept of this kind about this file or directory, or make and keep it."""
    stamp = _stamp(sources)
    name = hashlib.sha256(f"{kind} {subject.resolve()}".encode()).hexdigest()[:24]
    file = places.cache / "completion" / f"{name}.json"
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["stamp"] == stamp:
            words: dict[str, Sequence[str]] = kept["words"]
            return words
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nothing is kept yet, or it is no use
    made = make()
    try:
        from orchestrator.system.files import write_atomically  # noqa: PLC0415 - not where the words are kept

        write_atomically(file, json.dumps({"stamp": stamp, "words": made}).encode())
    except OSError:
        pass  # where nothing can be kept it only takes longer
    return made


def _stamp(sources: Sequence[Path]) -> str:
    seen = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sources]
    return hashlib.sha256(repr((__version__, seen)).encode()).hexdigest()
