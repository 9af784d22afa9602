"""From the document to the model: the rules that hold between its parts, and the published order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.matrix import tags
from orchestrator.matrix.document import LineDocument, MatrixDocument, PinDocument, SuiteDocument
from orchestrator.matrix.model import (
    Architecture,
    Family,
    Flavor,
    Hub,
    Image,
    Line,
    Matrix,
    Pin,
    Platform,
    Source,
    Suite,
    Variant,
)
from orchestrator.system.strict import Place, Problem, did_you_mean


def assemble(document: MatrixDocument, path: Path) -> Matrix:
    """Check what no single value shows, and build the model. Raises `Problem`."""
    known = _architectures(document)
    enabled = _enabled(document, known)
    suites = tuple(_suite(name, suite, known) for name, suite in document.suites.items())
    _check_defaults(document, suites)
    lines = tuple(
        sorted(
            (_line(name, line, document.release_site) for name, line in document.lines.items()),
            key=lambda line: line.version,
            reverse=True,
        )
    )
    if not lines:
        raise Problem(("lines",), "there is no line", "add at least one")
    _check_lines(document)
    images = tuple(
        Image(
            line=line,
            variant=variant,
            tags=tags.simple_tags(
                aliases,
                tags.variant_names(
                    variant, default_suite=document.default_suite, default_alpine=document.default_alpine
                ),
            ),
            shared_tags=tags.shared_tags(aliases, variant, default_suite=document.default_suite),
        )
        for line in lines
        for aliases in [tags.line_aliases(line.release, line.name, line.aliases)]
        for variant in _variants(line.name, document, suites)
    )
    _check_tags(images)
    return Matrix(
        path=path,
        name=document.name,
        default_suite=document.default_suite,
        default_alpine=document.default_alpine,
        known=tuple(known.values()),
        enabled=enabled,
        best_effort=_best_effort(document, enabled),
        suites=suites,
        lines=lines,
        images=images,
        release_site=document.release_site,
        hub=_hub(document, known),
    )


def _hub(document: MatrixDocument, known: Mapping[str, Architecture]) -> Hub | None:
    hub = document.hub
    if hub is None:
        return None
    _unique(hub.maintainers, ("hub", "maintainers"))
    for name in hub.elsewhere:
        if name in known:
            raise Problem(
                ("hub", "elsewhere", name),
                f'the architecture "{name}" is declared under "architectures", too',
                "name here only what others build",
            )
    return Hub(
        repository=hub.repository.removesuffix(".git"),
        maintainers=hub.maintainers,
        build_job=hub.build_job,
        elsewhere=dict(hub.elsewhere),
    )


def _unique(values: Sequence[str], place: Place) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise Problem((*place, index), f"{json.dumps(value)} stands twice in this list", "keep one of the two")


def _architectures(document: MatrixDocument) -> Mapping[str, Architecture]:
    known: dict[str, Architecture] = {}
    taken: dict[str, str] = {}
    for name, platform in document.architectures.items():
        if platform in taken:
            raise Problem(
                ("architectures", name),
                f"{platform} is already the platform of {taken[platform]}",
                "give each architecture a platform of its own",
            )
        taken[platform] = name
        known[name] = Architecture(name=name, platform=Platform.parse(platform))
    return known


def _enabled(document: MatrixDocument, known: Mapping[str, Architecture]) -> tuple[Architecture, ...]:
    place = ("enabled_architectures",)
    _unique(document.enabled_architectures, place)
    for index, name in enumerate(document.enabled_architectures):
        if name not in known:
            raise Problem((*place, index), f'the architecture "{name}" is not declared', did_you_mean(name, known))
    return tuple(known[name] for name in document.enabled_architectures)


def _best_effort(document: MatrixDocument, enabled: Sequence[Architecture]) -> Mapping[str, str]:
    place, names = ("best_effort_architectures",), [one.name for one in enabled]
    for name in document.best_effort_architectures:
        if name not in names:
            raise Problem((*place, name), f'the architecture "{name}" is not enabled', did_you_mean(name, names))
    if names and set(names) <= set(document.best_effort_architectures):
        raise Problem(place, "no architecture is left that is required", "leave out at least one")
    return dict(document.best_effort_architectures)


def _suite(name: str, suite: SuiteDocument, known: Mapping[str, Architecture]) -> Suite:
    place = ("suites", name)
    if (suite.family is Family.ALPINE) != name.startswith("alpine"):
        raise Problem(
            (*place, "family"),
            f'a suite of the family "{suite.family}" cannot be called "{name}"',
            "Alpine's suites are called alpine3.8 and so on; Debian's go by their code name",
        )
    bases = {flavor: base for flavor in Flavor if (base := getattr(suite.bases, flavor.value)) is not None}
    for flavor in bases:
        if (flavor is Flavor.ALPINE) != (suite.family is Family.ALPINE):
            raise Problem(
                (*place, "bases", flavor.value),
                f'the family "{suite.family}" has no flavor "{flavor}"',
                'Debian suites have "full" and "slim", Alpine suites have "alpine"',
            )
    if not bases:
        raise Problem((*place, "bases"), "there is no base image", "name at least one")
    _unique(suite.architectures, (*place, "architectures"))
    for index, architecture in enumerate(suite.architectures):
        if architecture not in known:
            raise Problem(
                (*place, "architectures", index),
                f'the architecture "{architecture}" is not declared',
                did_you_mean(architecture, known),
            )
    return Suite(
        name=name,
        family=suite.family,
        bases=bases,
        architectures=tuple(sorted(suite.architectures)),
        archived=suite.archived,
    )


def _check_defaults(document: MatrixDocument, suites: Sequence[Suite]) -> None:
    for key, name, family in (
        ("default_suite", document.default_suite, Family.DEBIAN),
        ("default_alpine", document.default_alpine, Family.ALPINE),
    ):
        names = [suite.name for suite in suites if suite.family is family]
        if name is not None and name not in names:
            raise Problem(
                (key,), f'"{name}" is not a {family.value.capitalize()} suite declared here', did_you_mean(name, names)
            )


def _pin(name: str, pin: PinDocument) -> Pin:
    return Pin(name=name, version=pin.version, sha256=pin.sha256)


def _line(name: str, line: LineDocument, site: str) -> Line:
    place = ("lines", name)
    if not line.release.startswith(f"{name}."):
        raise Problem(
            (*place, "release"), f'"{line.release}" is not a release of {name}', f"write {name}. and the patch number"
        )
    number = re.split(r"[a-z]", line.release, maxsplit=1)[0]
    _unique([extra.name for extra in line.extras], (*place, "extras"))
    for index, extra in enumerate(line.extras):
        if extra.name in {"pip", "setuptools", "wheel"}:
            raise Problem(
                (*place, "extras", index, "name"),
                f'"{extra.name}" has a key of its own',
                f'set it under "{extra.name}" of the line',
            )
    return Line(
        name=name,
        release=line.release,
        aliases=line.aliases,
        gpg_key=line.gpg_key,
        source=Source(
            # Pre-releases lie in the directory of the release that they lead to.
            url=f"{site}/{number}/Python-{line.release}.{line.source.format}",
            sha256=line.source.sha256,
            pool=line.source.pool,
        ),
        pip=_pin("pip", line.pip),
        setuptools=_pin("setuptools", line.setuptools),
        wheel=_pin("wheel", line.wheel),
        extras=tuple(Pin(name=extra.name, version=extra.version, sha256=extra.sha256) for extra in line.extras),
    )


def _check_lines(document: MatrixDocument) -> None:
    checksums: dict[str, str] = {}
    owners: dict[str, str] = {}
    for name, line in document.lines.items():
        if line.source.sha256 in checksums:
            raise Problem(
                ("lines", name, "source", "sha256"),
                f"this is also the checksum of {checksums[line.source.sha256]}",
                f"write the sha256 of the {line.release} tarball",
            )
        checksums[line.source.sha256] = name
        for alias in (name, line.release):
            owners[alias] = name
    for name, line in document.lines.items():
        for index, alias in enumerate(line.aliases):
            if alias in owners:
                raise Problem(
                    ("lines", name, "aliases", index),
                    f'the alias "{alias}" already belongs to {owners[alias]}',
                    "a tag can point at one line only: remove it from one of them",
                )
            owners[alias] = name


def _variants(line: str, document: MatrixDocument, suites: Sequence[Suite]) -> tuple[Variant, ...]:
    """Find the line's variants, in published order: Debian (the default suite first; full, slim), then Alpine, newest first."""
    place = ("lines", line, "variants")
    names = document.lines[line].variants
    _unique(names, place)
    possible = {
        variant.name: variant
        for suite in suites
        for flavor in suite.bases
        for variant in [Variant(suite=suite, flavor=flavor)]
    }
    for index, name in enumerate(names):
        if name not in possible:
            raise Problem((*place, index), f'no suite offers the variant "{name}"', did_you_mean(name, possible))
    order = {suite.name: index for index, suite in enumerate(suites)}

    def published(variant: Variant) -> tuple[object, ...]:
        suite = variant.suite
        if suite.family is Family.ALPINE:
            return 1, tuple(-number for number in suite.version)
        return 0, suite.name != document.default_suite, order[suite.name], variant.flavor is Flavor.SLIM

    return tuple(sorted((possible[name] for name in names), key=published))


def _check_tags(images: Sequence[Image]) -> None:
    owners: dict[str, Image] = {}
    for image in images:
        for tag in (*image.tags, *image.shared_tags):
            if tag in owners:
                raise Problem(
                    ("lines", image.line.name, "aliases"),
                    f'the tag "{tag}" would belong to both {owners[tag].id} and {image.id}',
                    "change the alias or the variant that makes it",
                )
            owners[tag] = image
