"""One run that teaches an encoder a language: from parallel text to an extension that serving lays over it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from accelerate import PartialState
from torch import Tensor

from finetune.encoder.alignment import first_rows
from finetune.encoder.card import write_card
from finetune.encoder.figures import figures, outcomes
from finetune.encoder.parallel import Pair, check_apart, check_languages, joined, read_pairs
from finetune.encoder.student import learned, student_of
from finetune.encoder.task import Distillation
from finetune.encoder.vocabulary import new_share, new_tokens, spelled
from finetune.errors import DataError
from finetune.kinds import Parts
from finetune.loop import steps_of, train, trained
from finetune.network import Backbone, Network
from finetune.place import check_new
from finetune.recipe import Recipe
from finetune.remember import Remembering
from finetune.report.page import write_report
from finetune.report.told import Told
from finetune.run import Data, Helped, Trained, cost_since
from finetune.texts import Spelling, Tokens, cutting
from finetune.watch import Watch
from retrieval.disk import folder_beside
from retrieval.export import load_encoder
from retrieval.extension import extend_tokenizer, write_extension
from retrieval.text import levelled

#: Share of the letters in the texts to learn that must be new. Below it nearly all is read by rows that do not learn:
#: of Arabic a BERT for English lacks the question mark alone, of Korean a few rare letters.
_LEAST_NEW = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Parallel:
    """What `finetune.run.Data` asks of rows of parallel text."""

    #: The key of the language that the teacher reads.
    known: str

    def read(self, path: Path) -> list[Pair]:
        """Return the pairs of a file."""
        return read_pairs(path, self.known)

    def check(self, parts: Parts[Pair], files: Parts[Path]) -> None:
        """Raise `DataError` where pairs to choose or to report by are learned too."""
        for rows, paths in ((parts.dev, files.dev), (parts.test, files.test)):
            if rows:
                check_apart(parts.train, rows, paths[0])


def teach(
    recipe: Recipe,
    data: Data,
    out: Path,
    work: Path,
    *,
    watch: Watch | None = None,
    step: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Teach the backbone of ``recipe`` the other language of ``data`` and write the extension to ``out``.

    ``work`` keeps what a killed run goes on from, and ``step`` is told what is being done. All figures are those of
    what will serve, after export. ``out`` must not be there yet, or be empty. Raises `PlaceError`, `DataError`,
    `BackboneError`, `RecipeError` or `EncoderError`; `Helped` in a process of several that is not the main one.
    """
    check_new(out)
    start = time.perf_counter()
    step("Reading")
    files = data.files
    check_languages((*files.train, *files.dev, *files.test), recipe.known)
    parts, known = data.read(Parallel(known=recipe.known)), data.fingerprint()
    torch.manual_seed(recipe.seed)
    lesson = _prepared(recipe, parts, step)
    step("Training")
    history = train(lesson.student, lesson.task, recipe, work, watch)
    if not PartialState().is_main_process:
        raise Helped
    with folder_beside(out.parent, f".{out.name}-new-") as folder:
        step("Writing")
        rows, changes = learned(lesson.student.cpu())
        extension = write_extension(
            folder,
            base=lesson.base,
            base_sha256=lesson.base_sha256,
            tokens=lesson.tokens,
            rows=rows,
            changes=changes,
        )
        step("Exporting")
        encoder = Remembering(load_encoder(str(folder), work))
        step("Measuring")
        held = {name: pairs for name, pairs in (("dev", parts.dev), ("test", parts.test)) if pairs}
        told = Told(
            recipe=recipe,
            metrics={name: figures(encoder, pairs) for name, pairs in held.items()}
            | {"cost": cost_since(start, trained(lesson.student))},
            history=history,
            outcomes={name: outcomes(encoder, pairs) for name, pairs in held.items()},
            data=known,
        )
        step("Writing the report")
        write_report(folder / "report", told)
        write_card(folder / "README.md", told, parts, data, extension)
        documents = {
            "recipe": recipe.model_dump(mode="json"),
            "metrics": told.metrics,
            "data": known,
            "history": {"epochs": [asdict(epoch) for epoch in history.epochs], "losses": history.losses},
        }
        for name, document in documents.items():
            (folder / f"{name}.json").write_text(json.dumps(document, indent=2, ensure_ascii=False), "utf-8")
        os.rename(folder, out)
    return Trained(folder=out, metrics=dict(told.metrics))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lesson:
    """What is ready to be trained."""

    student: Network
    task: Distillation
    tokens: list[str]
    #: The name of the teacher, and the hash of its weights.
    base: str
    base_sha256: str


def _prepared(recipe: Recipe, parts: Parts[Pair], step: Callable[[str], None]) -> _Lesson:
    pairs = [*parts.train, *joined(parts.train, recipe.join, recipe.seed)]
    step("Loading the teacher")
    teacher = Backbone.load(recipe.backbone)
    embeddings = teacher.model.get_input_embeddings().weight.detach().numpy()
    known = cutting(teacher, recipe)([pair.known for pair in pairs])
    step("Choosing tokens")
    tokens = _tokens(recipe, parts.train, teacher)
    extend_tokenizer(teacher.tokenizer, tokens, len(embeddings))
    spelling = Spelling(
        characters=spelled(tokens, len(embeddings)), share=recipe.spell, at_most=teacher.source.max_tokens
    )
    taught = cutting(teacher, recipe, spelling)([pair.taught for pair in pairs])
    targets = _targets(teacher, known, step)
    step("Aligning")
    special, first = set(teacher.tokenizer.all_special_ids), len(embeddings)
    rows = first_rows(
        # Of the short texts: what goes with what is hard to tell in long ones, and there are many possibilities.
        [[(i - first) % len(tokens) for i in ids if i >= first] for ids in taught.ids[: len(parts.train)]],
        [[i for i in ids if i not in special] for ids in known.ids[: len(parts.train)]],
        len(tokens),
        embeddings,
        seed=recipe.seed,
    )
    student = student_of(teacher, rows, recipe, steps_of(len(pairs), recipe))
    read = cutting(teacher, recipe)
    dev = read([pair.taught for pair in parts.dev]), read([pair.known for pair in parts.dev])
    return _Lesson(
        student=student,
        task=Distillation(taught, known, targets, dev, recipe),
        tokens=tokens,
        base=teacher.source.lasting_name,
        base_sha256=teacher.source.weights_sha256(),
    )


def _tokens(recipe: Recipe, pairs: Sequence[Pair], teacher: Backbone) -> list[str]:
    texts = [levelled(pair.taught) for pair in pairs]
    taught = {token for extension in teacher.source.extensions for token in extension.tokens}
    tokens = new_tokens(texts, teacher.tokenizer, at_least=recipe.words, taught=taught)
    share = new_share(texts, tokens, teacher.tokenizer)
    if share < _LEAST_NEW:
        raise DataError(
            f"{recipe.backbone} knows the characters of the texts to learn: {share:.1%} of their letters are new to "
            f"it; expected at least {_LEAST_NEW:.0%}. A language is taught by tokens for the characters that a teacher "
            "lacks. Name one that lacks more of them: --teacher NAME."
        )
    return tokens


def _targets(teacher: Backbone, known: Tokens, step: Callable[[str], None]) -> Tensor:
    """Return what the teacher makes of the texts it reads, (texts, 2 size), in half precision."""
    network = Network(teacher, teacher.size, 0, dropout=0.0, wide=True).to(PartialState().device)
    count = len(known.ids)
    made = known.features(network, lambda done: step(f"Encoding with the teacher: {done:,} of {count:,}"))
    network.cpu()
    return made.half()
