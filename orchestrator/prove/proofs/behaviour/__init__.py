"""What programs rely on: each library does its work inside the image, as a user that it does not know, on a read-only system."""

from __future__ import annotations

from orchestrator.prove.model import Proof
from orchestrator.prove.proofs.behaviour import (
    asyncio,
    clock,
    compression,
    ctypes,
    curses,
    dbm,
    files,
    hashing,
    imports,
    multiprocessing,
    numbers,
    processes,
    readline,
    recursion,
    sqlite,
    text,
    threads,
    tls,
)

#: The interpreter's own work first, then what it needs the distribution's libraries for.
PROOFS: tuple[Proof, ...] = (
    imports.PROOF,
    numbers.PROOF,
    text.PROOF,
    clock.PROOF,
    files.PROOF,
    processes.PROOF,
    threads.PROOF,
    recursion.PROOF,
    multiprocessing.PROOF,
    asyncio.PROOF,
    compression.PROOF,
    hashing.PROOF,
    sqlite.PROOF,
    dbm.PROOF,
    ctypes.PROOF,
    tls.PROOF,
    curses.PROOF,
    readline.PROOF,
)
