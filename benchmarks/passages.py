"""How often `kefu pairs --passages` finds the entry that an agent's answer says.

    python -m benchmarks.passages

The logged dialogues of the demo shop name the entry of each answer. They become pairs without those names, and what is
found is held against them. (What tells whether an entry says an answer was fit on half of these dialogues.)

Figures, by language: answers whose entry is known, those for which one was found, and those for which it is the right
one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from benchmarks.common import FAQ, NOON, index_of, tools
from bot.cli.sourced import sourced
from bot.evaluation.likeness import Likeness
from finetune.history import make
from retrieval.ingest import read_sources


def main() -> None:
    """Print the figures."""
    encoder, analyzer = tools()
    index = index_of(read_sources([FAQ]).passages, encoder, analyzer)
    history = make([FAQ / "eval" / "dialogues.jsonl"], keep=["lanternbay.example"])
    named = [pair for pairs in history.parts.values() for pair in pairs if pair.intent]
    nameless = replace(history, parts={"all": [replace(pair, intent="") for pair in named]})
    found = sourced(nameless, index, Likeness(encoder.encode), NOON.date(), lambda step, done, total: None).parts["all"]
    known: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for pair, one in zip(named, found, strict=True):
        known[pair.language] += 1
        for passage in one.passages:
            sources[pair.language] += 1
            right[pair.language] += passage.id == pair.intent
    for language, count in known.items():
        print(f"{language}: {count} answers, {sources[language]} with an entry, {right[language]} with the right one")


if __name__ == "__main__":
    main()
