"""Everything put together, once, for all forms."""

from __future__ import annotations

from orchestrator import __version__
from orchestrator.cli.group import cli
from orchestrator.config.settings import Settings
from orchestrator.lint.catalogue import CATALOGUE as CHECKS
from orchestrator.manual import facts
from orchestrator.manual.commands import command_pages, program_page
from orchestrator.manual.keys import keys_of
from orchestrator.manual.model import CheckLine, FilePage, Manual, ProofLine
from orchestrator.matrix.document import MatrixDocument
from orchestrator.prove.catalogue import CATALOGUE as PROOFS
from orchestrator.prove.cells import describe

_SETTINGS_EXAMPLE = """registry: registry.example.org:5000
rebuilds: base
builders:
  - name: default
    platforms: [linux/amd64]
  - name: arm
    platforms: [linux/arm64]
    slots: 4
keep:
  days: 14
"""
_MATRIX_EXAMPLE = """"3.7": {
  "release": "3.7.2",
  "gpg_key": "0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D",
  "source": {"format": "tar.xz", "sha256": "..."},
  "pip": {"version": "19.0.1", "sha256": "..."},
  "setuptools": {"version": "40.8.0", "sha256": "..."},
  "wheel": {"version": "0.32.3", "sha256": "..."},
  "variants": ["stretch", "slim-stretch", "alpine3.8", "alpine3.7"],
  "aliases": ["3", "latest"]
}
"""


def manual() -> Manual:
    """Collect the manual. Imports every command."""
    return Manual(
        version=__version__,
        program=program_page(cli),
        commands=command_pages(cli),
        files=(
            FilePage(
                name="orchestrator.yaml",
                summary="settings of the image build orchestrator",
                paragraphs=facts.SETTINGS,
                keys=keys_of(Settings),
                example=_SETTINGS_EXAMPLE,
            ),
            FilePage(
                name="versions.json",
                summary="the matrix of the image build orchestrator",
                paragraphs=facts.MATRIX,
                keys=keys_of(MatrixDocument),
                example=_MATRIX_EXAMPLE,
            ),
        ),
        exit_codes=facts.exit_codes(),
        environment=facts.ENVIRONMENT,
        places=facts.PLACES,
        proofs=tuple(
            ProofLine(name=one.name, kind=str(one.kind), claim=one.claim, applies=describe(one.applies), link=one.link)
            for one in PROOFS
        ),
        checks=tuple(
            CheckLine(
                code=one.code,
                level=str(one.level),
                title=one.title,
                why=one.why,
                link=one.link,
                online=one.online,
                mends=one.mends,
            )
            for one in CHECKS
        ),
    )
