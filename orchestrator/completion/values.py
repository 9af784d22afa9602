"""What each option and argument can be: one function per kind of value, in the form that click asks for.

Each gets the context (the words before the cursor, parsed as far as they go), the parameter and the word that was begun, and gives items;
one of the type "open" goes on behind itself, so that no space follows it. Errors are the asker's: it shows nothing then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from orchestrator.completion.vocabulary import Vocabulary
    from orchestrator.config.settings import Settings
    from orchestrator.ledger.records import RunRecord

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

#: How many runs are offered, the newest first.
_RUNS = 50


def lines(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Lines of the matrix: 3.7."""
    return begun(vocabulary_of(ctx).lines, incomplete)


def variants(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Variants of the matrix: slim-stretch."""
    return begun(vocabulary_of(ctx).variants, incomplete)


def architectures(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Architectures that are built: arm64v8."""
    return begun(vocabulary_of(ctx).architectures, incomplete)


def all_architectures(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Architectures that a base exists for, built or not."""
    return begun(vocabulary_of(ctx).everywhere, incomplete)


def suites(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Suites of the matrix: stretch, alpine3.8."""
    return begun(vocabulary_of(ctx).suites, incomplete)


def images(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of images: 3.7-slim-stretch."""
    return begun(vocabulary_of(ctx).images, incomplete)


def cells(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of cells: 3.7-slim-stretch-arm64v8."""
    return begun(vocabulary_of(ctx).cells, incomplete)


def ids(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of images and cells."""
    known = vocabulary_of(ctx)
    return begun((*known.images, *known.cells), incomplete)


def demo_images(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of images of the Debian-only matrix."""
    from orchestrator.completion.vocabulary import vocabulary  # noqa: PLC0415 - only while completing
    from orchestrator.system.places import Places  # noqa: PLC0415 - same

    example = Path(__file__).resolve().parents[2] / "examples" / "debian" / "versions.json"
    return begun(vocabulary(example, Places.from_environment()).images, incomplete)


def references(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names that 'build' gives to images in the engine: arm64v8/python:3.7-slim."""
    return begun(vocabulary_of(ctx).references, incomplete)


def recipe_words(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Packages, flags, variables, steps and modules of the image that was named before."""
    from orchestrator.completion.vocabulary import recipe_words as words_of  # noqa: PLC0415 - only while completing
    from orchestrator.system.places import Places  # noqa: PLC0415 - same

    return begun(words_of(_matrix(ctx), ctx.params["image"], Places.from_environment()), incomplete)


def proofs(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Kinds of proofs, and proofs: recipe, recipe/environment. By their files: importing them all takes longer than a TAB may."""
    place = Path(__file__).resolve().parents[1] / "prove" / "proofs"
    # What is beside them helps them, and defines no PROOF.
    files = sorted(path for path in place.glob("*/*.py") if "\nPROOF = " in path.read_text(encoding="utf-8"))
    kinds = dict.fromkeys(path.parent.name for path in files)
    return begun((*kinds, *(f"{path.parent.name}/{path.stem}" for path in files)), incomplete)


def check_codes(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes of checks, each with what has to hold."""
    from orchestrator.completion.vocabulary import check_codes as codes_of  # noqa: PLC0415 - only while completing
    from orchestrator.system.places import Places  # noqa: PLC0415 - same

    found = codes_of(Places.from_environment())
    return [CompletionItem(code, help=title) for code, title in found if code.startswith(incomplete.upper())]


def runs(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Numbers of runs, newest first, each with what it was."""
    return [
        CompletionItem(str(one.number), help=_told(one)) for one in _runs() if str(one.number).startswith(incomplete)
    ]


def publishing_runs(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Numbers of runs that can have led tags somewhere."""
    return [
        CompletionItem(str(one.number), help=_told(one))
        for one in _runs()
        if one.command in {"publish", "nightly", "reconcile", "demo"} and str(one.number).startswith(incomplete)
    ]


def runs_and_ids(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """As the first word a run's number or "latest", then ids."""
    first = not ctx.params.get("cells")
    found = [*begun(("latest",), incomplete), *runs(ctx, parameter, incomplete)] if first else []
    return [*found, *ids(ctx, parameter, incomplete)]


def registries(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The registry of the config, and what a registry on this machine is called."""
    own = settings_of(ctx).registry
    return begun((*([own] if own is not None else []), "localhost:5000"), incomplete)


def namespaces(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The namespace of the config, which is "library" where it says nothing."""
    return begun((settings_of(ctx).namespace, "library"), incomplete)


def runners(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`ARCH=`, behind which a label follows."""
    return begun((f"{name}=" for name in vocabulary_of(ctx).architectures), incomplete, kind="open")


def nodes(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`ARCH:`, behind which slots follow; with the count that was typed before it."""
    count, times, rest = incomplete.rpartition("x")
    before = f"{count}{times}" if count.isdigit() else ""
    typed = rest if before else incomplete
    return begun((f"{before}{name}:" for name in vocabulary_of(ctx).architectures), f"{before}{typed}", kind="open")


def failure_rates(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`CLASS=`, behind which a share follows."""
    from orchestrator.build.failure import FailureClass  # noqa: PLC0415 - only while completing

    return begun((f"{one}=" for one in FailureClass), incomplete, kind="open")


def jobs(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """From one to as many as there are processors here."""
    import os  # noqa: PLC0415 - the only use

    return begun((str(number) for number in range(1, (os.cpu_count() or 1) + 1)), incomplete)


def kept(name: str) -> Completer:
    """Complete what the config's `keep` says of `name`: what would be taken without the option."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return begun((f"{getattr(settings_of(ctx).keep, name):g}",), incomplete)

    return complete


def numbers(*usual: int) -> Completer:
    """Complete some usual numbers, where any number may stand."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return begun(map(str, usual), incomplete)

    return complete


def begun(words: Iterable[str], incomplete: str, *, kind: str = "plain") -> list[CompletionItem]:
    """Give those words, each once, that begin with what was typed."""
    return [CompletionItem(word, type=kind) for word in dict.fromkeys(words) if word.startswith(incomplete)]


def any_file(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, where something else than a file may stand, too."""
    return files(incomplete)


def files(incomplete: str, *, endings: Sequence[str] = (), directories: bool = False) -> list[CompletionItem]:
    """Complete paths as they were begun (a tilde stays one): directories to go on in, and files with one of the endings."""
    directory, slash, name = incomplete.rpartition("/")
    place = Path(f"{directory}{slash}").expanduser() if slash else Path()
    found = []
    for path in sorted(place.iterdir()):
        if not path.name.startswith(name) or (path.name.startswith(".") and not name.startswith(".")):
            continue
        if path.is_dir():
            found.append(CompletionItem(f"{directory}{slash}{path.name}/", type="open"))
        elif not directories and (not endings or path.name.endswith(tuple(endings))):
            found.append(CompletionItem(f"{directory}{slash}{path.name}"))
    return found


def _matrix(ctx: click.Context) -> Path:
    return Path(ctx.params.get("matrix") or "versions.json").expanduser()


def vocabulary_of(ctx: click.Context) -> Vocabulary:
    """Give the words of the matrix that is named before the cursor."""
    from orchestrator.completion.vocabulary import vocabulary  # noqa: PLC0415 - only while completing
    from orchestrator.system.places import Places  # noqa: PLC0415 - same

    return vocabulary(_matrix(ctx), Places.from_environment())


def settings_of(ctx: click.Context) -> Settings:
    """Give the settings that are named before the cursor."""
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - only while completing

    return load_settings(ctx.params.get("config"))


def _runs() -> tuple[RunRecord, ...]:
    """Read the newest runs. The ledger is not looked through for damage first, as its commands do: that takes longer than a TAB may."""
    import sqlite3  # noqa: PLC0415 - only while completing
    from contextlib import closing  # noqa: PLC0415 - same

    from orchestrator.ledger.chronicle import Chronicle  # noqa: PLC0415 - same
    from orchestrator.ledger.ledger import Ledger  # noqa: PLC0415 - same
    from orchestrator.system.places import Places  # noqa: PLC0415 - same

    path = Places.from_environment().ledger
    if not path.exists():
        return ()
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.1)) as connection:
        return Chronicle(Ledger(connection, path)).runs(limit=_RUNS)


def _told(run: RunRecord) -> str:
    ended = "not ended" if run.exit_code is None else f"exit code {run.exit_code}"
    return f"{run.command}, {run.started[:16].replace('T', ' ')}, {ended}"
