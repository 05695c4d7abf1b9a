"""What slices promise: they divide the messages, each has enough turns, and no label decides on them."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.budget import turns_needed
from bot.evaluation.slices import AMPLE, REST, divided, filled

LEAST = AMPLE * turns_needed(0.05, 0.05)

sizes = st.dictionaries(
    st.tuples(st.sampled_from(["en", "zh", "fr"]), st.sampled_from(["", "payment", "returns", "shipping"])),
    st.integers(1, 3000),
    min_size=1,
)


def kinds(**turns: int) -> list[tuple[str, str]]:
    """So many turns of a language and a topic, as ``en_payment``."""
    return [(language, topic) for name, n in turns.items() for language, _, topic in [name.partition("_")] * n]


def names(**turns: int) -> set[str]:
    return set(divided(kinds(**turns), max_wrong=0.05, risk=0.05).values())


@given(sizes)
def test_every_slice_has_turns_enough_unless_it_is_the_only_one(turns: dict[tuple[str, str], int]) -> None:
    found = divided([kind for kind, n in turns.items() for _ in range(n)], max_wrong=0.05, risk=0.05)
    assert found.keys() == turns.keys()
    of_slice = Counter({name: 0 for name in found.values()})
    for kind, name in found.items():
        assert name in {REST, kind[0], "/".join(kind)}
        of_slice[name] += turns[kind]
    assert len(of_slice) == 1 or min(of_slice.values()) >= LEAST


def test_few_turns_are_one_slice() -> None:
    assert names(en=LEAST - 1, zh=LEAST - 1) == {REST}


def test_languages_with_turns_enough_have_their_own() -> None:
    assert names(en=2 * LEAST, zh=2 * LEAST) == {"en", "zh"}


def test_a_language_with_few_turns_goes_with_the_smallest_other_one() -> None:
    found = divided(kinds(en=4 * LEAST, zh=3 * LEAST, fr=5), max_wrong=0.05, risk=0.05)
    assert found == {("en", ""): "en", ("zh", ""): REST, ("fr", ""): REST}


def test_topics_with_turns_enough_have_their_own_and_the_rest_has_that_of_the_language() -> None:
    found = divided(
        kinds(en_payment=3 * LEAST, en_returns=2 * LEAST, en_shipping=9, en=LEAST), max_wrong=0.05, risk=0.05
    )
    assert found[("en", "payment")] == "en/payment"
    assert found[("en", "shipping")] == found[("en", "")] == "en"


@given(st.dictionaries(st.sampled_from(["", "en", "zh", "zh/payment", "zh/returns"]), st.floats(0, 1), min_size=1))
def test_where_nothing_was_measured_the_strictest_holds(thresholds: dict[str, float]) -> None:
    found = filled(thresholds)
    assert thresholds.items() <= found.items()
    assert found[REST] == thresholds.get(REST, max(thresholds.values()))
    for name in found:
        parent = name.partition("/")[0]
        assert parent in found
        if parent not in thresholds and parent != REST:
            assert found[parent] == max(t for n, t in thresholds.items() if n.startswith(f"{parent}/"))
