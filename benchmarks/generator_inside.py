"""What kefu adds to a language model in its own process, and what it saves of each prompt.

    python -m benchmarks.generator_inside [--replies 200] [--shaped] [--json]

A small model learns some entries of the demo shop by heart, with `finetune.generator`, and then writes them: replies to
the questions of these entries, one after the other, in medians of milliseconds:

* ``whole``: transformers' ``generate`` alone, called with the prompt and no more than that;
* ``direct``: the same where what all prompts of a language begin with is given as computed before, which kefu does;
* ``quoted``: the reply without a model: retrieval and policy;
* ``written``: the reply with it, in its thread, streamed, through the evidence lock;
* ``overhead``: written - quoted - direct, which is what writing costs beside the model; ``overhead_p99`` is over
  replies, with the medians of the other two taken off, and ``overhead_cpu`` the same in time of the processor, which
  tells less of what else the machine does (with OMP_NUM_THREADS=1, for threads that wait for each other count too);
* ``saved``: whole - direct;
* ``late_p99``: how late the event loop is while the model writes, 99th percentile over ticks of a millisecond.

``--shaped`` measures ``whole`` and ``direct`` up to the first token, in time of the processor, of a model with the
shape of Qwen2.5-0.5B and random weights in 32 bits (2 GB): that takes as long as the real one.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any
from zoneinfo import ZoneInfo

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from benchmarks.common import FAQ, NOON, index_of, percentile, tools
from bot.app import responder_of, verbatim_of
from bot.calibration import Calibration
from bot.cli.adapt import as_served
from bot.generator.inside import Inside
from bot.generator.turns import Turns
from bot.knowledge import KnowledgeSource
from bot.learned import Learned, Models
from bot.settings import Settings
from bot.types import Author, Conversation, ConversationKey, Message
from finetune.artefact import open_artefact
from finetune.generator.run import adapt
from finetune.generator.small import write_small
from finetune.generator.speaker import Speaker, Speakers
from finetune.recipe import Recipe
from finetune.run import Data
from retrieval.ingest import read_sources
from retrieval.types import Passage

#: Entries of each language that are learned, with answers of at most so many characters.
ENTRIES, CHARACTERS = 2, 100
Say = Callable[[str], None]
Clock = Callable[[], float]


def learned(folder: Path, entries: Sequence[Passage], say: Say) -> Path:
    """Return the artefact of a model that has learned ``entries`` by heart."""
    say("learning")
    prompt = as_served()
    texts = [m["content"] for p in entries for m in prompt.messages(p.question, [p], p.language)]
    small = write_small(folder / "small", texts * 3, size=128, layers=3)
    rows = [
        {
            "question": p.question,
            "answer": p.answer,
            "language": p.language,
            "passages": [{"id": p.id, "question": p.question, "answer": p.answer}],
        }
        for p in entries
    ]
    train, dev = folder / "train.jsonl", folder / "dev.jsonl"
    train.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows) * 48, "utf-8")
    dev.write_text(json.dumps({**rows[0], "question": f"{rows[0]['question']} ?"}) + "\n", "utf-8")
    recipe = Recipe.of(
        kind="generator",
        method="full",
        backbone=str(small),
        batch=2,
        epochs=1,
        learning_rate=4e-3,
        max_tokens=1024,
        pack=True,
        distractors=0,
        declined=0.0,
    )
    return adapt(recipe, Data(train=(train,), dev=dev), folder / "models", folder / "work", prompt=prompt).folder


def alone(
    speaker: Speaker, messages: list[dict[str, str]], *, computed: bool, most: int, clock: Clock = perf_counter
) -> float:
    """Return the milliseconds of transformers' ``generate``, with or without what a prompt begins with."""
    template = speaker._template
    with speaker._backbone.wearing(None) as model, torch.inference_mode():
        ids = template.ids(template.asked(messages))
        begun = clock()
        more = speaker._computed(model, messages, ids) if computed else {}
        asked = torch.tensor([ids])
        model.generate(
            input_ids=asked,
            attention_mask=torch.ones_like(asked),
            do_sample=False,
            max_new_tokens=most,
            pad_token_id=template.tokenizer.pad_token_id,
            eos_token_id=sorted(speaker._ends),
            **more,
        )
        return (clock() - begun) * 1000


async def _lateness(late: list[float]) -> None:
    while True:
        begun = perf_counter()
        await asyncio.sleep(0.001)
        late.append((perf_counter() - begun) * 1000 - 1)


async def measured(replies: int, folder: Path, say: Say) -> dict[str, Any]:
    """Measure so many replies."""
    encoder, analyzer = tools()
    passages = read_sources([FAQ]).passages
    short = [p for p in passages if len(p.answer) < CHARACTERS and p.question and "{" not in p.answer]
    entries = [p for language in ("en", "zh") for p in [p for p in short if p.language == language][:ENTRIES]]
    artefact = open_artefact(learned(folder, entries, say))
    speaker = Speakers().of(artefact)
    settings = Settings()
    most = settings.generator.max_tokens
    inside = Inside(partial(speaker.write, most=most), Turns(at_once=1, deadline=60.0))
    source = KnowledgeSource(
        index_of(passages, encoder, analyzer), calibration=Calibration.shipped(), time_zone=ZoneInfo("UTC")
    )
    quoting = responder_of(settings, source, Learned(Models()), verbatim_of(settings))
    writing = responder_of(settings, source, Learned(Models(generator=inside)))
    took: dict[str, list[float]] = {name: [] for name in ("whole", "direct", "quoted", "written")}
    cpu: list[float] = []
    late: list[float] = []
    by_model = 0
    for number in range(-len(entries), replies):  # the first of each is for warming up
        entry = entries[number % len(entries)]
        key = ConversationKey(channel="benchmark", thread=str(number))
        message = Message(id="asked", conversation=key, text=entry.question, at=NOON)
        spent = [process_time()]
        quoted = await quoting.respond(Conversation(key=key), message)
        spent.append(process_time())
        written = await writing.respond(Conversation(key=key), message)
        spent.append(process_time())
        if number < 0 or written.writing.by is not Author.GENERATOR:
            continue
        by_model += 1
        took["quoted"].append(quoted.timings_ms["total"])
        took["written"].append(written.timings_ms["total"])
        asks = [{"role": role, "content": content} for role, content in written.writing.prompt]
        took["whole"].append(alone(speaker, asks, computed=False, most=most))
        spent.append(process_time())
        took["direct"].append(alone(speaker, asks, computed=True, most=most))
        spent.append(process_time())
        quote, write, _, direct = (1000 * (end - begin) for begin, end in itertools.pairwise(spent))
        cpu.append(write - quote - direct)
        if number % 4 == 0:  # apart, for looking costs time itself
            ticking = asyncio.create_task(_lateness(late))
            await writing.respond(Conversation(key=key), message)
            ticking.cancel()
        if by_model % 50 == 0:
            say(f"{by_model} replies")
    medians = {name: round(median(each), 2) for name, each in took.items()}
    rest = medians["quoted"] + medians["direct"]
    return {
        "replies": replies,
        "written_by_model": by_model,
        **medians,
        "overhead": round(medians["written"] - rest, 2),
        "overhead_p99": round(percentile(took["written"], 99) - rest, 2),
        "overhead_cpu": round(median(cpu), 2),
        "saved": round(medians["whole"] - medians["direct"], 2),
        "late_p99": round(percentile(late, 99), 2),
    }


def shaped(folder: Path, say: Say) -> dict[str, Any]:
    """Measure a model of the shape of Qwen2.5-0.5B."""
    say("a model of the shape of Qwen2.5-0.5B")
    passages = [p for p in read_sources([FAQ]).passages if p.language in ("en", "zh")]
    small = write_small(folder / "tokens", [f"{p.question} {p.answer}" for p in passages], size=32, layers=1)
    config = Qwen2Config(
        vocab_size=151_936,
        hidden_size=896,
        intermediate_size=4864,
        num_hidden_layers=24,
        num_attention_heads=14,
        num_key_value_heads=2,
        max_position_embeddings=32_768,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=1,
    )
    large = folder / "large"
    Qwen2ForCausalLM(config).save_pretrained(large)
    for path in small.glob("tokenizer*"):
        (large / path.name).write_bytes(path.read_bytes())
    speaker = Speakers(str(large)).plain()
    took: dict[str, list[float]] = {}
    counts = []
    for entry in passages[:: len(passages) // 4][:4]:
        asks = as_served().messages(entry.question, [entry], entry.language)
        counts.append(len(speaker._template.ids(speaker._template.asked(asks))))
        alone(speaker, asks, computed=True, most=1)
        for name, computed in (("whole", False), ("direct", True)):
            each = alone(speaker, asks, computed=computed, most=1, clock=process_time)
            took.setdefault(name, []).append(each)
    known = [len(each.ids) for each in speaker._beginnings.values() if each]
    return {"prompt_tokens": median(counts), "of_them_computed": median(known)} | {
        name: round(median(each)) for name, each in took.items()
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=int, default=200)
    parser.add_argument("--shaped", action="store_true", help="measure the shape of Qwen2.5-0.5B instead")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args()

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = shaped(folder, say) if given.shaped else asyncio.run(measured(given.replies, folder, say))
    if given.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:18} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
