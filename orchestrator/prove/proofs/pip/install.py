"""Installing from an index, and taking it away again."""

from __future__ import annotations

from orchestrator.prove.cells import full
from orchestrator.prove.materials.distributions import index, native, pure
from orchestrator.prove.model import Proof, ProofFailedError, Ran, Sandbox, Subject, Where
from orchestrator.prove.proofs.probing import STARTS

_INDEX = "/tmp/index"  # noqa: S108 - the container's
_LEFT = "import pkgutil, sys; print(' '.join(name for name in sys.argv[1:] if pkgutil.find_loader(name)))"
_QUIET = ("--disable-pip-version-check", "--quiet", "--quiet")


def _check(subject: Subject) -> str:
    wanted = [pure("proof-wheel", wheel=True), pure("proof-sdist", wheel=False)]
    if full(subject.cell):
        # Only the full variant keeps a compiler: slim and Alpine promise no more than pure Python.
        wanted.append(native("proof-native"))
    names = [one.name for one in wanted]
    modules = [one.module for one in wanted]
    sandbox = subject.sandbox(Where.WRITABLE)
    sandbox.put(_INDEX, index(wanted))
    _must(sandbox, "pip", "install", *_QUIET, "--no-cache-dir", "--index-url", f"file://{_INDEX}/simple", *names)
    said = "; ".join(f"import {name}; print({name}.answer())" for name in modules)
    if (answers := _must(sandbox, "python", "-c", said).stdout.split()) != ["42"] * len(modules):
        raise ProofFailedError(f"what was installed answers {answers}, expected 42 each")
    if (answer := _must(sandbox, "proof-wheel").stdout.strip()) != "42":
        raise ProofFailedError(f"the command proof-wheel says {answer[:60]!r}, expected 42")
    _must(sandbox, "pip", "check", "--disable-pip-version-check")
    _must(sandbox, "pip", "uninstall", *_QUIET, "--yes", *names)
    left = _must(sandbox, "python", "-c", _LEFT, *modules).stdout.split()
    if left:
        raise ProofFailedError(f"{', '.join(left)} can still be found after it was uninstalled")
    return f"installed, used, checked and uninstalled {', '.join(names)}"


def _must(sandbox: Sandbox, *argv: str) -> Ran:
    ran = sandbox.execute(argv)
    if ran.status != 0:
        raise ProofFailedError(
            f"{' '.join(argv[:2])} ended with status {ran.status}: {ran.last_line[:300]}", output=ran.output
        )
    return ran


PROOF = Proof(
    name="pip/install",
    claim="pip installs a wheel and an sdist (with a C extension, where there is a compiler) from an index without a network; they work;"
    " `pip check` is content, and they can be uninstalled.",
    link="https://packaging.python.org/en/latest/guides/hosting-your-own-index/",
    check=_check,
    seconds=60,
    needs=(STARTS, "pip/version"),
    live=True,
)
