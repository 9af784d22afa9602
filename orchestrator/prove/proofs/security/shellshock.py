"""A bash, where there is one, does not run what a variable's value says."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject, Where

_HOLE = "vulnerable"
#: The first hole (CVE-2014-6271), and the one that its first mend left (CVE-2014-7169), which writes a file named echo.
_FIRST = {"hole": f"() {{ :;}}; echo {_HOLE}"}
_SECOND = {"hole": "() { (a)=>\\"}


def _check(subject: Subject) -> str:
    view = subject.survey.whole
    shell = next((path for path in ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash") if view.resolve(path)), None)
    if shell is None:
        return "there is no bash"
    sandbox = subject.sandbox(Where.CONFINED)
    first = sandbox.execute([shell, "-c", "echo done"], environment=_FIRST)
    if _HOLE in first.output or "done" not in first.stdout:
        raise ProofFailedError(f"{shell} runs code out of its environment (CVE-2014-6271)", output=first.output)
    script = f"cd /tmp && {shell} -c 'echo date' 2> /tmp/complaint; if [ -e /tmp/echo ]; then echo {_HOLE}; fi"
    second = sandbox.execute(["sh", "-c", script], environment=_SECOND)
    if _HOLE in second.stdout:
        raise ProofFailedError(f"{shell} runs code out of its environment (CVE-2014-7169)", output=second.output)
    return f"{shell} is not vulnerable"


PROOF = Proof(
    name="security/shellshock",
    claim="A bash in the image does not run code out of its environment.",
    link="https://nvd.nist.gov/vuln/detail/CVE-2014-6271",
    check=_check,
    live=True,
)
