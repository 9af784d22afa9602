"""Templates of text: how they are read, and what is said of one that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.errors import InvalidFileError


@cache
def environment(directories: tuple[Path, ...]) -> ImmutableSandboxedEnvironment:
    """Read templates from some directories, the first that has one: sandboxed, and refusing names that nothing stands for."""
    return ImmutableSandboxedEnvironment(
        loader=_Loader(directories),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class _Loader(FileSystemLoader):
    """Says which template is not UTF-8."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        try:
            return super().get_source(environment, template)
        except UnicodeDecodeError as error:
            paths = [Path(directory) / template for directory in self.searchpath]
            place = next((path for path in paths if path.is_file()), template)
            raise InvalidFileError(
                f"{place}: byte {error.start} is not UTF-8", mend="save the template as UTF-8"
            ) from None


@contextmanager
def template_errors(
    name: str, directories: Sequence[Path], *, about: str, missing: str, offered: str
) -> Iterator[None]:
    """Turn what goes wrong while `name` is filled in for `about` into `InvalidFileError` with the template and the line.

    `missing` is the mend where there is no such template, `offered` where it asks for something that there is not.
    """
    try:
        yield
    except TemplateNotFound as error:
        places = ", ".join(map(str, directories)) or "any directory"
        raise InvalidFileError(f"{error.name}: there is no such template in {places}", mend=missing) from None
    except TemplateSyntaxError as error:
        raise InvalidFileError(
            f"{error.filename}:{error.lineno}: {error.message}", mend="correct the template's syntax"
        ) from None
    except TemplateError as error:
        raise InvalidFileError(f"{_place_of(error, name)}: {error.message} (for {about})", mend=offered) from None
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        # Jinja2 hands on what a template's own expressions raise; what was raised outside of any is our mistake.
        place = _place_of(error, "")
        if not place:
            raise
        raise InvalidFileError(
            f"{place}: {type(error).__name__}: {error} (for {about})", mend="correct the expression there"
        ) from None


def _place_of(error: BaseException, name: str) -> str:
    """Find the innermost template line in a traceback: Jinja2 maps its frames back to the templates."""
    place = name
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.endswith(".j2"):
            place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place
