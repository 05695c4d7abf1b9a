"""What `kefu train` put into use is part of the bot that the other commands run."""

from __future__ import annotations

import json

from tests.e2e.command import Desk
from tests.unit.bot.trained import INTENTS


def test_after_a_promotion_ask_knows_the_intent_and_the_doctor_what_is_in_use(desk: Desk) -> None:
    for name, wanted in (("train", (1, 2, 3, 4, 5, 6)), ("dev", (7, 8)), ("test", (0, 9))):
        rows = [{"text": texts[place], "intent": label} for label, texts in INTENTS.items() for place in wanted]
        desk.write(f"{name}.jsonl", *rows)
    trained = desk.run(
        *("train", "intents", "--data", "train.jsonl", "--dev", "dev.jsonl", "--test", "test.jsonl", "--json"),
        *("--epochs", "15", "--set", "learning_rate=0.01", "--set", "batch=8", "--set", "patience=15"),
    )
    assert trained.code == 0, trained.err
    version = json.loads(trained.out)["version"]
    # So few rows prove nothing to the gate.
    assert desk.run("models", "promote", "intents", version).code == 0

    asked = ("ask", "--json", "--faq", "faq", "where is my parcel please")
    rules = {"KEFU_INTENTS__ANSWERS__TRACK_ORDER": "track", "KEFU_INTENTS__HAND_OVER": "complaint:legal"}
    reply = json.loads(desk.run(*asked, **rules).out)
    ((label, chance),) = [(intent["label"], intent["chance"]) for intent in reply["understanding"]["intents"]]
    assert (label, 0 < chance <= 1) == ("track_order", True)
    assert (reply["understanding"]["entities"], reply["understanding"]["sentiment"]) == ([], None)
    assert (reply["action"], reply["reason"], reply["text"]) == ("answer", "intent", "With the link in the mail.")

    doctor = desk.run("doctor", "--faq", "faq", **rules, KEFU_INTENTS__ANSWERS__COMPLAINT="nowhere")
    assert doctor.code == 1
    assert f"✓ intents: {version} head: dev " in doctor.out
    known = "complaint, payment_problem, track_order"
    assert f"✗ intents: [intents] of the settings: unknown legal; the model knows {known}" in doctor.out
    assert "✗ intents: intents.answers.complaint: there is no entry 'nowhere'" in doctor.out
    assert "✓ sentiment: nothing trained is in use" in doctor.out
