"""What becomes of calibrated thresholds: the settings, the records and the doctor have them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bot.app import rules_of, setup_of
from bot.cli.calibrated import calibrated
from bot.evaluation.drift import Profile
from bot.evaluation.thresholds import Thresholds
from bot.policy import Thresholds as Limits
from bot.settings import Policy, Settings, load_settings
from bot.store.sql import SqlStore
from bot.types import Action, Candidate, ConversationKey, Message, Reason, Reply

NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)
RANDOM = np.random.default_rng(5)
SURE = RANDOM.beta(6, 1, 700).tolist()


def settings_with(folder: Path, file: str = "", **levels: float) -> Settings:
    """Settings from a file, with these thresholds in the state folder."""
    answer_from = {"": 0.8} | {name.replace("_", "/"): level for name, level in levels.items()}
    found = Thresholds(
        max_wrong=0.02,
        confidence=0.95,
        answer_from=answer_from,
        slices={},
        files=("turns.jsonl",),
        sha256="0" * 64,
        versions={},
        profile=Profile.of(SURE),
        at=NOON,
    )
    (folder / "thresholds.json").write_text(found.json(), "utf-8")
    assert Thresholds.read(folder) == found
    path = folder / "kefu.toml"
    path.write_text(f'{file}\n[state]\nfolder = "{folder}"\n', "utf-8")
    return load_settings(path)


def test_rules_and_records_have_them_and_a_record_gives_the_same_rules(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, zh=0.2, zh_payment=1.0)
    rules = rules_of(settings)
    assert rules.thresholds_for("en", "payment") == Limits(answer_from=0.8, clarify_from=0.3, choices=3)
    assert rules.thresholds_for("zh", "returns") == Limits(answer_from=0.2, clarify_from=0.2, choices=3)
    assert rules.thresholds_for("zh", "payment").answer_from == 1.0
    noted = json.loads(setup_of(settings))["settings"]["policy"]
    assert rules_of(settings.model_copy(update={"policy": Policy(**noted)})) == rules


def test_a_threshold_below_where_the_bot_asks_back_lowers_that_too(tmp_path: Path) -> None:
    (tmp_path / "thresholds.json").write_text("", "utf-8")
    settings = settings_with(tmp_path, "[policy]\nclarify_from = 0.7\nchoices = 2\n[sentiment]\ntimes = 3")
    assert (settings.policy.answer_from, settings.policy.clarify_from) == (0.8, 0.7)
    lower = (tmp_path / "thresholds.json").read_text("utf-8").replace('"": 0.8', '"": 0.5')
    (tmp_path / "thresholds.json").write_text(lower, "utf-8")
    settings = load_settings(tmp_path / "kefu.toml")
    assert (settings.policy.answer_from, settings.policy.clarify_from, settings.policy.choices) == (0.5, 0.5, 2)
    assert settings.origins["policy.clarify_from"].endswith("(kefu calibrate)")


def test_one_threshold_in_the_settings_is_enough_to_use_none_of_them(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, "[policy]\nanswer_from_in = { zh = 0.9 }", zh=0.2)
    assert (settings.policy.answer_from, settings.policy.answer_from_in) == (0.7, {"zh": 0.9})
    assert [(each.ok, "not in use" in each.text) for each in calibrated(settings)] == [(None, True)]


def test_the_doctor_tells_of_other_knowledge(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    assert [each.ok for each in calibrated(settings)] == [True]
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "current").write_text("b2", "utf-8")
    [told] = calibrated(settings)
    assert told.ok is None
    assert "measured on other knowledge. Label turns of now" in told.text


async def answered(folder: Path, confidences: Sequence[float]) -> None:
    """Keep so many replies, whose best candidates have these confidences."""
    async with SqlStore.open(f"sqlite:///{folder / 'kefu.db'}") as store:
        for number, confidence in enumerate(confidences):
            key = ConversationKey(channel="chat", thread=str(number))
            message = Message(id="1", conversation=key, text="hello", at=NOON)
            best = Candidate(id="a", confidence=confidence, source="s", question="q", answer="a", language="en")
            reply = Reply(
                id=f"r{number}",
                conversation=key,
                in_reply_to="1",
                text="a",
                action=Action.ANSWER,
                reason=Reason.CONFIDENT,
                confidence=confidence,
                language="en",
                candidates=(best,),
            )
            await store.accept(message)
            seen = await store.conversation(key)
            assert await store.finish(message, reply, seen=seen, setup=await store.note_setup("{}"))


async def told(settings: Settings) -> list[tuple[str, bool | None]]:
    from asyncio import to_thread

    return [(each.name, each.ok) for each in await to_thread(lambda: list(calibrated(settings)))]


async def test_the_doctor_sees_when_customers_ask_other_things(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    assert await told(settings) == [("thresholds", True)]
    await answered(tmp_path, RANDOM.beta(6, 1, 25).tolist())
    assert await told(settings) == [("thresholds", True), ("drift", True)]
    (tmp_path / "other").mkdir()
    await answered(tmp_path / "other", [0.1] * 25)
    (tmp_path / "other" / "kefu.db").replace(tmp_path / "kefu.db")
    assert await told(settings) == [("thresholds", True), ("drift", False)]
