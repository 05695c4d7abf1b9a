"""The figures of a run: right by hand, the same every time, and those of the slices make up those of the whole."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.evaluation import summary
from bot.evaluation.columns import SLICINGS
from bot.evaluation.dialogues import Reading
from bot.evaluation.folder import TIMINGS, TURNS
from bot.evaluation.judging import Verdict
from bot.evaluation.measures.intervals import share
from bot.evaluation.summary import latencies, summarise
from bot.evaluation.turns import CandidateRow, ReplayedTurn
from bot.types import Action
from tests.unit.bot.evaluation.runs import run, turn


def named(*ids: str, first: float = 0.9) -> tuple[CandidateRow, ...]:
    """Candidates with falling confidences."""
    return tuple(
        CandidateRow(id=id_, confidence=first / rank, source="knowledge", question=f"{id_}?", origin="faq.jsonl:1")
        for rank, id_ in enumerate(ids, 1)
    )


def figures(folder: Path, *turns: ReplayedTurn) -> dict[str, dict[str, Any]]:
    metrics: dict[str, dict[str, Any]] = summarise(run(folder, turns))["metrics"]
    return metrics


def told(metrics: dict[str, dict[str, Any]], *names: str) -> list[tuple[float | None, int]]:
    return [(metrics[name]["mean"], metrics[name]["n"]) for name in names]


def test_a_small_run_is_counted_as_by_hand(tmp_path: Path) -> None:
    missed = {"wanted": (Action.HAND_OFF,), "answers": ()}
    metrics = figures(
        tmp_path,
        turn(0, Verdict.RIGHT),
        turn(1, Verdict.RIGHT, dialogue="e"),
        turn(2, Verdict.WRONG, dialogue="e"),
        turn(3, Verdict.MISSED_HAND_OVER, dialogue="f", **missed),
        turn(4, Verdict.MISSED_HAND_OVER, dialogue="f", quoted=(), action=Action.SMALL_TALK, **missed),
        turn(5, Verdict.HANDED_OVER, **missed),
        turn(6, Verdict.UNNECESSARY_HAND_OVER),
        turn(7, Verdict.OFFERED),
        turn(8, Verdict.UNJUDGED),
        turn(9, Verdict.UNJUDGED, quoted=(), action=Action.HAND_OFF),
    )
    assert told(metrics, "coverage", "unjudged", "asked_back", "hand_over") == [
        (0.5, 10),
        (0.2, 10),
        (0.1, 10),
        (0.3, 10),
    ]
    assert told(metrics, "accuracy_of_answers", "harmful_of_answers") == [(0.5, 4), (0.5, 4)]
    assert told(metrics, "harmful", "good", "wrong") == [(0.375, 8), (0.5, 8), (0.125, 8)]
    assert told(metrics, "hand_over_precision", "hand_over_recall") == [(0.5, 2), (0.333333, 3)]


def test_an_answer_beside_a_right_hand_over_is_sent_but_does_no_harm(tmp_path: Path) -> None:
    metrics = figures(tmp_path, turn(0, Verdict.HANDED_OVER, quoted=("track",)))
    assert told(metrics, "coverage", "accuracy_of_answers", "harmful_of_answers") == [(1.0, 1), (0.0, 1), (0.0, 1)]


def test_what_was_found_counts_by_where_the_right_entry_stands(tmp_path: Path) -> None:
    metrics = figures(
        tmp_path,
        turn(0, candidates=named("track", "pay")),
        turn(1, candidates=named("pay", "a", "track"), reading=Reading.ANSWER_ID),
        turn(2, candidates=named("pay"), accept=("pay",)),
        turn(3, candidates=()),
        turn(4, candidates=named("pay"), reading=Reading.TEXT, answers=()),
        turn(5, candidates=named("pay"), answers=()),
    )
    assert told(metrics, "success_at_1", "success_at_3", "success_at_10") == [(0.5, 4), (0.75, 4), (0.75, 4)]
    assert told(metrics, "mrr", "ndcg_at_10") == [(0.583333, 4), (0.375, 4)]


def test_confidences_count_where_it_is_known_whether_they_are_right(tmp_path: Path) -> None:
    turns = [
        turn(0, candidates=named("a", first=0.9), best=True),
        turn(1, candidates=named("a", first=0.8), best=False),
        turn(2, candidates=named("a", first=0.6), best=True),
        turn(3, candidates=named("a", first=0.4), best=False),
        turn(4, candidates=named("a", first=0.95), best=None),
        turn(5, candidates=()),
    ]
    found = summarise(run(tmp_path, turns))
    assert found["curve"] == {
        "threshold": [0.9, 0.8, 0.6, 0.4],
        "coverage": [0.25, 0.5, 0.75, 1.0],
        "risk": [0.0, 0.5, 0.333333, 0.5],
    }
    assert told(found["metrics"], "aurc", "accuracy_at_50") == [(0.333333, 4), (0.5, 4)]
    assert found["metrics"]["excess_aurc"]["mean"] == pytest.approx((4 / 3 - (1 / 3 + 1 / 2)) / 4, abs=1e-6)
    assert found["metrics"]["ece"]["mean"] == pytest.approx((0.1 + 0.8 + 0.4 + 0.4) / 4)
    assert [part["sure"] for part in found["reliability"]] == [0.4, 0.6, 0.8, 0.9]


def test_a_long_curve_is_thinned_and_keeps_its_ends(tmp_path: Path) -> None:
    turns = [turn(n, candidates=named("a", first=1 - n / 1000), best=n % 3 > 0) for n in range(700)]
    curve = summarise(run(tmp_path, turns))["curve"]
    assert {len(values) for values in curve.values()} == {summary.POINTS}
    assert (curve["threshold"][0], curve["coverage"][-1]) == (1.0, 1.0)


def test_the_intervals_are_by_conversation(tmp_path: Path) -> None:
    turns = [
        turn(place, Verdict.WRONG if dialogue % 4 == 0 else Verdict.RIGHT, dialogue=str(dialogue))
        for dialogue in range(12)
        for place in range(5)
    ]
    clustered = share([t.harmful for t in turns], [t.dialogue for t in turns])
    found = figures(tmp_path, *turns)["harmful"]
    assert clustered.low is not None
    assert clustered.high is not None
    assert found == {"mean": 0.25, "low": round(clustered.low, 6), "high": round(clustered.high, 6), "n": 60}
    alone = share([t.harmful for t in turns])
    assert alone.low is not None
    assert alone.low > found["low"]


def test_an_answer_is_compared_with_what_a_person_said(tmp_path: Path) -> None:
    metrics = figures(
        tmp_path,
        turn(0, reply="open the link", person="open the link"),
        turn(1, reply="zzz", person="qqqqqq"),
        turn(2, reply="no person said a thing"),
        turn(3, Verdict.OFFERED, reply="open the link", person="open the link"),
    )
    assert told(metrics, "rouge_l", "chrf") == [(0.5, 2), (0.5, 2)]


def test_what_a_language_model_wrote_is_counted_by_its_supported_sentences(tmp_path: Path) -> None:
    assert told(figures(tmp_path / "quoted", turn(0)), "supported") == [(None, 0)]
    written = (turn(0, supported=1.0), turn(1, supported=0.5), turn(2))
    assert told(figures(tmp_path / "written", *written), "supported") == [(0.75, 2)]


def test_what_needs_an_extra_is_left_out_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.chrf", None)
    found = summarise(run(tmp_path, [turn(n, reply="open the link", person="open it") for n in range(3)]))
    assert "kefu[evaluate]" in found["left_out"]["chrf"]
    assert "chrf" not in found["metrics"]
    assert told(found["metrics"], "rouge_l")[0][1] == 3


def test_of_nothing_nothing_is_known(tmp_path: Path) -> None:
    found = summarise(run(tmp_path, []))
    assert {json.dumps(metric) for metric in found["metrics"].values()} == {
        json.dumps({"mean": None, "low": None, "high": None, "n": 0})
    }
    assert (found["turns"], found["curve"]["risk"], found["reliability"]) == (0, [], [])


def test_it_says_what_it_is_of(tmp_path: Path) -> None:
    of = {"versions": {"knowledge": "1"}, "data": [{"name": "a.jsonl", "sha256": "ab"}], "more": [1]}
    found = summarise(run(tmp_path, [turn()], of))
    assert (found["model"], found["data"]) == (of["versions"], of["data"])


def test_a_damaged_run_is_named_with_its_line(tmp_path: Path) -> None:
    folder = run(tmp_path, [turn()])
    with (folder / TURNS).open("a") as file:
        file.write("{}\n")
    with pytest.raises(UsageError, match=r"turns\.jsonl:2"):
        summarise(folder)


def test_latencies_are_percentiles(tmp_path: Path) -> None:
    assert latencies(tmp_path) == {"p50": None, "p90": None, "p99": None, "n": 0}
    (tmp_path / TIMINGS).write_text("".join(f'{{"dialogue":"{n}","ms":[{n}.0]}}\n' for n in range(101)))
    assert latencies(tmp_path) == {"p50": 50.0, "p90": 90.0, "p99": 99.0, "n": 101}


turns_of_runs = st.lists(
    st.builds(
        turn,
        st.integers(0, 9),
        st.sampled_from(list(Verdict)),
        dialogue=st.sampled_from(["a", "b", "问"]),
        language=st.sampled_from(["en", "zh"]),
        topic=st.sampled_from(["", "退款", "orders"]),
        channel=st.sampled_from(["", "web"]),
        reading=st.sampled_from(list(Reading)),
        candidates=st.sampled_from([(), named("track"), named("pay", "track")]),
        best=st.sampled_from([None, True, False]),
        person=st.sampled_from(["", "open it"]),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns=turns_of_runs)
def test_the_slices_make_up_the_whole(folder: Path, turns: list[ReplayedTurn]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.evaluation.measures.intervals.DRAWS", 20)
        found = summarise(run(folder, turns))
    assert found["verdicts"] == {str(v): sum(t.verdict is v for t in turns) for v in Verdict}
    for slicing in SLICINGS:
        slices = found["slices"][slicing]
        assert {name: told["turns"] for name, told in slices.items()} == Counter(
            str(getattr(t, slicing)) for t in turns
        )
        for verdict in Verdict:
            assert sum(told["verdicts"][verdict] for told in slices.values()) == found["verdicts"][verdict]
        for name, metric in found["metrics"].items():
            assert sum(told["metrics"][name]["n"] for told in slices.values()) == metric["n"]
    for told in (found, *(told for slices in found["slices"].values() for told in slices.values())):
        for metric in told["metrics"].values():
            assert (metric["mean"] is None) == (metric["n"] == 0)
            if metric["low"] is not None:
                assert metric["low"] <= metric["mean"] <= metric["high"]
