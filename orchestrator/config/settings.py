"""The settings and their defaults."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field

from orchestrator.errors import InvalidFileError
from orchestrator.system.files import read_text
from orchestrator.system.strict import Problem, Strict, convert, dotted, text

DEFAULT = Path("orchestrator.yaml")

HOST = r"[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{1,5})?"
REGISTRY = HOST + r"(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*"
NAMESPACE = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
Registry = Annotated[str, *text(REGISTRY, "a registry, such as localhost:5000")]
Host = Annotated[str, *text(HOST, "a registry without a path, such as registry.example.org:5000")]
Source = Annotated[
    str,
    *text(
        r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?",
        "an address, such as https://example.org/python",
    ),
]
Namespace = Annotated[str, *text(NAMESPACE, "one path component of a repository")]
BranchPrefix = Annotated[
    str,
    *text(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:[./][A-Za-z0-9_-]+)*[/-]?", "the beginning of a branch's name, such as bump/"),
]
Remote = Annotated[str, *text(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a remote as 'git remote' shows it")]


class BasePolicy(StrEnum):
    """Where base images come from."""

    AUTO = "auto"
    REGISTRY = "registry"
    BOOTSTRAP = "bootstrap"


class Emulation(StrEnum):
    """Whether a platform may run under an emulator."""

    NEVER = "never"
    FALLBACK = "fallback"
    ALLOW = "allow"


class Acceleration(StrEnum):
    """Whether emulated builds are given the building machine's own programs."""

    OFF = "off"
    AUTO = "auto"
    REQUIRE = "require"


class Rebuilds(StrEnum):
    """Whether a tag that names a full release may be led to another build of it."""

    NEVER = "never"
    BASE = "base"
    ALWAYS = "always"


PLATFORM = r"[a-z0-9]+/[a-z0-9]+(?:/[a-z0-9.]+)?"
Platform = Annotated[str, *text(PLATFORM, "a platform, such as linux/arm64")]
BuilderName = Annotated[str, *text(r"[A-Za-z][A-Za-z0-9._-]*", "a name as 'docker buildx ls' shows it")]


class BuilderSettings(Strict):
    """One buildx builder that builds are sent to, of any driver (docker, docker-container, remote, kubernetes)."""

    name: BuilderName = Field(description="the builder as 'docker buildx ls' shows it; the engine's own is 'default'")
    platforms: Annotated[tuple[Platform, ...], Field(min_length=1)] | None = Field(
        default=None, description="what it runs natively; without it, the platform that its node names first"
    )
    slots: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None, description="how many cells it works on at once; without it, as many as its cores and memory bear"
    )
    emulated_slots: Annotated[int, Field(ge=0, le=1024)] | None = Field(
        default=None, description="how many of these may be emulated; 0: it only runs what it runs natively"
    )
    memory_gib: Annotated[float, Field(gt=0, le=100000)] | None = Field(
        default=None, description="its memory; as many cells run at once as fit into it"
    )


class Retries(Strict):
    """How often, and for how long, what is transient is tried again."""

    attempts: Annotated[int, Field(ge=1, le=100)] = Field(
        default=4, description="how often a cell is tried in all when the failures are transient"
    )
    minutes: Annotated[float, Field(ge=0, le=10000)] = Field(
        default=60, description="no new try when this much time has passed since the first failure"
    )


class Keep(Strict):
    """What 'orchestrator prune' leaves; what a published or an unfinished cell needs is never removed."""

    images: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=2, description="how many staged images of each cell, the newest first"
    )
    logs: Annotated[int, Field(ge=1, le=100000)] = Field(
        default=10, description="how many logs of each cell, the newest first"
    )
    days: Annotated[float, Field(ge=0, le=100000)] = Field(
        default=30, description="nothing younger is removed, however many there are"
    )
    cache_gib: Annotated[float, Field(ge=0, le=100000)] = Field(
        default=20, description="how much of BuildKit's cache stays"
    )


class Signing(Strict):
    """With what 'orchestrator publish --sign' signs."""

    key: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="a file made by 'cosign generate-key-pair' or the address of a key in a KMS; without it, the identity of a CI job",
    )
    tlog: bool = Field(
        default=False,
        description="also write each signature into the public transparency log; without a key it always is",
    )


class Bumps(Strict):
    """Where 'orchestrator bump' looks for releases; what stands on its command line comes first."""

    source_url: Source | None = Field(
        default=None,
        description="a mirror of the release site, or a directory of a Debian pool; without it, the line's own",
    )
    tags_url: Annotated[str, Field(min_length=1, max_length=400)] | None = Field(
        default=None, description="the git repository whose tags are compared; without it, upstream's"
    )
    keys: tuple[Annotated[str, Field(min_length=1, max_length=400)], ...] = Field(
        default=(), description="files, directories or addresses of public keys that are asked first"
    )


class Proposals(Strict):
    """What a night does with a release that is new: a branch with the bump, for somebody to look at."""

    branch: BranchPrefix = Field(default="bump/", description="what the names of these branches begin with")
    push: Remote | None = Field(
        default=None, description="the git remote that they are pushed to; without it, they stay here"
    )


class Settings(Strict):
    """All settings; every one has a default."""

    registry: Registry | None = Field(default=None, description="where images are pushed to")
    namespace: Namespace = Field(
        default="library", description="the repository of indexes: <registry>/<namespace>/python"
    )
    plain_registries: tuple[Host, ...] = Field(
        default=(),
        description="registries without TLS, besides those on this machine (which need not be named) and those that the engine is told of",
    )
    source: Source | None = Field(
        default=None,
        description="where the recipes can be looked at, for annotations; without it, the address of git's remote called origin",
    )
    rebuilds: Rebuilds = Field(
        default=Rebuilds.BASE,
        description="whether a night may lead tags of a full release (3.7.2-stretch) to another build of it: never; base: when only the base "
        "(or the machine) changed; always",
    )
    bases: BasePolicy = Field(
        default=BasePolicy.AUTO,
        description="auto: a registry, else bootstrapped from the Debian mirror; registry or bootstrap: only that",
    )
    base_registry: Registry | None = Field(
        default=None, description="a mirror that base images are pulled from: localhost:5000/debian:stretch-slim"
    )
    inputs: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="a directory of files (tarballs) that is looked in before anything is downloaded"
    )
    timeout_minutes: Annotated[float, Field(gt=0, le=10000)] = Field(
        default=45, description="how long a native build may take"
    )
    emulation_factor: Annotated[float, Field(ge=1, le=1000)] = Field(
        default=8, description="how many times longer an emulated build may take"
    )
    silence_minutes: Annotated[float, Field(gt=0, le=10000)] = Field(
        default=15, description="a build that writes nothing for so long is taken for hung (emulated: times the factor)"
    )
    retries: Retries = Field(default=Retries(), description="how often what is transient is tried again")
    builders: tuple[BuilderSettings, ...] = Field(
        default=(), description="buildx builders that share the work; without any, the engine does all of it"
    )
    emulation: Emulation = Field(
        default=Emulation.FALLBACK,
        description="never; fallback: where no living builder runs a platform natively; allow: also while all that do are busy",
    )
    acceleration: Acceleration = Field(
        default=Acceleration.AUTO,
        description="off: emulated builds emulate everything; auto: where native tools do the same work, they do it; require: no emulated build "
        "without them",
    )
    jobs: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None, description="how many cells are worked on at once, over all builders"
    )
    keep: Keep = Field(default=Keep(), description="what 'orchestrator prune' leaves")
    attestations: bool = Field(
        default=True, description="keep the provenance of what is built, and attach it and an SBOM to what is published"
    )
    signing: Signing = Field(default=Signing(), description="how 'orchestrator publish --sign' signs, with cosign")
    bump: Bumps = Field(default=Bumps(), description="where 'orchestrator bump' looks for releases")
    propose: Proposals | bool = Field(
        default=False,
        description="whether a night makes a branch with the bump for each line that a new release is out of, and how",
    )


def load_settings(path: Path | None) -> Settings:
    """Load a settings file; None takes `orchestrator.yaml` where there is one, else the defaults. Raises `InvalidFileError`."""
    if path is None:
        if not DEFAULT.exists():
            return Settings()
        path = DEFAULT
    content = read_text(path, what="config")
    try:
        raw: Any = yaml.load(content, Loader=_UniqueKeys)  # noqa: S506 - it is a SafeLoader
        settings = convert(raw if raw is not None else {}, Settings)
        _check_builders(settings)
        _check_registries(settings)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise InvalidFileError(f"{path}{where}: not valid YAML: {problem}", mend="correct the syntax there") from None
    except (
        ValueError,
        RecursionError,
        TypeError,
    ) as error:  # a list as a key, a date that is none, thousands of brackets
        raise InvalidFileError(f"{path}: not valid YAML: {str(error)[:120]}", mend="write plain values") from None
    except Problem as problem:
        raise InvalidFileError(f"{path}: {dotted(problem.place)}: {problem.message}", mend=problem.mend) from None
    return settings


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping, of which YAML would silently keep the last.

    Source: https://yaml.org/spec/1.2.2/#mapping (keys are unique)
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - its signature
        """Build a mapping."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen if isinstance(key, yaml.ScalarNode) else False:
                raise yaml.constructor.ConstructorError(
                    None, None, f'the key "{key.value}" stands twice', key.start_mark
                )
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _check_builders(settings: Settings) -> None:
    names = [one.name for one in settings.builders]
    for index, one in enumerate(settings.builders):
        place = ("builders", index)
        if one.name in names[:index]:
            raise Problem((*place, "name"), f'the builder "{one.name}" stands twice', "keep one of the two")
        if one.slots is not None and one.emulated_slots is not None and one.emulated_slots > one.slots:
            raise Problem(
                (*place, "emulated_slots"),
                f"{one.emulated_slots} emulated slots are more than all {one.slots}",
                "emulated slots are a part of the slots",
            )


def registry_fault(registry: str) -> tuple[str, str]:
    """Say why docker cannot push to `HOST[:PORT][/PATH]`, or would push elsewhere, and what to give instead; empty when it is right.

    Source: https://docs.docker.com/reference/cli/docker/image/tag/#description
    """
    host, _, port = registry.partition("/")[0].partition(":")
    if port and not 1 <= int(port) <= 65535:
        return f"{host} has no port {port}", "ports are numbers from 1 to 65535"
    if not port and "." not in host and host != "localhost":
        return (
            f'docker takes "{host}", a name without a dot, for a namespace of its default registry',
            f"give HOST.DOMAIN or HOST:PORT (for the default registry: docker.io/{host})",
        )
    return "", ""


def _check_registries(settings: Settings) -> None:
    named = [(("plain_registries", index), one) for index, one in enumerate(settings.plain_registries)]
    for place, one in ((("registry",), settings.registry), *named):
        if one is not None and (fault := registry_fault(one))[0]:
            raise Problem(place, *fault)
    # Bases may well come from a namespace of the default registry.
    if (base := settings.base_registry) is not None and ":" in base and (fault := registry_fault(base))[0]:
        raise Problem(("base_registry",), *fault)
