"""The contents of an image, read from the files and the config that proofs look at anyway: nothing is saved or run for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packageurl import PackageURL

from orchestrator.contents.copyright import licences_of
from orchestrator.contents.distributions import distributions
from orchestrator.contents.licences import entries, gathered
from orchestrator.contents.model import Component, Contents, Ecosystem, LayerEntry
from orchestrator.matrix.model import Line
from orchestrator.prove.packages import Package, installed
from orchestrator.prove.survey.archive import Saved
from orchestrator.prove.survey.survey import View

_CPYTHON_LICENCE = "PSF-2.0"
#: The distribution, where an image does not say which it is.
_VENDORS = {Ecosystem.DEB: "debian", Ecosystem.APK: "alpine"}


def contents_of(saved: Saved, *, digest: str, line: Line) -> Contents:
    """Read an image with this digest that has been proven to hold the release of `line`."""
    view = saved.survey.whole
    found = [*_of_the_distribution(view), *_of_python(view), _cpython(line)]
    return Contents(
        digest=digest,
        platform=saved.image.platform,
        created=saved.image.created,
        environment={name: value for name, _, value in (word.partition("=") for word in saved.image.environment)},
        command=saved.image.command,
        layers=_layers(saved),
        components=tuple(sorted(found, key=lambda one: (one.ecosystem, one.name, one.version))),
    )


def _layers(saved: Saved) -> tuple[LayerEntry, ...]:
    """Lay the history along the layers, from the top: of a base that was imported, or squashed, it may tell less than there is."""
    made_by = [entry.text for entry in saved.image.history if not entry.empty]
    missing = len(saved.blobs) - len(made_by)
    texts = [""] * missing + made_by[max(-missing, 0) :]
    return tuple(
        LayerEntry(digest=blob.digest, size=blob.size, made_by=text)
        for blob, text in zip(saved.blobs, texts, strict=True)
    )


def _of_the_distribution(view: View) -> Iterator[Component]:
    ecosystem = Ecosystem.DEB if "/var/lib/dpkg/status" in view.contents else Ecosystem.APK
    release = _release(view)
    vendor = release.get("ID") or _VENDORS[ecosystem]
    suite = release.get("VERSION_CODENAME", "")
    for package in installed(view).values():
        if package.name.startswith("."):
            continue  # a name that apk gives to a set of packages
        # The specification knows a distro for Debian's packages only.
        qualifiers = {"arch": package.architecture} | ({"distro": suite} if ecosystem is Ecosystem.DEB else {})
        yield Component(
            ecosystem=ecosystem,
            name=package.name,
            version=package.version,
            architecture=package.architecture,
            licences=_stated(package, view) if ecosystem is Ecosystem.DEB else _of_alpine(package.licence),
            source=package.source if package.source != f"{package.name} {package.version}" else "",
            purl=_purl(ecosystem, package.name, package.version, vendor, qualifiers),
        )


def _release(view: View) -> dict[str, str]:
    """What `os-release` says.

    Source: https://www.freedesktop.org/software/systemd/man/latest/os-release.html
    """
    text = view.text(view.resolve("/etc/os-release") or "")
    return dict(re.findall(r"^([A-Z_]+)=[\"']?([^\"'\n]*)", text, re.MULTILINE))


def _stated(package: Package, view: View) -> tuple[str, ...]:
    """The licences in a Debian package's copyright file; none where the image came without it, as some slim ones do."""
    path = view.resolve(f"/usr/share/doc/{package.name}/copyright")
    return licences_of(view.text(path)) if path else ()


def _of_alpine(field: str) -> tuple[str, ...]:
    """Read the licence of an apk: an expression or, before Alpine 3.9, names with spaces between them."""
    if re.search(r"\b(?:and|or|with)\b", field, re.IGNORECASE):
        return gathered([field])
    return gathered(field.split())


def _of_python(view: View) -> Iterator[Component]:
    for one in distributions(view):
        yield Component(
            ecosystem=Ecosystem.PYPI,
            name=one.name,
            version=one.version,
            licences=one.licences,
            purl=_purl(Ecosystem.PYPI, one.name, one.version),
        )


def _cpython(line: Line) -> Component:
    """CPython itself, which no package manager knows of: it was built from the tarball with this checksum."""
    source = line.source
    return Component(
        ecosystem=Ecosystem.GENERIC,
        name="cpython",
        version=line.release,
        licences=entries(_CPYTHON_LICENCE),
        source=source.url,
        purl=_purl(
            Ecosystem.GENERIC,
            "cpython",
            line.release,
            qualifiers={"checksum": f"sha256:{source.sha256}", "download_url": source.url},
        ),
    )


def _purl(
    ecosystem: Ecosystem, name: str, version: str, vendor: str = "", qualifiers: dict[str, str] | None = None
) -> str:
    stated = {key: value for key, value in (qualifiers or {}).items() if value}
    return PackageURL(
        type=str(ecosystem), namespace=vendor or None, name=name, version=version or None, qualifiers=stated or None
    ).to_string()
