"""The one tree of errors. The docstring of a class is its message, so a bare ``raise`` still explains itself."""

from __future__ import annotations

import inspect


class KefuError(Exception):
    """Something went wrong in kefu."""

    #: What the command line exits with: 1 a check did not hold, 2 bad usage or input, 3 something needed is missing.
    exit_code = 2

    def __init__(self, detail: str = "") -> None:
        """Say what happened; ``detail`` adds where, and what to do next."""
        message = inspect.cleandoc(type(self).__doc__ or "")
        self.detail = detail
        super().__init__(f"{message}\n{detail}" if detail else message)


def told(error: Exception) -> str:
    """Return what an error says; of one that is not ours, which kind it is as well."""
    return str(error) if isinstance(error, KefuError) else f"{type(error).__name__}: {error}"


class MissingExtraError(KefuError):
    """A library that this needs is not installed."""

    exit_code = 3

    def __init__(self, library: str, extra: str) -> None:
        """Name the library and the extra of the distribution that brings it."""
        super().__init__(f"{library} is missing. Install it with: pip install 'kefu[{extra}]'")


class SourceError(KefuError):
    """A knowledge source cannot be read."""


class EncoderError(KefuError):
    """The encoder cannot be loaded."""

    exit_code = 3


class IndexMissingError(KefuError):
    """There is no knowledge index yet. Build one with: kefu ingest."""

    exit_code = 3


class IndexBrokenError(KefuError):
    """The knowledge index cannot be used. Build it again with: kefu ingest."""
