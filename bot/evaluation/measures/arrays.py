"""What all measures ask of their input: as many of one as of the other, and numbers that are numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: What a measure takes for each item: a plain sequence or a numpy array.
Numbers = Sequence[float] | npt.NDArray[np.number] | Bools
Flags = Sequence[bool] | Bools


def columns(*values: Numbers) -> Floats:
    """Return ``values``, one number an item each, side by side: (items, values).

    Raises ValueError where they are not as many as each other, or one of them is no finite number.
    """
    arrays = [np.asarray(some, dtype=np.float64) for some in values]
    if len({array.shape for array in arrays}) != 1 or arrays[0].ndim != 1:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(f"one number an item is expected, as many of each; these have the shapes {shapes}")
    rows = np.stack(arrays, axis=1)
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        raise ValueError(f"item {wrong[0]} (the first is 0) has a number that is not finite: {rows[wrong[0]].tolist()}")
    return rows


def chances(confidence: Numbers, right: Flags) -> Floats:
    """Return chances and whether each came true, 0 or 1, side by side: (items, 2).

    Raises ValueError where `columns` does, and where a chance is not between 0 and 1.
    """
    rows = columns(confidence, right)
    wrong = np.flatnonzero((rows[:, 0] < 0) | (rows[:, 0] > 1))
    if len(wrong):
        raise ValueError(f"item {wrong[0]} (the first is 0) has the confidence {rows[wrong[0], 0]}, not 0 to 1")
    return rows
