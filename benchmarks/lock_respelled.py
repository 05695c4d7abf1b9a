"""Honest respellings of true sentences, for `benchmarks.lock`: the same fact, spelled or put otherwise by a rule.

Each kind is a function that gives the sentence respelled, or None where it does not fit. None of them knows the lock.
"""

from __future__ import annotations

import re
from collections.abc import Callable

#: A sentence, the question of its entry, its language; gives the sentence respelled.
Respelling = Callable[[str, str, str], str | None]

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_TENS = {30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 90: "ninety"}
_HAN = "零一二三四五六七八九"
_SPAN = {
    "en": r"\b(\d{1,2})(?= (?:working )?(?:days?|weeks?|months?|years?|hours?|minutes?|seconds?)\b)",
    "zh": r"(?<![\d.:至到-])(\d{1,2})(?= ?(?:个工作日|天|周|个月|年|小时|分钟|秒)(?!\d))(?!\d)",
}
_EXPANDED = (
    ("cannot", "can't"),
    ("do not", "don't"),
    ("does not", "doesn't"),
    ("is not", "isn't"),
    ("are not", "aren't"),
    ("we will", "we'll"),
    ("you will", "you'll"),
    ("it is", "it's"),
    ("there is", "there's"),
    ("you have", "you've"),
    ("we are", "we're"),
)
_OPENERS = {
    "en": ("Sure, ", "Here is the answer: ", "Thanks for asking! ", "Happy to help: ", "Good question! "),
    "zh": ("好的，", "您好，", "亲，", "感谢您的咨询！", "没问题，"),
}
_CLOSERS = {
    "en": (" Hope that helps!", " Let me know if you have any other questions.", " Have a nice day!"),
    "zh": ("希望对您有帮助！", "还有其他问题请随时告诉我们。", "祝您生活愉快！"),
}
_SYNONYMS = {
    "en": (
        (r"\bpurchase\b", "buy"),
        (r"\bbuy\b", "purchase"),
        (r"\bsend\b", "ship"),
        (r"\bmail address\b", "email address"),
        (r"\be-?mail\b", "mail"),
        (r"\bSign in\b", "Log in"),
        (r"\bsign in\b", "log in"),
        (r"\bwrite to\b", "email"),
        (r"\bopen\b(?= https)", "go to"),
        (r"\bparcel\b", "package"),
        (r"\bitems\b", "articles"),
        (r"\bitem\b", "product"),
        (r"\bgoods\b", "products"),
        (r"\breceive\b", "get"),
        (r"\bchoose\b", "select"),
        (r"\bat once\b", "immediately"),
        (r"\bfree of charge\b", "for free"),
        (r"\bdelivery takes\b", "shipping takes"),
        (r"\bphoto\b", "picture"),
        (r"\bphotos\b", "pictures"),
        (r"\bshops\b", "stores"),
        (r"\benter\b", "type in"),
        (r"\bcannot\b", "can not"),
        (r"\bcosts\b", "is"),
    ),
    "zh": (
        ("您", "你"),
        ("签收后", "收到后"),
        ("不能", "不可以"),
        ("无法", "不能"),
        ("免费", "不收费"),
        ("写信至", "发邮件到"),
        ("发邮件到", "写信到"),
        ("可以", "能"),
        ("无需", "不用"),
        ("不需要", "不用"),
        ("立即", "马上"),
        ("购买", "买"),
        ("包裹", "快递"),
        ("使用", "用"),
        ("寄往", "寄到"),
        ("无需另付", "不用另外付钱"),
        ("最多", "至多"),
        ("商品", "产品"),
        ("请勿", "请不要"),
        ("结账", "结算"),
        ("致电", "打电话到"),
    ),
}


def _han(number: int) -> str:
    if number < 10:
        return "两" if number == 2 else _HAN[number]
    tens, ones = divmod(number, 10)
    return ("" if tens == 1 else _HAN[tens]) + "十" + (_HAN[ones] if ones else "")


def _word(number: int) -> str | None:
    if number <= 20:
        return _WORDS[number]
    return _TENS.get(number)


def _one(pattern: str, change: Callable[[re.Match[str]], str | None], text: str) -> str | None:
    for match in re.finditer(pattern, text):
        new = change(match)
        if new is not None and new != match[0]:
            return text[: match.start()] + new + text[match.end() :]
    return None


def numbers(sentence: str, question: str, language: str) -> str | None:
    """Spell a span of time in words: "7 days" as "seven days", 7天 as 七天."""
    change = _word if language == "en" else _han
    return _one(_SPAN[language], lambda match: change(int(match[1])), sentence)


def weeks(sentence: str, question: str, language: str) -> str | None:
    """Give days in weeks and hours in days where that is exact."""
    if language == "en":
        return _one(
            r"\b(14|21) days\b|\b7 days\b", lambda m: "a week" if not m[1] else f"{int(m[1]) // 7} weeks", sentence
        )
    return _one(r"(?<!\d)(7|14|21) ?天", lambda m: {"7": "一周", "14": "两周", "21": "三周"}[m[1]], sentence)


def money(sentence: str, question: str, language: str) -> str | None:
    """Write an amount with its sign, its code or its name, with or without a comma."""
    if language == "en":
        return _one(r"(?<![\d.])(\d[\d,.]*\d|\d) USD", lambda m: f"${m[1]}", sentence) or _one(
            r"\$(\d[\d,.]*\d|\d)", lambda m: f"{m[1].replace(',', '')} dollars", sentence
        )
    return _one(r"(\d[\d,.]*\d|\d) ?美元", lambda m: f"{m[1]} USD", sentence)


def money_in_words(sentence: str, question: str, language: str) -> str | None:
    """Write dollars in the other long form."""
    if language == "en":
        return _one(r"(?<![\d.])(\d[\d,.]*\d|\d) USD", lambda m: f"{m[1]} dollars", sentence)
    return _one(r"(\d[\d,.]*\d|\d) ?美元", lambda m: f"${m[1]}", sentence)


def times(sentence: str, question: str, language: str) -> str | None:
    """Write a time of day in the other clock."""
    if language == "en":

        def change(match: re.Match[str]) -> str | None:
            hours = [int(match[1]), int(match[2])]
            return " to ".join(f"{(hour - 1) % 12 + 1} {'am' if hour < 12 else 'pm'}" for hour in hours)

        return _one(r"\b(\d{1,2}):00-(\d{1,2}):00", change, sentence)
    return _one(
        r"(\d{1,2}):00-(\d{1,2}):00",
        lambda m: f"上午{m[1]}点到{'晚上' if int(m[2]) > 18 else '下午'}{int(m[2]) - 12}点",
        sentence,
    )


def dates(sentence: str, question: str, language: str) -> str | None:
    """Put the month first, or write the date in numbers from year to day."""
    if language == "en":
        return _one(
            r"\b(\d{1,2}) (January|February|March|November|December)(?: (20\d\d))?",
            lambda m: f"{m[2]} {m[1]}" + (f", {m[3]}" if m[3] else ""),
            sentence,
        )
    return _one(r"(20\d\d)年(\d{1,2})月(\d{1,2})日", lambda m: f"{m[1]}-{int(m[2]):02}-{int(m[3]):02}", sentence)


def percents(sentence: str, question: str, language: str) -> str | None:
    """Write a percentage close up, or in words."""
    if language == "en":
        return _one(r"(\d+) %", lambda m: f"{m[1]}%", sentence) or _one(
            r"(\d+)%", lambda m: f"{m[1]} percent", sentence
        )
    return _one(r"(?<![\d.])(\d{1,2}) ?%", lambda m: f"百分之{_han(int(m[1])).replace('两', '二')}", sentence)


def contracted(sentence: str, question: str, language: str) -> str | None:
    """Contract what is written out."""
    for long, short in _EXPANDED if language == "en" else ():
        if re.search(rf"\b{long}\b", sentence):
            return re.sub(rf"\b{long}\b", short, sentence, count=1)
    return None


def _pick(choices: tuple[str, ...], sentence: str) -> str:
    return choices[sum(map(ord, sentence)) % len(choices)]


def opened(sentence: str, question: str, language: str) -> str | None:
    """Open politely."""
    if language == "en" and re.match(r"(?:Yes|No|Sorry)\b", sentence):
        return None
    opener = _pick(_OPENERS[language], sentence)
    small = sentence[:1].lower() + sentence[1:] if opener.endswith((", ", ": ")) else sentence
    return opener + (small if re.match(r"(?:You|We|The|It|If|Please|Our|Your|A|In)\b", sentence) else sentence)


def closed(sentence: str, question: str, language: str) -> str | None:
    """Close politely."""
    return sentence.rstrip() + _pick(_CLOSERS[language], sentence)


def synonym(sentence: str, question: str, language: str) -> str | None:
    """Use another word of the trade."""
    fitting = [(one, other) for one, other in _SYNONYMS[language] if re.search(one, sentence)]
    if not fitting:
        return None
    one, other = fitting[len(sentence) % len(fitting)]
    return re.sub(one, other, sentence)


def clause_alone(sentence: str, question: str, language: str) -> str | None:
    """Quote one whole clause without the others."""
    cut = r"; |: " if language == "en" else "；|："
    parts = re.split(cut, sentence.strip())
    if len(parts) < 2 or any(len(part) < 8 for part in parts) or "http" in sentence:
        return None
    first = parts[0].rstrip("。.")
    return first + ("." if language == "en" else "。")


def cut_in_two(sentence: str, question: str, language: str) -> str | None:
    """Make two sentences of one, at a border of clauses."""
    if language == "en":
        found = re.search(r"(?:; |, and )(?=(?:you|we|it|they|the|this|your)\b)", sentence)
        if not found:
            return None
        rest = sentence[found.end() :]
        return f"{sentence[: found.start()]}. {rest[:1].upper()}{rest[1:]}"
    return _one(r"；", lambda m: "。", sentence) if not sentence.endswith("；") else None


def asked(sentence: str, question: str, language: str) -> str | None:
    """Take up the question first."""
    if re.match(r"(?:Yes|No|Sorry)\b|可以|不|有[。，]|是的|支持|能", sentence):
        return None
    if language == "en":
        topic = re.search(r"\b(?:the|an?|my|your) ([a-z][a-z -]*)\?$", question)
        return f"As for the {topic[1]}: {sentence}" if topic else None
    return f"关于“{re.split('[？?]', question)[0]}”：{sentence}"


def prose(sentence: str, question: str, language: str) -> str | None:
    """Take the mark of a list away."""
    bare = re.sub(r"^\s*(?:[-*•]|\d+\.)\s+", "", sentence)
    return bare if bare != sentence else None


def joined(sentence: str, following: str, language: str) -> str | None:
    """Make one sentence of two that follow each other."""
    first, second = sentence.strip(), following.strip()
    if language == "en":
        if not first.endswith(".") or not re.match(r"(?:You|We|It|They|The|This|Your|Our)\b", second):
            return None
        return f"{first[:-1]}, and {second[:1].lower()}{second[1:]}"
    return f"{first[:-1]}，{second}" if first.endswith("。") else None


#: Those that put something around a sentence and leave it as it is.
AROUND = frozenset({"polite opening", "polite closing", "question repeated"})
RESPELLINGS: dict[str, Respelling] = {
    "number in words": numbers,
    "days in weeks": weeks,
    "amount": money,
    "amount in words": money_in_words,
    "time of day": times,
    "date": dates,
    "percentage": percents,
    "contracted": contracted,
    "polite opening": opened,
    "polite closing": closed,
    "synonym": synonym,
    "clause alone": clause_alone,
    "cut in two": cut_in_two,
    "question repeated": asked,
    "list as prose": prose,
}
