"""The FAQ doctor: what a careful editor would flag in a knowledge, found by values, twins, vectors and searches.

The modules: ``rules`` (what is looked for), ``finding`` (how it is told), ``doctor`` (all checks together); ``stated``
with ``values``, ``numerals`` and ``units``, ``addresses`` and ``sentences`` (what texts say); ``twins``, ``pairs`` with
``nearness``, ``reach``, ``dates``, ``references``, ``slips`` and ``wording`` (the checks); ``suppression``; ``sarif``.
"""

from __future__ import annotations

from retrieval.lint.doctor import lint
from retrieval.lint.finding import Finding, Place, Rule, Severity
from retrieval.lint.rules import RULES
from retrieval.lint.wording import Channel

__all__ = ["RULES", "Channel", "Finding", "Place", "Rule", "Severity", "lint"]
