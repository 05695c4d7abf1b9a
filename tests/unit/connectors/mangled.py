"""Documents as no tool sends them, for whatever is made of them."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from connectors.helpdesk import Call, Helpdesk, Received, RefusedError

#: Anything that JSON can say.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(document: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where something stands in ``document``."""
    yield place
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from places(value, (*place, key))


@st.composite
def mangled(draw: st.DrawFn, document: Any) -> Any:
    """A document in which something is missing or something else."""
    for _ in range(draw(st.integers(1, 3))):
        document = copy.deepcopy(document)
        *way, last = draw(st.sampled_from(list(places(document)))) or [None]
        if last is None:
            return draw(ANYTHING)
        inner = document
        for step in way:
            inner = inner[step]
        if isinstance(inner, dict) and draw(st.booleans()):
            del inner[last]
        else:
            inner[last] = draw(ANYTHING)
    return document


def understood_or_refused(desk: Helpdesk, call: Call) -> None:
    """Have ``call`` received: there are two ends to that."""
    status = 200
    try:
        received = asyncio.run(desk.receive(call))
    except RefusedError as error:
        status = error.status
    else:
        assert isinstance(received, Received)
    assert status in (200, 400, 401)
