"""The command line's frame: commands imported on demand, options in any place, errors to exit codes."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import click

from orchestrator import __version__
from orchestrator.cli.helptext import laid_out
from orchestrator.errors import ExitCode, OrchestratorError

#: Name to one line of help. Each lives in `orchestrator/cli/<name>.py` as `command`; the help stands here, so that listing the
#: commands imports none of them.
COMMANDS = {
    "list": "Show the cells of the matrix, with their tags.",
    "explain": "Show the recipe of one image, and the reason of each part.",
    "render": "Write the Dockerfiles; --check only says whether they are fresh.",
    "lint": "Check the matrix, the rules, the templates, the rendered files; --online: what they lead to.",
    "diff": "Show what a change of the matrix means: images, tags, packages, flags.",
    "plan": "Show what would be built, tested and published, and why.",
    "build": "Build, tag and prove cells.",
    "test": "Prove images that exist.",
    "publish": "Push what is proven, and join it in indexes.",
    "reconcile": "Compare a registry with what should be there; --fix mends it.",
    "readme": "Write the description of a repository, for its page on a registry.",
    "library": "Write the official-images library file.",
    "bump": "Bring lines to the newest patch release and pip, verified.",
    "new": "Add a line, a suite or an Alpine release to the matrix.",
    "nightly": "Build what changed, prove it, publish what is whole.",
    "status": "Show what the ledger knows of each cell.",
    "report": "Write reports of a run: JUnit, JSON, HTML, badges, Markdown.",
    "history": "Show past attempts.",
    "join": "Take over what the ledgers of other machines remember.",
    "sbom": "Show the SBOM of a proven cell (SPDX).",
    "prune": "Remove old logs, staged images and build cache.",
    "doctor": "Look at engine, buildx, emulators, disk and registries.",
    "engine": "Start, stop or look at the embedded engine.",
    "bases": "Bootstrap base images from a Debian mirror.",
    "completion": "Print the completion script of a shell.",
    "manual": "Write the manual: man pages, Markdown or a site.",
    "demo": "Run the whole way on the Debian-only matrix, to a registry of its own.",
}


def _laid_out(command: click.Command) -> click.Command:
    """Give the same command, with a help in which each example has a line. A command is imported once, and may be asked for again."""
    if command.help and "\b" not in command.help:
        command.help = laid_out(command.help)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _laid_out(inner)
    return command


_SUFFIXES = {"list": "list_", "test": "test_"}


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and lets every option stand before the command, too."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order of the pipeline."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"orchestrator.cli.{_SUFFIXES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return _laid_out(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown one, say which is nearest."""
        if args and args[0] not in COMMANDS:
            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f'did you mean "{close[0]}"?' if close else "'orchestrator --help' lists the commands"
            raise click.UsageError(f'there is no command "{args[0]}"; {hint}', ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move options that stand before the command behind it, where they mean the same."""
        return super().parse_args(ctx, hoisted(args))


_WITH_VALUE = ("--matrix", "--config", "--version", "--variant", "--arch")
_FLAGS = ("--json", "--debug")


def hoisted(args: Sequence[str]) -> list[str]:
    """Reorder `--matrix FILE list` to `list --matrix FILE`; anything else stays where it is."""
    moved: list[str] = []
    rest = list(args)
    while rest:
        name = rest[0].partition("=")[0]
        if name in _FLAGS or (name in _WITH_VALUE and "=" in rest[0]):
            moved.append(rest.pop(0))
        elif name in _WITH_VALUE and len(rest) > 1:
            moved += [rest.pop(0), rest.pop(0)]
        else:
            break
    return [*rest[:1], *moved, *rest[1:]] if rest else moved


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 1 some cells failed, 2 usage, 3 stale or invalid files, 4 environment, 5 upstream or registry "
    "unreachable, 6 verification failed, 130 interrupted.",
)
@click.version_option(__version__, "--program-version", prog_name="orchestrator")
def cli() -> None:
    """Build a family of official-style images for every architecture, prove each, publish what is proven.

    Every command takes --matrix FILE, --config FILE, --json and --debug, before or after its name.
    """


#: Packages whose errors come from outside: nothing that a reader of our code could mend.
_OUTSIDE = {"docker", "requests", "urllib3", "httpx", "sqlite3"}


def run(args: Sequence[str]) -> int:
    """Run the command line to its exit code; nothing else in this program ends the process."""
    debug = "--debug" in args
    try:
        result: Any = cli.main(args=list(args), prog_name="orchestrator", standalone_mode=False)
    except OrchestratorError as error:
        if debug:
            traceback.print_exc()
        _tell(f"orchestrator: {error}")
        return int(error.code)
    except click.ClickException as error:
        usage = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "orchestrator"
        helped = isinstance(error, click.exceptions.NoArgsIsHelpError)
        said = error.format_message()
        _tell(said if helped else f"orchestrator: {said}\n  mend: see '{usage} --help'")
        return int(ExitCode.USAGE)
    except (KeyboardInterrupt, click.Abort):
        if debug:
            traceback.print_exc()
        _tell("orchestrator: interrupted")
        return int(ExitCode.INTERRUPTED)
    except SystemExit:
        # The reader has gone (`orchestrator list | head`): click wraps the stream in a class of its own, and ends with 1. Nobody is left to tell, and
        # nothing is wrong.
        if not type(sys.stdout).__name__.endswith("PacifyFlushWrapper"):
            raise
        return int(ExitCode.DONE)
    except Exception as error:  # noqa: BLE001 - whatever was not foreseen: one line for people, all of it with --debug
        if debug:
            traceback.print_exc()
        outside = isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _OUTSIDE
        what = "the machine, the engine or the network failed" if outside else "this should not have happened"
        _tell(
            f"orchestrator: {what}: {type(error).__name__}: {str(error)[:500]}\n"
            "  mend: run 'orchestrator doctor'; run the same with --debug to see where"
        )
        return int(ExitCode.ENVIRONMENT if outside else ExitCode.CELLS_FAILED)
    return result if isinstance(result, int) else int(ExitCode.DONE)


def complete(instruction: str, args: Sequence[str]) -> int:
    """Answer a shell that wants to know what may be typed; `completion/protocol.py` says how it asks."""
    from orchestrator.completion.protocol import answer  # noqa: PLC0415 - only while completing
    from orchestrator.completion.resolving import Tree  # noqa: PLC0415 - same

    tree = Tree(group=cli, helps=COMMANDS, hoisted=(*_WITH_VALUE, *_FLAGS))
    click.echo(answer(tree, instruction, args), nl=False)
    return int(ExitCode.DONE)


def _tell(message: str) -> None:
    click.echo(message, err=True)
