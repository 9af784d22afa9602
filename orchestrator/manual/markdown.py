"""The reference as Markdown: a page for each command, each file, and each catalogue; committed below docs/reference/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.manual.model import CheckLine, CommandPage, Entry, FilePage, Manual, ProofLine

_HEAD = "<!-- Written by 'orchestrator manual --format markdown'; do not edit. -->\n\n"


def reference_pages(manual: Manual) -> Mapping[str, str]:
    """Give the pages by file name."""
    pages = {"README.md": _index(manual)}
    pages |= {file_of(one): _command(one) for one in manual.commands}
    pages |= {f"{one.name}.md": _file(one) for one in manual.files}
    pages["exit-codes.md"] = _page(
        "Exit codes", _table(("code", "meaning"), ((one.name, one.text) for one in manual.exit_codes))
    )
    pages["environment.md"] = _page(
        "Environment and files",
        "## Variables\n",
        _table(("variable", "meaning"), ((f"`{one.name}`", one.text) for one in manual.environment)),
        "## Files and directories\n",
        _table(("place", "what is there"), ((f"`{one.name}`", one.text) for one in manual.places)),
    )
    pages["proofs.md"] = _proofs(manual.proofs)
    pages["checks.md"] = _checks(manual.checks)
    return pages


def file_of(page: CommandPage) -> str:
    """Name the file of a command's page."""
    return f"{page.name.replace(' ', '-')}.md"


def _index(manual: Manual) -> str:
    return _page(
        "Reference",
        f"{_text(manual.program.summary)}\n",
        *(f"{_text(one)}\n" for one in manual.program.paragraphs),
        "## Commands\n",
        _table(("command", ""), ((f"[`{one.name}`]({one.name}.md)", one.text) for one in manual.program.commands)),
        "## Files\n",
        _table(("file", ""), ((f"[`{one.name}`]({one.name}.md)", one.summary) for one in manual.files)),
        "## Catalogues\n",
        "- [Exit codes](exit-codes.md)\n- [Environment and files](environment.md)\n- [Proofs](proofs.md)\n- [Checks of lint](checks.md)\n",
    )


def _command(page: CommandPage) -> str:
    parts = [f"{_text(page.summary)}\n", f"```\n{page.usage}\n```\n", *(f"{_text(one)}\n" for one in page.paragraphs)]
    if page.examples:
        parts += ["## Examples\n", "```console\n" + "".join(f"$ {one}\n" for one in page.examples) + "```\n"]
    if page.commands:
        rows = ((f"[`{one.name}`]({page.name.replace(' ', '-')}-{one.name}.md)", one.text) for one in page.commands)
        parts += ["## Commands\n", _table(("command", ""), rows)]
    if page.options:
        parts += ["## Options\n", _options(page.options)]
    return _page(f"orchestrator {page.name}", *parts, "## Options of every command\n", _options(page.shared))


def _options(entries: Iterable[Entry]) -> str:
    return _table(("option", "meaning"), ((f"`{one.name}`", one.text) for one in entries))


def _file(page: FilePage) -> str:
    kind = "json" if page.name.endswith(".json") else "yaml"
    rows = (
        (f"`{one.place}`", one.kind, f"`{one.default}`" if one.default else "has to be there", one.text)
        for one in page.keys
    )
    return _page(
        page.name,
        *(f"{_text(one)}\n" for one in page.paragraphs),
        "## Keys\n",
        _table(("key", "type", "default", "meaning"), rows),
        "## Example\n",
        f"```{kind}\n{page.example}```\n",
    )


def _proofs(proofs: Sequence[ProofLine]) -> str:
    parts = ["What is proven of every image, in this order. `orchestrator test --list` prints it, too, with limits.\n"]
    for kind in dict.fromkeys(one.kind for one in proofs):
        rows = ((f"`{one.name}`", one.claim, one.applies, f"<{one.link}>") for one in proofs if one.kind == kind)
        parts += [f"## {kind}\n", _table(("proof", "claim", "applies to", "why"), rows)]
    return _page("Proofs", *parts)


def _checks(checks: Sequence[CheckLine]) -> str:
    parts = ["What `orchestrator lint` looks for. Codes never change their meaning.\n"]
    for one in checks:
        how = [
            f"*{one.level}*",
            *(["with `--online` only"] if one.online else []),
            *(["`--fix` mends it"] if one.mends else []),
        ]
        parts += [f"## {one.code}\n", f"{_text(one.title)}\n", f"{', '.join(how)}. {_text(one.why)} <{one.link}>\n"]
    return _page("Checks of lint", *parts)


def _page(title: str, *parts: str) -> str:
    return f"{_HEAD}# {title}\n\n" + "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_cell(one) for one in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    """What stands in a cell: no line break, and no bar but an escaped one, even within code."""
    plain = text if re.fullmatch(r"`[^`]*`|\[`.*|<.*>", text) else _text(text)
    return plain.replace("\n", " ").replace("|", "\\|")


def _text(text: str) -> str:
    """Text in which nothing but code is marked up."""
    return re.sub(r"(`[^`]*`)|([*_<>\[\]\\])", lambda match: match[1] or f"\\{match[2]}", text)
