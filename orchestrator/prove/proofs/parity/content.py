"""What is in the files below /usr/local, as far as it is not compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.prove.model import Proof, Subject
from orchestrator.prove.proofs.parity.comparing import compare, neutral
from orchestrator.prove.survey.layer import FileKind

#: What configure and the compiler write; parity/configuration compares what matters of it.
_OF_THE_BUILD = re.compile(
    r".*(?:/pyconfig\.h|/_sysconfigdata[^/]*\.py|/config[^/]*/Makefile|\.a|\.o|/python[0-9.]*m?-config|\.pc)$"
)


def _describe(subject: Subject) -> Mapping[str, str]:
    return {
        neutral(subject, path): f"sha256:{file.sha256[:12]}"
        for path, file in subject.survey.whole.below("/usr/local")
        if file.kind is FileKind.FILE
        and file.elf is None
        and not path.endswith(".exe")
        and not _OF_THE_BUILD.match(path)
    }


PROOF = Proof(
    name="parity/content",
    claim="Below /usr/local every file that is not compiled has the same bytes on every architecture.",
    link="https://github.com/docker-library/official-images#multiple-architectures",
    check=lambda subject: compare(subject, _describe),
    pairwise=True,
)
