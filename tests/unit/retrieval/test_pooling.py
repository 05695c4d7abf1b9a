"""What is read of a text: its vector, and beside it that of a middle layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from retrieval import pooling

#: As the embeddings and four layers leave them: of two texts, three tokens each, and four numbers of each token.
LAYERS = list(torch.randn(5, 2, 3, 4, generator=torch.Generator().manual_seed(0)))
#: The second text has two tokens.
MASK = torch.tensor([[1, 1, 1], [1, 1, 0]])


def unit(states: torch.Tensor) -> np.ndarray:
    return (states / states.norm()).numpy()


@pytest.mark.parametrize("first_token", [False, True])
def test_the_last_layer_is_read_as_the_model_was_made_and_the_middle_one_by_its_mean(first_token: bool) -> None:
    features = pooling.features(LAYERS, MASK, first_token=first_token).numpy()
    for row, tokens in enumerate((3, 2)):
        last = LAYERS[4][row, 0] if first_token else LAYERS[4][row, :tokens].mean(0)
        assert features[row, :4] == pytest.approx(unit(last), abs=1e-6)
        assert features[row, 4:] == pytest.approx(unit(LAYERS[2][row, :tokens].mean(0)), abs=1e-6)
