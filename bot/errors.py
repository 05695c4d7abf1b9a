"""What can go wrong in the service. One tree with the libraries' errors, whose root is `retrieval.errors.KefuError`."""

from __future__ import annotations

from retrieval.errors import KefuError

__all__ = ["KefuError", "OverloadedError", "SettingsError", "UsageError"]


class SettingsError(KefuError):
    """The settings are not usable."""


class UsageError(KefuError):
    """That is not how this is used."""


class OverloadedError(KefuError):
    """Too many messages are waiting. Nothing of this one was kept: send it again in a moment."""
