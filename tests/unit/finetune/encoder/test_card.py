"""The card of an extension holds a command that makes it again, whatever the defaults have become by then."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from bot.cli.train_options import recipe_values
from finetune.encoder import card
from finetune.encoder.card import write_card
from finetune.encoder.parallel import Pair
from finetune.kinds import Parts
from finetune.recipe import Recipe
from finetune.report.told import Told
from finetune.run import Data
from finetune.watch import History
from retrieval.extension import Extension
from retrieval.source import EMBEDDED_EXTENSION

#: What the command says otherwise than with --set.
_APART = {"kind", "method", "backbone"}


def asked(path: Path) -> tuple[str, dict[str, str]]:
    """Return the teacher, and each setting that the command of a card names."""
    command = re.search(r"```sh\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
    assert command
    words = shlex.split(command[1])
    options = [word for before, word in pairwise(words) if before == "--set"]
    values = recipe_values("encoder", "lora", words[words.index("--teacher") + 1], None, options)
    return values["backbone"], {name: value for name, value in values.items() if name not in _APART}


def write(path: Path, recipe: Recipe) -> Path:
    figures = {"rows": 1, "cosine": 1.0}
    cost = {"device": "2 CPU cores", "seconds": 1.0, "memory_mb": 1, "trainable_parameters": 1}
    pairs = [Pair(known="a", taught="b")]
    told = Told(
        recipe=recipe,
        metrics={"dev": figures, "cost": cost},
        history=History(),
        outcomes={},
        data={"files": [{"name": "pairs.jsonl", "sha256": "ab"}]},
    )
    (path.parent / "tokens.txt").write_text("b", "utf-8")
    extension = Extension(folder=path.parent, base="embedded-en", base_sha256="cd", files={"tokens.txt": "ef"})
    write_card(path, told, Parts(train=pairs, dev=pairs, test=[]), Data(train=(Path("pairs.jsonl"),)), extension)
    return path


@pytest.mark.parametrize("values", [{}, {"batch": 64, "schedule": "cosine", "weight_decay": 0.2, "learning_rate": 0}])
def test_the_command_of_a_card_names_every_setting_that_decides(tmp_path: Path, values: dict[str, object]) -> None:
    recipe = Recipe.of(kind="encoder", backbone="embedded-en", **values)
    teacher, settings = asked(write(tmp_path / "README.md", recipe))
    assert teacher == "embedded-en"
    assert Recipe.of(kind="encoder", backbone=teacher, **settings).settled(0) == recipe.settled(0)
    assert settings.keys() == Recipe.model_fields.keys() - card._IDLE - _APART


def test_the_card_that_ships_names_the_settings_of_its_recipe() -> None:
    teacher, settings = asked(EMBEDDED_EXTENSION / "README.md")
    recipe = Recipe.of(**json.loads((EMBEDDED_EXTENSION / "recipe.json").read_text("utf-8")))
    assert teacher == recipe.backbone
    assert Recipe.of(kind="encoder", backbone=teacher, **settings).settled(0) == recipe.settled(0)
    assert settings.keys() == Recipe.model_fields.keys() - card._IDLE - _APART
