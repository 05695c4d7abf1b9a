"""How the service speaks of conversations and errors in its log: without a word of a customer."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
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


def tell_operators(*, as_json: bool) -> None:
    """Have the log tell what goes on, and not only what is wrong; without a word of a customer."""
    for ours in ("bot", "connectors", "retrieval", "finetune"):
        logging.getLogger(ours).setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Json() if as_json else _Line())


class _Line(logging.Formatter):
    """A line for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")


class _Json(logging.Formatter):
    """A line for programs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return ``record`` as a JSON object."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "process": record.process,
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
