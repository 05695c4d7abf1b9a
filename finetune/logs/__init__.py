"""Reads exported logs: dialogues as JSONL, and the CSV exports of helpdesks; both become `Conversation` records.

The modules, from the file to the record: ``reading`` (which files, and what belongs together), ``dialogues`` (JSONL),
``tables`` (CSV) with ``kinds`` (what a column means in which helpdesk), ``markup`` (HTML to text), ``values`` (times
and switches), ``records`` (the common record).
"""

from __future__ import annotations

from finetune.logs.reading import read_logs
from finetune.logs.records import Conversation, Speaker, Utterance

__all__ = ["Conversation", "Speaker", "Utterance", "read_logs"]
