"""Questions at a terminal. They are on stderr: stdout belongs to results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from orchestrator.errors import UsageError
from orchestrator.new.question import Question


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminal:
    """Somebody who sees `console` (on stderr) and types. Ctrl-C and the end of the input end the command (`click.Abort`)."""

    console: Console

    def answer(self, question: Question[Any]) -> str:
        """Ask: what, why, what is proposed on what grounds."""
        self.console.print(f"\n[bold]{escape(question.text)}[/bold]")
        self.console.print(f"  {escape(question.why)}", style="dim")
        if question.basis:
            self.console.print(f"  {escape(question.basis)}", style="dim")
        shown = "  yes/no" if question.switch else f"  {question.asked_by}"
        return str(click.prompt(shown, default=question.proposed or None, err=True, type=str))

    def refused(self, trouble: UsageError) -> None:
        """Tell what is wrong with the answer."""
        self.console.print(f"  {escape(trouble.message)}: {escape(trouble.mend)}", style="red")

    def agreed(self, text: str) -> bool:
        """Ask for a yes or a no before something is written."""
        return bool(click.confirm(f"\n{text}", default=True, err=True))
