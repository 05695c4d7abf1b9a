"""Reads exported logs: dialogues as JSONL, and the CSV exports of helpdesks; both become `Conversation` records.

Logs are read as far as they can be: what is wrong in them is counted and named by `Problems`, and costs nothing else.

The modules, from the file to the record: ``reading`` (which files, and what belongs together), ``lines`` (whatever the
encoding), ``dialogues`` (JSONL), ``cells`` and ``tables`` (CSV) with ``kinds`` (what a column means in which helpdesk),
``markup`` (HTML to text), ``values`` (times and switches), ``shelf`` (where they lie until they are sorted),
``records`` (the common record), ``problems``.
"""

from __future__ import annotations

from finetune.logs.problems import Problem, Problems, What
from finetune.logs.reading import iter_logs
from finetune.logs.records import Conversation, Speaker, Utterance

__all__ = ["Conversation", "Problem", "Problems", "Speaker", "Utterance", "What", "iter_logs"]
