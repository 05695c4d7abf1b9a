"""A helpdesk and a bot that serves it, for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.desk.helpdesk import Helpdesk
from tests.desk.serving import Serving


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Helpdesk:
    return Helpdesk.make(tmp_path_factory.mktemp("helpdesk") / "desk")


@pytest.fixture(scope="module")
def kefu(seeded: Helpdesk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The bot, which every test leaves running."""
    serving = Serving.of(seeded, tmp_path_factory.mktemp("kefu"))
    with ExitStack() as held:
        held.callback(seeded.stop)
        seeded.start(serving.hook, serving.hook)
        held.callback(serving.stop)
        serving.start()
        yield serving


@pytest.fixture
def helpdesk(seeded: Helpdesk, kefu: Serving) -> Helpdesk:
    """The helpdesk, which calls the bot."""
    return seeded
