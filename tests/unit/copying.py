"""A small language model that has learned two entries by heart, and adapters that make it leave half of them out."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

from retrieval.types import Passage

#: An entry in each language that is written, of two sentences.
ENTRIES = {
    "en": ("How long does a refund take?", "We refund within 14 days of the return. The label is free."),
    "zh": ("退款需要多久？", "我们在收到退货后 14 天内退款。运费由我们承担。"),
}
#: What each of the models makes of them.
WHOLE = {language: answer for language, (_, answer) in ENTRIES.items()}
FIRST = {"en": "We refund within 14 days of the return.", "zh": "我们在收到退货后 14 天内退款。"}
SECOND = {"en": "The label is free.", "zh": "运费由我们承担。"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Copying:
    """Artefacts below a folder, none of them in use."""

    models: Path
    #: Versions: all weights of one that copies whole entries, and adapters to it that copy the first and second half.
    whole: str
    first: str
    second: str
    #: The model that was trained first: it has learned nothing.
    untaught: Path

    @property
    def backbone(self) -> Path:
        """What the adapters were trained on."""
        return self.models / "generator" / self.whole / "model"


def passage(language: str) -> Passage:
    """Return the entry in ``language``."""
    question, answer = ENTRIES[language]
    return Passage(id="refund", question=question, answer=answer, language=language)


def asking(language: str) -> list[dict[str, str]]:
    """Return the messages that ask for it, as the bot asks."""
    from bot.generator.prompt import messages

    return messages(ENTRIES[language][0], [passage(language)], language)


def copying(folder: Path) -> Copying:
    """Train them, with the code that trains any; it takes some seconds. Loads torch."""
    from finetune.generator.small import write_small

    texts = [message["content"] for language in ENTRIES for message in asking(language)]
    untaught = write_small(folder / "untaught", texts * 3, vocabulary=4000, size=64, layers=2, positions=512)
    whole = _trained(folder, "whole", WHOLE, untaught, "full")
    backbone = folder / "models" / "generator" / whole / "model"
    first, second = (
        _trained(folder, name, said, backbone, "lora") for name, said in (("first", FIRST), ("second", SECOND))
    )
    return Copying(models=folder / "models", whole=whole, first=first, second=second, untaught=untaught)


def _trained(folder: Path, name: str, said: dict[str, str], backbone: Path, method: str) -> str:
    from bot.cli.adapt import as_served
    from finetune.generator.run import adapt
    from finetune.recipe import Recipe
    from finetune.run import Data

    data = Data(train=(folder / f"{name}.jsonl",), dev=folder / f"{name}-dev.jsonl")
    for path, asked, times in ((data.train[0], "{}", 96), (data.dev, "{} ?", 1)):
        rows = [
            {
                "question": asked.format(question),
                "answer": said[language],
                "language": language,
                "passages": [{"id": "refund", "question": question, "answer": answer}],
            }
            for language, (question, answer) in ENTRIES.items()
        ]
        assert path
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows) * times, "utf-8")
    usual: dict[str, object] = {"batch": 2, "epochs": 1, "learning_rate": 5e-3, "max_tokens": 512, "pack": True}
    usual |= {"distractors": 0, "declined": 0.0}
    recipe = Recipe.of(kind="generator", backbone=str(backbone), method=method, rank=8, **usual)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries that train
        return adapt(recipe, data, folder / "models", folder / f"work-{name}", prompt=as_served()).folder.name
