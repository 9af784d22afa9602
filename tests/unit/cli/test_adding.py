from __future__ import annotations

from pathlib import Path

from orchestrator.cli.adding import upstream_of
from orchestrator.cli.options import Common
from orchestrator.new.upstream import Reached

OPTIONS = {
    "source_url": None,
    "offline": None,
    "keys": ("mine.asc",),
    "pre": False,
    "sha256": None,
    "ending": "tar.xz",
    "no_fetch": False,
}


def test_a_new_line_is_looked_for_where_a_bump_looks(tmp_path: Path) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("bump: {source_url: 'https://mirror.example.org/python', keys: [ours.asc]}\n")
    told = Common(matrix_path=tmp_path / "versions.json", config_path=config, json=False, debug=False)
    reached = upstream_of(told, OPTIONS)
    assert isinstance(reached, Reached)
    assert reached.finder.sources.site == "https://mirror.example.org/python"
    assert reached.finder.sources.keys == ("mine.asc", "ours.asc")
    alone = upstream_of(told, {**OPTIONS, "offline": tmp_path})
    assert isinstance(alone, Reached)
    assert (alone.finder.sources.site, alone.finder.sources.keys) == (None, ("mine.asc",))
