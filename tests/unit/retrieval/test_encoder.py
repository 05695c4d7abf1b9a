"""The encoder as it is served: the real one, and a tiny one of another shape."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retrieval import encoder as encoder_module
from retrieval import export
from retrieval.encoder import Encoder
from retrieval.export import load_encoder
from retrieval.source import Source

TEXTS = ["Where is my parcel?", "", "我的快递到哪里了？", "refund", "word " * 4000, "😀", "a\x00b", "\ud83d half"]


# The embedded encoder.


def test_a_text_has_the_same_vector_alone_in_a_batch_and_from_many_threads(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS)
    assert np.array_equal(together, encoder.encode(TEXTS[::-1])[::-1])
    for text, vector in zip(TEXTS, together, strict=True):
        assert np.array_equal(encoder.encode([text])[0], vector)
    with ThreadPoolExecutor(8) as pool:
        for vectors in pool.map(lambda _: encoder.encode(TEXTS), range(8)):
            assert np.array_equal(vectors, together)


def test_vectors_of_any_text_have_unit_length(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_no_text_is_no_vector(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == encoder.encode_queries([]).shape == (0, 384)
    assert encoder.features([]).shape == (0, 768)


def test_features_are_the_vector_and_that_of_a_middle_layer(encoder: Encoder) -> None:
    features = encoder.features(TEXTS)
    assert np.array_equal(features[:, :384], encoder.encode(TEXTS, kind="query"))
    assert np.linalg.norm(features[:, 384:], axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)

    import torch

    tokenizer, model = Source.find("embedded").load()
    with torch.inference_mode():
        layers = model(**tokenizer(TEXTS[0], return_tensors="pt"), output_hidden_states=True).hidden_states
    third = layers[3].mean(1)[0].numpy()
    assert features[0, 384:] @ third / np.linalg.norm(third) == pytest.approx(1.0, abs=0.03)


def test_texts_of_one_meaning_are_nearer_than_others(encoder: Encoder) -> None:
    asked, same, other = encoder.encode(["where is my parcel", "track my package", "reset the password"])
    assert asked @ same > asked @ other + 0.2


def test_questions_have_the_same_vectors_from_the_cache(encoder: Encoder) -> None:
    first = encoder.encode_queries(["a new question", "refund", "a new question"])
    assert np.array_equal(first, encoder.encode_queries(["a new question", "refund", "a new question"]))
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(first[1], encoder.encode(["refund"], kind="query")[0])


def test_the_cache_of_questions_is_bounded(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "CACHE_SIZE", 3)
    texts = [f"question {number}" for number in range(5)]
    for text in texts:
        encoder.encode_queries([text])
    assert list(encoder._cache) == texts[2:]


def test_what_the_cache_cannot_hold_pushes_nothing_out(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    lately = [f"question {number}" for number in range(3)]
    encoder.encode_queries(lately)
    monkeypatch.setattr(encoder_module, "CACHE_SIZE", 3)
    encoder.encode_queries(lately)
    many = [f"row {number}" for number in range(5)]
    assert np.array_equal(encoder.features(many)[:, :384], encoder.encode(many, kind="query"))
    assert list(encoder._cache) == lately


def test_the_threads_of_an_encoder_that_nobody_uses_any_more_end(tiny_model: Path, tiny_cache: Path) -> None:
    before = set(threading.enumerate())
    own = load_encoder(str(tiny_model), tiny_cache, threads=2)
    own.encode(["where is my order", "and my invoice", "thanks"])
    threads = set(threading.enumerate()) - before
    assert 0 < len(threads) <= 2
    del own
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("count", [1, 3])
def test_progress_counts_every_text(encoder: Encoder, count: int) -> None:
    told: list[int] = []
    encoder.encode(["refund"] * count, progress=told.append)
    assert sum(told) == count


@pytest.mark.parametrize(
    ("text", "share"),
    [("where is my parcel", 0.0), ("😀😀", 1.0), ("", 1.0), ("where 😀", 0.0), ("where ꙮ", 0.5), ("\ud800", 1.0)],
)
def test_the_share_of_pieces_it_does_not_know(encoder: Encoder, text: str, share: float) -> None:
    assert encoder.unknown_share(text) == share


def test_chinese_is_read_and_without_the_extension_known_to_be_read_badly(
    encoder: Encoder, english_encoder: Encoder
) -> None:
    assert encoder.unknown_share("我的快递到哪里了") == 0
    assert english_encoder.unknown_share("我的快递到哪里了") > 0.3


def test_a_question_finds_the_same_in_the_other_language(encoder: Encoder) -> None:
    english = ["where is my parcel", "I want my money back", "how do I reset my password", "do you ship to Canada"]
    chinese = ["我的快递到哪里了", "我要退款", "怎么重置密码", "可以寄到加拿大吗"]
    alike = encoder.encode(english) @ encoder.encode(chinese).T
    assert alike.argmax(1).tolist() == alike.argmax(0).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("text", "plain"), [("我要退貨", "我要退货"), ("ＶＩＰ", "VIP"), ("退款😀吗", "退款 吗")])
def test_a_text_is_read_as_its_plainer_twin(encoder: Encoder, text: str, plain: str) -> None:
    one, other = encoder.encode([text, plain])
    assert np.array_equal(one, other)


# From a model folder.


def test_a_model_of_another_shape_is_served(tiny_model: Path, tiny_cache: Path) -> None:
    encoder = load_encoder(str(tiny_model), tiny_cache)
    vectors = encoder.encode(["where is my parcel?", "lamp " * 500])
    assert encoder.dimensions == 32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert encoder.unknown_share("where gizmo") == 0.5


def test_the_exported_vectors_are_those_of_the_model(tiny_model: Path, tiny_cache: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(tiny_model)(["where is my parcel?"], return_tensors="pt")
    with torch.no_grad():
        mean = AutoModel.from_pretrained(tiny_model)(**tokens).last_hidden_state[0].mean(0).numpy()
    served = load_encoder(str(tiny_model), tiny_cache).encode(["where is my parcel?"])[0]
    assert served @ (mean / np.linalg.norm(mean)) > export.INT8_MIN_COSINE


def test_a_text_is_cut_where_the_model_says(tiny_model: Path, tiny_cache: Path) -> None:
    encoder = load_encoder(str(tiny_model), tiny_cache)
    cut, longer = encoder.encode(["lamp " * 14 + "refund", "lamp " * 14 + "card " * 50])
    assert np.array_equal(cut, longer)


def test_questions_do_not_wait_until_a_whole_knowledge_is_encoded(encoder: Encoder) -> None:
    done: list[int] = []
    begun = threading.Event()

    def count(more: int) -> None:
        done.append(more)
        begun.set()

    texts = ["word " * 60] * (10 * encoder_module.SLICE * encoder_module.available_cores())
    with ThreadPoolExecutor(1) as other:
        building = other.submit(encoder.encode, texts, progress=count)
        assert begun.wait(30)
        encoder.encode(["refund", "parcel"], kind="query")
        assert len(done) < len(texts) / 2
        building.result()


def test_a_query_and_a_passage_get_the_prefixes_of_the_model(tiny_model: Path, tmp_path: Path) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "model")
    prompts = {"query": "where ", "document": "lamp "}
    (model / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    encoder = load_encoder(str(model), tmp_path / "cache")
    plain = load_encoder(str(tiny_model), tmp_path / "cache")
    assert np.array_equal(encoder.encode(["parcel"], kind="query"), plain.encode(["where parcel"]))
    assert np.array_equal(encoder.encode(["parcel"]), plain.encode(["lamp parcel"]))
