"""How well a small language model of one's own writes replies, beside quoting: trained by kefu, asked through the bot.

    python -m benchmarks.generator_quality --out FOLDER [--split test] [--epochs 2] [--rows 2400] [--seed 0] [--json]

Five million parameters from nothing (`finetune.generator.small`) learn to answer from the entries of the demo shop:
from all phrasings of the entries in ``--epochs`` turns with a short prompt, which is fast, and then from ``--rows`` of
them in the words in which the bot asks. No question of ``faq_data/eval`` is among them. Those of ``--split`` that an
entry answers, and of ``rewrites.jsonl``, are asked through the whole bot twice: it finds and decides, and quotes or
lets the model write. ``FOLDER`` keeps the model; a run that was stopped goes on there.

* ``chrf``, ``rouge_l``: of what the model writes, against the entry's answer, where the right entry was found. Quoting
  has 1 there by definition.
* ``supported``: the share of its sentences that the evidence lock passes; ``sent``: that of the replies in its words.
* ``rewrite_...``: against what a fluent person wrote for the question: of quoting, of the model, and of what is sent.
* ``false_figures``: replies in its words with a number, link or address that the entry has not: a plain comparison of
  characters, which knows nothing of the lock. ``unsupported``: those with a sentence that the lock refuses.
* ``figures_kept``: the share of the entry's numbers, links and addresses that stand in them; ``word_for_word``: the
  share of them that say what the entry says.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.common import FAQ, NOON, Labelled, index_of, labelled, mean, read_jsonl, tools
from bot.app import responder_of, verbatim_of
from bot.calibration import Calibration
from bot.cli.adapt import as_served, judged
from bot.evaluation.judging import quotes
from bot.evaluation.measures.texts import chrf, rouge_l
from bot.generator.composer import GeneratedComposer
from bot.generator.prompt import NONE
from bot.knowledge import KnowledgeSource
from bot.learned import Learned, Models
from bot.lock import Evidence, checked
from bot.settings import Settings
from bot.types import Author, Candidate, Conversation, ConversationKey, Message, Reply, Speaker, Turn
from finetune.artefact import open_artefact
from finetune.generator.generator import Generator, open_generator
from finetune.generator.pairs import Pair, Pairs
from finetune.generator.prompt import PLAIN, Prompt
from finetune.generator.run import adapt
from finetune.generator.small import texts_of, write_small
from finetune.recipe import Recipe
from finetune.run import Data
from finetune.watch import Watch
from retrieval.ingest import read_sources
from retrieval.types import Passage

#: What is no word and has to be right: links, addresses, numbers.
FIGURE = re.compile(r"https?://[\w./-]*\w|[\w.+-]+@[\w.-]+\w|\d+(?:[.,:]\d+)*", re.ASCII)

#: Phrasings that are kept apart to see how training goes, and tokens of a reply at most.
DEV, MOST = 100, 200

#: Few rows a step: of 8 the loss fell more slowly by the example, and steps are what a model from nothing needs.
RATE = 2e-3
RECIPE: dict[str, Any] = {
    "kind": "generator",
    "method": "full",
    "batch": 4,
    "pack": True,
    "distractors": 0,
    "declined": 0.05,
    "schedule": "linear",
    "patience": 99,
}

Chat = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question, and what came of it."""

    question: Labelled
    quoted: Reply
    #: What the model made of it, before the lock; None where it was not asked.
    text: str | None
    reply: Reply
    #: What a fluent person wrote, if somebody did.
    rewrite: str = ""

    @property
    def evidence(self) -> list[Candidate]:
        """The entries that the reply is from."""
        cited = {citation.id for citation in self.quoted.citations}
        return [candidate for candidate in self.quoted.candidates if candidate.id in cited]

    @property
    def said(self) -> str:
        """What of the reply is in the model's words, without what the bot says of a question that it hands over."""
        return self.reply.text[: self.reply.writing.sentences[-1].end]

    @property
    def stated(self) -> set[str]:
        """The figures in the model's words."""
        return set(FIGURE.findall(self.said))

    @property
    def known(self) -> set[str]:
        """Those that stand in the entries."""
        return {figure for entry in self.evidence for figure in FIGURE.findall(f"{entry.question}\n{entry.answer}")}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the model, its data and its artefacts")
    parser.add_argument("--split", choices=["dev", "test"], default="test", help="of the questions that are asked")
    parser.add_argument("--epochs", type=int, default=2, help="turns of all phrasings with the short prompt")
    parser.add_argument("--rows", type=int, default=2400, help="phrasings that are then asked as the bot does")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    passages = read_sources([FAQ]).passages
    generator, cost = trained(wanted, passages)
    rows = asyncio.run(ask(generator, passages, wanted.split, cost))
    figures = {language: of([row for row in rows if row.question.language == language]) for language in ("en", "zh")}
    figures["cost"] = cost
    if wanted.json:
        print(json.dumps(figures, indent=1))
        return
    for name, values in figures.items():
        print(name)
        print("\n".join(f"    {key:22} {value:.3f}" for key, value in values.items()))


def trained(wanted: argparse.Namespace, passages: Sequence[Passage]) -> tuple[Generator, dict[str, float]]:
    """Train the model in two steps, and return it with what that took."""
    rows = [_row(text, passage) for passage in passages for text in (passage.question, *passage.alternatives)]
    random.Random(wanted.seed).shuffle(rows)
    dev, rows = rows[:DEV], rows[DEV:]
    folder: Path = wanted.out
    backbone = write_small(folder / "small", texts_of([FAQ / "en", FAQ / "zh"]), seed=wanted.seed)
    seconds, tokens = 0.0, 0
    for name, prompt, some, more in (
        ("short", PLAIN, rows, {"epochs": wanted.epochs, "learning_rate": RATE}),
        ("served", as_served(), rows[: wanted.rows], {"epochs": 1, "learning_rate": RATE}),
    ):
        recipe = Recipe.of(**RECIPE, **more, backbone=str(backbone), seed=wanted.seed)
        train, apart = (
            _written(folder / f"{name}.{part}.jsonl", each) for part, each in (("train", some), ("dev", dev))
        )
        data = Data(train=(train,), dev=apart)
        work = folder / f"work-{data.key(recipe)}"
        run = adapt(recipe, data, folder / "models", work, prompt=prompt, judge=judged, watch=Watch(step=_Told(name)))
        say(f"{name}: {json.dumps(run.metrics['dev'])}")
        backbone, generator = run.folder / "model", open_generator(open_artefact(run.folder))
        seconds += sum(
            epoch["seconds"] for epoch in json.loads((run.folder / "history.json").read_text("utf-8"))["epochs"]
        )
        tokens += recipe.epochs * sum(
            len(generator.template.cut(*_example(pair, prompt)).ids) for pair in Pairs().read(train)
        )
    return generator, {"minutes": seconds / 60, "tokens": tokens, "tokens_a_second": tokens / seconds}


def _example(pair: Pair, prompt: Prompt) -> tuple[Chat, str]:
    return prompt.messages(pair.text, pair.passages, pair.language), pair.answer


def _row(question: str, passage: Passage) -> dict[str, Any]:
    own = {"id": passage.id, "question": passage.question, "answer": passage.answer}
    return {"question": question, "answer": passage.answer, "language": passage.language, "passages": [own]}


def _written(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


class _Told:
    """Says every half minute how far training is."""

    def __init__(self, name: str) -> None:
        self._name, self._last = name, 0.0

    def __call__(self, done: int, total: int, loss: float) -> None:
        if time.monotonic() - self._last > 30:
            self._last = time.monotonic()
            say(f"{self._name}: step {done} of {total}, loss {loss:.3f}")


def say(line: str) -> None:
    """Tell how far it is."""
    print(line, file=sys.stderr, flush=True)


class Memory:
    """A `LanguageModel` that says what it was given for a chat, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asks: list[Chat] = []
        self.texts: dict[str, str] = {}

    @asynccontextmanager
    async def asked(self, messages: Sequence[dict[str, str]]) -> AsyncIterator[AsyncIterator[str]]:
        """Say it."""

        async def pieces() -> AsyncIterator[str]:
            yield self.texts.get(json.dumps(messages), "")

        self.asks.append(list(messages))
        yield pieces()


async def ask(generator: Generator, passages: Sequence[Passage], split: str, cost: dict[str, float]) -> list[Asked]:
    """Ask every question twice: the model answers all of them in between, together, which is faster."""
    source = KnowledgeSource(index_of(passages, *tools()), calibration=Calibration.shipped(), time_zone=ZoneInfo("UTC"))
    settings, memory = Settings(), Memory()
    responder = responder_of(
        settings, source, Learned(Models()), GeneratedComposer(verbatim_of(settings), lambda: memory)
    )
    questions = [(q, "") for q in labelled() if q.split == split and q.answers]
    questions += [
        (_labelled(row), row["text"]) for row in read_jsonl(FAQ / "eval" / "rewrites.jsonl") if row["split"] == split
    ]
    quoted, chats = [], []
    for question, _ in questions:
        memory.asks.clear()
        quoted.append(await responder.respond(*_message(question)))
        chats.append(memory.asks[0] if memory.asks else None)
    asks = [chat for chat in chats if chat]
    say(f"asking the model {len(asks)} questions")
    start = time.perf_counter()
    texts = generator.write(asks, MOST)
    cost["written_tokens_a_second"] = sum(map(len, map(generator.template.ids, texts))) / (time.perf_counter() - start)
    memory.texts = {json.dumps(chat): text for chat, text in zip(asks, texts, strict=True)}
    return [
        Asked(
            question=question,
            rewrite=rewrite,
            quoted=before,
            text=memory.texts[json.dumps(chat)] if chat else None,
            reply=await responder.respond(*_message(question)),
        )
        for (question, rewrite), before, chat in zip(questions, quoted, chats, strict=True)
    ]


def _labelled(row: dict[str, Any]) -> Labelled:
    return Labelled(
        id=row["id"],
        text=row["question"],
        language=row["language"],
        kind="rewrite",
        split=row["split"],
        answers=tuple(row["entries"]),
    )


def _message(question: Labelled) -> tuple[Conversation, Message]:
    key = ConversationKey(channel="benchmark", thread=question.id)
    turns = [
        Turn(speaker=Speaker(speaker), text=text, at=NOON, id=f"earlier {number}")
        for number, (speaker, text) in enumerate(question.history)
    ]
    return Conversation(key=key, turns=tuple(turns)), Message(id="asked", conversation=key, text=question.text, at=NOON)


def of(rows: Sequence[Asked]) -> dict[str, float]:
    """Return the figures of the replies to some questions."""
    written = [row for row in rows if row.text is not None]
    answers = [row for row in written if row.text.strip(" .。") != NONE]  # type: ignore[union-attr]
    right = [row for row in answers if not row.rewrite and row.question.right(quotes(row.quoted))]
    texts, entries = [str(row.text) for row in right], ["\n\n".join(e.answer for e in row.evidence) for row in right]
    supported = [sentence for row in answers for sentence in sentences(row, str(row.text))]
    sent = [row for row in written if row.reply.writing.by is Author.GENERATOR]
    known = [row for row in written if row.rewrite and row.question.right(quotes(row.quoted))]
    figures = {
        "asked": len(rows),
        "model asked": len(written),
        "declined": len(written) - len(answers),
        "chrf": mean(chrf(texts, entries)),
        "rouge_l": mean(rouge_l(texts, entries)),
        "supported": mean(supported),
        "sent": len(sent) / len(written),
        "word_for_word": mean(row.said == "\n\n".join(e.answer for e in row.evidence) for row in sent),
        "figures_kept": mean(len(row.stated & row.known) / len(row.known) for row in sent if row.known),
        "false_figures": sum(bool(row.stated - row.known) for row in sent),
        "unsupported": sum(not all(sentences(row, row.said)) for row in sent),
        "rewrites": len(known),
    }
    for name, said in (
        ("quoted", [row.quoted.text for row in known]),
        ("model", [str(row.text) for row in known]),
        ("sent", [row.reply.text for row in known]),
    ):
        wanted = [row.rewrite for row in known]
        figures |= {
            f"rewrite_chrf_{name}": mean(chrf(said, wanted)),
            f"rewrite_rouge_l_{name}": mean(rouge_l(said, wanted)),
        }
    return figures


def sentences(row: Asked, text: str) -> list[bool]:
    """Return for each sentence of ``text`` whether the lock passes it."""
    evidence = Evidence.of([(e.id, f"{e.question}\n{e.answer}") for e in row.evidence])
    return [sentence.supported for sentence in checked(text, evidence) if sentence.text.strip()]


if __name__ == "__main__":
    main()
