"""BuildKit's cache as buildx tells it (captured from 0.13.1 and the documentation of newer ones)."""

from __future__ import annotations

import pytest

from orchestrator.disk.cache import Caches
from orchestrator.disk.model import CacheUse
from orchestrator.errors import EnvironmentFailedError
from tests.unit.engine.fakes import FakeRunner

OLD = """Remove build cache

Usage:  docker buildx prune

Options:
      --builder string       Override the configured builder instance
  -f, --force                Do not prompt for confirmation
      --keep-storage bytes   Amount of disk space to keep for cache
"""
NEW = """Usage:  docker buildx prune

Options:
  -f, --force                    Do not prompt for confirmation
      --max-used-space bytes     Maximum amount of disk space allowed to keep for cache
      --min-free-space bytes     Target amount of free disk space after pruning
      --reserved-space bytes     Amount of disk space always allowed to keep for cache
"""
USE = """ID                                              RECLAIMABLE     SIZE            LAST ACCESSED
box8ezrollx3kj2992y05fcow*                      true            4.096kB         26 seconds ago
mylzezlhotcgwye9m3i40l5hc*                      false           0B
Shared:\t\t209.5MB
Private:\t745.6MB
Reclaimable:\t812.4MB
Total:\t\t955MB
"""


def caches(**answers: str | int | tuple[int, str]) -> tuple[Caches, FakeRunner]:
    runner = FakeRunner({f"buildx {words}": answer for words, answer in answers.items()})
    return Caches(docker="/bin/docker", environment={"DOCKER_HOST": "unix:///s"}, runner=runner), runner


def test_the_own_builder_is_the_one_that_is_used_where_none_is_named() -> None:
    made, runner = caches(
        inspect="Name:          default\nDriver:        docker\n\nNodes:\nName:             default\n"
    )
    assert made.own() == "default"
    assert runner.seen[0].environment == {"DOCKER_HOST": "unix:///s"}
    with pytest.raises(EnvironmentFailedError, match="names no builder"):
        caches(inspect="")[0].own()


def test_what_images_share_does_not_count_against_the_limit() -> None:
    made, runner = caches(du=USE)
    assert made.use("farm") == CacheUse(builder="farm", size=745_600_000, reclaimable=812_400_000)
    assert runner.lines == ["/bin/docker buildx du --builder=farm"]


def test_where_nothing_is_shared_the_total_counts() -> None:
    made, _ = caches(du="Reclaimable:\t0B\nTotal:\t\t1.5GB\n")
    assert made.use("default") == CacheUse(builder="default", size=1_500_000_000, reclaimable=0)


@pytest.mark.parametrize("answer", [(1, 'ERROR: no builder "farm" found'), "nothing that was foreseen"])
def test_a_builder_that_does_not_answer_is_an_error(answer: str | tuple[int, str]) -> None:
    made, _ = caches(du=answer)
    with pytest.raises(EnvironmentFailedError, match="farm"):
        made.use("farm")


@pytest.mark.parametrize(
    ("help_text", "option"),
    [(OLD, "--keep-storage=5000"), (NEW, "--reserved-space=5000")],
)
def test_the_limit_is_told_in_the_words_of_this_buildx(help_text: str, option: str) -> None:
    made, runner = caches(
        **{"prune --help": help_text, "prune --builder": "ID\tRECLAIMABLE\nab\ttrue\nTotal:\t1.25GB\n"}
    )
    assert made.prune("default", 5000) == 1_250_000_000
    assert runner.lines[-1] == f"/bin/docker buildx prune --builder=default --force {option}"


def test_without_an_option_for_the_limit_nothing_is_removed() -> None:
    made, runner = caches(**{"prune --help": "Options:\n  -f, --force\n  --max-used-space bytes\n"})
    with pytest.raises(EnvironmentFailedError, match="no option to limit"):
        made.prune("default", 5000)
    assert len(runner.lines) == 1
