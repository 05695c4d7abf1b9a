"""Defects as they come into a knowledge, planted on purpose: what `benchmarks.lint` looks for.

Every kind has wordings and ways of its own for the two halves of the entries: those of "dev" were seen while the rules
were written, those of "test" were not.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.common import Labelled

Key = tuple[str, str]
Row = dict[str, Any]

LINK = re.compile(r"https?://[\w./-]*[\w/]", re.ASCII)
_ADDRESS = re.compile(rf"{LINK.pattern}|\+1 202 555 0143|400-555-0136", re.ASCII)
_NUMBER = re.compile(r"(?<![\w.:,+#/-])\d+(?:\.\d+)?(?![\w.:]*\d|[A-Za-z])", re.ASCII)
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d\d)(?!\d)")


@dataclass(frozen=True, kw_only=True)
class Defect:
    """One planted defect, and what has to be told of it."""

    kind: str
    #: Any of these codes tells it.
    codes: frozenset[str]
    #: The places: the finding's own and the other one together where there are two, otherwise one of them.
    keys: frozenset[Key]
    #: Whether both places have to be named.
    pair: bool = False
    #: What was done, to be read where it was missed.
    what: str = ""


@dataclass
class Knowledge:
    """Rows that may be changed, and what the plants draw on."""

    rows: dict[Key, Row]
    half: str
    questions: Sequence[Labelled]
    rng: random.Random
    #: Whether an entry's question finds another entry first, with these rows.
    loses: Callable[[dict[Key, Row], Key], bool]
    added: int = 0
    used: set[str] = field(default_factory=set)

    def pick(self, *variants: tuple[str, Any]) -> Any:
        """Choose one of the variants whose half is "both" or this one."""
        return self.rng.choice([value for half, value in variants if half in ("both", self.half)])

    def new(self, row: Row) -> Key:
        """Add a row under an id of its own."""
        self.added += 1
        row["id"] = f"extra-{self.added}"
        self.rows[row["id"], row["language"]] = row
        return row["id"], row["language"]


Plant = Callable[[Knowledge, Key], Defect | None]


def defect(kind: str, codes: str, *keys: Key, what: str = "", pair: bool = False) -> Defect:
    """Return a defect; ``codes`` has blanks between them."""
    return Defect(kind=kind, codes=frozenset(codes.split()), keys=frozenset(keys), pair=pair, what=what)


def other(key: Key) -> Key:
    """Return the twin's key."""
    return key[0], "zh" if key[1] == "en" else "en"


def _other_number(number: str, rng: random.Random) -> str:
    value = float(number)
    if "." in number:
        return f"{value + rng.choice([1, 2, -1, 0.5]):.2f}"
    if value >= 1900:
        return str(int(value) + rng.choice([1, 10, -100]))
    return str(int(value) + rng.choice([1, 2, 3, 5, 10] if value < 20 else [5, 10, -5, -10, 20]))


_WORDS = {
    "2": "four", "3": "seven", "5": "nine", "7": "twelve", "10": "fifteen", "14": "twenty-one", "30": "forty-five"
}  # fmt: skip
_HAN = {"2": "四", "3": "六", "5": "九", "7": "十二", "10": "十五", "14": "二十一", "30": "四十五"}
_UNITS = {
    "working days": "weeks", "minutes": "hours", "months": "years", "hours": "days", "days": "weeks", "USD": "EUR",
    "个工作日": "周", "分钟": "小时", "个月": "年", "小时": "天", "天": "周", "美元": "欧元",
}  # fmt: skip


def _changed_value(text: str, know: Knowledge) -> str | None:
    """Return ``text`` with one value changed: a figure, a time, or, in the test half, a unit or a number in words."""
    bare = _ADDRESS.sub(lambda match: "~" * len(match[0]), text)
    ways = [
        (match.start(), match.end(), _other_number(match[0], know.rng))
        for match in _NUMBER.finditer(bare)
        if match[0] not in ("0", "1")
    ]
    ways += [
        (match.start(), match.end(), f"{(int(match[1]) + know.rng.choice([1, 2])) % 24}:{match[2]}")
        for match in _CLOCK.finditer(bare)
    ]
    if know.half == "test" and know.rng.random() < 0.5:
        worded = []
        for match in re.finditer(r"(?<![\d.:])(\d+)(?= ?(?:working days|days|个工作日|天|个月|months))", bare):
            words = _HAN if re.search(r"[一-龥]", text) else _WORDS
            if match[1] in words:
                worded.append((match.start(), match.end(), words[match[1]]))
        for unit, instead in _UNITS.items():
            worded += [
                (m.start(1), m.end(1), instead) for m in re.finditer(rf"\d ?({unit})(?![一-龥]*金|\w*[a-z])", bare)
            ]
        ways = worded or ways
    if not ways:
        return None
    start, end, instead = know.rng.choice(ways)
    return text[:start] + instead + text[end:]


def twin_value(know: Knowledge, key: Key) -> Defect | None:
    """Change a value in one language."""
    row = know.rows[key]
    changed = _changed_value(row["answer"], know)
    if changed is None:
        return None
    row["answer"] = changed
    return defect("twin value", "K102", key, other(key), pair=True, what=changed)


_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def sentences(text: str) -> list[str]:
    """Return the sentences of ``text``."""
    return [part for part in _SENTENCE.split(text) if part]


def joined(parts: Sequence[str], language: str) -> str:
    """Return sentences as a text."""
    return (" " if language == "en" else "").join(part.strip() for part in parts)


def twin_lacks_value(know: Knowledge, key: Key) -> Defect | None:
    """Leave out a sentence with figures in one language."""
    row = know.rows[key]
    parts = sentences(row["answer"])
    rest = [p for p in parts]
    able = [p for p in parts if re.search(r"\d{2,}|[3-9]", p) and not re.search(r"http|@|555", p)]
    if len(parts) < 3 or not able:
        return None
    gone = know.rng.choice(able)
    rest.remove(gone)
    figures = set(re.findall(r"\d+(?:[.:]\d+)?", gone)) - set(re.findall(r"\d+(?:[.:]\d+)?", joined(rest, key[1])))
    if not {f for f in figures if f not in ("1", "2")} or len(gone) > 0.4 * len(row["answer"]):
        return None
    row["answer"] = joined(rest, key[1])
    return defect("twin lacks value", "K103 K102", key, other(key), pair=True, what=gone)


def twin_link(know: Knowledge, key: Key) -> Defect | None:
    """Lead one language to another page or mailbox, or nowhere."""
    row = know.rows[key]
    here = LINK.search(row["answer"])
    if here is None:
        return None
    pages = sorted({m[0] for r in know.rows.values() if r["language"] == key[1] for m in LINK.finditer(r["answer"])})
    elsewhere = know.rng.choice([page for page in pages if not page.startswith(here[0]) and page not in here[0]])
    way = know.pick(("both", elsewhere), ("test", here[0].rsplit("/", 1)[0] + "/help"), ("dev", elsewhere))
    row["answer"] = row["answer"].replace(here[0], way)
    return defect("twin link", "K104", key, other(key), pair=True, what=f"{here[0]} -> {way}")


def _opposite(text: str) -> str | None:
    turns = [
        (r"^Yes, ", "No, "), (r"^No, ", "Yes, "), (r"\bcan be\b", "cannot be"), (r"\bis free\b", "is not free"),
        (r"\bcannot\b", "can"), (r"\bwe do not\b", "we do"), (r"\bare not\b", "are"), (r"\bdoes not\b", "does"),
        (r"^可以", "不可以"), (r"^不可以", "可以"), (r"不能", "能"), (r"不支持", "支持"), (r"无法", "可以"),
        (r"都可以", "都不可以"), (r"^支持", "不支持"), (r"^有，", "没有，"), (r"免费", "不免费"),
    ]  # fmt: skip
    for pattern, instead in turns:
        if re.search(pattern, text):
            return re.sub(pattern, instead, text, count=1)
    return None


def contradiction(know: Knowledge, key: Key) -> Defect | None:
    """Add an entry that asks the same in a customer's words, and answers otherwise."""
    row = know.rows[key]
    asked = [
        q.text
        for q in know.questions
        if q.answers == (key[0],) and q.language == key[1] and q.kind in ("plain", "slang") and not q.context
        and len(q.text) < (70 if key[1] == "en" else 28)
    ]  # fmt: skip
    own = [row["question"], *row["alternatives"][:3]]
    question = know.pick(("both", know.rng.choice(asked or own)), ("both", know.rng.choice(own)))
    way = know.rng.random()
    answer: str | None
    if way < 0.3:
        answer = _opposite(row["answer"])
    elif way < 0.65:
        answer = _changed_value(row["answer"], know)
    else:
        parts = [p for p in sentences(row["answer"]) if _changed_value(p, know) not in (None, p)]
        answer = _changed_value(know.rng.choice(parts), know) if parts else None
    if answer is None or answer == row["answer"]:
        return None
    new = know.new({**row, "question": question, "answer": answer, "alternatives": [], "url": ""})
    return defect("contradiction", "K101", key, new, pair=True, what=f"{question} | {answer}")


def _with_slips(text: str, rng: random.Random) -> str:
    """Return ``text`` with a few letters left out, doubled or turned round; figures and links stay."""
    places = [m.start() + 1 for m in re.finditer(r"(?<![\w/.@])[a-z]{5,}(?![\w/@])|[一-龥]{4,}", text)]
    for place in sorted(rng.sample(places, min(len(places), 3)), reverse=True):
        way = rng.randrange(3)
        if way == 0:
            text = text[:place] + text[place + 1 :]
        elif way == 1:
            text = text[: place + 1] + text[place:]
        else:
            text = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text


def duplicate(know: Knowledge, key: Key) -> Defect | None:
    """Copy an entry with slips, or with another greeting or a sentence less."""
    row = know.rows[key]
    question = know.pick(("both", row["question"]), ("both", know.rng.choice(row["alternatives"])))
    answer = _with_slips(row["answer"], know.rng)
    hello = {"en": "Hello! ", "zh": "您好！"}[key[1]]
    thanks = {"en": " Thank you!", "zh": "谢谢！"}[key[1]]
    answer = know.pick(("both", answer), ("dev", hello + answer), ("test", answer + thanks))
    new = know.new({**row, "question": _with_slips(question, know.rng), "answer": answer, "alternatives": []})
    return defect("duplicate", "K201", key, new, pair=True, what=f"{question} | {answer}")


def shared_phrasing(know: Knowledge, key: Key) -> Defect | None:
    """List a phrasing of an entry in a neighbour too."""
    row = know.rows[key]
    topic = key[0].split("-")[0]
    near = [k for k in know.rows if k[1] == key[1] and k[0].split("-")[0] == topic and k[0] not in {key[0], *know.used}]
    if not near:
        return None
    taker = know.rng.choice(near)
    know.used.add(taker[0])
    text = know.rng.choice(row["alternatives"])
    text = know.pick(("both", text), ("dev", text.upper()), ("test", text.rstrip("?？") + "!"))
    know.rows[taker]["alternatives"] = [*know.rows[taker]["alternatives"], text]
    return defect("shared phrasing", "K202", key, taker, pair=True, what=text)


_VAGUE = {
    ("en", "dev"): ["Shipping", "Payment", "Returns", "My order", "Delivery time", "Refund"],
    ("zh", "dev"): ["配送", "付款", "退货", "订单", "退款", "发货时间"],
    ("en", "test"): [
        "How long does it take?",
        "Warranty",
        "My account",
        "Invoice",
        "How much does it cost?",
        "Contact",
    ],
    ("zh", "test"): ["需要多久？", "保修", "账户", "发票", "多少钱？", "联系客服"],
}


def vague(know: Knowledge, key: Key) -> Defect | None:
    """Give an entry a question that others answer better, and no other phrasing."""
    row = know.rows[key]
    before = dict(row)
    for question in know.rng.sample(_VAGUE[key[1], know.half], 6):
        row["question"], row["alternatives"] = question, []
        if know.loses(know.rows, key):
            return defect("shadowed", "K203 K204", key, what=question)
    row.update(before)
    return None


def missing_twin(know: Knowledge, key: Key) -> Defect | None:
    """Take a language away."""
    del know.rows[other(key)]
    return defect("twin missing", "K301", key)


def cut_short(know: Knowledge, key: Key) -> Defect | None:
    """Leave one sentence of an answer, or paste another answer behind it."""
    row = know.rows[key]
    parts = sentences(row["answer"])
    if len(parts) < 3 or len(parts[0]) > 0.42 * len(row["answer"]):
        return None
    strangers = [r["answer"] for k, r in know.rows.items() if k[1] == key[1] and k[0] != key[0]]
    pasted = f"{row['answer']}\n\n{know.rng.choice(strangers)}"
    row["answer"] = know.pick(("both", parts[0].strip()), ("test", parts[0].strip()), ("test", pasted))
    return defect("twin length", "K302", key, other(key), pair=True, what=row["answer"])


def wrong_language(know: Knowledge, key: Key) -> Defect | None:
    """Leave an answer untranslated."""
    row, twin = know.rows[key], know.rows[other(key)]
    row["answer"] = twin["answer"]
    return defect("wrong language", "K303", key)


def impossible_dates(know: Knowledge, key: Key) -> Defect | None:
    """Swap begin and end, or give a day that no calendar has."""
    begin, end = know.pick(
        ("both", ("2027-03-01", "2026-12-01")),
        ("both", ("2026-11-30", "2026-11-01")),
        ("dev", ("2026-11-31", "2027-01-31")),
        ("test", ("2026-01-01", "2027-02-29")),
    )
    know.rows[key].update(valid_from=begin, valid_until=end)
    del know.rows[other(key)]  # as where the whole entry was made by copying; its own defect is not counted
    return defect("impossible dates", "K401", key, what=f"{begin} {end}")


def over(know: Knowledge, key: Key) -> Defect | None:
    """Let an entry be over, or soon."""
    end = know.pick(("both", "2026-10-31"), ("both", "2026-12-20"), ("dev", "2024-12-31"), ("test", "2026-11-24"))
    for each in (key, other(key)):
        know.rows[each]["valid_until"] = end
    return defect("over", "K402 K403", key, other(key), what=end)


def validity(know: Knowledge, key: Key) -> Defect | None:
    """Extend one language only."""
    name, day = know.pick(
        ("both", ("valid_until", "2027-06-30")), ("dev", ("valid_until", "2027-12-31")),
        ("test", ("valid_from", "2026-01-01")),
    )  # fmt: skip
    know.rows[key][name] = day
    return defect("twin validity", "K105", key, other(key), pair=True, what=f"{name} {day}")


def dead_link(know: Knowledge, key: Key) -> Defect | None:
    """Refer to an entry that is not there."""
    near = f"{key[0]}{know.rng.choice('sx2')}"
    text = know.pick(
        ("both", f" [more](#{near})"),
        ("dev", f" See #{near}."),
        ("dev", " [details](old-returns.md)"),
        ("test", f" (#{key[0]}-2)"),
        ("test", f' <a href="#{near}">more</a>'),
        ("test", " [FAQ](faq/shipping.html#top)"),
    )
    know.rows[key]["answer"] += text
    return defect("dead link", "K501", key, what=text)


def slip(know: Knowledge, key: Key) -> Defect | None:
    """Mistype an address."""
    row = know.rows[key]
    here = re.findall(r"https?://[\w./-]*[\w/]|[\w.+-]+@[\w.-]+\w|\+1 202 555 0143|400-555-0136", row["answer"])
    if not here:
        return None
    address = know.rng.choice(here)
    at = len(address) - know.rng.randrange(1, 4)
    if "@" in address:
        at = address.rindex(".example") - 3
    letter = address[at]
    instead = (
        str((int(letter) + 1) % 10) if letter.isdigit() else know.pick(("both", ""), ("dev", letter * 2), ("test", "q"))
    )
    mended = address[:at] + instead + address[at + 1 :]
    row["answer"] = row["answer"].replace(address, mended)
    return defect("address slip", "K104 K502 K503", key, other(key), what=f"{address} -> {mended}")
