"""A toy language pair: a few dozen words, in English and in Chinese, and a small teacher that reads English."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

#: Each English word, and the Chinese one that says the same.
WORDS = {
    "parcel": "包裹",
    "refund": "退款",
    "lamp": "台灯",
    "order": "订单",
    "invoice": "发票",
    "card": "银行卡",
    "password": "密码",
    "warranty": "保修",
    "voucher": "优惠券",
    "address": "地址",
    "today": "今天",
    "tomorrow": "明天",
    "broken": "损坏",
    "late": "迟到",
    "wrong": "错误",
    "new": "崭新",
    "send": "寄送",
    "pay": "付款",
    "change": "更换",
    "cancel": "取消",
    "want": "想要",
    "where": "哪里",
    "when": "何时",
    "my": "我",
}
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "?", "."]


def write_teacher(folder: Path) -> Path:
    """Write a BERT of two layers that reads the English words; its weights are random, and never see Chinese."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    vocabulary = [*_SPECIAL, *WORDS]
    torch.manual_seed(0)
    shape = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 96}
    config = BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, initializer_range=0.2, **shape)
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab={word: i for i, word in enumerate(vocabulary)}).save_pretrained(folder)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 32}')
    return folder


def sentences(count: int, seed: int) -> list[tuple[str, str]]:
    """Return pairs of three to six words, all different; the Chinese side has no blanks."""
    draw, out = random.Random(seed), {}
    while len(out) < count:
        words = draw.sample(sorted(WORDS), draw.randint(3, 6))
        out[" ".join(words)] = "".join(WORDS[word] for word in words)
    return list(out.items())


def write_pairs(path: Path, pairs: Sequence[tuple[str, str]]) -> Path:
    """Write pairs as `kefu train encoder` reads them."""
    rows = [{"en": en, "zh": zh, "source": "toy", "licence": "CC0-1.0"} for en, zh in pairs]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path
