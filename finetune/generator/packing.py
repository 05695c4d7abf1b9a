"""Several examples in one row of tokens, so that hardly any padding is computed.

Where an example begins its positions begin anew: transformers tells by them what may attend to what (a block-diagonal
mask, or the varlen kernels of flash attention; Krell et al. 2021, arXiv 2107.02027). Padding goes on with the positions
of the example before it, which never looks ahead.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from finetune.generator.template import Cut
from finetune.network import Batch

#: Widths that rows may have, in times the longest example.
_WIDTHS = (1.0, 1.25, 1.5, 2.0)

#: What is no target.
IGNORED = -100


def rows_of(lengths: Sequence[int], width: int) -> list[list[int]]:
    """Return places in ``lengths``, put together so that few rows of ``width`` hold them: first fit, longest first.

    At most 11/9 of the fewest possible rows, and one (Johnson 1973, Near-optimal bin packing algorithms).
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        row = next((row for row, left in enumerate(room) if left >= lengths[place]), len(rows))
        if row == len(rows):
            rows.append([])
            room.append(width)
        rows[row].append(place)
        room[row] -= lengths[place]
    return rows


def packed(cuts: Sequence[Cut], pad: int, width: int) -> Batch:
    """Return ``cuts`` in rows of at most ``width`` tokens.

    Of some widths it is the one with the least padding, the narrowest of equals: attention over a row costs the square
    of its length.
    """
    lengths = [len(cut.ids) for cut in cuts]
    widths = [min(round(times * max(lengths)), max(width, max(lengths))) for times in _WIDTHS]
    rows = min((rows_of(lengths, each) for each in widths), key=lambda rows: _tokens(rows, lengths))
    return laid([[cuts[place] for place in row] for row in rows], pad)


def _tokens(rows: Sequence[Sequence[int]], lengths: Sequence[int]) -> int:
    """Return how many tokens ``rows`` hold, with padding."""
    return len(rows) * max(sum(lengths[place] for place in row) for row in rows)


def laid(rows: Sequence[Sequence[Cut]], pad: int) -> Batch:
    """Return ``rows`` as tensors; a target stands where the token before it is read."""
    width = max(sum(len(cut.ids) for cut in row) for row in rows)
    ids = torch.full((len(rows), width), pad, dtype=torch.long)
    targets = torch.full((len(rows), width), IGNORED, dtype=torch.long)
    positions = torch.zeros((len(rows), width), dtype=torch.long)
    for number, row in enumerate(rows):
        begin = 0
        for cut in row:
            end = begin + len(cut.ids)
            ids[number, begin:end] = torch.tensor(cut.ids)
            targets[number, begin + cut.start - 1 : end - 1] = torch.tensor(cut.ids[cut.start :])
            positions[number, begin:] = torch.arange(width - begin)
            begin = end
    return Batch(ids=ids, positions=positions, targets=targets)
