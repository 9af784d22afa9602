"""`orchestrator engine`: the embedded Docker Engine, by hand."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from orchestrator.system.places import Places

#: What a shell needs to reach the embedded engine with `docker`.
_EXPORTED = ("DOCKER_HOST", "DOCKER_CONFIG", "PATH")


@click.command("engine")
@click.argument("action", type=click.Choice(["start", "stop", "status", "env", "clean"]))
@click.option("--refresh", is_flag=True, help="start: fetch the newest packages first.")
@click.option("--force", is_flag=True, help="stop, clean: even while another process works with it.")
@click.option("--purge", is_flag=True, help="stop: delete its programs, images and cache, too.")
@common
def command(told: Common, action: str, *, refresh: bool, force: bool, purge: bool) -> None:
    """Start, stop or look at the embedded engine.

    Commands that need an engine start it by themselves and stop it again; after 'engine start' it runs until 'engine stop'.

    Examples: orchestrator engine start; eval "$(orchestrator engine env)"; orchestrator engine stop --purge
    """
    from orchestrator.engine import connect  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.system.places import Places  # noqa: PLC0415 - same

    places = Places.from_environment()
    if action == "start":
        connect.start_to_keep(places, told.progress(), refresh=refresh)
        _tell(told, _status(places))
    elif action in {"stop", "clean"}:
        stopped, freed = connect.stop_kept(places, told.progress(), force=force, purge=purge or action == "clean")
        if told.json:
            emit_json({"stopped": stopped, "freed_bytes": freed})
        else:
            emit("stopped" if stopped else "was not running")
            if freed:
                emit(f"freed {freed / 1e9:.1f} GB")
    elif action == "env":
        _environment(told, places)
    else:
        _tell(told, _status(places))


def _environment(told: Common, places: Places) -> None:
    import os  # noqa: PLC0415 - the only use

    from orchestrator.engine import embedded  # noqa: PLC0415 - see above
    from orchestrator.engine.client import client_environment  # noqa: PLC0415 - see above
    from orchestrator.engine.layout import Layout  # noqa: PLC0415 - see above

    layout = Layout.of(places)
    if embedded.running(layout) is None:
        raise EnvironmentFailedError("the embedded engine does not run", mend="run 'orchestrator engine start'")
    environment = client_environment(layout, os.environ)
    chosen = {name: environment[name] for name in _EXPORTED}
    if told.json:
        emit_json(chosen)
    else:
        for name, value in chosen.items():
            emit(f"export {name}={shlex.quote(value)}")


def _status(places: Places) -> dict[str, Any]:
    from orchestrator.engine import embedded  # noqa: PLC0415 - see above
    from orchestrator.engine.layout import Layout  # noqa: PLC0415 - see above
    from orchestrator.engine.packages import current_tree  # noqa: PLC0415 - see above
    from orchestrator.engine.users import in_use  # noqa: PLC0415 - see above

    layout = Layout.of(places)
    state = embedded.running(layout)
    tree = current_tree(layout)
    return {
        "running": state is not None,
        "host": layout.host if state else None,
        "pid": state.pid if state else None,
        "kept": state.kept if state else None,
        "in_use": in_use(layout.users),
        "versions": dict(tree.versions) if tree else {},
        "data_root": str(layout.data),
        "log": str(layout.log),
    }


def _tell(told: Common, status: dict[str, Any]) -> None:
    if told.json:
        emit_json(status)
        return
    if not status["running"]:
        unpacked = "unpacked" if status["versions"] else "not fetched yet"
        emit(f"the embedded engine does not run ({unpacked})")
        return
    versions = status["versions"]
    emit(f"the embedded engine runs: docker.io {versions.get('docker.io', '?')}, pid {status['pid']}, {status['host']}")
    emit('use it by hand with: eval "$(orchestrator engine env)"')
