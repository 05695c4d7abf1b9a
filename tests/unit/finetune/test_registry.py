"""Artefacts on disk: whole or refused, one in use, and the one before it never far."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from finetune.artefact import open_artefact, write_artefact
from finetune.errors import ArtefactError
from finetune.recipe import Kind, Recipe
from finetune.registry import Registry

ABOUT = {"labels": ["a", "b"], "several": False, "threshold": 0.5}


def made(models: Path, bias: float, **recipe: object) -> Path:
    def write(folder: Path) -> dict[str, object]:
        save_file({"bias": np.array([bias], dtype=np.float32)}, folder / "head.safetensors")
        return ABOUT

    return write_artefact(models, Recipe.of(kind="intents", **recipe), "x", {"metrics": {"dev": {}}}, write)


def test_an_artefact_comes_back_as_it_was_written(tmp_path: Path) -> None:
    artefact = open_artefact(made(tmp_path, 1.0, method="head"))
    assert (artefact.about, artefact.backbone) == (ABOUT, "x")
    assert artefact.recipe == Recipe.of(kind="intents", method="head")
    assert artefact.encoder is None


def test_the_same_training_makes_the_same_version_and_another_one_another(tmp_path: Path) -> None:
    assert made(tmp_path, 1.0) == made(tmp_path, 1.0)
    assert len({made(tmp_path, 1.0), made(tmp_path, 2.0), made(tmp_path, 1.0, seed=1)}) == 3


def test_who_may_read_the_folder_may_read_its_artefacts(tmp_path: Path) -> None:
    kinds = tmp_path / "intents"
    kinds.mkdir()
    kinds.chmod(0o750)
    assert stat.S_IMODE(made(tmp_path, 1.0).stat().st_mode) == 0o750


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        (folder / "head.safetensors").write_bytes(b"begun")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_artefact(tmp_path, Recipe.of(kind="intents"), "x", {}, write)
    assert not list((tmp_path / "intents").iterdir())


@pytest.mark.parametrize("file", ["head.safetensors", "recipe.json", "metrics.json", "artefact.json"])
def test_a_damaged_artefact_is_refused(tmp_path: Path, file: str) -> None:
    folder = made(tmp_path, 1.0)
    (folder / file).write_bytes(b"torn")
    with pytest.raises(ArtefactError, match="Train it again"):
        open_artefact(folder)


def test_the_same_training_again_mends_a_damaged_artefact(tmp_path: Path) -> None:
    folder = made(tmp_path, 1.0)
    (folder / "head.safetensors").write_bytes(b"torn")
    assert open_artefact(made(tmp_path, 1.0)).folder == folder


def test_an_artefact_of_another_format_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path, 1.0)
    about = json.loads((folder / "artefact.json").read_text())
    (folder / "artefact.json").write_text(json.dumps(about | {"format": 99}))
    with pytest.raises(ArtefactError, match="another version of kefu"):
        open_artefact(folder)


def test_one_is_in_use_and_the_one_before_can_be_taken_back(tmp_path: Path) -> None:
    registry, kind = Registry(models=tmp_path), Kind.INTENTS
    first, second = made(tmp_path, 1.0).name, made(tmp_path, 2.0).name
    assert registry.live(kind) is None
    assert registry.open(kind) is None
    registry.promote(kind, first)
    registry.promote(kind, second)
    assert registry.live(kind) == second
    assert {artefact.version for artefact in registry.versions(kind)} == {first, second}
    assert registry.rollback(kind) == first == registry.live(kind)
    assert registry.rollback(kind) is None
    assert registry.live(kind) is None
    with pytest.raises(ArtefactError, match="nothing to roll back"):
        registry.rollback(kind)


@pytest.mark.parametrize("version", ["../../elsewhere", "", ".", "..", "none", "/", "../intents/{}", "x/{}"])
def test_what_is_no_version_is_not_put_into_use(tmp_path: Path, version: str) -> None:
    registry, folder = Registry(models=tmp_path), made(tmp_path, 1.0)
    with pytest.raises(ArtefactError, match="kefu models list"):
        registry.promote(Kind.INTENTS, version.format(folder.name))
    assert registry.live(Kind.INTENTS) is None


def test_what_is_not_whole_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry, torn, other = Registry(models=tmp_path), made(tmp_path, 1.0), made(tmp_path, 2.0)
    (torn / "head.safetensors").write_bytes(b"torn")
    with pytest.raises(ArtefactError, match="damaged"):
        registry.promote(Kind.INTENTS, torn.name)
    assert [artefact.version for artefact in registry.versions(Kind.INTENTS)] == [other.name]
    assert f"{torn / 'head.safetensors'} is missing, damaged or was changed" in caplog.text


def test_several_processes_may_promote_at_once(tmp_path: Path) -> None:
    version = made(tmp_path, 1.0).name
    again_and_again = (
        "import pathlib, sys; from finetune.recipe import Kind; from finetune.registry import Registry\n"
        "for _ in range(100): Registry(models=pathlib.Path(sys.argv[1])).promote(Kind.INTENTS, sys.argv[2])"
    )
    command = [sys.executable, "-c", again_and_again, str(tmp_path), version]
    processes = [subprocess.Popen(command, cwd=Path(__file__).parents[3]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert Registry(models=tmp_path).live(Kind.INTENTS) == version


@pytest.mark.parametrize("note", ["[]", '{"versions": "abc"}', '{"versions": ["a", null]}'])
def test_a_damaged_note_of_what_is_in_use_is_told(tmp_path: Path, note: str) -> None:
    made(tmp_path, 1.0)
    (tmp_path / "intents" / "live.json").write_text(note)
    with pytest.raises(ArtefactError, match=r"live\.json is damaged"):
        Registry(models=tmp_path).live(Kind.INTENTS)


def test_what_is_put_into_use_twice_is_taken_back_at_once(tmp_path: Path) -> None:
    registry, (one, other) = Registry(models=tmp_path), (made(tmp_path, 1.0), made(tmp_path, 2.0))
    for folder in (one, other, other):
        registry.promote(Kind.INTENTS, folder.name)
    assert registry.rollback(Kind.INTENTS) == one.name


def test_where_it_is_damaged_what_is_in_use_can_be_taken_back(tmp_path: Path) -> None:
    registry, folder = Registry(models=tmp_path), made(tmp_path, 1.0)
    (tmp_path / "intents" / "live.json").write_text("{", "utf-8")
    assert registry.rollback(Kind.INTENTS) is None
    registry.promote(Kind.INTENTS, folder.name)
    assert registry.live(Kind.INTENTS) == folder.name
