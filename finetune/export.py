"""What training made of an encoder, as serving loads it: ONNX, adapters merged, checked against torch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from finetune.errors import ArtefactError
from finetune.methods import merged
from finetune.network import Backbone, Network, TokenNetwork, padded
from retrieval.disk import sha256
from retrieval.encoder import Encoder
from retrieval.export import choose_precision, write_graphs

#: How far a number may be off between torch and ONNX, both in fp32.
TOLERANCE = 1e-3

#: Texts on which the two are compared.
_PROBES = 32


class _Vectors(nn.Module):
    """Takes ids and mask, as serving gives them."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.network.features(input_ids, attention_mask)


def export_encoder(network: Network, backbone: Backbone, folder: Path, texts: Sequence[str]) -> Encoder:
    """Write the encoder of ``network`` to ``folder``, int8 where that keeps its quality, and open it.

    What adapters learned is merged in place.

    Raises `ArtefactError` where ONNX says something else than torch about ``texts``.
    """
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed here
    folder.mkdir(parents=True)
    network.encoder = merged(network)
    network.eval()
    getattr(network.encoder, "set_attn_implementation", lambda kind: None)("eager")
    module = _Vectors(network).eval()
    of_tokens = isinstance(network, TokenNetwork)
    about = write_graphs(
        module, backbone.model.config, backbone.tokenizer, backbone.source, folder, of_tokens=of_tokens
    )
    _check(module, backbone, folder / "fp32.onnx", texts)
    name = {"fingerprint": sha256(folder / "fp32.onnx"), "model": backbone.source.name}
    (folder / "encoder.json").write_text(json.dumps(about | name, indent=2), "utf-8")
    choose_precision(folder, lambda step: None, of_tokens=of_tokens)
    return Encoder(folder)


def _check(module: nn.Module, backbone: Backbone, path: Path, texts: Sequence[str]) -> None:
    import onnxruntime  # after `retrieval.encoder`, which tells it to report nothing

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    pad = backbone.tokenizer.pad_token_id or 0
    for text in texts[:_PROBES]:
        ids, mask = padded([backbone.tokenizer(text, truncation=True, max_length=128)["input_ids"]], pad)
        with torch.inference_mode():
            wanted = module(ids, mask).numpy()
        (found,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
        apart = float(np.abs(wanted - found).max())
        if not apart <= TOLERANCE:
            raise ArtefactError(
                f"Exported to ONNX the model says something else than in torch (off by {apart:.4f}, tolerated are "
                f"{TOLERANCE}). The artefact was not written; another backbone or method may do better."
            )
