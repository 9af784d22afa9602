"""What no other part of the program says of itself: variables, places, and what the two files are for."""

from __future__ import annotations

from inspect import getdoc

from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.manual.model import Entry

#: Variables that this program, or docker beneath it, reads.
ENVIRONMENT = (
    Entry(name="XDG_CACHE_HOME", text="Below it, in orchestrator/: downloads, bases, the embedded engine. Default: ~/.cache."),
    Entry(name="XDG_STATE_HOME", text="Below it, in orchestrator/: the ledger and the logs. Default: ~/.local/state."),
    Entry(name="DOCKER_HOST", text="The engine to use, as the docker command takes it; an engine that is named here is used, or nothing is."),
    Entry(name="DOCKER_CONTEXT", text="The same, by the name of a docker context."),
    Entry(name="DOCKER_TLS_VERIFY", text="Speak TLS with the engine, with the certificates in DOCKER_CERT_PATH."),
    Entry(name="DOCKER_CERT_PATH", text="The directory of those certificates."),
    Entry(name="DOCKER_CONFIG", text="Where docker keeps logins to registries. Default: ~/.docker."),
    Entry(name="COSIGN_PASSWORD", text="The password of the key in signing.key."),
    Entry(name="SIGSTORE_ID_TOKEN", text="The identity to sign with, where no key is set and the CI system gives none."),
    Entry(name="GNUPGHOME", text="Where bump looks for release managers' keys besides what it fetches. Default: ~/.gnupg."),
    Entry(name="NO_COLOR", text="Anything here: no colours."),
    Entry(name="GITHUB_ACTIONS", text="Set by GitHub: logs are folded as its pages do."),
    Entry(name="GITLAB_CI", text="Set by GitLab: the same, as its pages do."),
)  # fmt: skip

PLACES = (
    Entry(name="versions.json", text="The matrix; --matrix names another. See versions.json(5)."),
    Entry(name="orchestrator.yaml", text="Settings, where there is such a file; --config names another. See orchestrator.yaml(5)."),
    Entry(name="~/.local/state/orchestrator/ledger.sqlite", text="The ledger: runs, attempts, proofs, publications. One is for one matrix."),
    Entry(name="~/.local/state/orchestrator/logs/", text="A log for each attempt, in a directory for each run."),
    Entry(name="~/.cache/orchestrator/", text="Downloads by digest, bootstrapped bases, the embedded engine. May be deleted while nothing runs."),
)  # fmt: skip

SETTINGS = (
    "Settings of one machine or one CI job, all of them optional. Without --config, orchestrator.yaml in the working directory is read where there is one.",
    "An unknown key is an error that names the nearest known one.",
)
MATRIX = (
    "The one file that says which images there are: lines with their releases and checksums, suites with their base images, architectures.",
    "Everything else (Dockerfiles, tags, descriptions) is made from it. An unknown key is an error that names the nearest known one.",
)


def exit_codes() -> tuple[Entry, ...]:
    """Give the exit codes with what they mean, from the errors that end with them."""
    said = {error.code: (getdoc(error) or "").split("\n")[0] for error in OrchestratorError.__subclasses__()}
    said[ExitCode.DONE] = "Everything that was asked for is done."
    return tuple(Entry(name=str(int(code)), text=said[code]) for code in ExitCode)
