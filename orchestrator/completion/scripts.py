"""The script that each shell reads once, and where it looks for such scripts. All of them ask this program, by `protocol.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Shell(StrEnum):
    """Shells that can complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


#: Source: https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
_BASH = r"""# Completion of orchestrator for bash, from 4.4.
_orchestrator_offers() {
    local program="${1/#\~/$HOME}" answers=()
    mapfile -t answers < <(_ORCHESTRATOR_COMPLETE=bash "$program" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    COMPREPLY=("${answers[@]:1}")
    if [[ ${answers[0]:-} == open ]]; then
        compopt -o nospace
    fi
}
complete -o nosort -F _orchestrator_offers orchestrator
"""

#: Source: https://zsh.sourceforge.io/Doc/Release/Completion-Widgets.html#Completion-Builtin-Commands
_ZSH = r"""#compdef orchestrator
# Completion of orchestrator for zsh, from 5.0.
_orchestrator() {
    local line
    local -a fields open_words open_shown closed_words closed_shown
    for line in "${(@f)$(_ORCHESTRATOR_COMPLETE=zsh ${words[1]/#\~/$HOME} "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        fields=("${(@ps:\t:)line}")
        (( ${#fields} >= 2 )) || continue
        local shown="${fields[2]}${fields[3]:+  -- ${fields[3]}}"
        if [[ ${fields[1]} == open ]]; then
            open_words+=("${fields[2]}"); open_shown+=("$shown")
        else
            closed_words+=("${fields[2]}"); closed_shown+=("$shown")
        fi
    done
    local found=1
    (( ${#closed_words} )) && compadd -Q -V orchestrator -l -d closed_shown -- "${closed_words[@]}" && found=0
    (( ${#open_words} )) && compadd -Q -V orchestrator -S '' -l -d open_shown -- "${open_words[@]}" && found=0
    return $found
}
if [[ ${funcstack[1]:-} == _orchestrator ]]; then
    _orchestrator "$@"
else
    compdef _orchestrator orchestrator
fi
"""

#: Source: https://fishshell.com/docs/current/cmds/complete.html
_FISH = r"""# Completion of orchestrator for fish, from 3.0.
function __orchestrator_offers
    set -l words (commandline -opc)
    set -l begun (commandline -ct | string unescape)
    env _ORCHESTRATOR_COMPLETE=fish $words[1] $words[2..-1] "$begun" 2>/dev/null
end
complete --command orchestrator --no-files --keep-order --arguments '(__orchestrator_offers)'
"""

_SCRIPTS = {Shell.BASH: _BASH, Shell.ZSH: _ZSH, Shell.FISH: _FISH}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a user's shell finds the script, and what has to be so besides (empty: nothing)."""

    path: Path
    needs: str


def script(shell: Shell) -> str:
    """Give the script for a shell."""
    return _SCRIPTS[shell]


def place(shell: Shell, environment: Mapping[str, str]) -> Place:
    """Say where the script belongs for the user whose environment it is.

    Sources: https://github.com/scop/bash-completion#faq (user directory), https://zsh.sourceforge.io/Doc/Release/Completion-System.html#Use-of-compinit,
    https://fishshell.com/docs/current/completions.html#where-to-put-completions
    """
    home = Path(environment.get("HOME") or Path("~").expanduser())

    def base(name: str, default: str) -> Path:
        given = Path(environment.get(name, ""))
        return given if given.is_absolute() else home / default

    data = base("XDG_DATA_HOME", ".local/share")
    if shell is Shell.FISH:
        return Place(path=base("XDG_CONFIG_HOME", ".config") / "fish" / "completions" / "orchestrator.fish", needs="")
    if shell is Shell.ZSH:
        directory = data / "zsh" / "site-functions"
        return Place(
            path=directory / "_orchestrator",
            needs=f"~/.zshrc has to say: fpath=({directory} $fpath); autoload -Uz compinit; compinit",
        )
    own = Path(environment.get("BASH_COMPLETION_USER_DIR", ""))
    directory = (own if own.is_absolute() else data / "bash-completion") / "completions"
    return Place(
        path=directory / "orchestrator",
        needs=f"the package bash-completion reads it; without that, ~/.bashrc has to say: . {directory / 'orchestrator'}",
    )
