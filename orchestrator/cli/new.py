"""`orchestrator new`: add a line, a suite, an Alpine release or an architecture to the matrix."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.adding import (
    Wishes,
    check_source,
    conclude,
    extras_of,
    facts_of,
    interview_of,
    repository,
    upstream_of,
    wishes_of,
)
from orchestrator.cli.group import hoisted
from orchestrator.cli.options import Common, common
from orchestrator.cli.sources import sources_of
from orchestrator.completion import additions


class _Group(click.Group):
    """A group whose commands take the common options before their names, too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move options that stand before the command behind it, where they mean the same."""
        return super().parse_args(ctx, hoisted(args))


@click.group("new", cls=_Group)
def command() -> None:
    """Add something to the matrix: ask what has to be decided, show what comes of it, write it and its Dockerfiles.

    Each question has an option that answers it; --yes takes what is proposed for the rest. Rules that may not fit what is new are named.

    Examples: orchestrator new line 3.8; orchestrator new suite buster --yes --dry-run; orchestrator new alpine 3.9
    """


@command.command("line")
@click.argument("name", metavar="LINE", shell_complete=additions.next_lines)
@click.option("--release", metavar="RELEASE", shell_complete=additions.first_releases, help="The release: 3.8.20.")
@click.option(
    "--gpg-key",
    metavar="FINGERPRINT",
    shell_complete=additions.known(lambda words: words.gpg_keys),
    help="The key that its releases are signed by.",
)
@click.option(
    "--aliases",
    metavar="TAGS",
    shell_complete=additions.listed(lambda words: words.aliases),
    help="Its other names, with commas: 3,latest; none.",
)
@click.option(
    "--variants",
    metavar="NAMES",
    shell_complete=additions.listed(lambda words: words.variants),
    help="What it is built on, with commas: stretch,slim-stretch.",
)
@click.option("--pip", metavar="VERSION", shell_complete=additions.known(lambda words: words.pip), help="Its pip.")
@click.option(
    "--setuptools",
    metavar="VERSION",
    shell_complete=additions.known(lambda words: words.setuptools),
    help="Its setuptools.",
)
@click.option(
    "--wheel", metavar="VERSION", shell_complete=additions.known(lambda words: words.wheel), help="Its wheel."
)
@click.option(
    "--extra",
    "extras",
    multiple=True,
    metavar="NAME=VERSION",
    shell_complete=additions.known(lambda words: words.extras),
    help="A further wheel that a recipe installs.",
)
@click.option("--sha256", metavar="HEX", help="The tarball's checksum; then no signature is looked at.")
@click.option(
    "--format",
    "ending",
    type=click.Choice(["tar.xz", "tgz"]),
    default="tar.xz",
    help="With --sha256: the tarball's ending.",
)
@click.option("--no-fetch", is_flag=True, help="With --sha256: do not fetch the tarball now.")
@sources_of
@common
@wishes_of
def line(told: Common, wishes: Wishes, name: str, **options: Any) -> int:
    """Add a LINE of releases, such as 3.8.

    Its release is looked for where upstream's releases lie, and verified like a bump: by its signature, or by --sha256.

    Example: orchestrator new line 3.8 --release 3.8.20 --aliases 3,latest
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - --help must not wait for any of these

    from orchestrator.lifetimes.lines import lifetime_of  # noqa: PLC0415
    from orchestrator.new.addition import work_out  # noqa: PLC0415
    from orchestrator.new.draft import Draft  # noqa: PLC0415
    from orchestrator.new.line import ask_line, model_of, with_line  # noqa: PLC0415
    from orchestrator.new.names import line_name  # noqa: PLC0415
    from orchestrator.recipe.rules import load_rules  # noqa: PLC0415
    from orchestrator.system.files import read_text  # noqa: PLC0415

    matrix = told.matrix()
    name = line_name(name, matrix)
    check_source(options)
    old = read_text(told.matrix_path, what="matrix")
    given = {key: options[key] for key in ("release", "aliases", "variants", "pip", "setuptools", "wheel")}
    given |= {"gpg-key": options["gpg_key"], **extras_of(options["extras"])}
    interview = interview_of(told, wishes, given)
    git = repository(told, wishes)
    upstream = upstream_of(told, options)
    rules = load_rules()
    answers = ask_line(interview, matrix, name, upstream, lifetime_of(name), rules, datetime.now(UTC).date())
    interview.complete()
    draft, notes = with_line(Draft(old, told.matrix_path), answers, upstream)
    added = next(one for one in draft.matrix.lines if one.name == name)
    more = upstream.newer_pins(added) if wishes.online else ()
    model = model_of(matrix, name)
    addition = work_out(
        draft,
        title=name,
        old_text=old,
        before=matrix,
        answers=interview.answers,
        rules=rules,
        model=model,
        notes=(*answers.notes, *notes, *more),
    )
    return conclude(told, wishes, addition, interview, model.name, git)


@command.command("suite")
@click.argument("name", metavar="SUITE", shell_complete=additions.new_suites)
@click.option(
    "--full",
    metavar="IMAGE",
    shell_complete=additions.base("buildpack-deps:{}"),
    help="The base of the full image: buildpack-deps:buster; none.",
)
@click.option(
    "--slim",
    metavar="IMAGE",
    shell_complete=additions.base("debian:{}-slim"),
    help="The base of the slim image: debian:buster-slim; none.",
)
@click.option(
    "--architectures",
    metavar="NAMES",
    shell_complete=additions.listed(lambda words: words.known),
    help="What the bases exist for, with commas.",
)
@click.option("--archived/--no-archived", default=None, help="Whether it has left Debian's mirrors.")
@click.option(
    "--lines",
    metavar="LINES",
    shell_complete=additions.listed(lambda words: words.lines),
    help="The lines that get it, with commas; none.",
)
@click.option("--default/--no-default", default=None, help="Whether tags without a suite lead to it.")
@common
@wishes_of
def suite(told: Common, wishes: Wishes, name: str, **options: Any) -> int:
    """Add a Debian SUITE by its code name, such as buster.

    Example: orchestrator new suite buster --lines 3.7,3.6 --no-default
    """
    return _suite(told, wishes, name, options, alpine=False)


@command.command("alpine")
@click.argument("name", metavar="RELEASE", shell_complete=additions.new_alpines)
@click.option("--base", metavar="IMAGE", shell_complete=additions.base("alpine:{}"), help="The base: alpine:3.9.")
@click.option(
    "--architectures",
    metavar="NAMES",
    shell_complete=additions.listed(lambda words: words.known),
    help="What the base exists for, with commas.",
)
@click.option(
    "--lines",
    metavar="LINES",
    shell_complete=additions.listed(lambda words: words.lines),
    help="The lines that get it, with commas; none.",
)
@click.option("--default/--no-default", default=None, help="Whether tags that end in -alpine lead to it.")
@click.option(
    "--drop",
    metavar="RELEASE",
    shell_complete=additions.old_alpines,
    help="An older release that the lines give up: 3.6; none.",
)
@common
@wishes_of
def alpine(told: Common, wishes: Wishes, name: str, **options: Any) -> int:
    """Add a RELEASE of Alpine, such as 3.9.

    Example: orchestrator new alpine 3.9 --lines 3.7,3.6 --default --drop 3.6
    """
    return _suite(told, wishes, name, options, alpine=True)


@command.command("arch")
@click.argument("name", metavar="ARCH", shell_complete=additions.new_architectures)
@click.option(
    "--platform",
    metavar="PLATFORM",
    shell_complete=additions.known(lambda words: words.platforms),
    help="Its OCI platform, if the matrix does not know it: linux/riscv64.",
)
@click.option(
    "--suites",
    metavar="NAMES",
    shell_complete=additions.listed(lambda words: words.suites),
    help="The suites that have bases for it, with commas, if none is known.",
)
@common
@wishes_of
def arch(told: Common, wishes: Wishes, name: str, **options: Any) -> int:
    """Enable an architecture, ARCH, by its official-images name, such as ppc64le.

    Example: orchestrator new arch ppc64le --dry-run
    """
    from orchestrator.matrix.model import Platform  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.new.addition import work_out  # noqa: PLC0415
    from orchestrator.new.architecture import ask_architecture, with_architecture  # noqa: PLC0415
    from orchestrator.new.draft import Draft  # noqa: PLC0415
    from orchestrator.new.names import architecture_name  # noqa: PLC0415
    from orchestrator.recipe.rules import load_rules  # noqa: PLC0415
    from orchestrator.system.files import read_text  # noqa: PLC0415

    matrix = told.matrix()
    name = architecture_name(name, matrix)
    old = read_text(told.matrix_path, what="matrix")
    interview = interview_of(told, wishes, options)
    git = repository(told, wishes)
    answers = ask_architecture(interview, matrix, name)
    interview.complete()
    draft = with_architecture(Draft(old, told.matrix_path), answers)
    with facts_of(told, wishes) as facts:
        note = facts.execution(Platform.parse(answers.platform))
    addition = work_out(
        draft,
        title=name,
        old_text=old,
        before=matrix,
        answers=interview.answers,
        rules=load_rules(),
        model=None,
        notes=(note,),
    )
    return conclude(told, wishes, addition, interview, "", git)


def _suite(told: Common, wishes: Wishes, name: str, options: dict[str, Any], *, alpine: bool) -> int:
    from datetime import UTC, datetime  # noqa: PLC0415 - --help must not wait for any of these

    from orchestrator.matrix.model import Family  # noqa: PLC0415
    from orchestrator.new.addition import work_out  # noqa: PLC0415
    from orchestrator.new.draft import Draft  # noqa: PLC0415
    from orchestrator.new.names import alpine_name, suite_name  # noqa: PLC0415
    from orchestrator.new.suite import ask_suite, model_of, with_suite  # noqa: PLC0415
    from orchestrator.recipe.rules import load_rules  # noqa: PLC0415
    from orchestrator.system.files import read_text  # noqa: PLC0415

    matrix = told.matrix()
    name = alpine_name(name, matrix) if alpine else suite_name(name, matrix)
    family = Family.ALPINE if alpine else Family.DEBIAN
    old = read_text(told.matrix_path, what="matrix")
    interview = interview_of(told, wishes, options)
    git = repository(told, wishes)
    with facts_of(told, wishes) as facts:
        answers = ask_suite(interview, matrix, name, family, facts, datetime.now(UTC).date())
    interview.complete()
    model = model_of(matrix, name, family)
    addition = work_out(
        with_suite(Draft(old, told.matrix_path), answers),
        title=f"Alpine {name.removeprefix('alpine')}" if alpine else name,
        old_text=old,
        before=matrix,
        answers=interview.answers,
        rules=load_rules(),
        model=model,
        notes=answers.notes,
    )
    return conclude(told, wishes, addition, interview, model.name if model else "", git)
