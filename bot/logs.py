"""How the service speaks of conversations and errors in its log: without a word of a customer."""

from __future__ import annotations

import traceback
from pathlib import Path

from bot.types import ConversationKey


def name_of(key: ConversationKey) -> str:
    """Return a conversation as it stands in the log."""
    return "/".join(filter(None, (key.channel, key.account, key.thread)))


def where(error: BaseException) -> str:
    """Type and place of ``error``, innermost call first. Its own words are left out: they may quote a customer."""
    frames = [
        f"{Path(frame.f_code.co_filename).name}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return " < ".join([type(error).__name__, *reversed(frames)])
