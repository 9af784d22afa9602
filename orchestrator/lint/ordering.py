"""Members of the matrix's text put into another order; everything else of the text stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.matrix.editing import insert, put, remove, value_at
from orchestrator.system.strict import Place


def list_in_order(place: Place, values: Sequence[str]) -> Callable[[str | None], str | None]:
    """Give the change that writes a list's values in this order."""

    def change(text: str | None) -> str | None:
        return None if text is None else put(text, place, list(values))

    return change


def members_in_order(place: Place, names: Sequence[str]) -> Callable[[str | None], str | None]:
    """Give the change that brings an object's members into this order; only those that have to move are written anew."""

    def change(text: str | None) -> str | None:
        if text is None:
            return None
        for index, name in enumerate(names):
            now = list(value_at(text, place))
            if now[index] != name:
                value = value_at(text, (*place, name))
                text = insert(remove(text, (*place, name)), (*place, name), value, before=now[index])
        return text

    return change
