"""A sentence-transformers model to what serving loads: ONNX, int8 where that keeps its quality. Needs torch, once."""

from __future__ import annotations

import gc
import json
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.disk import folder_beside
from retrieval.encoder import Encoder, Vectors
from retrieval.source import Source

logger = logging.getLogger(__name__)

#: Part of the cache's key: raise it when an export comes out different for the same model.
EXPORT_VERSION = 4

#: Models that are built as BERT is, by the name in their configuration.
_FUSABLE = ("bert", "roberta", "xlm-roberta")

#: Stays in fp32: its inputs have the outliers that a common scale of int8 serves worst (Bondarenko et al. 2021,
#: arXiv 2109.12948). The least cosine between int8 and fp32 over 200 questions rises from 0.967 to 0.984 by it.
_SENSITIVE = "layer.0/output/dense/MatMul"

#: Mean cosine between the int8 and the fp32 vectors of `PROBES` under which a model is kept in fp32. The embedded
#: one has 0.99 and loses less than 0.3 points of nearest-neighbour accuracy (benchmarks/quantisation.py).
INT8_MIN_COSINE = 0.975

PROBES = (
    "Where is my parcel?",
    "I want my money back, the lamp arrived broken and nobody answers my mails.",
    "How long does a refund take after I returned the goods?",
    "Can I pay with PayPal or only by card?",
    "The discount code is not accepted at the checkout.",
    "Please change the delivery address of order 2048817 to my office.",
    "The warranty covers material and manufacturing defects for two years from the day of delivery.",
    "Opening hours: Monday to Friday, 9 a.m. to 6 p.m., closed on public holidays.",
    "我的快递到哪里了？",
    "退货以后多久可以收到退款？",
    "可以用支付宝或者微信付款吗？",
    "优惠码用不了怎么办？",
)


def load_encoder(name: str, cache: Path, *, threads: int = 0, progress: Callable[[str], None] | None = None) -> Encoder:
    """Return the encoder called ``name``, exported to ``cache`` the first time.

    ``name`` is as `retrieval.source.Source.find` takes it. ``progress`` is told each step of an export. Raises
    `EncoderError` when there is no such model, it is not one of safetensors, or its hash is wrong; `MissingExtraError`
    when what the export needs is not installed.
    """
    source = Source.find(name)
    fingerprint = source.fingerprint(f"export {EXPORT_VERSION}")
    folder = cache / "encoders" / fingerprint[:16]
    if not _is_whole(folder):
        _export(source, fingerprint, folder, progress or (lambda step: None))
    return Encoder(folder, threads=threads)


def _is_whole(folder: Path) -> bool:
    return all((folder / file).is_file() for file in ("encoder.json", "tokenizer.json", "model.onnx"))


def _export(source: Source, fingerprint: str, folder: Path, progress: Callable[[str], None]) -> None:
    """Write the encoder beside ``folder`` and move it there whole, so that a killed export leaves nothing behind."""
    with folder_beside(folder.parent, "export-") as work:
        about = write_onnx(source, work, progress) | {"fingerprint": fingerprint, "model": source.name}
        (work / "encoder.json").write_text(json.dumps(about, indent=2), "utf-8")
        choose_precision(work, progress)
        if folder.exists() and not _is_whole(folder):  # a copy of the cache that was cut short, or a file deleted
            shutil.rmtree(folder)
        try:
            os.rename(work, folder)
        except OSError:  # another process was faster; what it wrote is the same
            if not _is_whole(folder):
                raise


def write_onnx(source: Source, work: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """Export tokenizer and fp32 graph (pooling and normalisation included); return what `Encoder` needs to know."""
    progress("Loading the model")
    tokenizer, model = source.load()
    model.set_attn_implementation("eager")
    progress("Exporting to ONNX")
    return write_graphs(_pooled(model, first_token=source.first_token), model.config, tokenizer, source, work)


def write_graphs(
    module: Any, config: Any, tokenizer: Any, source: Source, work: Path, *, of_tokens: bool = False
) -> dict[str, Any]:
    """Write tokenizer, ``fp32.onnx`` and ``fused.onnx`` of a torch module that takes ids and mask of texts.

    ``config`` is that of the model within, and ``source`` says how texts are prompted. The module gives
    what is read of each text, or a vector for each token where it is one ``of_tokens``. Return what `Encoder` needs.
    """
    import torch

    tokenizer.backend_tokenizer.save(str(work / "tokenizer.json"))
    sample = tokenizer(["where is my parcel", "refund"], padding=True, return_tensors="pt")
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (sample["input_ids"], sample["attention_mask"]),
            str(work / "fp32.onnx"),
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": axes if of_tokens else {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    _fuse(work, config)
    return {
        "dimensions": config.hidden_size,
        "max_tokens": source.max_tokens,
        "unknown_token": tokenizer.unk_token or "",
        "prompts": source.prompts,
    }


def _pooled(model: Any, *, first_token: bool) -> Any:
    """Return a module that gives what is read of each text."""
    import torch

    from retrieval.pooling import features

    class Pooled(torch.nn.Module):  # type: ignore[misc,name-defined,unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            out = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
            return features(out.hidden_states, attention_mask, first_token=first_token)

    return Pooled()


def _fuse(work: Path, config: Any) -> None:
    """Write ``fused.onnx``: the same graph with attention, normalisation and GELU each in one node, a fifth faster.

    Models of another build than BERT's keep the graph they have.
    """
    if config.model_type not in _FUSABLE:
        shutil.copy(work / "fp32.onnx", work / "fused.onnx")
        return
    from onnxruntime.transformers.optimizer import optimize_model

    with _quiet():
        fused = optimize_model(
            str(work / "fp32.onnx"),
            model_type="bert",
            num_heads=config.num_attention_heads,
            hidden_size=config.hidden_size,
            opt_level=0,
        )
        fused.save_model_to_file(str(work / "fused.onnx"))


def choose_precision(work: Path, progress: Callable[[str], None], *, of_tokens: bool = False) -> None:
    """Make ``model.onnx``: int8 per channel, or fp32 where int8 moves the vectors too far.

    The vectors are those of texts, or of their tokens where the graphs are ``of_tokens``.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    progress("Quantising to int8")
    nodes = [node.name for node in onnx.load(work / "fused.onnx").graph.node]
    gc.collect()  # graphs refer to themselves, and are as large as the model: each that stays adds to the peak
    with _quiet():
        quantize_dynamic(
            work / "fused.onnx",
            work / "int8.onnx",
            per_channel=True,
            # On processors without VNNI two full int8 products overflow their 16-bit sum.
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[name for name in nodes if name.endswith(_SENSITIVE)],
            extra_options={"DefaultTensorType": 1},  # of the outputs of fused nodes, which have no shape: float
        )
    (work / "fused.onnx").unlink()
    vectors = {}
    for precision in ("fp32", "int8"):
        os.replace(work / f"{precision}.onnx", work / "model.onnx")
        vectors[precision] = _of_tokens(Encoder(work)) if of_tokens else Encoder(work).encode(PROBES)
        os.replace(work / "model.onnx", work / f"{precision}.onnx")
    cosine = float(np.mean(np.sum(vectors["fp32"] * vectors["int8"], axis=1)))
    chosen, other = ("int8", "fp32") if cosine >= INT8_MIN_COSINE else ("fp32", "int8")
    logger.info("encoder precision %s: mean cosine of int8 to fp32 is %.4f", chosen, cosine)
    os.replace(work / f"{chosen}.onnx", work / "model.onnx")
    (work / f"{other}.onnx").unlink()


def _of_tokens(encoder: Encoder) -> Vectors:
    return np.concatenate([vectors for _, vectors in encoder.states(PROBES)])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the optimiser and the quantiser from telling every node they touch."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
