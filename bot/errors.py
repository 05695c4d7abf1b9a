"""What can go wrong in the service. One tree with the libraries' errors, whose root is `retrieval.errors.KefuError`."""

from __future__ import annotations

import os
from typing import Self

from retrieval.errors import KefuError, MissingExtraError

__all__ = [
    "DeliveryError",
    "KefuError",
    "MissingExtraError",
    "OverloadedError",
    "RerunError",
    "ServeError",
    "SettingsError",
    "StoreError",
    "UsageError",
]


class SettingsError(KefuError):
    """The settings are not usable."""


class UsageError(KefuError):
    """That is not how this is used."""


class OutputError(KefuError):
    """The file is not written."""

    exit_code = 3


class StoreError(KefuError):
    """The database cannot be used."""

    exit_code = 3


class ServeError(KefuError):
    """The server cannot listen, or its processes only die."""

    exit_code = 3

    @classmethod
    def at(cls, host: str, port: int, error: OSError) -> Self:
        """Return what is said where the system refuses an address."""
        # asyncio puts words of its own around those of the system.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        return cls(f"{host}:{port}: {why}. Choose another address with --host and --port.")


class RerunError(KefuError):
    """The reply cannot be made again."""


class DeliveryError(KefuError):
    """A channel did not take a reply."""

    def __init__(self, detail: str = "", *, final: bool = False, after: float | None = None) -> None:
        """``final`` says that another try would fail too, ``after`` in how many seconds the channel wants to be asked.

        ``detail`` stands in logs and in the outbox: it quotes nobody and holds no secret.
        """
        super().__init__(detail)
        self.final = final
        self.after = after


class OverloadedError(KefuError):
    """Too many messages are waiting. Nothing of this one was kept: send it again in a moment."""
