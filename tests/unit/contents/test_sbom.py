"""The bill of materials: valid SPDX, the same bytes for the same contents."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from spdx_tools.spdx.parser.json import json_parser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from orchestrator.contents.model import Component, Contents, Ecosystem
from orchestrator.contents.sbom import sbom
from orchestrator.errors import VerificationError
from tests.unit.contents.images import DIGEST, LINE, debian, python, read

WHOLE = read(debian(), python())


def written(contents: Contents = WHOLE) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(sbom(contents, name="python", version="3.9.2-slim-bullseye"))
    return document


def packages(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in document["packages"]}


def test_what_is_written_is_read_back_and_valid(tmp_path: Path) -> None:
    path = tmp_path / "sbom.spdx.json"
    path.write_bytes(sbom(WHOLE, name="python", version="3.9.2"))
    assert validate_full_spdx_document(json_parser.parse_from_file(str(path))) == []


def test_the_same_contents_give_the_same_bytes() -> None:
    first, again = (sbom(dataclasses.replace(WHOLE), name="python", version="3.9.2") for _ in range(2))
    assert first == again
    assert first.endswith(b"}\n")


def test_the_document_is_about_the_image() -> None:
    document = written()
    assert document["spdxVersion"] == "SPDX-2.3"
    assert document["documentNamespace"] == f"https://spdx.org/spdxdocs/python-{DIGEST.replace(':', '-')}"
    assert document["creationInfo"] == {"created": "2025-08-09T09:16:30Z", "creators": ["Tool: orchestrator"]}
    (image,) = [one for one in document["packages"] if one["SPDXID"] == "SPDXRef-Image"]
    assert image["primaryPackagePurpose"] == "CONTAINER"
    assert image["checksums"] == [{"algorithm": "SHA256", "checksumValue": DIGEST.removeprefix("sha256:")}]
    (purl,) = [one["referenceLocator"] for one in image["externalRefs"]]
    assert purl == f"pkg:oci/python@{DIGEST}?arch=amd64&tag=3.9.2-slim-bullseye"
    relations = [
        (one["spdxElementId"], one["relationshipType"], one["relatedSpdxElement"]) for one in document["relationships"]
    ]
    assert relations[0] == ("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image")
    assert relations[1:] == [("SPDXRef-Image", "CONTAINS", one["SPDXID"]) for one in document["packages"][1:]]
    assert len(relations) == len(WHOLE.components) + 1


def test_packages_have_version_licence_source_and_locator() -> None:
    found = packages(written())
    zlib = found["zlib1g"]
    assert (zlib["versionInfo"], zlib["licenseDeclared"]) == ("1:1.2.11.dfsg-2+deb11u2", "Zlib")
    assert zlib["sourceInfo"] == "built from the source package zlib 1:1.2.11.dfsg-2+deb11u2"
    assert zlib["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/zlib1g@")
    assert "sourceInfo" not in found["netbase"]
    assert found["tzdata"]["licenseDeclared"] == "NOASSERTION"
    assert found["wheel"]["primaryPackagePurpose"] == "LIBRARY"


def test_cpython_has_its_tarball_and_a_name_that_scanners_know() -> None:
    cpython = packages(written())["cpython"]
    assert cpython["downloadLocation"] == LINE.source.url
    assert cpython["checksums"] == [{"algorithm": "SHA256", "checksumValue": LINE.source.sha256}]
    assert cpython["licenseDeclared"] == "PSF-2.0"
    assert "cpe:2.3:a:python:python:3.9.2:*:*:*:*:*:*:*" in [one["referenceLocator"] for one in cpython["externalRefs"]]


def component(name: str, *licences: str) -> Component:
    return Component(ecosystem=Ecosystem.DEB, name=name, version="1", licences=licences)


def test_own_words_are_references_that_the_document_explains() -> None:
    made = dataclasses.replace(
        WHOLE, components=(component("a", "MIT OR ISC", "public domain", "Zlib"), component("b", "public-domain", "@@"))
    )
    document = written(made)
    found = packages(document)
    assert found["a"]["licenseDeclared"] == "(MIT OR ISC) AND LicenseRef-public-domain AND Zlib"
    assert found["b"]["licenseDeclared"] == "LicenseRef-public-domain-2 AND LicenseRef-unnamed"
    explained = {one["licenseId"]: one["name"] for one in document["hasExtractedLicensingInfos"]}
    assert explained == {
        "LicenseRef-public-domain": "public domain",
        "LicenseRef-public-domain-2": "public-domain",
        "LicenseRef-unnamed": "@@",
    }


def test_packages_that_are_spelt_alike_stay_apart() -> None:
    made = dataclasses.replace(WHOLE, components=tuple(component(name) for name in ("x+", "x++", "x-2", "x")))
    identifiers = [one["SPDXID"] for one in written(made)["packages"]]
    assert len(set(identifiers)) == 5


@pytest.mark.parametrize(
    ("created", "told"),
    [
        ("2025-08-09T11:16:30+02:00", "2025-08-09T09:16:30Z"),
        ("2025-08-09T09:16:30", "2025-08-09T09:16:30Z"),
        ("", "1970-01-01T00:00:00Z"),
        ("yesterday", "1970-01-01T00:00:00Z"),
    ],
)
def test_the_time_is_the_image_s_own(created: str, told: str) -> None:
    assert written(dataclasses.replace(WHOLE, created=created))["creationInfo"]["created"] == told


def test_what_would_not_be_valid_is_not_written() -> None:
    with pytest.raises(VerificationError, match=r"SBOM of python:3\.9\.2-slim-bullseye \(sha256:1\) is not valid SPDX"):
        written(dataclasses.replace(WHOLE, digest="sha256:1"))
