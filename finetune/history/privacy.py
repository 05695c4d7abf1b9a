"""Personal data replaced by typed tokens: <email>, <phone>, <order>, <card>, <iban>, <id_number>, <url>, ...

What answers are made of stays: amounts, dates, times, durations, models. Everything else with many digits is taken
for a number that belongs to somebody. Replacing twice changes nothing, and a token is never torn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from finetune.history.amounts import amounts
from finetune.history.personal import RULES, Rule
from finetune.history.personal_names import known_names

_TOKEN = re.compile(r"(<[a-z_]{2,12}>)")
_DIGIT = re.compile(r"\d")
#: Of a company's own texts that stay, shorter ones would keep too much.
_SHORTEST_KEPT = 5


@dataclass(kw_only=True)
class Privacy:
    """Replaces personal data, and counts what it replaced."""

    #: What is the company's own and stays: domains, with all addresses below them; telephone numbers; places.
    keep: Sequence[str] = ()
    #: How often each token was put in.
    counts: Counter[str] = field(default_factory=Counter)

    def replace(self, text: str, names: Iterable[str] = ()) -> str:
        """Return ``text`` with tokens; ``names`` are those of the people in the conversation."""
        rules = [*RULES]
        if expression := known_names(names):
            rules.append(Rule(kind="name", expression=expression))
        while (less := self._once(text, rules)) != text:
            text = less
        return text

    def _once(self, text: str, rules: Sequence[Rule]) -> str:
        has_digits = _DIGIT.search(text) is not None
        for rule in rules:
            if rule.digits and not has_digits:
                continue
            parts = _TOKEN.split(text)
            parts[::2] = [self._between_tokens(part, rule) if part else "" for part in parts[::2]]
            text = "".join(parts)
        return text

    def _between_tokens(self, text: str, rule: Rule) -> str:
        kept: list[tuple[int, int]] | None = None if rule.like_amounts else []
        out: list[str] = []
        done = 0
        for match in rule.expression.finditer(text):
            begin, end = match.span(match.lastindex or 0)
            found = rule.found(text[begin:end])
            end = begin + len(found)
            if not found or self._is_ours(rule.kind, found):
                continue
            kept = amounts(text) if kept is None else kept
            if any(begin < kept_end and kept_begin < end for kept_begin, kept_end in kept):
                continue
            out += [text[done:begin], f"<{rule.kind}>"]
            done = end
            self.counts[rule.kind] += 1
        return "".join(out) + text[done:]

    def _is_ours(self, kind: str, found: str) -> bool:
        if kind in ("email", "url"):
            host = _host(found)
            return any(host == ours or host.endswith(f".{ours}") for ours in map(_host, self.keep))
        bare = _bare(found)
        return any(len(ours) >= _SHORTEST_KEPT and ours in bare for ours in map(_bare, self.keep))


def _host(text: str) -> str:
    """Return the domain of an address on the web, of a mail address, or of itself."""
    place = re.sub(r"^[a-z]+://", "", text.casefold().strip())
    return re.split(r"[/:?#]", place.rpartition("@")[2])[0].removeprefix("www.")


def _bare(text: str) -> str:
    """Return the letters and digits of ``text``."""
    return "".join(c for c in text.casefold() if c.isalnum())
