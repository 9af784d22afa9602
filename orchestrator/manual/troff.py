"""Man pages, in the macros of man(7), which groff and mandoc both read.

Sources: https://man7.org/linux/man-pages/man7/man.7.html, https://man7.org/linux/man-pages/man7/groff_char.7.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.manual.model import CommandPage, Entry, FilePage, Key, Manual

_NAME = "Image build orchestrator"
#: A line that prints nothing, and is one all the same.
_NOTHING = "\\&"
#: What stands for itself only behind a backslash; a plain hyphen, quote or tilde would become a typographic one, which nobody can paste.
_LETTERS = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "~": "\\(ti", "^": "\\(ha"}


def man_pages(manual: Manual) -> Mapping[str, str]:
    """Give the pages by file name, as below a directory of MANPATH: `man1/orchestrator.1`, one per command, one per file."""
    pages = {"man1/orchestrator.1": _program(manual)}
    pages |= {f"man1/{_title(one)}.1": _command(one, manual) for one in manual.commands}
    pages |= {f"man5/{one.name}.5": _file(one, manual) for one in manual.files}
    return pages


def escaped(text: str) -> str:
    """Write text so that troff prints exactly it, wherever it stands in a line."""
    plain = "".join(_LETTERS.get(letter, letter) for letter in text)
    ascii_only = re.sub(r"[^\x00-\x7f]", lambda match: f"\\[u{ord(match[0]):04X}]", plain)
    # A point at the start of a line would be a request; an apostrophe has become a name already.
    return re.sub(r"(?m)^\.", r"\\&.", ascii_only)


def _program(manual: Manual) -> str:
    page = manual.program
    return _page(
        "orchestrator",
        1,
        manual,
        page.short,
        [
            _synopsis(page.usage),
            _section("DESCRIPTION", _paragraphs((page.summary, *page.paragraphs))),
            _section(
                "COMMANDS", _entries(Entry(name=f"orchestrator-{one.name}(1)", text=one.text) for one in page.commands)
            ),
            _section("OPTIONS", _entries((*page.options, *page.shared))),
            _section("EXIT STATUS", _entries(manual.exit_codes)),
            _section("ENVIRONMENT", _entries(manual.environment)),
            _section("FILES", _entries(manual.places)),
            _also([*(f"orchestrator-{one.name}" for one in page.commands)], [one.name for one in manual.files]),
        ],
    )


def _command(page: CommandPage, manual: Manual) -> str:
    inner = _entries(Entry(name=f"orchestrator-{page.name}-{one.name}(1)", text=one.text) for one in page.commands)
    return _page(
        _title(page),
        1,
        manual,
        page.short,
        [
            _synopsis(page.usage),
            _section("DESCRIPTION", _paragraphs((page.summary, *page.paragraphs))),
            _section("COMMANDS", inner),
            _section("OPTIONS", _entries((*page.options, *page.shared))),
            _section("EXAMPLES", _typed(page.examples)),
            _section("EXIT STATUS", _entries(manual.exit_codes)),
            _also(["orchestrator"], [one.name for one in manual.files]),
        ],
    )


def _file(page: FilePage, manual: Manual) -> str:
    return _page(
        page.name,
        5,
        manual,
        page.summary,
        [
            _section("DESCRIPTION", _paragraphs(page.paragraphs)),
            _section("KEYS", "".join(_key(one) for one in page.keys)),
            _section("EXAMPLE", _literal(page.example)),
            _also(["orchestrator"], [one.name for one in manual.files if one is not page]),
        ],
    )


def _page(name: str, section: int, manual: Manual, summary: str, parts: Sequence[str]) -> str:
    title = name.upper() if section == 1 else name
    head = f'.TH "{escaped(title)}" "{section}" "" "orchestrator {escaped(manual.version)}" "{_NAME}"\n'
    # The line that apropos shows ends without a stop.
    short = escaped(summary.rstrip("."))
    return f".\\\" Written by 'orchestrator manual'.\n{head}.SH NAME\n{escaped(name)} \\- {short}\n{''.join(parts)}"


def _title(page: CommandPage) -> str:
    return f"orchestrator-{page.name.replace(' ', '-')}"


def _synopsis(usage: str) -> str:
    program, _, rest = usage.partition(" [")
    return f".SH SYNOPSIS\n.B {escaped(program)}\n" + (f"{escaped(f'[{rest}')}\n" if rest else "")


def _section(title: str, body: str) -> str:
    return f".SH {title}\n{body}" if body else ""


def _paragraphs(texts: Iterable[str]) -> str:
    return ".PP\n".join(f"{escaped(one)}\n" for one in texts if one)


def _entries(entries: Iterable[Entry]) -> str:
    return "".join(f".TP\n.B {escaped(one.name)}\n{escaped(one.text) or _NOTHING}\n" for one in entries)


def _key(key: Key) -> str:
    default = f"; default: {key.default}" if key.default else "; has to be there"
    return f".TP\n.B {escaped(key.place)}\n{escaped(f'({key.kind}{default}) {key.text}'.rstrip())}\n"


def _typed(examples: Sequence[str]) -> str:
    return _literal("".join(f"{one}\n" for one in examples)) if examples else ""


def _literal(text: str) -> str:
    return f".RS 4\n.nf\n{escaped(text)}.fi\n.RE\n"


def _also(commands: Sequence[str], files: Sequence[str]) -> str:
    named = [*(f".BR {escaped(one)} (1)" for one in commands), *(f".BR {escaped(one)} (5)" for one in files)]
    return ".SH SEE ALSO\n" + " ,\n".join(named) + "\n"
