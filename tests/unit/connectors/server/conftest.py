"""What the tests of the server share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.connectors.server.shop import Echo, Shop, serving


@pytest.fixture
def echo() -> Echo:
    """The bot of `shop`."""
    return Echo()


@pytest.fixture
async def shop(tmp_path: Path, echo: Echo) -> AsyncIterator[Shop]:
    """A server without helpdesks, whose bot repeats what it is told."""
    async with serving(tmp_path, responder=echo) as running:
        yield running
