"""No account that anybody can log in to."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject


def _check(subject: Subject) -> str:
    view = subject.survey.whole
    wrong = []
    accounts = _fields(view.text("/etc/passwd"))
    shadow = {fields[0]: fields[1] for fields in _fields(view.text("/etc/shadow"))}
    if not accounts or not shadow:
        raise ProofFailedError(f"there is no {'/etc/shadow' if accounts else '/etc/passwd'}")
    for name, password, *_ in accounts:
        if password not in {"x", "*", "!"}:
            wrong.append(f"{name} has {'an empty password' if not password else 'a password'} in /etc/passwd")
    for name, password in shadow.items():
        # `*` and `!` are no possible result of crypt(3): nobody can log in. https://man7.org/linux/man-pages/man5/shadow.5.html
        if not password.startswith(("*", "!")):
            wrong.append(f"{name} has {'an empty password' if not password else 'a password'} in /etc/shadow")
    roots = [fields[0] for fields in accounts if len(fields) > 2 and fields[2] == "0" and fields[0] != "root"]
    wrong += [f"{name} is root under another name" for name in roots]
    known = {fields[0] for fields in _fields(subject.survey.base.text("/etc/passwd"))}
    wrong += [f"{fields[0]} is not an account of the base" for fields in accounts if known and fields[0] not in known]
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    return f"{len(accounts)} accounts, none with a password"


def _fields(text: str) -> list[list[str]]:
    return [fields for line in text.splitlines() if len(fields := line.split(":")) > 1]


PROOF = Proof(
    name="security/passwords",
    claim="No account has a password or an empty one, only root is root, and there is no account beyond the base's.",
    link="https://nvd.nist.gov/vuln/detail/CVE-2019-5021",
    check=_check,
)
