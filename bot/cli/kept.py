"""What `kefu serve` keeps, for the commands that look into it or change it: there already, and never begun anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import StoreError

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.sql import SqlStore

_SQLITE = "sqlite:///"


@asynccontextmanager
async def kept(settings: Settings) -> AsyncIterator[SqlStore]:
    """Open the store of ``settings``.

    Raises `StoreError` where its file is not there: "nothing" would be said of a folder where nobody serves.
    """
    from bot.store.sql import SqlStore

    address = settings.state.address
    _require(address)
    async with SqlStore.open(address) as store:
        yield store


def _require(address: str) -> None:
    file = Path(address.removeprefix(_SQLITE).partition("?")[0])
    if address.startswith(_SQLITE) and not file.exists():
        raise StoreError(
            f"{file}: there is no such file. kefu serve keeps what was said in one: name its settings with --config, "
            "or its folder with --state, and set in the environment what is set for it."
        )
