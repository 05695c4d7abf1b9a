"""All rules, by their codes. A code is never used again for something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from retrieval.lint.finding import Rule, Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def _table(rows: Iterable[tuple[str, str, Severity, str]]) -> dict[str, Rule]:
    return {code: Rule(code=code, name=name, severity=severity, about=about) for code, name, severity, about in rows}


#: K0 reading, K1 contradictions, K2 one entry in another's way, K3 twins, K4 dates, K5 links, K6 texts.
RULES: Mapping[str, Rule] = _table(
    [
        ("K001", "not-taken", _ERROR, "A row, a field or a file cannot be used as it is written."),
        ("K002", "idle-suppression", _NOTE, "A suppression suppresses nothing."),
        ("K101", "contradiction", _ERROR, "Two entries answer one question in different ways."),
        ("K102", "twin-values-differ", _ERROR, "The languages of an entry state different values."),
        ("K103", "twin-value-missing", _WARNING, "Only one language of an entry states a value."),
        ("K104", "twin-links-differ", _WARNING, "The languages of an entry lead to different pages or addresses."),
        ("K105", "twin-validity-differs", _WARNING, "The languages of an entry are valid at different times."),
        ("K201", "near-duplicate", _WARNING, "Two entries have nearly the same question and answer."),
        ("K202", "shared-phrasing", _WARNING, "Two entries list the same phrasing."),
        ("K203", "shadowed", _WARNING, "An entry's own phrasings find another entry first."),
        ("K204", "unreachable", _WARNING, "No phrasing of an entry finds it among the first three."),
        ("K301", "twin-missing", _WARNING, "An entry lacks a language that nearly all others have."),
        ("K302", "twin-length", _WARNING, "The answer is much shorter or longer than in the other language."),
        ("K303", "wrong-language", _WARNING, "A text is not in the language that it says it is in."),
        ("K401", "impossible-dates", _ERROR, "A date of validity is none, or the entry ends before it begins."),
        ("K402", "expired", _WARNING, "An entry is over and is never served again."),
        ("K403", "expires-soon", _NOTE, "An entry is over within a month."),
        ("K501", "dead-link", _ERROR, "A link leads to an entry or a file of the knowledge that is not there."),
        ("K502", "odd-link", _NOTE, "An address looks like a slip of another one that the knowledge uses."),
        ("K503", "odd-contact", _NOTE, "A mail address or telephone number looks like a slip of another one."),
        ("K601", "too-long", _NOTE, "An answer does not fit into one message of a channel."),
        ("K602", "placeholder", _ERROR, "A text was never finished."),
        ("K603", "no-answer", _ERROR, "An answer says nothing."),
        ("K604", "link-left-out", _NOTE, "A text says to click somewhere, and there is no link."),
        ("K605", "markup", _WARNING, "Customers would see markup, or characters that were read in a wrong encoding."),
    ]
)
