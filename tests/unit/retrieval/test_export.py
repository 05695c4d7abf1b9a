"""Exports: made once, whole or not at all, whoever makes them at the same time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval import export
from retrieval import source as source_module
from retrieval.errors import EncoderError
from retrieval.export import load_encoder
from retrieval.source import Source


@pytest.fixture
def cache(tiny_cache: Path, tmp_path: Path) -> Path:
    """A copy of that cache, to be damaged."""
    return shutil.copytree(tiny_cache, tmp_path / "cache")


def exported(cache: Path) -> Path:
    (folder,) = (cache / "encoders").iterdir()
    return folder


def no_export(*_: object) -> None:
    pytest.fail("exported again")


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
    old, new = (tmp_path / "encoders" / f"export-{name * 8}.unfinished" for name in "ab")
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
