"""What became of cases, and that every case stands in the ledger once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.cases import BACK, NEXT_DAY, QUIET, CaseOutcome, Thread, cases_of
from bot.evaluation.dialogues import Dialogue
from bot.evaluation.ledger import Ledger, ledger_of
from bot.types import Action, Citation, Owner, Speaker, Turn

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = NOON + 30 * DAY

CONFIRMED, ASSUMED, REOPENED = CaseOutcome.CONFIRMED, CaseOutcome.ASSUMED, CaseOutcome.REOPENED
HANDED_OVER, ABANDONED, OPEN = CaseOutcome.HANDED_OVER, CaseOutcome.ABANDONED, CaseOutcome.OPEN

#: What may be said, and when after what was said before.
Said = tuple[str, timedelta]


def turns(*said: str | Said) -> list[Turn]:
    """Return turns such as "customer: where is it?" or "bot answer refund: By card.", a minute apart, or as said."""
    out, at = [], NOON - MINUTE
    for one in said:
        line, after = (one, MINUTE) if isinstance(one, str) else one
        who, _, text = line.partition(": ")
        speaker, action, *entries = [*who.split(), ""][: max(2, len(who.split()))]
        at += after
        out.append(
            Turn(
                speaker=Speaker(speaker),
                text=text,
                at=at,
                action=Action(action) if action else None,
                citations=tuple(Citation(id=entry, question="", source="") for entry in entries),
            )
        )
    return out


def outcomes(
    said: Sequence[Turn], now: datetime = LATER, *, owner: Owner | None = None, begins: int | None = None
) -> list[CaseOutcome]:
    thread = Thread(channel="chat", turns=said, owner=owner, begins=begins)
    return [case.outcome for case in cases_of(thread, now)]


ASKED, ANSWER = "customer: where is my parcel?", "bot answer track: Open the tracking link."
ASKS_BACK, HANDS_OVER = "bot clarify track lost: Do you mean A or B?", "bot hand_off: A person will answer."
POLITE = "bot small_talk: You are welcome."


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ((ASKED, ANSWER), ASSUMED),
        ((ASKED, ANSWER, "customer: thanks!"), CONFIRMED),
        ((ASKED, ANSWER, "customer: thanks!", POLITE), CONFIRMED),
        ((ASKED, ANSWER, "customer: 好的谢谢", POLITE), CONFIRMED),
        ((ASKED, ANSWER, "customer: hm, a pity 🙁", POLITE), CONFIRMED),
        ((ASKED, ANSWER, "customer: thanks", POLITE, "customer: and to Peru?", ANSWER), ASSUMED),
        ((ASKED, ANSWER, "customer: thanks", POLITE, "customer: and to Peru?"), ABANDONED),
        ((ASKED, ANSWER, "customer: no"), ABANDONED),
        ((ASKED, ANSWER, "customer: no", POLITE), ABANDONED),
        ((ASKED, ANSWER, "customer: no, that is all, thanks", POLITE), CONFIRMED),
        ((ASKED, ANSWER, "customer: hello?", POLITE), ABANDONED),
        ((ASKED,), ABANDONED),
        (("customer: hello", "bot small_talk: How can I help?"), ABANDONED),
        ((ASKED, ASKS_BACK), ABANDONED),
        ((ASKED, ASKS_BACK, "customer: ok"), ABANDONED),
        ((ASKED, ASKS_BACK, "customer: A", ANSWER), ASSUMED),
        ((ASKED, HANDS_OVER), ABANDONED),
        ((ASKED, HANDS_OVER, "customer: ok thanks"), ABANDONED),
        ((ASKED, HANDS_OVER, "agent: It is in Lima."), HANDED_OVER),
        ((ASKED, HANDS_OVER, "agent: It is in Lima.", "customer: thanks"), HANDED_OVER),
        ((ASKED, ANSWER, "agent: And it is in Lima."), HANDED_OVER),
    ],
)
def test_a_case_has_the_outcome_that_its_last_turns_tell(said: Sequence[str], outcome: CaseOutcome) -> None:
    assert outcomes(turns(*said)) == [outcome]


@pytest.mark.parametrize("said", [(ASKED,), (ASKED, ANSWER), (ASKED, ASKS_BACK), (ASKED, HANDS_OVER)])
def test_a_case_is_open_until_it_was_quiet_for_long_enough(said: Sequence[str]) -> None:
    there = turns(*said)
    (before,), (after,) = outcomes(there, there[-1].at + QUIET - MINUTE), outcomes(there, there[-1].at + QUIET)
    assert (before, after is OPEN) == (OPEN, False)


@pytest.mark.parametrize("last", ["customer: thanks!", "agent: It is in Lima."])
def test_what_is_said_plainly_is_decided_at_once(last: str) -> None:
    there = turns(ASKED, ANSWER, last)
    assert outcomes(there, there[-1].at) != [OPEN]


def test_who_has_it_by_the_store_counts_for_the_last_case() -> None:
    there = turns(ASKED, ANSWER, (ASKED, 10 * DAY), HANDS_OVER)
    now = there[-1].at + HOUR
    assert outcomes(there, now, owner=Owner.WAITING) == [ASSUMED, OPEN]
    assert outcomes(there, now, owner=Owner.HUMAN) == [ASSUMED, HANDED_OVER]
    assert outcomes(turns(ASKED, ANSWER), NOON + HOUR, owner=Owner.CLOSED) == [ASSUMED]


@pytest.mark.parametrize(
    ("after", "again", "expected"),
    [
        (QUIET - MINUTE, "track", [ASSUMED]),  # one case that goes on
        (QUIET, "track", [REOPENED, ASSUMED]),
        (QUIET, "warranty", [REOPENED, ASSUMED]),
        (NEXT_DAY, "warranty", [ASSUMED, ASSUMED]),
        (NEXT_DAY, "track", [REOPENED, ASSUMED]),
        (NEXT_DAY, "", [REOPENED, ASSUMED]),
        (BACK - MINUTE, "track", [REOPENED, ASSUMED]),
        (BACK, "track", [ASSUMED, ASSUMED]),
    ],
)
def test_who_comes_back_about_the_same_reopens_the_case(
    after: timedelta, again: str, expected: list[CaseOutcome]
) -> None:
    there = turns(ASKED, ANSWER, ("customer: it is still not here", after), f"bot answer {again}".strip() + ": Look.")
    assert outcomes(there) == expected


def test_where_one_was_resolved_another_case_begins_however_soon() -> None:
    there = turns(ASKED, ANSWER, ASKED, ANSWER)
    assert outcomes(there) == [ASSUMED]
    assert outcomes(there, begins=2) == [REOPENED, ASSUMED]


def test_thanks_begin_no_case_however_late() -> None:
    assert outcomes(turns(ASKED, ANSWER, ("customer: thank you!", 2 * DAY), POLITE)) == [CONFIRMED]
    assert outcomes(turns(ASKED, ANSWER, "customer: thank you!", POLITE), begins=2) == [CONFIRMED]


def test_who_was_not_answered_goes_on_with_the_same_case_for_a_while() -> None:
    for last in (ASKS_BACK, HANDS_OVER):
        assert outcomes(turns(ASKED, last, ("customer: A", 3 * DAY), ANSWER)) == [ASSUMED]
        assert outcomes(turns(ASKED, last, ("customer: A", BACK), ANSWER)) == [ABANDONED, ASSUMED]


def test_what_nobody_asked_is_no_case() -> None:
    assert outcomes([]) == []
    assert outcomes(turns("agent: We have moved.", "bot answer: Indeed.")) == []
    assert outcomes(turns("agent: We have moved.", ASKED, ANSWER)) == [ASSUMED]


def test_a_case_has_lasted_when_it_is_old_enough() -> None:
    there = turns(ASKED, ANSWER)
    for now, durable in ((there[-1].at + BACK - MINUTE, None), (there[-1].at + BACK, True)):
        assert [case.durable for case in cases_of(Thread(channel="", turns=there), now)] == [durable]
    back = turns(ASKED, ANSWER, (ASKED, DAY), HANDS_OVER)
    assert [case.durable for case in cases_of(Thread(channel="", turns=back), LATER)] == [False, False]


def test_in_a_log_of_people_it_is_they_who_answer() -> None:
    answer = "agent answer track: Open the tracking link."
    for said, outcome in (
        ((ASKED, answer), ASSUMED),
        ((ASKED, "agent: Open the tracking link."), ASSUMED),
        ((ASKED, "agent: Which order?"), ABANDONED),
        ((ASKED, answer, "customer: 👍"), CONFIRMED),
        ((ASKED, answer, "customer: will look tonight"), ASSUMED),
        ((ASKED, answer, "customer: it does not open"), ABANDONED),
        ((ASKED, answer, "customer: it is broken", "agent hand_off: A colleague will call you."), HANDED_OVER),
    ):
        ledger = ledger_of([Dialogue(id="d", turns=tuple(turns(*said)))], now=LATER)
        assert (ledger.count(outcome), ledger.count()) == (1, 1), said


def test_channel_and_language_are_those_of_the_case() -> None:
    dialogues = [
        Dialogue(id="1", channel="web", turns=tuple(turns(ASKED, ANSWER))),
        Dialogue(id="2", channel="wechat", turns=tuple(turns("customer: 我的包裹在哪？", ANSWER, "customer: 好的"))),
    ]
    ledger = ledger_of(dialogues, now=LATER)
    assert (ledger.channels(), ledger.languages()) == (["web", "wechat"], ["en", "zh"])
    assert ledger.of(channel="wechat").counts == ledger.of(language="zh").counts
    assert ledger.of(channel="wechat").count(CONFIRMED) == 1
    assert (ledger.lasted().n, ledger.lasted().mean, ledger.too_young()) == (2, 1.0, 0)


LINES = [
    *(ASKED, ANSWER, ASKS_BACK, HANDS_OVER, POLITE, "customer: thanks", "customer: 好的", "customer: no"),
    *("agent: It is in Lima.", "agent: Which one?", "agent hand_off: A colleague calls.", "bot: Look.", "customer: hi"),
]
GAPS = st.sampled_from([timedelta(0), MINUTE, QUIET, NEXT_DAY, BACK, 9 * DAY])
THREADS = st.lists(st.tuples(st.sampled_from(LINES), GAPS), max_size=14)


@given(
    st.lists(THREADS, max_size=4),
    st.integers(0, 60),
    st.sampled_from([None, *Owner]),
    st.one_of(st.none(), st.integers(0, 14)),
)
def test_the_parts_always_sum_to_the_whole(
    held: list[list[Said]], days: int, owner: Owner | None, begins: int | None
) -> None:
    now, ledger, total = NOON + days * DAY, Ledger(), 0
    for number, said in enumerate(held):
        thread = Thread(channel=f"c{number % 2}", turns=turns(*said), owner=owner, begins=begins)
        cases = cases_of(thread, now)
        assert sorted(case.began for case in cases) == [case.began for case in cases]
        assert bool(cases) == any(turn.speaker is Speaker.CUSTOMER for turn in thread.turns)
        total += len(cases)
        for case in cases:
            ledger.add(case)
    assert ledger.count() == total == sum(ledger.count(outcome) for outcome in CaseOutcome)
    assert total == sum(ledger.of(channel=name).count() for name in ledger.channels())
    assert total == sum(ledger.of(language=name).count() for name in ledger.languages())
    assert ledger.lasted().n + ledger.too_young() <= total
    if total:
        assert sum(share.mean or 0 for share in ledger.shares().values()) == pytest.approx(1)


@given(THREADS, st.integers(0, 40))
def test_with_time_nothing_stays_open(said: list[Said], days: int) -> None:
    there = turns(*said)
    if there:
        now = there[-1].at + QUIET + days * DAY
        assert OPEN not in outcomes(there, max(now, *(turn.at + QUIET for turn in there)))
