"""That what the recipe says is in the image, and nothing else; read from its config and its layers, nothing is run."""

from orchestrator.prove.proofs.recipe import (
    base,
    cleanup,
    command,
    defaults,
    environment,
    files,
    history,
    layers,
    leftovers,
    libraries,
    linker,
    packages,
    scripts,
    suite,
    symlinks,
    upstream,
)

PROOFS = (
    suite.PROOF,
    base.PROOF,
    environment.PROOF,
    command.PROOF,
    defaults.PROOF,
    symlinks.PROOF,
    scripts.PROOF,
    cleanup.PROOF,
    leftovers.PROOF,
    files.PROOF,
    upstream.PROOF,
    packages.PROOF,
    libraries.PROOF,
    linker.PROOF,
    history.PROOF,
    layers.PROOF,
)
