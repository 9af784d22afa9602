"""A tarball and its signature, judged by the pinned key, which is looked for until one source settles the matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.bump.model import Signature
from orchestrator.bump.signature.keyring import Keyring
from orchestrator.bump.signature.sources import KeySource
from orchestrator.bump.signature.verdict import Verdict, judge
from orchestrator.errors import UnreachableError, VerificationError
from orchestrator.inputs.transfer import TransferError
from orchestrator.system.progress import Progress


@dataclass(kw_only=True, slots=True)
class Verifier:
    """Checks files against the key of `keyring`, which it takes from `sources`, in their order, as far as it needs them."""

    keyring: Keyring
    sources: Iterator[KeySource]
    progress: Progress
    _asked: list[str] = field(default_factory=list, init=False)

    def check(self, tarball: Path, signature: Path, *, what: str) -> Signature:
        """Give the good signature of a tarball; `what` names it to people (the address that it came from).

        A verdict against it for want of a subkey, or because the key had expired, is only passed when every source was asked: a fresher copy may
        know better. Raises `VerificationError`; `UnreachableError` where no source has the key.
        """
        verdict = None if self.keyring.key is None else self._verdict(tarball, signature)
        while verdict is None or not (verdict.final or verdict.signature is not None):
            source = next(self.sources, None)
            if source is None:
                break
            if self._take(source):
                verdict = self._verdict(tarball, signature)
        if verdict is None:
            asked = "".join(f"\n    {one}" for one in self._asked)
            raise UnreachableError(
                f"the key {self.keyring.pinned}, which is to have signed {what}, was not found; asked:{asked or ' nobody'}",
                mend="give its public key with --key FILE",
            )
        if verdict.signature is not None:
            return verdict.signature
        raise VerificationError(
            f"{what}: {verdict.reason}",
            mend="do not use this file, unless you know why; where the release has another signer, pin that key as gpg_key of the line",
        )

    def _take(self, source: KeySource) -> bool:
        try:
            data = source.read()
        except TransferError as error:
            self._asked.append(f"{source.name}: {error.reason}")
            return False
        except OSError as error:
            self._asked.append(f"{source.name}: {error.strerror or error}")
            return False
        taken = self.keyring.add(data)
        if taken:
            self.progress.note(f"the key {self.keyring.pinned} is from {source.name}")
        self._asked.append(f"{source.name}: {'has it' if taken else 'does not have it'}")
        return taken

    def _verdict(self, tarball: Path, signature: Path) -> Verdict:
        key = self.keyring.key
        seen = self.keyring.verify(signature, tarball)
        if key is None or not seen:
            return Verdict(reason="what lies beside it (.asc) is no detached PGP signature", final=True)
        return judge(seen, key, self.keyring.pinned)
