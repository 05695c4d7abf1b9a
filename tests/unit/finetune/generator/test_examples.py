"""What a model is asked in training: what answers the question beside what does not, or nothing that does."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.errors import DataError
from finetune.generator.examples import distractors, examples_of
from finetune.generator.pairs import Pair, Pairs
from finetune.generator.prompt import PLAIN
from finetune.kinds import Parts
from finetune.recipe import Recipe

RECIPE = Recipe.of(kind="generator", declined=0.3, distractors=2)


def test_the_right_passage_stands_in_the_prompt_unless_it_is_to_decline(pairs: list[Pair]) -> None:
    examples = examples_of(pairs, distractors(pairs, pairs, RECIPE), PLAIN, RECIPE, 0)
    assert [example.pair for example in examples] == pairs
    for example in examples:
        right = {passage.id for passage in example.pair.passages}
        there = {passage.id for passage in example.passages}
        if example.declines:
            assert not right & there
            assert example.wanted == PLAIN.declined(example.pair.language)
        else:
            assert right <= there
            assert example.wanted == example.pair.answer
        assert len(example.passages) <= RECIPE.distractors + 1
    declined = [example for example in examples if example.declines]
    assert 0.15 < len(declined) / len(examples) < 0.45
    assert {bool(example.passages) for example in declined} == {True, False}
    assert {len(example.passages) for example in examples if not example.declines} == {1, 2, 3}


def test_distractors_are_of_the_same_language_and_near_the_question(pairs: list[Pair]) -> None:
    def shared(text: str, other: str) -> float:
        return len(set(text.lower().split()) & set(other.lower().split())) / len(set(text.lower().split()))

    english = [pair for pair in pairs if pair.language == "en"]
    near, far = [], []
    for example in examples_of(english, distractors(english, pairs, RECIPE), PLAIN, RECIPE, 0):
        others = [p for p in example.passages if p not in example.pair.passages]
        assert all(passage.language == "en" for passage in others)
        near += [shared(example.pair.text, f"{p.question} {p.answer}") for p in others]
        far.append(shared(example.pair.text, english[len(far) - 30].answer))
    assert sum(near) / len(near) > 1.5 * sum(far) / len(far)


def test_the_same_seed_makes_the_same_examples_and_another_makes_others(pairs: list[Pair]) -> None:
    once, again, other = (
        examples_of(pairs, distractors(pairs, pairs, RECIPE), PLAIN, RECIPE, seed) for seed in (0, 0, 1)
    )
    assert once == again
    assert once != other


def test_rows_name_their_passages_or_are_passages_themselves(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(
        '{"question": "where is it", "answer": "It comes on Monday."}\n'
        '{"question": "退款", "answer": "三天内。", "passages": [{"question": "退款多久", "answer": "到账。"}]}\n',
        "utf-8",
    )
    first, second = Pairs().read(path)
    assert [(p.question, p.answer) for p in first.passages] == [("where is it", "It comes on Monday.")]
    assert [(p.question, p.answer) for p in second.passages] == [("退款多久", "到账。")]
    assert (first.language, second.language) == ("en", "zh")


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ('"passages": "none"', "a list such as"),
        ('"passages": [{"question": "q"}]', "a passage without an answer"),
        ('"passages": ["text"]', "a passage without an answer"),
        ('"language": 7', "'language' is a number"),
        ('"intent": []', "'intent' is a list"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_with_its_line(rest: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(f'{{"question": "a", "answer": "b"}}\n{{"question": "c", "answer": "d", {rest}}}\n', "utf-8")
    with pytest.raises(DataError, match=f"pairs.jsonl:2: .*{told}"):
        Pairs().read(path)


def test_rows_that_are_learned_are_none_to_choose_by(pairs: list[Pair], tmp_path: Path) -> None:
    files = Parts(train=[tmp_path / "a"], dev=[tmp_path / "b"], test=[])
    with pytest.raises(DataError, match="3 of its 4 rows stand in the training data"):
        Pairs().check(Parts(train=pairs[:50], dev=pairs[47:51], test=[]), files)
