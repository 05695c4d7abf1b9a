"""False facts to plant into true sentences, for `benchmarks.lock`: each kind a function that changes one sentence.

The kinds know nothing of the lock: they work on the letters. What a change gives is false by construction, for each
value is replaced by one that means something else, and by one that the evidence does not state of the same thing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from retrieval.lint.stated import values

#: A sentence, the evidence it is true by, its language; gives the false sentence, or None where the kind does not fit.
Plant = Callable[[random.Random, str, str, str], str | None]

_NAMES = "Anvil Pebble Ember Drift Volt Murmur Halo Cloud Ridge Tide".split()
_OTHERS = {
    "en": {
        **{name: name for name in _NAMES},
        **dict.fromkeys(("Rotterdam", "Columbus", "Shanghai"), "Hamburg"),
        **dict.fromkeys(("DHL", "UPS", "PostNL", "USPS"), "FedEx"),
        **dict.fromkeys(("PayPal", "Alipay", "WeChat"), "Klarna"),
        **dict.fromkeys(("Gold", "Silver"), "Platinum"),
        **dict.fromkeys(("Portugal", "Turkey", "Germany", "Netherlands"), "Poland"),
    },
    "zh": {
        **{name: name for name in _NAMES},
        **dict.fromkeys(("鹿特丹", "哥伦布", "上海", "深圳"), "广州"),
        **dict.fromkeys(("DHL", "UPS", "顺丰"), "申通"),
        **dict.fromkeys(("PayPal", "支付宝", "微信支付"), "云闪付"),
        **dict.fromkeys(("金卡", "银卡"), "钻石卡"),
    },
}
_WORDS = "two three four five six seven eight nine ten twelve fifteen twenty thirty".split()
_HAN = "两三四五六七八九十"
_UNITS = {
    "en": r"(?:working days|days|hours|minutes|weeks|months|years|seconds|working day|day|hour|week|year)",
    "zh": r"(?:个?工作日|天|小时|分钟|周|个月|年|秒)",
}
_UNIT_CHANGES = {
    "working days": "weeks",
    "working day": "week",
    "days": "weeks",
    "hours": "days",
    "minutes": "hours",
    "weeks": "months",
    "months": "years",
    "years": "months",
    "seconds": "minutes",
    "day": "month",
    "hour": "day",
    "week": "month",
    "year": "month",
    "个工作日": "周",
    "工作日": "周",
    "天": "周",
    "小时": "天",
    "分钟": "小时",
    "周": "个月",
    "个月": "年",
    "年": "个月",
    "秒": "分钟",
}
_MONEY = {
    "en": r"(?:\$|£|€)\d[\d,.]*\d|\$\d|\d[\d,.]*(?= (?:USD|GBP|EUR|CNY))",
    "zh": r"\d[\d,.]*(?=\s?(?:美元|英镑|元))",
}
_CURRENCIES = {
    "en": {"USD": "EUR", "GBP": "USD", "CNY": "USD", "$": "€", "£": "$"},
    "zh": {"美元": "欧元", "英镑": "美元", "元人民币": "美元"},
}
_MONTHS = "January February March April May June July August September October November December".split()
_PROMISES = {
    "en": (
        "We will refund you in full.",
        "I have cancelled your order.",
        "We have already sent you a replacement.",
        "We guarantee delivery by tomorrow.",
        "We will compensate you for the trouble.",
        "I'll upgrade you to express shipping at no cost.",
        "Our team will call you back today.",
        "We promise that it arrives on time.",
        "Your refund has been issued.",
        "We'll send you a voucher as an apology.",
    ),
    "zh": (
        "我们会为您全额退款。",
        "已为您取消订单。",
        "我们已经为您补发商品。",
        "我们保证明天送达。",
        "我们会赔偿您的损失。",
        "我帮您免费升级为加急配送。",
        "客服今天会给您回电。",
        "我们承诺一定按时送到。",
        "您的退款已经办理完成。",
        "我们会送您一张优惠券表示歉意。",
    ),
}
_NOT_REMOVED: dict[str, tuple[tuple[str, Any], ...]] = {
    "en": (
        *((r"\bcan(?:not|'t)\b", "can"), (r"\bdo(?:es)?(?: not|n't) ", ""), (r"\b(is|are|was|has|have) not\b", r"\1")),
        *((r"\b(is|are|was)n't\b", r"\1"), (r"\bnever\b", "always"), (r"\bNo, ", "Yes, "), (r"\bwithout\b", "with")),
        *((r"\bno longer\b", "still"), (r"\bno (?=\w+ (?:is|are)\b)", "a "), (r"\bnot (?=\w)", "")),
    ),
    "zh": (
        *(
            ("不能", "能"),
            ("无法", "可以"),
            ("不支持", "支持"),
            ("无需", "需要"),
            ("不需要", "需要"),
            ("不可以", "可以"),
        ),
        *(
            ("不会", "会"),
            ("没有(?=[附关])", "有"),
            ("请不要|请勿|请先不要", "请"),
            ("不(?=[退收受在含提送显])", ""),
            ("未(?=[使拆登])", "已"),
        ),
    ),
}
_NOT_ADDED: dict[str, tuple[tuple[str, Any], ...]] = {
    "en": (
        *((r"\bcan (?!not)", "cannot "), (r"\b(is|are) (?!not|there)", r"\1 not "), (r"\bYes, ", "No, ")),
        *((r"\bwe (send|refund|accept|ship|charge|check|pay|keep|correct|add|open)\b", r"we do not \1"),),
        *(
            (r"(?<!no )\b(costs|takes|works|applies|covers)\b", lambda m: f"does not {m[1].removesuffix('s')}"),
            (r"\b(have|get) (?=\d|a |\w+ days)", r"do not \1 "),
        ),
    ),
    "zh": (
        *(
            ("(?<!不)可以", "不可以"),
            ("(?<![不只才])能(?!否)", "不能"),
            ("(?<!不)会(?=[在为退把向发通])", "不会"),
            ("(?<!不)支持", "不支持"),
        ),
        *(("(?<![不无])需要", "不需要"), ("(?<!不)享受", "不享受"), ("均|都(?=[可能])", "都不")),
    ),
}
_COMPARISONS: dict[str, tuple[tuple[str, Any], ...]] = {
    "en": (
        *(
            (r"\bat most\b", "at least"),
            (r"\bat least\b", "at most"),
            (r"\bup to (?=\d|\$|\w+ weeks)", "at least "),
            (r"\bwithin (?=\d|\w+ (?:days|weeks|working))", "after "),
        ),
        *(
            (r"\bfrom (?=\$?\d+ USD|\$\d)", "up to "),
            (r"\babove (?=£?\d)", "below "),
            (r"\bbefore (?=\d|the|they)", "after "),
            (r"\bfor free\b|\bfree of charge\b", "for a fee"),
        ),
        *(
            (r"\bYou can ", "You can only "),
            (r"\bonly (?=once|one|1\b)", "more than "),
            (r"\.(\s*)$", r" free of charge.\1"),
        ),
    ),
    "zh": (
        *(
            ("最多", "至少"),
            ("至少", "最多"),
            ("不超过", "超过"),
            ("(?<!不)超过", "不到"),
            ("(?<=天)内", "后"),
            ("满(?=\\d)", "不满"),
            ("免费", "付费"),
        ),
        *(("之前|(?<=包)前", "之后"), ("您可以", "您只能"), ("以内", "以上")),
    ),
}
_INVENTED = {
    "en": (
        "We also offer free installation at your home.",
        "You can pay with Bitcoin as well.",
        "Our app sends you a push message on arrival.",
        "A loyalty gift is added to every second order.",
        "Our shop in Paris repairs it while you wait.",
        "You can also reach us on WhatsApp around the clock.",
        "Insurance against theft is included.",
        "Students and teachers get an additional gift.",
    ),
    "zh": (
        "我们还提供免费上门安装服务。",
        "您也可以用比特币付款。",
        "我们的应用会在送达时推送通知。",
        "每第二单都会附赠一份礼物。",
        "巴黎门店可以现场维修。",
        "您还可以通过抖音全天联系我们。",
        "订单已包含盗窃保险。",
        "教师也可以获得额外礼品。",
    ),
}


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
    if lower in _WORDS:
        return rng.choice([word for word in _WORDS if word != lower])
    if written in _HAN:
        return rng.choice([word for word in _HAN if word != written])
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
    "en": rf"\d[\d,]*|\b(?:{'|'.join(_WORDS)})\b",
    "zh": rf"\d[\d,]*|[{_HAN}](?=个工作日|天|周|年|小时|个月|次|件|张)",
}


def number(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another count."""
    plain = (
        rf"(?<![\d.,:$£€/@A-Za-z+-])(?:{_COUNT[language]})(?![\d.,:]\d|[%:/-]|\s?(?:{_UNITS[language][3:-1]}|USD"
        rf"|GBP|CNY|美元|英镑|元|%|月|日))(?=[\s\w])"
    )
    return _sub(rng, plain, sentence, lambda text: _other_number(rng, text))


def amount(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another amount of money."""
    return _sub(rng, _MONEY[language], sentence, lambda text: _other_number(rng, text))


def duration(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another number of days or hours."""
    return _sub(
        rng, rf"(?:{_COUNT[language]})(?=[ -]?{_UNITS[language]})", sentence, lambda text: _other_number(rng, text)
    )


def unit(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Weeks for days, days for hours."""
    pattern = (
        rf"(?<=\d|[a-z{_HAN}])(?P<gap> ?)(?<=\d|[ {_HAN}]){_UNITS[language]}"
        if language == "zh"
        else rf"(?<=[\dnorexthy] ){_UNITS['en']}\b"
    )
    return _sub(rng, pattern, sentence, lambda text: _UNIT_CHANGES.get(text.strip()))


def currency(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """The same figure in another currency."""
    pattern = r"(?<=\d )(?:USD|GBP|CNY)|\$(?=\d)|£(?=\d)" if language == "en" else r"(?<=\d)\s?(?:美元|英镑|元人民币)"
    return _sub(rng, pattern, sentence, lambda text: _CURRENCIES[language].get(text.strip()))


def percentage(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another percentage."""
    return _sub(rng, r"\d+(?=\s?%)", sentence, lambda text: _other_number(rng, text))


def date(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another day, month or year."""
    if language == "en":
        kind = rng.choice([rf"\b\d{{1,2}}(?= (?:{'|'.join(_MONTHS)}))", rf"\b(?:{'|'.join(_MONTHS)})\b", r"\b20\d\d\b"])
        return _sub(rng, kind, sentence, lambda text: _other_date(rng, text))
    return _sub(
        rng,
        rng.choice([r"\d{1,2}(?=日)", r"\d{1,2}(?=月)", r"20\d\d(?=年)"]),
        sentence,
        lambda text: _other_date(rng, text),
    )


def _other_date(rng: random.Random, text: str) -> str:
    if text in _MONTHS:
        return rng.choice([month for month in _MONTHS if month != text])
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
    return _replaced(rng, sentence, _NOT_ADDED[language])


def negation_removed(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """A "not" less."""
    return _replaced(rng, sentence, _NOT_REMOVED[language])


def comparison(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """At least for at most, after for before, only, free and not free."""
    if re.search("free|nothing|no (?:extra |sur)?c", evidence):  # then a service more that is free may be true
        return _replaced(rng, sentence, _COMPARISONS[language][:-1])
    return _replaced(rng, sentence, _COMPARISONS[language])


def _replaced(rng: random.Random, sentence: str, changes: Sequence[tuple[str, Any]]) -> str | None:
    for pattern, new in rng.sample(changes, len(changes)):
        changed: str = re.sub(pattern, new, sentence, count=1)
        if changed != sentence:
            return changed
    return None


def promise(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """A promise, or a deed said to be done, as a sentence or at the end of one."""
    planted = rng.choice(_PROMISES[language])
    if rng.random() < 0.5:
        return planted + (" " if language == "en" else "")
    if language == "en":
        return (
            re.sub(r"[.!]?\s*$", "", sentence) + ", and " + re.sub("^(?!I)(.)", lambda m: m[1].lower(), planted) + " "
        )
    return re.sub(r"[。!！]?\s*$", "", sentence) + "，" + planted


def invented(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """A sentence with facts from nowhere."""
    return rng.choice(_INVENTED[language]) + (" " if language == "en" else "")


def name(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Another product, place or company."""

    def change(text: str) -> str:
        return rng.choice([n for n in _NAMES if n != text]) if text in _NAMES else _OTHERS[language][text]

    return _sub(rng, "|".join(map(re.escape, _OTHERS[language])), sentence, change)


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
}
