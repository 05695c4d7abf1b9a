"""An encoder that encodes each text once, for work that comes back to the same texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from retrieval.encoder import Encoder, Vectors


class Remembering(Encoder):
    """Another encoder, with all it encoded kept: measuring reads the same rows several times, and so does a search."""

    def __init__(self, encoder: Encoder) -> None:
        """Work as ``encoder`` does, on its session and its threads, and with what it remembers if it is such a one."""
        self.__dict__.update(encoder.__dict__)
        self._known: dict[tuple[str, int, str], Vectors] = getattr(encoder, "_known", {})

    def _encoded(
        self, texts: Sequence[str], kind: str, width: int, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        missing = [text for text in dict.fromkeys(texts) if (kind, width, text) not in self._known]
        vectors = super()._encoded(missing, kind, width, progress)
        self._known.update(((kind, width, text), vector) for text, vector in zip(missing, vectors, strict=True))
        if not texts:
            return vectors
        return np.stack([self._known[kind, width, text] for text in texts])
