"""The bill of materials of an image, as an SPDX 2.3 document in JSON.

SPDX and not CycloneDX: cosign, buildx and the registries that show bills of materials read it all alike, `spdx-tools` is kept by the SPDX
group itself and brings the validator that others hold our documents against, and it runs on Python 3.11. It is imported here only: its
0.2 s and its dependencies are paid for by nothing else.

Source: https://spdx.github.io/spdx-spec/v2.3/
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from license_expression import LicenseExpression  # type: ignore[import-untyped]
from packageurl import PackageURL
from spdx_tools.spdx.jsonschema.document_converter import DocumentConverter
from spdx_tools.spdx.model import (
    Actor,
    ActorType,
    Checksum,
    ChecksumAlgorithm,
    CreationInfo,
    Document,
    ExternalPackageRef,
    ExternalPackageRefCategory,
    ExtractedLicensingInfo,
    Package,
    PackagePurpose,
    Relationship,
    RelationshipType,
    SpdxNoAssertion,
)
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from orchestrator.contents.licences import is_spdx, licensing
from orchestrator.contents.model import Component, Contents, Ecosystem
from orchestrator.errors import VerificationError

#: What the document is where it is attached to an image: https://www.iana.org/assignments/media-types/application/spdx+json
MEDIA_TYPE = "application/spdx+json"
_DOCUMENT = "SPDXRef-DOCUMENT"
_IMAGE = "SPDXRef-Image"
#: An image that does not say when it was made; reproducible builds that were told no time say so themselves.
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
#: What a package is for, where its ecosystem tells.
_PURPOSES = {Ecosystem.GENERIC: PackagePurpose.APPLICATION, Ecosystem.PYPI: PackagePurpose.LIBRARY}


def sbom(contents: Contents, *, name: str, version: str) -> bytes:
    """Write the document for an image called `name` (`python`) with the tag `version` (`3.7.2-slim-stretch`): UTF-8, one line's end at the end.

    The same contents under the same name give the same bytes, whenever and by whichever release of this program they are written: the
    document's time is the image's own, its namespace comes from the image's digest. Raises `VerificationError` where the result is not valid.
    """
    document = _document(contents, name, version)
    if wrong := validate_full_spdx_document(document):
        raise VerificationError(
            f"the SBOM of {name}:{version} ({contents.digest[:19]}) is not valid SPDX: {wrong[0].validation_message}",
            mend="this is a mistake of this program: please report it with the image",
        )
    converter = DocumentConverter()  # type: ignore[no-untyped-call]
    return json.dumps(converter.convert(document), indent=1, ensure_ascii=False).encode() + b"\n"


def _document(contents: Contents, name: str, version: str) -> Document:
    references = _references(contents.components)
    image = _image(contents, name, version)
    packages = _packages(contents.components, references)
    contained = [Relationship(_IMAGE, RelationshipType.CONTAINS, package.spdx_id) for package in packages]
    architecture = contents.platform.replace("/", "-")
    return Document(
        creation_info=CreationInfo(
            spdx_version="SPDX-2.3",
            spdx_id=_DOCUMENT,
            name=f"{name}-{version}-{architecture}",
            document_namespace=f"https://spdx.org/spdxdocs/{name}-{contents.digest.replace(':', '-')}",
            # Without this program's version: another release of it changes nothing about an image.
            creators=[Actor(ActorType.TOOL, "orchestrator")],
            created=_created(contents.created),
        ),
        packages=[image, *packages],
        relationships=[Relationship(_DOCUMENT, RelationshipType.DESCRIBES, _IMAGE), *contained],
        extracted_licensing_info=[
            ExtractedLicensingInfo(
                license_id=reference,
                license_name=words,
                extracted_text=f"The packages name this licence as: {words}",
            )
            for words, reference in references.items()
        ],
    )


def _created(text: str) -> datetime:
    """The image's time, to the second, as SPDX has it."""
    try:
        # RFC 3339 allows more digits than microseconds have.
        found = datetime.fromisoformat(re.sub(r"\.\d+", "", text))
    except ValueError:
        return _NO_TIME
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _image(contents: Contents, name: str, version: str) -> Package:
    _, _, rest = contents.platform.partition("/")
    architecture = rest.partition("/")[0]
    purl = PackageURL(type="oci", name=name, version=contents.digest, qualifiers={"arch": architecture, "tag": version})
    return Package(
        spdx_id=_IMAGE,
        name=name,
        version=version,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        checksums=[_sha256(contents.digest)],
        license_concluded=SpdxNoAssertion(),
        license_declared=SpdxNoAssertion(),
        copyright_text=SpdxNoAssertion(),
        external_references=[_locator("purl", purl.to_string())],
        primary_package_purpose=PackagePurpose.CONTAINER,
    )


def _packages(components: Iterable[Component], references: Mapping[str, str]) -> list[Package]:
    found: dict[str, Package] = {}
    for component in components:
        name = _unused(f"SPDXRef-Package-{component.ecosystem}-{_plain(component.name)}", found)
        found[name] = _package(component, name, references)
    return list(found.values())


def _package(component: Component, name: str, references: Mapping[str, str]) -> Package:
    address = component.source if component.source.startswith("https://") else ""
    built_from = f"built from the source package {component.source}" if component.source and not address else None
    locators = [_locator("purl", component.purl)] if component.purl else []
    checksums = []
    if component.ecosystem is Ecosystem.GENERIC:
        # Scanners look for what no package manager installed by its CPE: https://nvd.nist.gov/products/cpe
        locators.append(_locator("cpe23Type", f"cpe:2.3:a:python:python:{component.version}:*:*:*:*:*:*:*"))
        qualifiers = PackageURL.from_string(component.purl).qualifiers
        checksums = [_sha256(qualifiers["checksum"])]
    return Package(
        spdx_id=name,
        name=component.name,
        version=component.version,
        download_location=address or SpdxNoAssertion(),
        files_analyzed=False,
        checksums=checksums,
        source_info=built_from,
        license_concluded=SpdxNoAssertion(),
        license_declared=_declared(component, references),
        copyright_text=SpdxNoAssertion(),
        external_references=locators,
        primary_package_purpose=_PURPOSES.get(component.ecosystem),
    )


def _declared(component: Component, references: Mapping[str, str]) -> LicenseExpression | SpdxNoAssertion:
    """Join what applies at once."""
    terms = [f"({references.get(entry, entry)})" for entry in component.licences]
    return licensing().parse(" AND ".join(terms)) if terms else SpdxNoAssertion()


def _references(components: Iterable[Component]) -> dict[str, str]:
    """Name every licence that SPDX has no identifier for, by the packages' own words."""
    words = sorted({entry for one in components for entry in one.licences if not is_spdx(entry)})
    found: dict[str, str] = {}
    for entry in words:
        found[entry] = _unused(f"LicenseRef-{_plain(entry)}", found.values())
    return found


def _unused(wanted: str, taken: Collection[str]) -> str:
    """Number what is called like another one: `libstdc++` and `libstdc` are spelt the same."""
    return next(name for name in (wanted, *(f"{wanted}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)


def _plain(text: str) -> str:
    """Letters, digits, dots and hyphens, of which alone an SPDX id may be made."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.") or "unnamed"


def _sha256(digest: str) -> Checksum:
    return Checksum(ChecksumAlgorithm.SHA256, digest.removeprefix("sha256:"))


def _locator(kind: str, locator: str) -> ExternalPackageRef:
    category = ExternalPackageRefCategory.PACKAGE_MANAGER if kind == "purl" else ExternalPackageRefCategory.SECURITY
    return ExternalPackageRef(category, kind, locator)
