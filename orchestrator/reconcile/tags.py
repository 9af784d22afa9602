"""Tags compared with what should be there: missing, drifted, half published, or declared nowhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from orchestrator.ledger.records import Attempt
from orchestrator.publish.model import Held
from orchestrator.reconcile.model import Declared, Expected, Finding, Kind, Seen
from orchestrator.reconcile.words import Words

#: Tags that lie beside images: signatures, attestations, referrers.
#: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#referrers-tag-schema and
#: https://github.com/sigstore/cosign/blob/v2.5.0/specs/SIGNATURE_SPEC.md#tag-based-discovery
_BESIDE = re.compile(r"sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?")
#: What a tag of a full release begins with.
_RELEASE = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")


def unfinished(one: Expected, seen: Seen, words: Words) -> Iterator[Finding]:
    """Find what a run that was killed had begun to publish: each reference that does not lead there yet; the first one when all do."""
    if one.begun is None:
        return
    cells = {declared.reference: declared.cell or "" for declared in one.declared}
    left = [
        target
        for target in one.begun.targets
        if target.reference in seen.heads and seen.heads[target.reference] != target.digest
    ]
    for target in left or one.begun.targets[:1]:
        yield Finding(
            kind=Kind.UNFINISHED,
            image=one.image.id,
            cell=cells.get(target.reference, ""),
            reference=target.reference,
            expected=target.digest,
            seen=seen.heads.get(target.reference),
            reason=f"run {one.begun.run} began to publish this and was killed"
            if left
            else f"run {one.begun.run} published this and was killed before it wrote that down",
            mend=words.fix(one.image.id),
        )


def misled(one: Expected, seen: Seen, words: Words) -> Iterator[Finding]:
    """Find declared tags that lead nowhere, or elsewhere than they should. What is half published is told by `unfinished`."""
    begun = {target.reference for target in one.begun.targets} if one.begun is not None else set()
    for declared in one.declared:
        if declared.reference in begun or declared.cell in one.optional:
            continue
        if seen.heads[declared.reference] is None:
            yield _missing(one, declared, words)
        elif (found := _drifted(one, declared, seen, words)) is not None:
            yield found


def _missing(one: Expected, declared: Declared, words: Words) -> Finding:
    held = one.candidate if isinstance(one.candidate, Held) else None
    attempt = one.newer.get(declared.cell or "")
    expected = attempt.digest if attempt is not None else one.digests.get(declared.reference)
    if held is None:
        reason, mend = "it is proven, and not there", words.fix(one.image.id)
    elif expected is not None:
        reason, mend = "it was published, and is not there any more", words.fix(one.image.id)
    else:
        reason, mend = f"it was never published: {held.reason}", words.build(one.image.id)
    return Finding(
        kind=Kind.MISSING,
        image=one.image.id,
        cell=declared.cell or "",
        reference=declared.reference,
        expected=expected,
        reason=reason,
        mend=mend,
    )


def _drifted(one: Expected, declared: Declared, seen: Seen, words: Words) -> Finding | None:
    cell, digest = declared.cell or "", str(seen.heads[declared.reference])
    published, behind = one.digests.get(declared.reference), seen.behind.get((cell, digest))
    newer = one.newer.get(cell)
    if newer is not None and behind is not None and behind.digest == newer.digest:
        return None
    # An index is another one as soon as one of its images is.
    waits = bool(one.newer) if declared.cell is None else newer is not None and newer.digest not in _images(one)
    if published is not None and digest != published:
        expected: str | None = published
        mend = words.fix(one.image.id)
        reason = (
            f"it was led to {_said(behind)} since it was published"
            if cell
            else "it was led elsewhere since it was published"
        )
    elif published is not None and waits:
        expected, mend = newer.digest if newer is not None else None, words.publish(one.image.id, rebuild=True)
        reason = "what is proven by now is another build, and not published"
    elif published is None and newer is not None:
        expected, mend = newer.digest, words.publish(one.image.id, rebuild=True)
        reason = f"it leads to {_said(behind)}, and not to what is proven"
    else:
        return None
    return Finding(
        kind=Kind.DRIFTED,
        image=one.image.id,
        cell=cell,
        reference=declared.reference,
        expected=expected,
        seen=digest,
        reason=reason,
        mend=mend,
    )


def _images(one: Expected) -> set[str]:
    return {member.image for member in one.published.members} if one.published is not None else set()


def _said(behind: Attempt | None) -> str:
    return f"the build of attempt {behind.id}" if behind is not None else "what nobody here has built"


def undeclared(
    expected: Sequence[Expected], tags: Mapping[str, Collection[str]], words: Words
) -> tuple[tuple[Finding, ...], int]:
    """Find tags that are declared nowhere; returns how many belong to former releases besides, which stay for those who named them."""
    declared = {found.reference for one in expected for found in one.declared}
    releases = {one.image.line.release for one in expected}
    found, former = [], 0
    for repository, names in tags.items():
        for tag in sorted(names):
            release = tag.partition("-")[0]
            if f"{repository}:{tag}" in declared or _BESIDE.fullmatch(tag):
                continue
            if _RELEASE.fullmatch(release) and release not in releases:
                former += 1
                continue
            found.append(
                Finding(
                    kind=Kind.EXTRA,
                    image="",
                    reference=f"{repository}:{tag}",
                    reason="the matrix declares no such tag",
                    mend=words.remove_extra,
                )
            )
    return tuple(found), former
