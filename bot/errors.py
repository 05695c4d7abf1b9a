"""What can go wrong in the service. One tree with the libraries' errors, whose root is `retrieval.errors.KefuError`."""

from __future__ import annotations

from retrieval.errors import KefuError, MissingExtraError

__all__ = ["KefuError", "MissingExtraError", "OverloadedError", "SettingsError", "StoreError", "UsageError"]


class SettingsError(KefuError):
    """The settings are not usable."""


class UsageError(KefuError):
    """That is not how this is used."""


class StoreError(KefuError):
    """The database cannot be used."""

    exit_code = 3


class OverloadedError(KefuError):
    """Too many messages are waiting. Nothing of this one was kept: send it again in a moment."""
