"""The report of a run: a page that needs nothing else, a summary for a pull request, JUnit for CI, figures as JSON.

The modules: ``writing`` (all files of it), ``picked`` (the turns that are shown), ``words`` (how figures and verdicts
are called), ``junit``, ``markdown``, ``page`` with ``plots`` and the template.
"""

from __future__ import annotations

from bot.evaluation.report.writing import REPORT, write_report

__all__ = ["REPORT", "write_report"]
