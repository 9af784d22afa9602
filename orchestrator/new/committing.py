"""One commit of an addition, by itself."""

from __future__ import annotations

from orchestrator.errors import UsageError
from orchestrator.new.addition import Addition, Tag
from orchestrator.system.git import Git


def check_clean(git: Git, matrix: str) -> None:
    """See that the matrix (a path below git's root) is committed as it is, so that the commit holds nothing else.

    Raises `UsageError`; `EnvironmentFailedError` outside a repository.
    """
    if git.changed((matrix,)):
        raise UsageError(
            f"{matrix} has changes that are not committed", mend="commit or undo them first, or leave out --commit"
        )


def commit(git: Git, addition: Addition, *, rendered: bool) -> str:
    """Commit what was written, and the removal of Dockerfiles that no image owns any more. Gives the commit (hex).

    Such a Dockerfile is removed only if git has it as it is. Raises `EnvironmentFailedError` with what git said.
    """
    changed = set(git.changed(addition.left)) if addition.left else set()
    gone = [name for name in addition.left if name not in changed]
    for name in gone:
        (addition.before.root / name).unlink()
    return git.commit((*addition.paths(rendered=rendered), *gone), message_of(addition))


def message_of(addition: Addition) -> str:
    """Write the commit's message: what was added, which tags move or vanish, what was noted."""
    moved = [f"{tag.name}: {tag.before} -> {tag.after}" for tag in _exact_last(addition.moved)]
    vanished = [f"{tag.name}: {tag.before}" for tag in addition.vanished]
    parts = [
        f"Add {addition.title}",
        _listed("Tags that move:", moved),
        _listed("Tags that vanish:", vanished),
        "\n".join(addition.notes),
    ]
    return "\n\n".join(part for part in parts if part)


def _exact_last(tags: tuple[Tag, ...]) -> list[Tag]:
    return sorted(tags, key=lambda tag: (tag.name.count("."), tag.name))


def _listed(head: str, lines: list[str]) -> str:
    return "\n".join((head, *(f"  {line}" for line in lines))) if lines else ""
