"""From the words before the cursor to what may stand at it. click's own way knows no options before the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import click
from click.shell_completion import CompletionItem

from orchestrator.completion.values import begun, files

#: Files that an option takes, by their endings; others take any.
_ENDINGS = {"matrix": (".json",), "config": (".yaml", ".yml"), "durations": (".json",), "commits": (".json",)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One word that may stand at the cursor; `going_on` when no space may follow it. `help` is one line, or empty."""

    word: str
    going_on: bool = False
    help: str = ""


@dataclass(kw_only=True, slots=True)
class _Read:
    """How far the words before the cursor go: which options were given, what waits for a value, what stands free."""

    waiting: click.Option | None = None
    given: set[str] = field(default_factory=set)
    free: list[str] = field(default_factory=list)
    only_words: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """The commands. `helps` maps those that stand first to a line of help, so that naming them imports none.

    `hoisted` names the options that may stand before a command; they are those of the command `model`.
    """

    group: click.Group
    helps: Mapping[str, str]
    hoisted: Sequence[str] = ()
    model: str = "list"


def offers(tree: Tree, words: Sequence[str], incomplete: str) -> tuple[Offer, ...]:
    """Say what may stand at the cursor; `words` are those before it, without the program's name."""
    with click.Context(tree.group, info_name="orchestrator", resilient_parsing=True) as root:
        model = tree.group.get_command(root, tree.model)
        before, rest = _split(words, model, tree.hoisted)
        command: click.Command | None = tree.group
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            command = command.get_command(root, rest.pop(0))
            more, rest = _split(rest, model, tree.hoisted) if isinstance(command, click.Group) else ([], rest)
            before += more
        if command is None:
            return ()
        if not isinstance(command, click.Group):
            return _in_command(command, root, [*before, *rest], incomplete)
        if command is not tree.group:
            return _in_group(command, {}, root, rest, incomplete)
        if rest or model is None:
            return _in_group(command, tree.helps, root, rest, incomplete)
        read = _read(model, before)
        if read.waiting is not None or ("=" in incomplete and incomplete.partition("=")[0] in tree.hoisted):
            return _in_command(model, root, before, incomplete)
        early = [one for one in _options(model, incomplete, read) if one.word in tree.hoisted] if incomplete else []
        return (*early, *_in_group(command, tree.helps, root, rest, incomplete))


def _split(words: Sequence[str], model: click.Command | None, hoisted: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part the options that stand before a command from the rest."""
    rest, before = list(words), list[str]()
    while rest and rest[0].partition("=")[0] in hoisted:
        before.append(rest.pop(0))
        option = _option(model, before[-1])
        if rest and option is not None and not option.is_flag:
            before.append(rest.pop(0))
    return before, rest


def _in_group(
    group: click.Group, helps: Mapping[str, str], root: click.Context, rest: Sequence[str], incomplete: str
) -> tuple[Offer, ...]:
    if incomplete.startswith("-"):
        return _options(group, incomplete, _read(group, rest))
    return tuple(
        Offer(word=name, help=helps[name] if name in helps else _help(group, root, name))
        for name in group.list_commands(root)
        if name.startswith(incomplete)
    )


def _help(group: click.Group, root: click.Context, name: str) -> str:
    command = group.get_command(root, name)
    return "" if command is None else command.get_short_help_str(80)


def _in_command(command: click.Command, root: click.Context, words: list[str], incomplete: str) -> tuple[Offer, ...]:
    read = _read(command, words)
    # An option that waits for its value would end the parsing, and the words beside it would be lost.
    whole = words[:-1] if read.waiting is not None else words
    with command.make_context(command.name, list(whole), parent=root, resilient_parsing=True) as context:
        if read.waiting is not None:
            return _values(read.waiting, context, incomplete)
        if incomplete.startswith("-") and not read.only_words:
            name, equals, value = incomplete.partition("=")
            if equals:
                option = _option(command, name)
                found = _values(option, context, value) if option is not None and not option.is_flag else ()
                return tuple(Offer(word=f"{name}={one.word}", going_on=one.going_on, help=one.help) for one in found)
            options = _options(command, incomplete, read)
            return (*options, *_words(command, context, read, incomplete)) if _mixed(command) else options
        found = _words(command, context, read, incomplete)
        takes_words = any(isinstance(one, click.Argument) for one in command.params)
        return found if found or takes_words or incomplete else _options(command, "", read)


def _mixed(command: click.Command) -> bool:
    return bool(command.context_settings.get("ignore_unknown_options"))


def _read(command: click.Command, words: Sequence[str]) -> _Read:
    read = _Read()
    for word in words:
        if read.waiting is not None:
            read.waiting = None
        elif read.only_words or not word.startswith("-") or word == "-":
            read.free.append(word)
        elif word == "--":
            read.only_words = True
        else:
            name, equals, _ = word.partition("=")
            option = _option(command, name)
            if option is None:
                read.free += [word] if _mixed(command) else []
                continue
            read.given.add(option.name or "")
            read.waiting = None if option.is_flag or equals else option
    return read


def _option(command: click.Command | None, name: str) -> click.Option | None:
    return next(
        (
            one
            for one in ([] if command is None else command.params)
            if isinstance(one, click.Option) and name in (*one.opts, *one.secondary_opts)
        ),
        None,
    )


def _options(command: click.Command, incomplete: str, read: _Read) -> tuple[Offer, ...]:
    """Name the options that may still be given; short forms only where nothing is longer."""
    with click.Context(command, resilient_parsing=True) as context:
        parameters = command.get_params(context)
    return tuple(
        Offer(word=name, help=(one.help or "").split("\n")[0])
        for one in parameters
        if isinstance(one, click.Option) and not one.hidden and (one.multiple or one.name not in read.given)
        for name in (*one.opts, *one.secondary_opts)
        if name.startswith("--") and name.startswith(incomplete)
    )


def _words(command: click.Command, context: click.Context, read: _Read, incomplete: str) -> tuple[Offer, ...]:
    """Complete the argument whose turn it is; one that takes several is not offered what it has."""
    left = len(read.free)
    for argument in (one for one in command.params if isinstance(one, click.Argument)):
        if argument.nargs == -1 or left < argument.nargs:
            found = _values(argument, context, incomplete)
            return tuple(one for one in found if one.word not in read.free) if argument.nargs == -1 else found
        left -= argument.nargs
    return ()


def _values(parameter: click.Parameter, context: click.Context, incomplete: str) -> tuple[Offer, ...]:
    items = parameter.shell_complete(context, incomplete)
    paths = next((one for one in items if one.type in {"file", "dir"}), None)
    if paths is not None:
        endings = _ENDINGS.get(parameter.name or "", ())
        items = files(incomplete, endings=endings, directories=paths.type == "dir")
    elif isinstance(parameter.type, click.Choice):
        items = begun(map(str, parameter.type.choices), incomplete)
    return tuple(_offer(one) for one in items)


def _offer(item: CompletionItem) -> Offer:
    return Offer(word=str(item.value), going_on=item.type == "open", help=item.help or "")
