"""What an operator is told to do leads back to the same settings, and many problems are told shortly."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.hints import again, idle, told
from bot.settings import Intents, Sentiment, Settings, load_settings


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_the_command_line_set_is_set_again_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("kefu.toml").write_text("[policy]\nchoices = 2\n", "utf-8")
    assert again("kefu ingest", load_settings(None)) == "kefu ingest"
    options = {"knowledge.sources": ["my faq", "more"], "state.folder": "state"}
    assert again("kefu ingest", load_settings(None, overrides=options)) == (
        "kefu ingest --faq 'my faq' --faq more --state state"
    )
    monkeypatch.setenv("KEFU_STATE__FOLDER", "state")
    assert again("kefu ingest", load_settings(None)) == "kefu ingest"


def test_a_file_that_sets_nothing_is_named_again_for_relative_paths_start_at_it() -> None:
    file = Path("shop/our kefu.toml")
    file.parent.mkdir()
    file.write_text("# all as it comes\n", "utf-8")
    assert again("kefu ingest", load_settings(file)) == "kefu ingest --config 'shop/our kefu.toml'"


@pytest.mark.parametrize(
    ("count", "lines"),
    [
        (0, []),
        (2, ["problem 0", "problem 1"]),
        (3, ["problem 0", "problem 1", "... and 1 more. See them all with: kefu ingest"]),
    ],
)
def test_of_many_problems_the_first_are_told_and_where_the_others_are(count: int, lines: list[str]) -> None:
    assert told([f"problem {number}" for number in range(count)], Settings(), most=2) == lines


def test_settings_that_do_nothing_until_something_is_trained_are_told() -> None:
    settings = Settings(intents=Intents(scope={"pay": ("payment",)}), sentiment=Sentiment(hand_over=("angry",)))
    for_intents, for_sentiment = idle(settings, ())
    assert for_intents.startswith("[intents] of the settings does nothing while nothing trained is in use")
    assert idle(settings, {"intents"}) == [for_sentiment]
    assert idle(settings, {"intents", "sentiment"}) == idle(Settings(), ()) == []
