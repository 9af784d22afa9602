"""The JSON schemas of the files that people write, generated from the models and committed beside them for editors."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from orchestrator.config.settings import Settings
from orchestrator.matrix.document import MatrixDocument
from orchestrator.system.files import write_atomically
from orchestrator.system.strict import Strict

_PACKAGE = Path(__file__).resolve().parents[1]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: The committed file of each schema.
FILES: dict[Path, tuple[type[Strict], str]] = {
    _PACKAGE / "matrix" / "versions.schema.json": (MatrixDocument, "versions.json of the image build orchestrator"),
    _PACKAGE / "config" / "orchestrator.schema.json": (Settings, "orchestrator.yaml of the image build orchestrator"),
}


def schema(model: type[Strict], title: str) -> dict[str, Any]:
    """Give the schema of a model, in JSON Schema 2020-12."""
    return {"$schema": _DIALECT, **model.model_json_schema(), "title": title}


def text(model: type[Strict], title: str) -> str:
    """Give the schema as it is committed."""
    return json.dumps(schema(model, title), indent=2) + "\n"


def main() -> None:
    """Write both files."""
    for path, (model, title) in FILES.items():
        write_atomically(path, text(model, title).encode())
        sys.stdout.write(f"wrote {path.relative_to(_PACKAGE.parent)}\n")


if __name__ == "__main__":
    main()
