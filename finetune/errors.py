"""What can go wrong in training. One tree with the other errors, whose root is `retrieval.errors.KefuError`."""

from __future__ import annotations

from retrieval.errors import KefuError


class DataError(KefuError):
    """The data cannot be used."""


class NothingError(DataError):
    """The data cannot be used. There is nothing in them."""


class RecipeError(KefuError):
    """The recipe cannot be used."""


class BackboneError(KefuError):
    """The backbone cannot be loaded."""

    exit_code = 3


class PlaceError(KefuError):
    """What is trained cannot be written there."""


class ArtefactError(KefuError):
    """The artefact cannot be used."""
