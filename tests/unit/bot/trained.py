"""What the tests of trained models share: a few labelled messages, and artefacts trained on them in a moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.encoder import Encoder

if TYPE_CHECKING:
    from finetune.recipe import Kind
    from finetune.run import Data

INTENTS = {
    "track_order": [
        "where is my parcel",
        "how do I track my order",
        "has my package been shipped yet",
        "when will my delivery arrive",
        "the tracking link shows nothing",
        "my order has not arrived",
        "follow my shipment",
        "any news on my delivery",
        "which day does my parcel come",
        "is my order on its way",
    ],
    "complaint": [
        "this is a complaint about your service",
        "I want to file a formal complaint",
        "I will complain about your company",
        "your company treats customers badly",
        "I am going to report your shop to consumer protection",
        "where can I lodge a complaint",
        "worst service ever, I complain officially",
        "I would like to make an official complaint",
        "complaint about the behaviour of your staff",
        "register my complaint",
    ],
    "payment_problem": [
        "my payment failed",
        "the card was declined",
        "I cannot pay with my credit card",
        "payment was rejected twice",
        "the checkout does not accept my card",
        "why was my payment refused",
        "paying does not work",
        "my bank card is not accepted at the checkout",
        "error while I was paying",
        "the payment page says declined",
    ],
    "oos": [
        "do you like jazz",
        "who won the chess championship",
        "tell me a joke",
        "what is the capital of peru",
        "how do I bake bread",
        "is it going to rain tomorrow",
        "who wrote hamlet",
        "sing me a song",
        "how old is the moon",
        "what do cats eat",
    ],
}
SENTIMENT = {
    "angry": [
        "I am furious, this is outrageous",
        "this is a disgrace, I am so angry",
        "what a terrible shop, I am fed up",
        "I have had enough of this nonsense",
        "you are useless and I am really mad",
        "this is unacceptable and infuriating",
        "I hate this, it is a scandal",
        "are you kidding me, I am livid",
        "absolutely ridiculous, I am angry",
        "how dare you, this is an outrage",
    ],
    "calm": [
        "where is my parcel",
        "how do I track my order",
        "how long does a refund take",
        "which payment methods do you accept",
        "how long is the warranty on a lamp",
        "how do I reset my password",
        "can I pick up my order in the store",
        "hello, I have a question",
        "thanks, that helps",
        "could you tell me the opening hours",
    ],
}


#: What was asked and what was answered; the first answer is that of an entry.
ANSWERS = {
    "Thirty days, as it was once.": [
        "when do I get my money back",
        "how many days until I am refunded",
        "refund duration please",
        "how long until the refund arrives",
        "is my refund coming soon",
        "when will you refund me",
        "waiting for my refund",
        "money back when",
    ],
    "Yes, the guest wifi is free.": [
        "is there wifi in the shop",
        "do you have wireless internet",
        "wifi password please",
        "free internet in store",
        "can I use wifi at your store",
        "does the store have wlan",
        "internet access in the shop",
        "wifi for customers",
    ],
    "Your advisor is <name>, write to <email>.": [
        "who is my contact",
        "name of my advisor",
        "which agent handles my case",
        "who takes care of me",
        "contact person please",
        "my personal advisor",
        "who is responsible for my case",
        "agent name",
    ],
}


def pairs_of(folder: Path) -> Data:
    """Write `ANSWERS` as `kefu pairs` writes them; those to the first name the entry "refund"."""
    from finetune.run import Data

    rows = [
        (place, {"question": question, "answer": answer, **({"intent": "refund"} if "days" in answer else {})})
        for answer, asked in ANSWERS.items()
        for place, question in enumerate(asked)
    ]
    for name, last in (("train", False), ("dev", True)):
        lines = [json.dumps(row) + "\n" for place, row in rows if (place % 4 == 3) is last]
        (folder / f"pairs-{name}.jsonl").write_text("".join(lines), "utf-8")
    return Data(train=(folder / "pairs-train.jsonl",), dev=folder / "pairs-dev.jsonl")


def rows_of(labels: dict[str, list[str]], key: str, folder: Path) -> Data:
    """Write the rows: three in four to learn from, the others to choose by."""
    from finetune.run import Data

    folder.mkdir(parents=True, exist_ok=True)
    rows = [(place, {"text": text, key: label}) for label, texts in labels.items() for place, text in enumerate(texts)]
    for name, chosen in (("train", lambda place: place % 4), ("dev", lambda place: place % 4 == 0)):
        lines = [json.dumps(row) + "\n" for place, row in rows if chosen(place)]
        (folder / f"{key}-{name}.jsonl").write_text("".join(lines), "utf-8")
    return Data(train=(folder / f"{key}-train.jsonl",), dev=folder / f"{key}-dev.jsonl")


def train(models: Path, kind: Kind, data: Data, encoder: Encoder, **recipe: object) -> str:
    """Train in ``models``, a head if nothing else is said, put it into use and return its version. Loads torch."""
    import torch

    from finetune.recipe import Recipe
    from finetune.registry import Registry
    from finetune.run import run

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so little work is not worth a second one
    usual = {"method": "head", "epochs": 12, "patience": 12, "learning_rate": 1e-2, "batch": 8}
    chosen = Recipe.of(kind=kind, **(usual | recipe))
    done = run(chosen, data, models, models / kind.value / "work", serving=encoder)
    torch.set_num_threads(threads)
    Registry(models=models).promote(kind, done.folder.name)
    return done.folder.name
