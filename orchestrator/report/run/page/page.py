"""The page of a run: one HTML file that needs nothing else, neither a network nor, for what matters most, a script."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.report.run.model import CellState, RunReport
from orchestrator.report.run.page import data, words
from orchestrator.report.run.page.causes import causes
from orchestrator.report.run.page.publications import repositories, withheld
from orchestrator.report.run.page.texts import embedded
from orchestrator.report.run.page.verdict import verdict
from orchestrator.report.wording import count, spoken

_PARTS = Path(__file__).parent / "parts"
_STYLES = ("base.css", "grid.css", "dialog.css", "charts.css", "print.css")
_SCRIPTS = ("base.js", "words.js", "model.js", "filter.js", "grid.js", "charts.js", "details.js", "gantt.js", "main.js")

#: What is written out where no script runs; a script shows all of it.
_CAUSES, _NAMED, _TAGS, _ROWS = 24, 16, 40, 500


def render(report: RunReport) -> str:
    """Write the page of a run as HTML that can be stored as UTF-8.

    Everything in a report is untrusted: text is escaped, only the page's own script and style run (by their hashes), and nothing is loaded.
    """
    style, script, early = _joined(_STYLES), _joined(_SCRIPTS), _joined(("early.js",))
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            verdict=verdict(report),
            causes=causes(report.cells, run=report.number),
            repositories=repositories(report.published),
            withheld=withheld(report.held_back),
            states={state: state.name.lower().replace("_", "-") for state in CellState},
            limits={"causes": _CAUSES, "named": _NAMED, "tags": _TAGS, "rows": _ROWS},
            policy=_policy(style=style, scripts=(early, script)),
            style=Markup(style),  # noqa: S704  our own files, not the ledger's text
            early=Markup(early),  # noqa: S704
            script=Markup(script),  # noqa: S704
            index=_document(data.index(report)),
            spans=_document(data.spans(report)),
            details=_document(data.details(report)),
        )
    )


def _document(document: dict[str, Any]) -> Markup:
    return Markup(embedded(document))  # noqa: S704  JSON in which nothing is left that HTML would see


def _policy(*, style: str, scripts: tuple[str, ...]) -> str:
    """Forbid everything but what is in the page: https://www.w3.org/TR/CSP3/ . Even our script cannot make HTML of text."""
    hashes = " ".join(_hash(one) for one in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _joined(names: tuple[str, ...]) -> str:
    return "\n".join((_PARTS / name).read_text(encoding="utf-8") for name in names)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_PARTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: (
            words.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
        ),
    )
    environment.filters |= {
        "moment": words.moment,
        "stamp": words.stamp,
        "size": words.size,
        "spoken": spoken,
        "count": count,
    }
    return environment
