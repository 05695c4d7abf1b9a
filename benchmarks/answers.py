"""What customers of the demo company would get: the whole bot over the labelled questions of `faq_data`.

    python -m benchmarks.answers [--split test] [--json]

Right means: every entry that the reply quotes belongs to the question (of two questions at least one is answered, and
nothing else is quoted). The thresholds are the defaults; they and the confidences were fit on the split "dev".
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.common import FAQ, NOON, TODAY, Labelled, index_of, labelled, mean, tools
from bot.app import running
from bot.evaluation.judging import quotes
from bot.library import Library, Progress
from bot.settings import load_settings
from bot.types import Action, ConversationKey, Message, Reply, Speaker, Turn
from connectors.mailbox import Mailbox
from retrieval.index import KnowledgeIndex
from retrieval.ingest import read_sources
from retrieval.types import Passage, Query


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=["dev", "test"], help="only this half")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    asked = [q for q in labelled() if arguments.split in (None, q.split)]
    replies = asyncio.run(ask_all(asked))
    figures: dict[str, Any] = {}
    for language in ("en", "zh", "en zh"):
        rows = [(q, r) for q, r in zip(asked, replies, strict=True) if q.language in language.split()]
        figures[language] = of_replies(rows)
    figures |= parity(asked)
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    for name, values in figures.items():
        print(f"{name:28} " + "  ".join(f"{key} {value:.3f}" for key, value in values.items()))


async def ask_all(asked: Sequence[Labelled]) -> list[Reply]:
    """Return the reply to each question, given its earlier turns, on the day that the labels assume."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            None, overrides={"knowledge.sources": [FAQ], "knowledge.watch": False, "state.folder": Path(folder)}
        )
        library = Library.load(settings, Progress())
        index, _ = library.index(settings, Progress())
        mailbox = Mailbox("benchmark")
        async with running(settings, library, index) as bot:
            bot.connect(mailbox)
            replies = []
            for question in asked:
                key = ConversationKey(channel=mailbox.name, thread=question.id)
                for number, (speaker, text) in enumerate(question.history):
                    await bot.append(key, Turn(speaker=Speaker(speaker), text=text, at=NOON, id=f"earlier {number}"))
                message = Message(id=question.id, conversation=key, text=question.text, at=NOON)
                replies.append(await mailbox.ask(bot.submit, message))
            return replies


def of_replies(rows: Sequence[tuple[Labelled, Reply]]) -> dict[str, float]:
    """Return the figures of a set of questions and their replies."""
    known = [(q, r) for q, r in rows if q.answers]
    answered = [(q, r) for q, r in known if quotes(r)]
    return {
        "first": mean(bool(r.candidates) and q.right([r.candidates[0].id]) for q, r in known),
        "coverage": len(answered) / len(known),
        "right": mean(q.right(quotes(r)) for q, r in answered),
        "asked_back_with_right": mean(
            bool({c.id for c in r.citations} & {*q.answers, *q.accept}) for q, r in known if r.action is Action.CLARIFY
        ),
        "both_of_two": mean(set(q.answers) <= set(quotes(r)) for q, r in known if q.kind == "double"),
        "refused": mean(not quotes(r) for q, r in rows if not q.answers),
    }


def parity(asked: Sequence[Labelled]) -> dict[str, dict[str, float]]:
    """Return R@1 of each language before and after 1,000 entries in the other one come in."""
    encoder, analyzer = tools()
    passages = read_sources([FAQ]).passages
    figures = {}
    for language, other in (("en", "zh"), ("zh", "en")):
        mine = [p for p in passages if p.language == language]
        theirs = [p for p in passages if p.language == other]
        more = [_foreign(theirs[i % len(theirs)], i // len(theirs), i) for i in range(1000)]
        questions = [q for q in asked if q.language == language and q.answers]
        # A question finds what answers it in either language: a copy of the right entry is right.
        copies = {p.id: theirs[i % len(theirs)].id for i, p in enumerate(more)}
        before, after = (
            _first(index_of(each, encoder, analyzer), questions, copies) for each in (mine, [*mine, *more])
        )
        figures[f"{language} beside 1000 {other}"] = {"before": before, "after": after}
    return figures


def _foreign(passage: Passage, round_: int, number: int) -> Passage:
    """Return one of 1,000 different entries: a phrasing of an entry as the question, its answer, an id of its own."""
    phrasings = (passage.question, *passage.alternatives)
    return replace(
        passage, id=f"other-{number}", question=phrasings[round_ % len(phrasings)], alternatives=(), valid_until=None
    )


def _first(index: KnowledgeIndex, questions: Sequence[Labelled], copies: Mapping[str, str]) -> float:
    found = index.search([Query(text=q.text, context=q.context) for q in questions], 1, day=TODAY)
    firsts = [hits[0].passage.id if hits else "" for hits in found]
    return mean(q.right([copies.get(first, first)]) for q, first in zip(questions, firsts, strict=True))


if __name__ == "__main__":
    main()
