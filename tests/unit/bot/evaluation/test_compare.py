"""What a comparison of two runs promises: every turn in one class, nothing where nothing changed, both ways alike."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.evaluation.changes import Change, change_of
from bot.evaluation.compare import Comparison, compare
from bot.evaluation.dialogues import Reading
from bot.evaluation.judging import Verdict
from bot.evaluation.measures.intervals import Estimate
from bot.evaluation.turns import ReplayedTurn
from bot.types import Action
from tests.unit.bot.evaluation.runs import run, turn

RIGHT, WRONG, MISSED = Verdict.RIGHT, Verdict.WRONG, Verdict.MISSED_HAND_OVER
NEEDED, UNNECESSARY = Verdict.HANDED_OVER, Verdict.UNNECESSARY_HAND_OVER


def compared(before: Sequence[ReplayedTurn], after: Sequence[ReplayedTurn]) -> Comparison:
    with tempfile.TemporaryDirectory() as folder:
        return compare(run(Path(folder, "a"), before), run(Path(folder, "b"), after))


def each_its_own(verdicts: Sequence[Verdict], **more: object) -> list[ReplayedTurn]:
    """Return a conversation of one turn for each verdict."""
    return [turn(0, verdict, dialogue=f"d{number}", **more) for number, verdict in enumerate(verdicts)]


ENTRIES = st.sampled_from([(), ("track",), ("refund",), ("refund", "track")])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[ReplayedTurn], list[ReplayedTurn]]:
    """Two runs of the same turns, with anything said to them."""
    before, after = [], []
    for place in range(draw(st.integers(1, 12))):
        asked = {
            "dialogue": draw(st.sampled_from(["d1", "d2", "d3"])),
            "reading": draw(st.sampled_from([Reading.LABEL, Reading.TEXT])),
            "language": draw(st.sampled_from(["en", "zh"])),
            "channel": draw(st.sampled_from(["", "web"])),
        }
        for turns in (before, after):
            said = {
                "quoted": draw(ENTRIES),
                "reply": draw(st.sampled_from(["one", "other"])),
                "alike": draw(st.sampled_from([{}, {"track": 0.9}, {"track": 0.1}])),
            }
            turns.append(turn(place, draw(st.sampled_from(Verdict)), **asked, **said))
    return before, after


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_every_turn_is_in_exactly_one_class_and_every_changed_one_is_named(
    runs: tuple[list[ReplayedTurn], list[ReplayedTurn]],
) -> None:
    found = compared(*runs)
    for each in found.slices:
        assert sum(each.changes.values()) == each.turns
        assert set(each.changes) == set(Change)
    assert found.whole.turns == len(runs[0])
    assert len(found.changed) == found.whole.turns - found.whole.changes[Change.SAME]
    for kind in ("language", "channel"):
        parts = [each for each in found.slices if each.kind == kind]
        if len({getattr(row, kind) for row in runs[0]}) > 1:  # one value is no slice: it is the whole
            changes = sum(each.turns - each.changes[Change.SAME] for each in parts)
            assert changes == len(found.changed)
        else:
            assert not parts


@settings(max_examples=40, deadline=None)
@given(pairs())
def test_a_run_compared_with_itself_has_nothing_to_tell(
    runs: tuple[list[ReplayedTurn], list[ReplayedTurn]],
) -> None:
    found = compared(runs[0], runs[0])
    assert found.changed == found.entries == found.differ == found.regressions() == ()
    assert found.slices == (found.whole,)
    assert found.whole.changes[Change.SAME] == len(runs[0])
    assert found.whole.good.p == found.whole.harmful.p == 1
    assert {figure.difference.mean for figure in found.whole.figures.values()} <= {0, None}


#: What becomes of a turn the other way round is told by what it was before.
NEWLY = {
    Change.NEWLY_RIGHT: {RIGHT, Verdict.OFFERED, NEEDED, Verdict.SMALL_TALK},
    Change.NEWLY_WRONG: {WRONG, MISSED},
    Change.NEWLY_HANDED_OVER: {UNNECESSARY},
    Change.NEWLY_ASKED_IN_VAIN: {Verdict.ASKED_IN_VAIN},
}


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_the_other_way_round_everything_is_mirrored(runs: tuple[list[ReplayedTurn], list[ReplayedTurn]]) -> None:
    there, back = compared(*runs), compared(*reversed(runs))
    assert [each.id for each in there.changed] == [each.id for each in back.changed]
    for one, other in zip(there.changed, back.changed, strict=True):
        assert (one.before, one.after) == (other.after, other.before)
        if one.change in NEWLY:
            assert one.before.verdict in NEWLY[other.change]
            assert one.after.verdict in NEWLY[one.change]
            assert one.change is not other.change
        else:
            assert one.change is other.change
    for name, figure in there.whole.figures.items():
        mirrored = back.whole.figures[name]
        assert (figure.before, figure.after) == (mirrored.after, mirrored.before)
        if figure.difference.mean is not None:
            assert mirrored.difference.mean == pytest.approx(-figure.difference.mean)
    assert (there.whole.good.gained, there.whole.good.lost) == (back.whole.good.lost, back.whole.good.gained)
    assert there.whole.good.p == back.whole.good.p
    for one, other in zip(_by_id(there), _by_id(back), strict=True):
        assert (one.id, one.gained, one.lost, one.reworded) == (other.id, other.lost, other.gained, other.reworded)
        assert one.lost_to == other.gained_from


def _by_id(found: Comparison) -> list:
    return sorted(found.entries, key=lambda entry: entry.id)


CLASSES = [
    (RIGHT, WRONG, Change.NEWLY_WRONG),
    (UNNECESSARY, MISSED, Change.NEWLY_WRONG),
    (WRONG, UNNECESSARY, Change.NEWLY_HANDED_OVER),
    (RIGHT, UNNECESSARY, Change.NEWLY_HANDED_OVER),
    (RIGHT, Verdict.ASKED_IN_VAIN, Change.NEWLY_ASKED_IN_VAIN),
    (Verdict.ASKED_IN_VAIN, Verdict.OFFERED, Change.NEWLY_RIGHT),
    (RIGHT, Verdict.OFFERED, Change.OTHERWISE),
    (RIGHT, RIGHT, Change.SAME),
    (Verdict.UNJUDGED, Verdict.UNJUDGED, Change.SAME),
]


@pytest.mark.parametrize(("before", "after", "change"), CLASSES)
def test_a_turn_is_called_by_what_it_is_now(before: Verdict, after: Verdict, change: Change) -> None:
    found = compared([turn(0, before)], [turn(0, after)])
    assert found.whole.changes[change] == 1


def test_the_same_entry_in_other_words_is_seen_and_no_regression() -> None:
    found = compared([turn()], [turn(reply="By carrier pigeon.")])
    assert [each.change for each in found.changed] == [Change.REWORDED]
    assert [(each.id, each.reworded, each.gained, each.lost) for each in found.entries] == [("track", 1, 0, 0)]
    assert found.regressions() == ()


def test_what_cannot_be_judged_is_named_and_counts_for_nothing() -> None:
    before = [turn(0), turn(1, Verdict.UNJUDGED)]
    after = [turn(0), turn(1, Verdict.UNJUDGED, quoted=("refund",))]
    found = compared(before, after)
    assert [(each.id, each.change) for each in found.changed] == [("d#1", Change.UNJUDGED)]
    assert (found.whole.turns, found.whole.judged) == (2, 1)
    assert found.regressions() == ()


def test_a_hand_over_is_needed_only_where_neither_run_has_the_answer() -> None:
    """Whose entry was deleted finds that nobody knows: the earlier run did."""
    logged = {"reading": Reading.TEXT, "answers": (), "person": "With the link."}
    knew = turn(0, RIGHT, alike={"track": 0.9}, **logged)
    gone = turn(0, NEEDED, alike={"refund": 0.1}, **logged)
    assert [each.change for each in compared([knew], [gone]).changed] == [Change.NEWLY_HANDED_OVER]
    assert [each.change for each in compared([gone], [knew]).changed] == [Change.NEWLY_RIGHT]
    still = turn(0, UNNECESSARY, alike={"track": 0.9}, **logged)
    assert compared([gone], [still]).changed == ()  # the customer is told the same
    either = {"wanted": (Action.ANSWER, Action.HAND_OFF)}  # the person handed over, too
    (changed,) = compared(
        [turn(0, RIGHT, alike={"track": 0.9}, **logged | either)], [turn(0, NEEDED, **logged | either)]
    ).changed
    assert changed.change is Change.OTHERWISE


def test_entries_tell_whom_they_lost_to() -> None:
    before = [turn(place) for place in range(4)]
    after = [
        turn(0, WRONG, quoted=("cancel",)),
        turn(1, WRONG, quoted=("cancel",)),
        turn(2, UNNECESSARY),
        turn(3, quoted=("track", "pay")),
    ]
    track, cancel, pay = compared(before, after).entries
    assert (track.id, track.gained, track.lost) == ("track", 0, 3)
    assert [(to.entry, to.action, to.turns) for to in track.lost_to] == [
        ("cancel", Action.ANSWER, 2),
        ("", Action.HAND_OFF, 1),
    ]
    assert (cancel.id, cancel.gained, [(of.entry, of.turns) for of in cancel.gained_from]) == (
        "cancel",
        2,
        [("track", 2)],
    )
    assert (pay.id, pay.gained, [(of.entry, of.action) for of in pay.gained_from]) == ("pay", 1, [("", Action.ANSWER)])


# --- what a regression is --------------------------------------------------------------------------------------------


def test_a_small_net_loss_is_a_regression_although_it_may_be_chance() -> None:
    before = each_its_own([RIGHT] * 400)
    after = each_its_own([RIGHT] * 397 + [WRONG] * 3)
    found = compared(before, after)
    (whole,) = found.regressions()
    assert whole.kind == ""
    assert whole.harmful.p == whole.good.p == 0.25
    assert found.regressions(3 / 400) == ()
    assert found.regressions(2.9 / 400) == (whole,)


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ([RIGHT, WRONG], [WRONG, RIGHT], False),  # one for the other
        ([UNNECESSARY, RIGHT], [WRONG, RIGHT], True),  # more harm, as much good
        ([RIGHT, RIGHT], [UNNECESSARY, RIGHT], True),  # less good, no harm
        ([WRONG, RIGHT], [UNNECESSARY, RIGHT], False),
        ([UNNECESSARY, UNNECESSARY], [WRONG, RIGHT], True),  # more good does not pay for harm
    ],
)
def test_less_good_or_more_harm_is_a_regression(before: list[Verdict], after: list[Verdict], worse: bool) -> None:
    assert bool(compared(each_its_own(before), each_its_own(after)).regressions()) is worse


def _sliced(first: list[Verdict], second: list[Verdict]) -> list[ReplayedTurn]:
    other = [turn(0, verdict, dialogue=f"e{number}", language="zh") for number, verdict in enumerate(second)]
    return each_its_own(first) + other


@pytest.mark.parametrize(("turns", "called_out"), [(7, True), (6, False)])
def test_a_slice_is_called_out_where_its_loss_is_not_chance(turns: int, called_out: bool) -> None:
    """A language loses what the other one gains. Two tests are made: 2 x 2 / 2^6 is above 0.05, 2 x 2 / 2^7 is not."""
    before = _sliced([RIGHT] * 2 * turns, [UNNECESSARY] * 2 * turns)
    after = _sliced([UNNECESSARY] * turns + [RIGHT] * turns, [RIGHT] * turns + [UNNECESSARY] * turns)
    found = compared(before, after)
    assert found.whole.good.gained == found.whole.good.lost == turns
    slices = {(each.kind, each.name): each for each in found.slices}
    assert slices["language", "en"].good.corrected == pytest.approx(2 * 2 / 2**turns)
    assert slices["language", "en"].harmful.corrected is None
    assert slices["", ""].good.corrected is None
    assert [each.name for each in found.regressions()] == (["en"] if called_out else [])


def test_turns_of_a_conversation_are_one_witness() -> None:
    """Eight turns of one conversation that became wrong are no more than one."""
    before = [turn(place) for place in range(8)] + each_its_own([RIGHT] * 8)
    after = [turn(place, WRONG) for place in range(8)] + each_its_own([RIGHT] * 8)
    assert compared(before, after).whole.harmful.p == 1
    assert compared(before, after).whole.harmful.gained == 8


# --- figures ---------------------------------------------------------------------------------------------------------


def test_the_figures_are_shares_before_and_after() -> None:
    before = each_its_own([RIGHT, RIGHT, WRONG, UNNECESSARY, Verdict.UNJUDGED])
    after = each_its_own([RIGHT, WRONG, WRONG, RIGHT, Verdict.UNJUDGED])
    figures = compared(before, after).whole.figures
    assert {name: (figure.before, figure.after) for name, figure in figures.items()} == {
        "good": (0.5, 0.5),
        "harmful": (0.25, 0.5),
        "harmful_of_answers": (pytest.approx(1 / 3), 0.5),
        "coverage": (0.8, 1.0),
        "hand_over": (0.2, 0.0),
    }
    assert figures["harmful"].difference.mean == 0.25
    assert figures["coverage"].difference.n == 5


def test_of_nothing_judged_nothing_is_known() -> None:
    figures = compared([turn(0, Verdict.UNJUDGED)], [turn(0, Verdict.UNJUDGED)]).whole.figures
    assert figures["good"].before is None
    assert figures["good"].difference == Estimate(mean=None, low=None, high=None, n=0)


# --- other data ------------------------------------------------------------------------------------------------------


def test_turns_of_one_run_alone_are_named_and_the_others_compared() -> None:
    before = [turn(0), turn(1), turn(2), turn(3)]
    after = [turn(4), turn(3, answers=("refund",)), turn(2, text="and now?"), turn(1, WRONG)]
    found = compared(before, after)
    assert found.only_before == ("d#0",)
    assert found.only_after == ("d#4",)
    assert found.asked_otherwise == ("d#3", "d#2")
    assert [each.id for each in found.changed] == ["d#1"]


def test_runs_with_nothing_in_common_are_an_error() -> None:
    with pytest.raises(UsageError, match="no turn in common"):
        compared([turn(0)], [turn(1)])


def test_a_run_that_has_a_turn_twice_is_an_error() -> None:
    with pytest.raises(UsageError, match="has the turn d#0 twice"):
        compared([turn(0), turn(0)], [turn(0)])


def test_what_the_runs_are_of_is_told_where_it_differs(tmp_path: Path) -> None:
    of = {"data": [{"name": "log.jsonl"}], "versions": {"knowledge": "1"}, "settings": {"policy": {"choices": 3}}}
    other = of | {"versions": {"knowledge": "2", "answers": "1"}}
    found = compare(run(tmp_path / "a", [turn()], of), run(tmp_path / "b", [turn()], other))
    assert found.differ == ("versions.answers", "versions.knowledge")


def test_no_change_is_told_of_two_that_say_the_same() -> None:
    said = compared([turn()], [turn(0, WRONG)]).changed[0].before
    assert change_of(said, said) is Change.SAME
