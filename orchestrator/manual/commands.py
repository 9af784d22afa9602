"""From the command line's own tree to pages: nothing is said here that --help does not say."""

from __future__ import annotations

from collections.abc import Iterator

import click

from orchestrator.cli.group import COMMANDS
from orchestrator.cli.helptext import taken_apart
from orchestrator.manual.model import CommandPage, Entry

#: click's own option, which has no name of ours.
_HELP = "--help"
#: The options of `orchestrator.cli.options.common`, and that one.
_SHARED = frozenset({"matrix", "config", "as_json", "debug", _HELP})


def program_page(group: click.Group) -> CommandPage:
    """Give the page of the command line as a whole."""
    context = _root(group)
    return _page(context, group, "", _commands(context, group))


def command_pages(group: click.Group) -> tuple[CommandPage, ...]:
    """Give a page for each command, in the order of --help; commands within a command follow it."""
    return tuple(_pages(_root(group), group, ()))


def _root(group: click.Group) -> click.Context:
    return click.Context(group, info_name="orchestrator", help_option_names=group.context_settings["help_option_names"])


def _pages(parent: click.Context, group: click.Group, before: tuple[str, ...]) -> Iterator[CommandPage]:
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        if command is None or command.hidden:
            continue
        context = click.Context(command, info_name=name, parent=parent)
        inner = _commands(context, command) if isinstance(command, click.Group) else ()
        yield _page(context, command, " ".join((*before, name)), inner)
        if isinstance(command, click.Group):
            yield from _pages(context, command, (*before, name))


def _page(context: click.Context, command: click.Command, name: str, inner: tuple[Entry, ...]) -> CommandPage:
    text = taken_apart(command.help or "")
    options = [
        (_HELP if _HELP in one.opts else one.name, Entry(name=_names(context, one, record[0]), text=record[1]))
        for one in command.get_params(context)
        if isinstance(one, click.Option) and (record := one.get_help_record(context)) is not None
    ]
    return CommandPage(
        name=name,
        short=COMMANDS.get(name, text.summary),
        summary=text.summary,
        usage=" ".join((context.command_path, *command.collect_usage_pieces(context))),
        paragraphs=text.paragraphs,
        examples=text.examples,
        options=tuple(entry for found, entry in options if found not in _SHARED),
        shared=tuple(entry for found, entry in options if found in _SHARED),
        commands=inner,
    )


def _names(context: click.Context, option: click.Option, recorded: str) -> str:
    """Give an option's names. click keeps the option --help of whoever asked first, who may have known another context."""
    return ", ".join(context.help_option_names) if _HELP in option.opts else recorded


def _commands(context: click.Context, group: click.Group) -> tuple[Entry, ...]:
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            text = taken_apart(command.help or "").summary
            found.append(Entry(name=name, text=COMMANDS.get(name, text) if context.parent is None else text))
    return tuple(found)
