"""Rules and templates as they were: those of a checkout of this program change with its revisions, like its matrix."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.compare.side import identity_of
from orchestrator.matrix.model import Matrix
from orchestrator.recipe.rules import RULES, Rules, load_rules
from orchestrator.render.dockerfile import TEMPLATES, template_directories
from orchestrator.system.git import Git

#: Where the rules lie in a checkout.
_RULES = "orchestrator/recipe/rules"
#: What rules and templates are called; whatever else lies beside them (an editor's backup) is read by nobody.
_READ = (".yaml", ".j2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """What one side's recipes and Dockerfiles are made by: `rules` (None: this program's own) and template `directories` (None: where they lie today).

    `identity` is that of the rules' text, `templates` that of the templates'. `own` says that the rules are the repository's.
    """

    rules: Rules | None
    directories: tuple[Path, ...] | None
    identity: str
    templates: str
    own: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """The repository that a matrix lies in; `scratch` is a directory for files of other revisions, which has to outlive the rendering."""

    git: Git
    scratch: Path

    def now(self, matrix: Matrix) -> Material:
        """What the working tree has. Raises `InvalidFileError`."""
        rules = self.git.root / _RULES
        own = rules.is_dir()
        apart = own and rules.resolve() != RULES.resolve()
        directories = self._today(matrix, own=own)
        return Material(
            rules=load_rules(rules) if apart else None,
            directories=directories,
            identity=_identity(_on_disk(rules if own else RULES)),
            templates=identity_of([_identity(_on_disk(one)) for one in directories]),
            own=own,
        )

    def at(self, revision: str, matrix: Matrix) -> Material:
        """What a revision had. What it did not have is taken from the program that runs. Raises `InvalidFileError` and `UsageError`."""
        texts = self._then(revision, _RULES)
        own = bool(texts)
        directories: list[Path] = []
        identities: list[str] = []
        for directory in self._today(matrix, own=own, there=False):
            inside = _below(directory, self.git.root)
            if inside is None:
                directories.append(directory)
                identities.append(_identity(_on_disk(directory)))
            elif templates := self._then(revision, inside):
                directories.append(self._kept(directory, templates, f"{revision}:{inside}"))
                identities.append(_identity(templates))
        kept = self._kept(self.git.root / _RULES, texts, f"{revision}:{_RULES}") if own else RULES
        return Material(
            rules=None if kept.resolve() == RULES.resolve() else load_rules(kept),
            directories=tuple(directories),
            identity=_identity(texts or _on_disk(RULES)),
            templates=identity_of(identities),
            own=own,
        )

    def _today(self, matrix: Matrix, *, own: bool, there: bool = True) -> tuple[Path, ...]:
        """Give the template directories in the order in which they are looked through; those that may have been `there` too, if asked."""
        beside = matrix.root.resolve() / TEMPLATES
        wanted = [beside, *([self.git.root / TEMPLATES] if own else [])]
        places = [one for one in wanted if one.is_dir() or not there]
        places += [one.resolve() for one in template_directories(matrix)]
        return tuple(dict.fromkeys(places))

    def _then(self, revision: str, directory: str) -> Mapping[str, str]:
        # Their lines end as in `_on_disk`, where `read_text` sees to it: git may give other ends than it has put on disk.
        files = self.git.files(revision, directory)
        return {name: text.replace("\r\n", "\n") for name, text in files.items() if name.endswith(_READ)}

    def _kept(self, directory: Path, texts: Mapping[str, str], name: str) -> Path:
        """Where files of a revision can be read: the directory itself where it has not changed, so that nothing is loaded twice."""
        if directory.is_dir() and _on_disk(directory) == texts:
            return directory
        place = self.scratch / _identity({name: "", **texts})[:16]
        place.mkdir(exist_ok=True)
        for file, text in texts.items():
            (place / file).write_text(text, encoding="utf-8")
        return place


def _below(directory: Path, top: Path) -> str | None:
    try:
        return directory.relative_to(top).as_posix()
    except ValueError:
        return None


def _on_disk(directory: Path) -> Mapping[str, str]:
    names = sorted(directory.iterdir()) if directory.is_dir() else []
    files = [path for path in names if path.name.endswith(_READ) and path.is_file()]
    return {_name(path): path.read_text(encoding="utf-8", errors="replace") for path in files}


def _name(path: Path) -> str:
    """A name as git gives it, also where it is not UTF-8."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def _identity(texts: Mapping[str, str]) -> str:
    return identity_of([part for name in sorted(texts) for part in (name, texts[name])])
