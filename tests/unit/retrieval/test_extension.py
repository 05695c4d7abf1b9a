"""What an extension promises: further tokens for an encoder, with everything it knew left as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.encoder import Encoder
from retrieval.errors import EncoderError
from retrieval.export import load_encoder
from retrieval.extension import Extension, extend_tokenizer, open_extension, write_extension
from retrieval.source import Source

TOKENS = ["退", "款", "快", "递", "快递", "退款"]
BASE = Source(name="embedded-en", folder=Source.find("embedded-en").folder)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    # As long as those of the model: int8 has one scale for all of them.
    return np.random.default_rng(0).normal(size=(len(TOKENS), 384), scale=0.055).astype(np.float32)


def written(folder: Path, rows: np.ndarray, **more: object) -> Extension:
    folder.mkdir(parents=True, exist_ok=True)
    usual = {"base": "embedded-en", "base_sha256": BASE.weights_sha256(), "tokens": TOKENS, "changes": {}}
    return write_extension(folder, rows=rows, **{**usual, **more})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, rows: np.ndarray) -> Path:
    return written(tmp_path_factory.mktemp("extension"), rows).folder


@pytest.fixture(scope="module")
def tokenizer() -> object:
    tokenizer, _ = BASE.load()
    extend_tokenizer(tokenizer, TOKENS, len(tokenizer))
    return tokenizer


def pieces(tokenizer: object, text: str) -> list[str]:
    return tokenizer.tokenize(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("退款", ["退款"]),
        ("快递退款", ["快递", "##退款"]),
        ("退快递款", ["退", "##快递", "##款"]),
        ("card退款3天", ["card", "退款", "3", "天"]),
        # One that is not known does not hide those around it.
        ("快递龘退款", ["快递", "[UNK]", "退款"]),
        ("快递 退款。", ["快递", "退款", "。"]),
        ("款" * 300, ["款", *["##款"] * 299]),
    ],
)
def test_the_longest_known_token_is_taken(tokenizer: object, text: str, wanted: list[str]) -> None:
    assert pieces(tokenizer, text) == wanted


@pytest.fixture(scope="module")
def plain() -> object:
    return BASE.load()[0]


@given(text=st.text(st.characters(max_codepoint=0x24F), max_size=60))
def test_what_is_not_taught_is_cut_as_before(tokenizer: object, plain: object, text: str) -> None:
    assert tokenizer(text)["input_ids"] == plain(text)["input_ids"]


def test_rows_stand_for_a_token_at_the_beginning_of_a_word_and_inside(folder: Path, rows: np.ndarray) -> None:
    tokenizer, model = Source.find(str(folder)).load()
    table = model.get_input_embeddings().weight.detach().numpy()
    ids = tokenizer.convert_tokens_to_ids(["快递", "##快递"])
    assert ids[0] != ids[1]
    wanted = rows[TOKENS.index("快递")]
    for number in ids:
        assert np.abs(table[number] - wanted).max() <= np.abs(wanted).max() / 127


def test_what_the_model_read_before_it_reads_the_same(folder: Path, english_encoder: Encoder, tmp_path: Path) -> None:
    texts = ["where is my parcel", "I'd like a refund for order 4711", "Ünïcode & more"]
    before = english_encoder.encode(texts)
    after = load_encoder(str(folder), tmp_path).encode(texts)
    assert (before * after).sum(1) == pytest.approx(1.0, abs=0.01)


def test_low_rank_changes_are_added(tmp_path: Path, rows: np.ndarray) -> None:
    name = "encoder.layer.0.attention.self.query.weight"
    down, up = (np.random.default_rng(1).normal(size=size).astype(np.float32) for size in ((2, 384), (384, 2)))
    extension = written(tmp_path / "extension", rows, changes={name: (down, up)})
    (_, before), (_, after) = BASE.load(), Source.find(str(extension.folder)).load()
    change = (after.get_parameter(name) - before.get_parameter(name)).detach().numpy()
    assert change == pytest.approx(up @ down, abs=0.02)
    assert after.get_parameter("encoder.layer.1.attention.self.query.weight").equal(
        before.get_parameter("encoder.layer.1.attention.self.query.weight")
    )


def test_an_extension_can_be_laid_over_another(folder: Path, tmp_path: Path, rows: np.ndarray) -> None:
    below = Source.find(str(folder)).weights_sha256()
    written(tmp_path / "second", rows[:2], base=str(folder), base_sha256=below, tokens=["한", "국"])
    tokenizer, model = Source.find(str(tmp_path / "second")).load()
    assert pieces(tokenizer, "退款") == ["退款"]
    assert "[UNK]" not in pieces(tokenizer, "退快")
    assert len(tokenizer) == len(model.get_input_embeddings().weight)


def test_another_extension_below_is_refused(tmp_path: Path, rows: np.ndarray) -> None:
    lower = written(tmp_path / "lower", rows).folder
    below = Source.find(str(lower)).weights_sha256()
    written(tmp_path / "upper", rows[:2], base=str(lower), base_sha256=below, tokens=["한", "국"])
    written(lower, rows * 0.9)
    with pytest.raises(EncoderError, match=r"upper was made for another .*lower than there is\. Train it again"):
        Source.find(str(tmp_path / "upper")).load()


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("name", ["tokens.txt", "weights.safetensors"])
def test_a_changed_file_is_refused(tmp_path: Path, rows: np.ndarray, name: str, missing: bool) -> None:
    folder = written(tmp_path / "extension", rows).folder
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    if missing:
        (folder / name).unlink()
    with pytest.raises(EncoderError, match=f"{name} is missing, damaged or was changed"):
        load_encoder(str(folder), tmp_path / "cache")


def test_another_model_than_it_was_made_for_is_refused(tmp_path: Path, rows: np.ndarray) -> None:
    folder = written(tmp_path / "extension", rows, base_sha256="0" * 64).folder
    with pytest.raises(EncoderError, match="made for another embedded-en"):
        load_encoder(str(folder), tmp_path / "cache")


@pytest.mark.parametrize("changes", [{"no.such.weight": (2, 384, 384)}, {"pooler.dense.weight": (2, 5, 384)}])
def test_changes_that_do_not_fit_are_refused(
    tmp_path: Path, rows: np.ndarray, changes: dict[str, tuple[int, int, int]]
) -> None:
    made = {
        name: (np.zeros((rank, width), np.float32), np.zeros((height, rank), np.float32))
        for name, (rank, width, height) in changes.items()
    }
    folder = written(tmp_path / "extension", rows, changes=made).folder
    with pytest.raises(EncoderError, match="does not fit"):
        load_encoder(str(folder), tmp_path / "cache")


def test_rows_for_other_tokens_are_refused(tmp_path: Path, rows: np.ndarray) -> None:
    folder = written(tmp_path / "extension", rows, tokens=TOKENS[:-1]).folder
    with pytest.raises(EncoderError, match=r"does not fit embedded-en \(6 rows for 5 tokens\)"):
        load_encoder(str(folder), tmp_path / "cache")


@pytest.mark.parametrize(
    "about", ["{", "{}", '{"format": 99}', "[]", '{"format": 1, "base": "b", "base_sha256": "0", "files": {}}']
)
def test_a_manifest_that_cannot_be_read_says_so(tmp_path: Path, about: str) -> None:
    (tmp_path / "extension.json").write_text(about, "utf-8")
    with pytest.raises(EncoderError, match="train it again if you made it"):
        open_extension(tmp_path)


def test_only_word_pieces_can_be_extended(tmp_path: Path) -> None:
    class Other:
        class backend_tokenizer:  # noqa: N801
            @staticmethod
            def to_str() -> str:
                return json.dumps({"model": {"type": "BPE"}})

    with pytest.raises(EncoderError, match="BPE cannot be extended: name a model with WordPiece"):
        extend_tokenizer(Other(), TOKENS, 100)


def test_a_tokenizer_with_more_tokens_than_rows_is_refused() -> None:
    tokenizer, _ = BASE.load()
    with pytest.raises(EncoderError, match="30522 tokens, and the embeddings 30000 rows"):
        extend_tokenizer(tokenizer, TOKENS, 30_000)


def test_an_installation_that_lost_its_extension_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.source.EMBEDDED_EXTENSION", tmp_path)
    with pytest.raises(EncoderError, match="is no whole extension"):
        load_encoder("embedded", tmp_path / "cache")
