"""How verdicts and figures are called where people read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.evaluation.judging import Verdict
from bot.types import Action

#: In the order in which they are shown: from what serves a customer to what harms one.
VERDICTS = {
    Verdict.RIGHT: "answered rightly",
    Verdict.OFFERED: "asked back with the right choice",
    Verdict.HANDED_OVER: "handed over rightly",
    Verdict.SMALL_TALK: "small talk",
    Verdict.ASKED_IN_VAIN: "asked back in vain",
    Verdict.UNNECESSARY_HAND_OVER: "handed over needlessly",
    Verdict.WRONG: "wrong answer",
    Verdict.MISSED_HAND_OVER: "missed hand-over",
    Verdict.UNJUDGED: "not judged",
}

ACTIONS = {
    Action.ANSWER: "answer",
    Action.CLARIFY: "ask back",
    Action.HAND_OFF: "hand over",
    Action.SMALL_TALK: "small talk",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """How a figure is told."""

    title: str
    #: Of what it is a share, or how it is to be read.
    meaning: str
    #: Whether it is a share of something, and shown in per cent.
    share: bool = True


#: By its name in the summary. The first ones are the headline.
FIGURES = {
    "coverage": Figure(title="Answered", meaning="of all messages"),
    "harmful_of_answers": Figure(title="Harmful answers", meaning="of the answers sent and judged"),
    "good": Figure(title="Well served", meaning="of the judged messages"),
    "hand_over_recall": Figure(title="Hand-overs made", meaning="of those needed, where it did not ask back"),
    "unnecessary_hand_over": Figure(title="Needless hand-overs", meaning="of the judged messages"),
    "asked_back": Figure(title="Asked back", meaning="of all messages"),
    "accuracy_of_answers": Figure(title="Right answers", meaning="of the answers sent and judged"),
    "harmful": Figure(title="Harmful", meaning="of the judged messages"),
    "wrong": Figure(title="Wrong answers", meaning="of the judged messages"),
    "missed_hand_over": Figure(title="Missed hand-overs", meaning="of the judged messages"),
    "right": Figure(title="Answered rightly", meaning="of the judged messages"),
    "offered": Figure(title="Asked back with the right choice", meaning="of the judged messages"),
    "asked_in_vain": Figure(title="Asked back in vain", meaning="of the judged messages"),
    "handed_over": Figure(title="Handed over rightly", meaning="of the judged messages"),
    "small_talk": Figure(title="Small talk", meaning="of the judged messages"),
    "hand_over": Figure(title="Handed over", meaning="of all messages"),
    "hand_over_precision": Figure(title="Needed hand-overs", meaning="of those that were made and judged"),
    "unjudged": Figure(title="Not judged", meaning="of all messages: what would have been right is not known"),
    "success_at_1": Figure(title="Right entry first", meaning="of the messages with named entries"),
    "success_at_3": Figure(title="Right entry in the first 3", meaning="of the messages with named entries"),
    "success_at_10": Figure(title="Right entry in the first 10", meaning="of the messages with named entries"),
    "mrr": Figure(title="Mean reciprocal rank", meaning="one by the rank of the first right entry", share=False),
    "ndcg_at_10": Figure(title="nDCG of the first 10", meaning="1 where all right entries stand first", share=False),
    "accuracy_at_50": Figure(title="Right in the surest half", meaning="of the likeliest candidates"),
    "accuracy_at_80": Figure(title="Right in the surest 80%", meaning="of the likeliest candidates"),
    "accuracy_at_90": Figure(title="Right in the surest 90%", meaning="of the likeliest candidates"),
    "aurc": Figure(title="Area under risk and coverage", meaning="mean risk over all coverages", share=False),
    "excess_aurc": Figure(title="Excess area", meaning="what the order of the confidences costs", share=False),
    "ece": Figure(title="Calibration error", meaning="mean distance of confidences to what they promise", share=False),
    "chrf": Figure(title="chrF", meaning="likeness of answers to those of people, by characters", share=False),
    "supported": Figure(title="Supported sentences", meaning="of what a language model wrote, and only these are sent"),
    "rouge_l": Figure(title="ROUGE-L", meaning="likeness of answers to those of people, by words", share=False),
}

HEADLINE = tuple(FIGURES)[:6]

#: Those that a table shows of each slice.
OF_SLICE = ("coverage", "harmful_of_answers", "good", "hand_over_recall", "success_at_1")


def value_of(name: str, metric: Mapping[str, Any]) -> str:
    """Return a figure as it is read, "–" for nothing."""
    return "–" if metric["mean"] is None else _number(name, metric["mean"])


def interval_of(name: str, metric: Mapping[str, Any]) -> str:
    """Return between what bounds it is known, "" where that is not known."""
    if metric["low"] is None:
        return ""
    return f"{_number(name, metric['low'])} to {_number(name, metric['high'])}"


def _number(name: str, value: float) -> str:
    return f"{value:.1%}" if FIGURES[name].share else f"{value:.3f}"


def cut(text: str, most: int) -> str:
    """Return ``text``, of a long one its beginning."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def sentence(summary: Mapping[str, Any]) -> str:
    """Return what the run comes to, in one breath."""
    metrics = summary["metrics"]
    told = f"Of {summary['turns']:,} messages in {summary['dialogues']:,} dialogues the bot answered "
    told += _with_interval("coverage", metrics)
    if metrics["harmful_of_answers"]["mean"] is None:
        return f"{told}; how right that was is not known."
    told += f"; {_with_interval('harmful_of_answers', metrics)} of the judged answers did harm"
    return f"{told}. Of all judged messages {_with_interval('good', metrics)} were well served."


def _with_interval(name: str, metrics: Mapping[str, Any]) -> str:
    bounds = interval_of(name, metrics[name])
    return value_of(name, metrics[name]) + (f" ({bounds})" if bounds else "")
