"""What a description can do without: when it has more bytes than the registry takes, these parts go, one step after the other.

Least useful first, always whole parts, and never a tag. Docker Hub takes 25,000 bytes of a description.
Source: https://github.com/docker-library/docs/blob/master/push.pl
"""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes of UTF-8 that Docker Hub takes.
HUB_LIMIT = 25_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Parts (blocks of the templates) that go together, under one name, and why they can.

    `unlinked` are lists of tags that stay, but without their links.
    """

    name: str
    reason: str
    parts: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()


#: In the order in which they go. What a later step drops may hold what an earlier one dropped already.
STEPS = (
    Step(name="logo", parts=("logo",), reason="it tells nothing, and the page has a picture of its own"),
    Step(name="script for Python 2", parts=("script_second",), reason="it differs from the example above it by a digit"),
    Step(
        name="Dockerfile for Python 2",
        parts=("usage_second",),
        reason="it differs from the example above it by a digit",
    ),
    Step(name="tools in Alpine images", parts=("apk",), reason="who takes such an image sees at once what is missing"),
    Step(name="what buildpack-deps is", parts=("buildpack",), reason="its own page tells it"),
    Step(name="supported Docker versions", parts=("engines",), reason="every engine of today runs the images"),
    Step(name="source of this description", parts=("description",), reason="it helps those who write it, not those who read it"),
    Step(name="image updates", parts=("updates",), reason="it helps those who maintain the images"),
    Step(name="published image artifact details", parts=("artifacts",), reason="a registry shows them, too"),
    Step(name="where licenses were detected", parts=("detected",), reason="whoever has to know looks into the image itself"),
    Step(name="what Python is", parts=("about", "logo"), reason="who looks for the image knows it"),
    Step(name="code names in tags", parts=("suites",), reason="the list of tags shows them"),
    Step(name="musl in Alpine images", parts=("musl",), reason="Alpine's own page tells it"),
    Step(name="running a single script", parts=("script", "script_second"), reason="it follows from the other example"),
    Step(
        name="image variants",
        parts=("variants", "full", "buildpack", "suites", "slim", "alpine", "musl", "apk"),
        reason="the tags are named after them",
    ),
    Step(
        name="how to use this image",
        parts=("usage", "usage_second", "usage_run", "script", "script_second"),
        reason="it is the same for every image of a language, and the repository has it",
    ),
    Step(name="badge", parts=("badge",), reason="the build job tells those who need to know"),
    Step(
        name="quick reference",
        parts=(
            "reference", "help", "issues", "keepers", "architectures", "artifacts", "updates", "description", "engines"
        ),
        reason="the repository, which the tags lead to, tells it, too",
    ),
    Step(name="license", parts=("license", "detected", "liability"), reason="it is no more than links to what applies anyway"),
    Step(name="links of shared tags", unlinked=("shared",), reason="the simple tags have the same links"),
    Step(name="links of simple tags", unlinked=("simple",), reason="the tags themselves matter more"),
)  # fmt: skip
