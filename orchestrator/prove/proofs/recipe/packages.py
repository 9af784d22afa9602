"""The distribution's packages: what has to stay, what has to be gone, and that nothing else came along."""

from __future__ import annotations

from orchestrator.prove.linking import library_owners
from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.packages import RUNTIME_DEPENDENCIES, installed, reachable


def _check(subject: Subject) -> str:
    now = installed(subject.survey.whole)
    before = installed(subject.survey.base)
    if not now:
        raise ProofFailedError("there is no package database")
    provided = {name for package in now.values() for name in (package.name, *package.provides)}
    stay = {part.text for part in subject.recipe.runtime_packages}
    missing = sorted(stay - provided)
    left = sorted({part.text for part in subject.recipe.build_packages} & (now.keys() - before.keys() - stay))
    wrong = [f"{name} is missing" for name in missing] + [f"{name} was only needed to build" for name in left]
    roots = stay | library_owners(subject) | {RUNTIME_DEPENDENCIES}
    extra = sorted(now.keys() - before.keys() - reachable(now, roots) - set(left))
    wrong += [f"{name} is there for nothing" for name in extra]
    if gone := sorted(before.keys() - now.keys()):
        wrong += [f"{name} of the base is gone" for name in gone]
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    return f"{len(now)} packages, {len(now.keys() - before.keys())} above the base"


PROOF = Proof(
    name="recipe/packages",
    claim="The recipe's runtime packages are installed, its build packages are gone, and what else came above the base is needed by them"
    " or by a library that /usr/local is linked against.",
    link="https://docs.docker.com/build/building/best-practices/#apt-get",
    check=_check,
)
