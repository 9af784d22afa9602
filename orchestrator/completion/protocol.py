"""What the scripts in `scripts.py` ask, and what they are answered: the environment says which shell, the arguments are what was typed.

| `_ORCHESTRATOR_COMPLETE` | arguments | answer |
|---|---|---|
| `bash` | the line up to the cursor | `open` or `closed` (no space, or one, follows a single word), then a word in each line, escaped |
| `zsh` | the words up to the cursor, the begun one last | in each line: `open` or `closed`, a word, its help; tabs between them |
| `fish` | the same | in each line: a word, a tab and its help |
| `bash_source`, `zsh_source`, `fish_source` | none | the script |
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from orchestrator.completion.resolving import Offer, Tree, offers

#: Where bash begins another word, in COMP_WORDBREAKS; what it replaces is only what stands behind the last one.
#: Source: https://www.gnu.org/software/bash/manual/html_node/Bash-Variables.html#index-COMP_005fWORDBREAKS
_BREAKS = "=:"
#: What bash would read as something else than a letter of a word. A tilde at the front is one on purpose.
_SPECIAL = re.compile(r"([\s\\'\"`$&|;<>()*?\[\]{}!#])")


def answer(tree: Tree, instruction: str, arguments: Sequence[str]) -> str:
    """Answer a shell; empty where there is nothing to say, or where anything goes wrong: a TAB is no place for an error."""
    shell, _, rest = instruction.partition("_")
    try:
        if rest == "source":
            from orchestrator.completion.scripts import Shell, script  # noqa: PLC0415 - not while completing

            return script(Shell(shell))
        if shell == "bash":
            words, incomplete, quoted = split(arguments[0] if arguments else "")
            return _for_bash(offers(tree, words[1:], incomplete), incomplete, quoted=quoted)
        *before, incomplete = arguments or [""]
        form = _for_zsh if shell == "zsh" else _for_fish
        return "".join(f"{form(one)}\n" for one in offers(tree, before, incomplete))
    except Exception:  # noqa: BLE001 - see above
        return ""


def split(line: str) -> tuple[list[str], str, bool]:
    """Split a line, of which the end is not typed yet, as a shell does: whole words, the begun one, and whether a quote is open in it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:
        # The line ends within quotes or behind a backslash: what was read of the word is in the lexer.
        return words, lexer.token, True
    if not line or (line[-1].isspace() and not line.endswith("\\ ")):
        return words, "", False
    return words[:-1], words[-1] if words else "", False


def _for_bash(found: Sequence[Offer], incomplete: str, *, quoted: bool) -> str:
    kept = 0 if quoted else max(incomplete.rfind(mark) for mark in _BREAKS) + 1
    words = [one.word[kept:] for one in found]
    if not quoted:
        words = [_escaped(word) for word in words]
    lines = ["open" if found and all(one.going_on for one in found) else "closed", *words]
    return "".join(f"{line}\n" for line in lines)


def _for_zsh(one: Offer) -> str:
    return f"{'open' if one.going_on else 'closed'}\t{_escaped(one.word)}\t{_plain(one.help)}"


def _for_fish(one: Offer) -> str:
    return f"{one.word}\t{_plain(one.help)}"


def _escaped(word: str) -> str:
    return _SPECIAL.sub(r"\\\1", word)


def _plain(text: str) -> str:
    return " ".join(text.split())
