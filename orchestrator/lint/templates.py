"""The templates as Jinja2 parses them: which of them are reached from those that are rendered, and which names in them nothing offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.defaults import DEFAULT_NAMESPACE

from orchestrator.acceleration.model import TEMPLATES, Tools
from orchestrator.matrix.model import Flavor, Image, Line, Suite
from orchestrator.recipe.recipe import Recipe

_OFFERED_BY_JINJA: Mapping[str, Any] = {
    **dict.fromkeys(DEFAULT_NAMESPACE),
    # In blocks of templates that extend others, Jinja2 offers these itself.
    **dict.fromkeys(("self", "super")),
}
#: What `orchestrator.render.dockerfile` hands to a template, and of which type it is.
OFFERED: Mapping[str, Any] = {
    "recipe": Recipe,
    "image": Image,
    "line": Line,
    "suite": Suite,
    "before_release": int,
    **_OFFERED_BY_JINJA,
}
#: The same of `orchestrator.acceleration.making`.
OFFERED_TO_TOOLS: Mapping[str, Any] = {
    "tools": Tools,
    "suite": Suite,
    "recipe": Recipe,
    "image": Image,
    **_OFFERED_BY_JINJA,
}
#: Each template that is rendered, and what it is offered.
_RENDERED: Mapping[str, Mapping[str, Any]] = {
    **{f"{flavor}.Dockerfile.j2": OFFERED for flavor in Flavor},
    **dict.fromkeys(TEMPLATES.values(), OFFERED_TO_TOOLS),
}
#: Of what is not known which attributes it has.
_UNKNOWN = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """A name in a template that nothing offers: `image.nothing`."""

    template: str
    line: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Templates:
    """Templates by name (`slim.Dockerfile.j2`), each from the first directory that has it."""

    paths: Mapping[str, Path]

    @classmethod
    def read(cls, directories: Sequence[Path]) -> Templates:
        """Find the templates of some directories; of two with the same name the first one counts, as in rendering."""
        found: dict[str, Path] = {}
        for directory in directories:
            # An editor's lock (`.#full.j2`) is a link that leads nowhere.
            for path in sorted(path for path in directory.glob("*.j2") if path.is_file()):
                found.setdefault(path.name, path)
        return cls(paths=found)

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The text of each."""
        return {name: path.read_text(encoding="utf-8", errors="replace") for name, path in self.paths.items()}

    @cached_property
    def trees(self) -> Mapping[str, nodes.Template]:
        """Those that can be parsed; what is wrong with the others is told where they are rendered."""
        environment = Environment(autoescape=True)  # only parsed: nothing is rendered with it
        found: dict[str, nodes.Template] = {}
        for name, text in self.texts.items():
            try:
                found[name] = environment.parse(text)
            except TemplateSyntaxError:
                continue
        return found

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """Those that nothing reaches that is rendered, through whatever inclusions."""
        if any(_dynamic(tree) for tree in self.trees.values()):
            return ()  # what is included then is known when rendering only
        reached: set[str] = set()
        waiting = [*_RENDERED]
        while waiting:
            name = waiting.pop()
            if name in self.paths and name not in reached:
                reached.add(name)
                waiting += _included(self.trees.get(name))
        return tuple(name for name in self.paths if name not in reached)

    @cached_property
    def unknown(self) -> tuple[Unknown, ...]:
        """Names that nothing offers, in the templates that are reached, each place once."""
        found: dict[tuple[str, int, str], Unknown] = {}
        for name, offered in _RENDERED.items():
            for one in self._walk(name, offered, ()):
                found[one.template, one.line, one.name] = one
        return tuple(found.values())

    def _walk(self, name: str, scope: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[Unknown]:
        tree = self.trees.get(name)
        if tree is not None and name not in above:
            yield from self._below(tree, _Around(template=name, above=above, scope=dict(scope)))

    def _below(self, node: nodes.Node, around: _Around) -> Iterator[Unknown]:
        """Look at a node and all below it."""
        match node:
            case nodes.Include():
                for one in _included(node):
                    yield from self._walk(one, around.scope, (*around.above, around.template))
            case nodes.With():
                yield from self._all(node.values, around)
                pairs = zip(node.targets, node.values, strict=True)
                inner = {name: _type(value, around.scope) for target, value in pairs for name in _names(target)}
                yield from self._all(node.body, around.inside(inner))
            case nodes.For():
                yield from self._below(node.iter, around)
                yield from self._all(
                    [*node.body, *([node.test] if node.test is not None else [])], _looped(node, around)
                )
                yield from self._all(node.else_, around)
            case nodes.Assign():
                yield from self._below(node.node, around)
                around.scope.update(dict.fromkeys(_names(node.target), _type(node.node, around.scope)))
            case nodes.Macro() | nodes.CallBlock() | nodes.AssignBlock() | nodes.Import() | nodes.FromImport():
                # What is inside of them is not looked at; what they bring into scope is there, whatever it is.
                around.scope.update(dict.fromkeys(_brought(node), _UNKNOWN))
            case nodes.Name() | nodes.Getattr():
                yield from around.unknown(node)
                yield from self._all(node.iter_child_nodes(), around)
            case _:
                yield from self._all(node.iter_child_nodes(), around)

    def _all(self, some: Iterable[nodes.Node], around: _Around) -> Iterator[Unknown]:
        for node in some:
            yield from self._below(node, around)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Around:
    """Where a node is: the template, those that include it, and the names with their types that are known there (what is set is added)."""

    template: str
    above: tuple[str, ...]
    scope: dict[str, Any]

    def inside(self, names: Mapping[str, Any]) -> _Around:
        return replace(self, scope={**self.scope, **names})

    def unknown(self, node: nodes.Name | nodes.Getattr) -> Iterator[Unknown]:
        if isinstance(node, nodes.Name):
            if node.name not in self.scope:
                yield Unknown(template=self.template, line=node.lineno, name=node.name)
            return
        owner = _type(node.node, self.scope)
        if owner is not _UNKNOWN and _member(owner, node.attr) is _ABSENT:
            yield Unknown(template=self.template, line=node.lineno, name=f"{_written(node.node)}.{node.attr}")


def _looped(node: nodes.For, around: _Around) -> _Around:
    names = _names(node.target)
    element = _element(_type(node.iter, around.scope)) if len(names) == 1 else _UNKNOWN
    return around.inside({**dict.fromkeys(names, element), "loop": _UNKNOWN})


_ABSENT = object()


def _names(target: nodes.Node) -> list[str]:
    return [one.name for one in ([target] if isinstance(target, nodes.Name) else target.find_all(nodes.Name))]


def _brought(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Macro():
            yield node.name
        case nodes.AssignBlock():
            yield from _names(node.target)
        case nodes.Import():
            yield node.target
        case nodes.FromImport():
            yield from (name if isinstance(name, str) else name[1] for name in node.names)


#: What names another template.
_NAMING = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


def _included(tree: nodes.Node | None) -> Iterator[str]:
    if tree is None:
        return
    found: Iterable[Any] = [tree] if isinstance(tree, nodes.Include) else tree.find_all(_NAMING)
    for include in found:
        named = include.template
        for one in named.items if isinstance(named, nodes.List | nodes.Tuple) else [named]:
            if isinstance(one, nodes.Const):
                yield str(one.value)


def _dynamic(tree: nodes.Template) -> bool:
    found: Iterable[Any] = tree.find_all(_NAMING)
    return any(not isinstance(one.template, nodes.Const | nodes.List | nodes.Tuple) for one in found)


def _type(node: nodes.Node, scope: Mapping[str, Any]) -> Any:
    """Tell the type of an expression as far as annotations say it."""
    match node:
        case nodes.Name():
            return scope.get(node.name)
        case nodes.Getattr():
            owner = _type(node.node, scope)
            found = _UNKNOWN if owner is _UNKNOWN else _member(owner, node.attr)
            return _UNKNOWN if found is _ABSENT else found
        case nodes.Getitem():
            owner = _type(node.node, scope)
            return owner if isinstance(node.arg, nodes.Slice) else _element(owner)
        case _:
            return _UNKNOWN


def _member(owner: Any, attribute: str) -> Any:
    """Give the type of an attribute; `_UNKNOWN` where it is there but its type is not told, `_ABSENT` where it is not there."""
    if get_origin(owner) is UnionType:  # what may be missing: a template asks for it before
        given = [one for one in get_args(owner) if one is not NoneType]
        return _member(given[0], attribute) if len(given) == 1 else _UNKNOWN
    plain = get_origin(owner) or owner
    if not isinstance(plain, type):
        return _UNKNOWN
    hints = get_type_hints(plain)
    if attribute in hints:
        return hints[attribute]
    if not hasattr(plain, attribute):
        return _ABSENT
    found = getattr(plain, attribute)
    getter = getattr(found, "fget", None) or getattr(found, "func", None)
    return get_type_hints(getter).get("return") if getter is not None else _UNKNOWN


def _element(owner: Any) -> Any:
    return get_args(owner)[0] if get_origin(owner) is tuple else _UNKNOWN


def _written(node: nodes.Node) -> str:
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            return f"{_written(node.node)}.{node.attr}"
        case nodes.Getitem():
            return f"{_written(node.node)}[...]"
        case _:
            return "..."
