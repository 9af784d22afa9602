"""The lists of tags, each with the Dockerfile that it is made of.

Their form is that of the official descriptions in January 2019. Facts of it: a matrix without any shared tag has one list without
headings; one with shared tags has "Simple Tags" and "Shared Tags", also for an architecture that lacks some of the images. For an
architecture without any shared tag the official ones keep the heading over an empty list; here it is left out.

Sources: https://github.com/docker-library/docs/blob/master/.template-helpers/generate-dockerfile-links-partial.tmpl
and https://hub.docker.com/r/arm32v6/golang (for the empty list).
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.matrix.model import Image
from orchestrator.readme.page import Page


def simple_tags(page: Page, *, linked: bool = True) -> str:
    """Write a line of Markdown per image: its tags and its Dockerfile, `linked` to the commit that changed it last."""
    return "\n".join(f"-\t{_entry(page, image, image.tags, linked=linked)}" for image in page.images)


def shared_tags(page: Page, *, linked: bool = True) -> str:
    """Write a line per set of shared tags, and below it the images behind them by their first tag. Empty without any."""
    return "\n".join(
        f"-\t{_code(image.shared_tags)}:\n\t-\t{_entry(page, image, image.tags[:1], linked=linked)}"
        for image in page.images
        if image.shared_tags
    )


def _entry(page: Page, image: Image, tags: Sequence[str], *, linked: bool) -> str:
    path = f"{image.directory}/Dockerfile"
    text = f"{_code(tags)} (*{path}*)"
    return f"[{text}]({page.home.blob(page.commits[image.directory], path)})" if linked else text


def _code(tags: Sequence[str]) -> str:
    return ", ".join(f"`{tag}`" for tag in tags)
