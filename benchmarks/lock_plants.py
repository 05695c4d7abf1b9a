"""False facts to plant into true sentences, for `benchmarks.lock`: each kind a function that changes one sentence.

The kinds know nothing of the lock: they work on the letters. What a change gives is false by construction, for each
value is replaced by one that means something else, and by one that the evidence does not state of the same thing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.lock_adversary import denial, opposite, payer
from benchmarks.lock_words import (
    COMPARISONS,
    CURRENCIES,
    HAN,
    INVENTED,
    MONEY,
    MONTHS,
    NAMES,
    NOT_ADDED,
    NOT_REMOVED,
    OTHERS,
    PROMISES,
    UNIT_CHANGES,
    UNITS,
    WORDS,
)
from retrieval.lint.stated import values

#: A sentence, the evidence it is true by, its language; gives the false sentence, or None where the kind does not fit.
Plant = Callable[[random.Random, str, str, str], str | None]


def _sub(rng: random.Random, pattern: str, sentence: str, change: Callable[[str], str | None]) -> str | None:
    """Change one of the places that ``pattern`` matches."""
    places = list(re.finditer(pattern, sentence))
    rng.shuffle(places)
    for place in places:
        new = change(place[0])
        if new is not None and new != place[0]:
            return sentence[: place.start()] + new + sentence[place.end() :]
    return None


def _other_number(rng: random.Random, written: str) -> str | None:
    """Give another number in the same spelling: another digit, or a zero more."""
    lower = written.lower()
    if lower in WORDS:
        return rng.choice([word for word in WORDS if word != lower])
    if written in HAN:
        return rng.choice([word for word in HAN if word != written])
    digits = [at for at, char in enumerate(written) if char.isdigit()]
    if not digits:
        return None
    if rng.random() < 0.2:
        return written + "0" if "." not in written else None
    at = rng.choice(digits)
    first = at == digits[0]
    return (
        written[:at] + rng.choice([d for d in "123456789" if d != written[at]][: 8 if first else 9]) + written[at + 1 :]
    )


_COUNT = {
    "en": rf"\d[\d,]*|\b(?:{'|'.join(WORDS)})\b",
    "zh": rf"\d[\d,]*|[{HAN}](?=个工作日|天|周|年|小时|个月|次|件|张)",
}


def number(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another count."""
    plain = (
        rf"(?<![\d.,:$£€/@A-Za-z+-])(?:{_COUNT[language]})(?![\d.,:]\d|[%:/-]|\s?(?:{UNITS[language][3:-1]}|USD"
        rf"|GBP|CNY|美元|英镑|元|%|月|日))(?=[\s\w])"
    )
    return _sub(rng, plain, sentence, lambda text: _other_number(rng, text))


def amount(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another amount of money."""
    return _sub(rng, MONEY[language], sentence, lambda text: _other_number(rng, text))


def duration(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another number of days or hours."""
    return _sub(
        rng, rf"(?:{_COUNT[language]})(?=[ -]?{UNITS[language]})", sentence, lambda text: _other_number(rng, text)
    )


def unit(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Weeks for days, days for hours."""
    pattern = (
        rf"(?<=\d|[a-z{HAN}])(?P<gap> ?)(?<=\d|[ {HAN}]){UNITS[language]}"
        if language == "zh"
        else rf"(?<=[\dnorexthy] ){UNITS['en']}\b"
    )
    return _sub(rng, pattern, sentence, lambda text: UNIT_CHANGES.get(text.strip()))


def currency(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """The same figure in another currency."""
    pattern = r"(?<=\d )(?:USD|GBP|CNY)|\$(?=\d)|£(?=\d)" if language == "en" else r"(?<=\d)\s?(?:美元|英镑|元人民币)"
    return _sub(rng, pattern, sentence, lambda text: CURRENCIES[language].get(text.strip()))


def percentage(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another percentage."""
    return _sub(rng, r"\d+(?=\s?%)", sentence, lambda text: _other_number(rng, text))


def date(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another day, month or year."""
    if language == "en":
        kind = rng.choice([rf"\b\d{{1,2}}(?= (?:{'|'.join(MONTHS)}))", rf"\b(?:{'|'.join(MONTHS)})\b", r"\b20\d\d\b"])
        return _sub(rng, kind, sentence, lambda text: _other_date(rng, text))
    return _sub(
        rng,
        rng.choice([r"\d{1,2}(?=日)", r"\d{1,2}(?=月)", r"20\d\d(?=年)"]),
        sentence,
        lambda text: _other_date(rng, text),
    )


def _other_date(rng: random.Random, text: str) -> str:
    if text in MONTHS:
        return rng.choice([month for month in MONTHS if month != text])
    if len(text) == 4:
        return str(int(text) + rng.choice([-1, 1, 2]))
    return str(rng.choice([n for n in range(1, 13) if n != int(text)]))


def time(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another time of day."""
    pattern = (
        r"\b\d{1,2}(?=:\d\d)|\b\d{1,2}(?= [ap]m\b)|\b[ap]m\b" if language == "en" else r"\d{1,2}(?=:\d\d)|\d{1,2}(?=点)"
    )
    turned = {"am": "pm", "pm": "am"}
    return _sub(rng, pattern, sentence, lambda text: turned.get(text) or str((int(text) + rng.choice([1, 2, 3])) % 24))


def weekday(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another day of the week."""
    days = (
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
        if language == "en"
        else [f"周{d}" for d in "一二三四五六日"]
    )
    return _sub(rng, "|".join(days), sentence, lambda text: rng.choice([day for day in days if day != text]))


def phone(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """One digit of a telephone number changed."""
    return _sub(rng, r"\+1 202 555 0143|400-555-0136", sentence, lambda text: _one_digit(rng, text))


def code(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """One digit of a code changed."""
    return _sub(rng, r"\b(?:K2[14]|E3|LB-\d+)(?!\d)", sentence, lambda text: _one_digit(rng, text))


def _one_digit(rng: random.Random, text: str) -> str:
    at = rng.choice([at for at, char in enumerate(text) if char.isdigit()])
    return text[:at] + rng.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]


def link(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another page, host or ending, or an address in words."""

    def change(text: str) -> str:
        return rng.choice(
            [
                text.replace("lanternbay", "lantern-bay"),
                text.replace(".example", ".com"),
                text.rstrip("/") + "/new",
                re.sub(r"/[a-z]+$", "/help-desk", text),
                text.replace("https://lanternbay.example", "lanternbay dot example "),
            ]
        )

    return _sub(rng, r"https://[\w./-]*\w", sentence, change)


def mail(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another mailbox or host."""

    def change(text: str) -> str:
        return rng.choice(
            [f"support@{text.partition('@')[2]}", text.replace(".example", ".com"), text.replace("@", "@mail.")]
        )

    return _sub(rng, r"[a-z]+@[a-z]+\.example", sentence, change)


def negation_added(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """A "not" more."""
    return _replaced(rng, sentence, NOT_ADDED[language])


def negation_removed(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """A "not" less."""
    return _replaced(rng, sentence, NOT_REMOVED[language])


def comparison(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """At least for at most, after for before, only, free and not free."""
    if re.search("free|nothing|no (?:extra |sur)?c", evidence):  # then a service more that is free may be true
        return _replaced(rng, sentence, COMPARISONS[language][:-1])
    return _replaced(rng, sentence, COMPARISONS[language])


def _replaced(rng: random.Random, sentence: str, changes: Sequence[tuple[str, Any]]) -> str | None:
    for pattern, new in rng.sample(changes, len(changes)):
        changed: str = re.sub(pattern, new, sentence, count=1)
        if changed != sentence:
            return changed
    return None


def promise(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """A promise, or a deed said to be done, as a sentence or at the end of one."""
    planted = rng.choice(PROMISES[language])
    if rng.random() < 0.5:
        return planted + (" " if language == "en" else "")
    if language == "en":
        return (
            re.sub(r"[.!]?\s*$", "", sentence) + ", and " + re.sub("^(?!I)(.)", lambda m: m[1].lower(), planted) + " "
        )
    return re.sub(r"[。!！]?\s*$", "", sentence) + "，" + planted


def invented(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """A sentence with facts from nowhere."""
    return rng.choice(INVENTED[language]) + (" " if language == "en" else "")


def name(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another product, place or company."""

    def change(text: str) -> str:
        return rng.choice([n for n in NAMES if n != text]) if text in NAMES else OTHERS[language][text]

    return _sub(rng, "|".join(map(re.escape, OTHERS[language])), sentence, change)


def swapped(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Put a value in the place of another one of its kind that the evidence states elsewhere."""
    if re.search("[两三四五六七][三四五六七八]", sentence):  # "two or three" is no value that is read
        return None
    mine = [v for v in values(sentence) if v.firm and v.text in sentence and v.kind not in ("weekday", "number")]
    theirs = [v for v in values(evidence) if v.firm and v.kind not in ("weekday", "number")]
    pairs = [
        (v, w)
        for v in mine
        for w in theirs
        if v.kind == w.kind
        and [x.amount for x in values(v.text)] != [x.amount for x in values(w.text)]
        and not any(w.meets(x) for x in mine)
        and v.text.count(" to ") == w.text.count(" to ")
    ]
    if not pairs:
        return None
    old, new = rng.choice(pairs)
    return sentence.replace(old.text, new.text, 1)


KINDS: dict[str, Plant] = {
    "number": number,
    "amount": amount,
    "duration": duration,
    "unit": unit,
    "currency": currency,
    "percentage": percentage,
    "date": date,
    "time": time,
    "weekday": weekday,
    "phone": phone,
    "code": code,
    "link": link,
    "mail": mail,
    "negation added": negation_added,
    "negation removed": negation_removed,
    "comparison": comparison,
    "promise": promise,
    "name": name,
    "value of another clause": swapped,
    "invented": invented,
    "opposite": opposite,
    "payer": payer,
    "denial": denial,
}
