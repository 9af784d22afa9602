"""A run as a message that can be piped into sendmail.

Source: https://www.rfc-editor.org/rfc/rfc5322
"""

from __future__ import annotations

import socket
from collections import Counter
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime

from orchestrator.report.run.model import CellState, RunReport
from orchestrator.report.run.story import summary_lines
from orchestrator.report.wording import count

_WIDTH = 78


def mail(report: RunReport, *, host: str | None = None) -> bytes:
    """Write the message, without a recipient: `sendmail ADDRESS` names it. `host` (None: this one) is part of the sender and the id.

    Lines end as sendmail wants them from a pipe, with LF. The id is that of the run, so that a report sent twice is known as the same.
    """
    where = host or socket.gethostname() or "localhost"
    message = EmailMessage(policy=default)
    message["Subject"] = subject(report)
    message["From"] = f"orchestrator@{where}"
    message["Date"] = format_datetime((report.made or datetime.now(UTC)).astimezone(UTC))
    stamp = f"{report.started.astimezone(UTC):%Y%m%dT%H%M%S}"
    message["Message-ID"] = f"<orchestrator.run.{report.number}.{stamp}@{where}>"
    # So that no holiday answers. Source: https://www.rfc-editor.org/rfc/rfc3834
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(line.text for line in summary_lines(report, width=_WIDTH)) + "\n")
    return message.as_bytes()


def subject(report: RunReport) -> str:
    """Say the most important in one line: how many failed, or that all is well."""
    counts = Counter(cell.state for cell in report.cells if cell.touched)
    what = f"run {report.number} ({report.command})"
    failed = [cell for cell in report.cells if cell.touched and cell.state is CellState.FAILED]
    if failed:
        first = f": {failed[0].id}" + (f" and {len(failed) - 1} more" if len(failed) > 1 else "")
        return f"[orchestrator] {count(len(failed), 'cell')} failed, {counts[CellState.PROVEN]} proven in {what}{first}"
    if report.ended is None or report.code:
        return f"[orchestrator] {what}: {report.verdict}; {counts[CellState.PROVEN]} proven"
    return f"[orchestrator] all well: {count(counts[CellState.PROVEN], 'cell')} proven in {what}"
