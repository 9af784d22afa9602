"""Making a set visible: its tags are led to content that is all there, back to back, in an order that shows no half of it.

No registry changes several tags at once, so what is between the first and the last of them is kept as short as it can be: a few small
requests, many of them at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from orchestrator.errors import UnreachableError, VerificationError
from orchestrator.publish.model import Published, Target
from orchestrator.publish.order import phases
from orchestrator.registry.archive import Manifest
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries

#: Tags of one phase that are set at once.
_LANES = 8


class ContentGoneError(UnreachableError):
    """What a reference is to be led to is no longer in its registry."""


def make_visible(registries: Registries, targets: Sequence[Target], manifests: Mapping[str, Manifest]) -> None:
    """Lead targets to their digests, phase by phase; `manifests` by digest. Raises `UnreachableError`, leaving the rest as it was."""
    with ThreadPoolExecutor(max_workers=_LANES, thread_name_prefix="tag") as pool:
        for some in phases(targets):
            phase = [target for target in some if target.changes]
            # Every answer is waited for, even after a failure: what goes on meanwhile must not overtake the next phase.
            futures = [pool.submit(_lead, registries, target.reference, manifests[target.digest]) for target in phase]
            for error in [one.exception() for one in futures]:
                if error is not None:
                    raise error


def verify(registries: Registries, targets: Sequence[Target]) -> None:
    """Read all targets back. Raises `VerificationError` for one that leads elsewhere."""
    seen = registries.heads(target.reference for target in targets)
    for target in targets:
        if seen[target.reference] != target.digest:
            raise VerificationError(
                f"{target.reference} leads to {seen[target.reference] or 'nothing'} after {target.digest} was pushed",
                mend="somebody else pushes there, or the registry rewrites manifests: find out before going on",
            )


def changed(targets: Sequence[Target]) -> tuple[Published, ...]:
    """Name those of some targets that had to be led elsewhere."""
    return tuple(Published(reference=one.reference, digest=one.digest) for one in targets if one.changes)


def fetch(registries: Registries, targets: Sequence[Target]) -> dict[str, Manifest]:
    """Read the manifests of targets that were brought to the registry before. Raises `ContentGoneError` when one is there no longer."""
    found: dict[str, Manifest] = {}
    for target in targets:
        if target.digest not in found:
            where = Reference.parse(target.reference)
            with registries.asking(where.registry, f"{where.repository}@{target.digest} cannot be read") as one:
                if one.head(where.repository, target.digest) is None:
                    raise ContentGoneError(
                        f"{where.registry}/{where.repository} no longer has {target.digest}",
                        mend="publish what is proven now",
                    )
                found[target.digest] = one.manifest(where.repository, target.digest)
    return found


def _lead(registries: Registries, reference: str, manifest: Manifest) -> None:
    where = Reference.parse(reference)
    with registries.asking(where.registry, f"{reference} cannot be set") as distribution:
        distribution.set_manifest(where.repository, where.tag, manifest)
