"""Documents with parts of them replaced by anything: what a signed call may hold all the same."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mutations(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """``document`` with up to three of its parts left out, or something else in their place."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(changed))
        holder, key = draw(st.sampled_from(places)) if places else (changed, "more")
        if draw(st.booleans()):
            holder[key] = draw(JSON)
        elif key in holder if isinstance(holder, dict) else True:
            del holder[key]
    return changed


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    items = list(holder.items()) if isinstance(holder, dict) else list(enumerate(holder))
    for key, value in items:
        yield holder, key
        if isinstance(value, dict | list):
            yield from _places(value)
