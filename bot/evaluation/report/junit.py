"""A run as JUnit XML: a CI shows each harmful turn as a failed test.

The elements and attributes are those that Jenkins' schema knows, junit-10.xsd of its xUnit plugin; those of other
tools ask for times, which would differ from run to run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

from bot.evaluation.judging import Verdict
from bot.evaluation.report.picked import right_of
from bot.evaluation.report.words import ACTIONS, VERDICTS
from bot.evaluation.turns import ReplayedTurn

#: What no XML document may hold: https://www.w3.org/TR/xml/#charsets.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(kw_only=True, slots=True)
class _Suite:
    """The turns of a language."""

    cases: list[str] = field(default_factory=list)
    failures: int = 0
    skipped: int = 0


@dataclass(kw_only=True, slots=True)
class Suites:
    """Turns as test cases, a suite for each language."""

    _by_language: dict[str, _Suite] = field(default_factory=dict)

    def take(self, turn: ReplayedTurn) -> None:
        """Add a turn: harmful is failed, unjudged is skipped, all else is passed."""
        suite = self._by_language.setdefault(turn.language, _Suite())
        case = f'<testcase name="{_safe(turn.id)}" classname="{_safe(_class(turn))}"'
        if turn.harmful:
            suite.failures += 1
            case += f'>\n<failure message="{VERDICTS[turn.verdict]}" type="{turn.verdict}">{_safe(_told(turn))}'
            case += "</failure>\n</testcase>"
        elif turn.verdict is Verdict.UNJUDGED:
            suite.skipped += 1
            case += '>\n<skipped message="what would have been right is not known"/>\n</testcase>'
        else:
            case += "/>"
        suite.cases.append(case)

    def xml(self) -> str:
        """Return the document."""
        suites = sorted(self._by_language.items())
        tests, failures = sum(len(s.cases) for _, s in suites), sum(s.failures for _, s in suites)
        lines = ['<?xml version="1.0" encoding="UTF-8"?>']
        lines.append(f'<testsuites name="kefu" tests="{tests}" failures="{failures}" errors="0">')
        for language, suite in suites:
            counts = f'tests="{len(suite.cases)}" failures="{suite.failures}" errors="0" skipped="{suite.skipped}"'
            lines += [f'<testsuite name="{_safe(language)}" {counts}>', *suite.cases, "</testsuite>"]
        return "\n".join([*lines, "</testsuites>", ""])


def _class(turn: ReplayedTurn) -> str:
    """Return what tools group by: dots make a tree in them."""
    return f"kefu.{turn.language}.{turn.topic.replace('.', ' ') or 'no topic'}"


def _told(turn: ReplayedTurn) -> str:
    """Return what was said and what was wanted."""
    wanted = " or ".join(ACTIONS[action] for action in turn.wanted)
    parts = [
        ("The customer wrote", turn.text),
        ("The bot said", turn.reply),
        ("A person said", turn.person),
        ("It did", f"{ACTIONS[turn.action]} ({turn.reason}), with a confidence of {turn.confidence:.2f}"),
        ("Wanted", wanted),
        ("It quoted", ", ".join(turn.quoted)),
        ("Right entries", ", ".join(sorted(right_of(turn)))),
    ]
    return "\n".join(f"{name}: {text}" for name, text in parts if text)


def _safe(text: str) -> str:
    return escape(_FORBIDDEN.sub("\ufffd", text))
