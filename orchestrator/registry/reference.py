"""What an image is called in a registry: host, repository, tag or digest."""

from __future__ import annotations

from dataclasses import dataclass

from docker import auth

#: Where the default registry answers to its protocol; `docker.io` itself is only a name.
_DEFAULT_HOST = f"registry-1.{auth.INDEX_NAME}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """`HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]`, taken apart as the docker command does it."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Take a reference apart. Raises `docker.errors.InvalidRepository` for what is none."""
        registry, name = auth.resolve_repository_name(text)
        name, _, digest = name.partition("@")
        repository, _, tag = name.partition(":")
        if registry == auth.INDEX_NAME and "/" not in repository:
            repository = f"library/{repository}"
        return cls(registry=registry, repository=repository, tag=tag, digest=digest)

    @property
    def wanted(self) -> str:
        """What a manifest is asked for by: the digest, else the tag."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def address(registry: str) -> str:
    """Where a registry answers: for all but the default one, where it is called."""
    return _DEFAULT_HOST if registry == auth.INDEX_NAME else registry
