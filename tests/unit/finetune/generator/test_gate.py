"""The gate: what writes nearer to people than quoting goes live; what learned nothing, or is worse, never does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.adapt import judged as judge
from finetune.errors import DataError
from finetune.gate import Finding
from finetune.generator.examples import distractors, examples_of
from finetune.generator.figures import Written
from finetune.generator.gate import check, judged, promote
from finetune.generator.pairs import Pair, Pairs
from finetune.generator.prompt import Prompt
from finetune.generator.run import adapt
from finetune.generator.small import write_small
from finetune.recipe import Kind, Recipe
from finetune.registry import Registry
from finetune.run import Data

pytestmark = pytest.mark.filterwarnings("default")

#: What a shop says of its things, between words that nobody needs.
FACTS = {
    "en": {"delivery": "It takes 3 days.", "refund": "You have it in 5 days.", "repair": "That lasts 14 days."},
    "zh": {"配送": "三天送达。", "退款": "五天到账。", "维修": "要等14天。"},
}
AROUND = {"en": "{}: thank you. {} Bye.", "zh": "{}：感谢咨询。{}再见。"}
_BEFORE = {"en": ["", "please, ", "hello. ", "tell me ", "about "], "zh": ["", "请问", "你好，", "说一下", "关于"]}
_BEHIND = {"en": ["", "?", " now", " thanks"], "zh": ["", "？", "呢", "多久"]}
#: Ways to ask, of known words in new orders.
ASKED = {
    language: [_BEFORE[language][way % 5] + "{}" + _BEHIND[language][way % 4] for way in range(20)]
    for language in FACTS
}
#: Short, so that a small model soon learns it.
PROMPT = Prompt(
    messages=lambda question, passages, language: [
        {"role": "user", "content": "\n".join([*(passage.answer for passage in passages), question])}
    ],
    declining={"en": "No.", "zh": "没有。"},
)


def rows(asked: slice) -> list[dict[str, object]]:
    return [
        {
            "question": question.format(subject),
            "answer": fact,
            "language": language,
            "passages": [{"id": subject, "question": "", "answer": AROUND[language].format(subject, fact)}],
        }
        for language, facts in FACTS.items()
        for question in ASKED[language][asked]
        for subject, fact in facts.items()
    ]


def write(path: Path, some: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some), "utf-8")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Return rows about the same things in other words."""
    folder = tmp_path_factory.mktemp("rows")
    train, dev, test = (
        write(folder / f"{name}.jsonl", rows(asked))
        for name, asked in (("train", slice(11)), ("dev", slice(11, 12)), ("test", slice(12, 20)))
    )
    return Data(train=(train,), dev=dev, test=test)


@pytest.fixture(scope="module")
def small(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [text for row in rows(slice(11)) for text in (str(row["question"]), str(row["passages"]))]
    return write_small(tmp_path_factory.mktemp("small"), texts, vocabulary=600, size=64, layers=2, positions=512)


def recipe(small: Path, **more: object) -> Recipe:
    usual = {"method": "full", "batch": 8, "learning_rate": 5e-3, "epochs": 20, "patience": 20, "schedule": "linear"}
    return Recipe.of(kind="generator", backbone=str(small), declined=0.3, distractors=0, pack=True, **{**usual, **more})


def failed(findings: Sequence[Finding]) -> set[str]:
    return {finding.name for finding in findings if not finding.passed}


def test_what_learned_to_answer_goes_live_and_nothing_worse_ever_does(small: Path, data: Data, tmp_path: Path) -> None:
    models = tmp_path / "models"
    registry = Registry(models=models)

    def trained(**more: object) -> Path:
        return adapt(recipe(small, **more), data, models, tmp_path / f"work {more}", prompt=PROMPT, judge=judge).folder

    def promoted(folder: Path, data: Data = data) -> set[str]:
        """Return what failed."""
        return failed(promote(recipe(small), data, models, folder, prompt=PROMPT, judge=judge))

    nothing, good = trained(epochs=1, learning_rate=1e-7), trained()
    assert {"held by the lock", "nearer than quoting"} <= promoted(nothing)
    assert registry.live(Kind.GENERATOR) is None
    assert not promoted(good)
    assert registry.live(Kind.GENERATOR) == good.name
    for worse in (nothing, trained(epochs=4)):
        assert "nearer than what is in use" in promoted(worse)
    assert promoted(good) == {"nearer than what is in use"}  # it is no better than itself
    assert registry.live(Kind.GENERATOR) == good.name
    assert registry.rollback(Kind.GENERATOR) is None
    seen = {**rows(slice(1))[0], "question": " DELIVERY", "answer": "It takes a while."}
    leaky = write(tmp_path / "leaky.jsonl", [*rows(slice(12, 20)), seen])
    assert "no leak" in promoted(good, replace(data, test=leaky))
    assert registry.live(Kind.GENERATOR) is None


@pytest.fixture(scope="module")
def pairs(data: Data) -> list[Pair]:
    assert data.test is not None
    return Pairs().read(data.test)


@pytest.fixture(scope="module")
def ideal(pairs: list[Pair], small: Path) -> list[Written]:
    """Return what a model would write that answers as people did."""
    asked = recipe(small)
    examples = examples_of(pairs, distractors(pairs, pairs, asked), PROMPT, asked, 0)
    return [Written(example=e, text=e.wanted, sure=1.0, declines=e.declines) for e in examples]


def quoting(made: Sequence[Written]) -> list[Written]:
    return [one if one.declines else replace(one, text=one.example.passages[0].answer) for one in made]


def test_what_answers_as_people_did_passes(ideal: list[Written]) -> None:
    assert not failed(judged(ideal, None, judge))
    assert not failed(judged(ideal, quoting(ideal), judge))


def test_what_only_quotes_is_not_worth_it(ideal: list[Written]) -> None:
    assert failed(judged(quoting(ideal), None, judge)) == {"nearer than quoting"}


def test_what_gets_facts_wrong_is_refused_though_the_lock_would_hold_it(ideal: list[Written]) -> None:
    wrong = [one if number % 3 == 0 else replace(one, text="It takes 99 days.") for number, one in enumerate(ideal)]
    assert "held by the lock" in failed(judged(wrong, None, judge))
    assert {"held by the lock", "sent"} <= failed(judged(wrong, ideal, judge))


def test_what_never_declines_and_what_always_does_are_refused(ideal: list[Written]) -> None:
    never = [replace(one, text="It takes 3 days.", declines=False) if one.declines else one for one in ideal]
    always = [replace(one, text=PROMPT.declined(one.example.pair.language), declines=True) for one in ideal]
    assert failed(judged(never, None, judge)) == {"declines"}
    assert failed(judged(never, quoting(ideal), judge)) == {"declines"}
    assert {"declines", "held by the lock", "nearer than quoting"} <= failed(judged(always, None, judge))
    assert {"answers", "sent"} <= failed(judged(always, quoting(ideal), judge))


def test_what_is_better_in_one_language_and_worse_in_the_other_is_refused(ideal: list[Written]) -> None:
    half = [
        quoted if one.example.pair.language == "zh" else one for one, quoted in zip(ideal, quoting(ideal), strict=True)
    ]
    live = [
        one if one.example.pair.language == "zh" else quoted for one, quoted in zip(ideal, quoting(ideal), strict=True)
    ]
    assert {"language zh"} <= failed(judged(half, live, judge))
    assert "language en" not in failed(judged(half, live, judge))


def test_rows_on_which_nothing_can_be_better_are_told_before_training(pairs: list[Pair]) -> None:
    path = Path("test.jsonl")
    check(pairs, path)
    with pytest.raises(DataError, match="19 rows are too few"):
        check(pairs[:19], path)
    themselves = [replace(pair, passages=(replace(pair.passages[0], answer=pair.answer),)) for pair in pairs]
    with pytest.raises(DataError, match="every answer is its own passage"):
        check(themselves, path)
