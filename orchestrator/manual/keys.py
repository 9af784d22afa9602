"""From the models of the files that people write to their keys: the schema for editors has the same source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.manual.model import Key
from orchestrator.system.strict import Strict

#: How a key is called that everybody chooses, by what it is said to be.
_CHOSEN = {"line": "LINE", "suite": "SUITE", "architecture": "ARCH"}

Schema = Mapping[str, Any]


def keys_of(model: type[Strict]) -> tuple[Key, ...]:
    """List the keys of a model, each object before what is in it."""
    schema = model.model_json_schema()
    return tuple(_keys(schema, schema.get("$defs", {}), ""))


def _keys(schema: Schema, known: Schema, before: str) -> Iterator[Key]:
    required = schema.get("required", ())
    for name, raw in schema.get("properties", {}).items():
        found = _resolved(raw, known)
        default = "" if name in required else _written(found.get("default"))
        text = raw.get("description") or found.get("description") or _said(found)
        yield Key(place=f"{before}{name}", kind=_kind(found, known), default=default, text=_sentence(text))
        yield from _inside(found, known, f"{before}{name}")


def _inside(schema: Schema, known: Schema, place: str) -> Iterator[Key]:
    if "properties" in schema:
        yield from _keys(schema, known, f"{place}.")
    for one in schema.get("ways", ()):
        yield from _inside(_resolved(one, known), known, place)
    items = schema.get("items")
    if items is not None and "properties" in (found := _resolved(items, known)):
        yield from _keys(found, known, f"{place}[].")
    chosen = _chosen(schema)
    for raw in _values(schema):
        if "properties" in (found := _resolved(raw, known)):
            yield from _keys(found, known, f"{place}.{chosen}.")


def _values(schema: Schema) -> tuple[Schema, ...]:
    found = [*schema.get("patternProperties", {}).values()]
    more = schema.get("additionalProperties")
    return (*found, *([more] if isinstance(more, dict) else []))


def _chosen(schema: Schema) -> str:
    said = str(schema.get("propertyNames", {}).get("description", ""))
    return next((word for part, word in _CHOSEN.items() if part in said), "NAME")


def _resolved(schema: Schema, known: Schema) -> dict[str, Any]:
    """Follow references, and leave out that a value may be absent; what stands beside a reference counts more than what is behind it."""
    found = dict(schema)
    while "$ref" in found:
        behind = known[found.pop("$ref").rpartition("/")[2]]
        found = {**behind, **found}
    ways = [one for one in found.pop("anyOf", []) if one.get("type") != "null"]
    if len(ways) == 1:
        return {**_resolved(ways[0], known), **found}
    return {**found, "ways": ways} if ways else found


def _kind(schema: Schema, known: Schema) -> str:
    if "ways" in schema:
        return " or ".join(_kind(_resolved(one, known), known) for one in schema["ways"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "items" in schema:
        return "list of " + _plural(_kind(_resolved(schema["items"], known), known))
    kind = str(schema.get("type", "value"))
    if kind == "object":
        return "object" if "properties" in schema else f"object, by {_chosen(schema)}"
    return {"string": "text", "boolean": "true or false", "integer": "whole number"}.get(kind, kind)


def _plural(kind: str) -> str:
    return kind if kind == "text" or kind.startswith("one of") else f"{kind}s"


def _said(schema: Schema) -> str:
    items = schema.get("items", {})
    said = items.get("description") if isinstance(items, dict) else None
    return (
        f"each: {said}" if said else next((one["description"] for one in _values(schema) if "description" in one), "")
    )


def _written(value: Any) -> str:
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, dict):
        return (
            ", ".join(f"{name}: {_written(one)}" for name, one in value.items() if one not in (None, False)) or "none"
        )
    return f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)


def _sentence(text: str) -> str:
    plain = re.sub(r"\s+", " ", text).strip()
    plain = plain[:1].upper() + plain[1:] if re.match(r"[a-z]+ ", plain) else plain
    return plain if not plain or plain.endswith((".", "!", "?")) else f"{plain}."
