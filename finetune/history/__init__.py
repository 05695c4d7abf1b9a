"""From logs to training data: pairs without personal data, canonical answers, three parts without leaks.

The modules, in the order in which a log goes through them: ``clean`` (what a message says itself), ``privacy`` with
``personal``, ``personal_names``, ``checksums`` and ``amounts`` (typed tokens), ``talk`` (what is an answer), ``pairs``,
``canonical`` and ``duplicates`` with ``near`` and ``wording`` (what is said in nearly the same words), ``split``,
``leaks``, ``making`` (all of it together).
"""

from __future__ import annotations

from finetune.history.leaks import Leak, find_leaks, refuse_leaks
from finetune.history.making import History, make, refuse_folder, write
from finetune.history.pairs import Pair
from finetune.history.split import Shares

__all__ = ["History", "Leak", "Pair", "Shares", "find_leaks", "make", "refuse_folder", "refuse_leaks", "write"]
