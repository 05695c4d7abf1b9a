"""What languages are called, and whether a text is plainly in one of the two that the bot tells apart."""

from __future__ import annotations

import re

from retrieval.text import detect_language, written_out

#: The languages that `detect_language` tells apart.
TOLD_APART = ("en", "zh")

#: By code: the name in English, and in Chinese.
_NAMES = {
    "ar": ("Arabic", "阿拉伯文"),
    "bg": ("Bulgarian", "保加利亚文"),
    "bn": ("Bengali", "孟加拉文"),
    "cs": ("Czech", "捷克文"),
    "da": ("Danish", "丹麦文"),
    "de": ("German", "德文"),
    "el": ("Greek", "希腊文"),
    "en": ("English", "英文"),
    "es": ("Spanish", "西班牙文"),
    "fa": ("Persian", "波斯文"),
    "fi": ("Finnish", "芬兰文"),
    "fr": ("French", "法文"),
    "he": ("Hebrew", "希伯来文"),
    "hi": ("Hindi", "印地文"),
    "hu": ("Hungarian", "匈牙利文"),
    "id": ("Indonesian", "印尼文"),
    "it": ("Italian", "意大利文"),
    "ja": ("Japanese", "日文"),
    "ko": ("Korean", "韩文"),
    "ms": ("Malay", "马来文"),
    "nb": ("Norwegian", "挪威文"),
    "nl": ("Dutch", "荷兰文"),
    "no": ("Norwegian", "挪威文"),
    "pl": ("Polish", "波兰文"),
    "pt": ("Portuguese", "葡萄牙文"),
    "ro": ("Romanian", "罗马尼亚文"),
    "ru": ("Russian", "俄文"),
    "sv": ("Swedish", "瑞典文"),
    "th": ("Thai", "泰文"),
    "tr": ("Turkish", "土耳其文"),
    "uk": ("Ukrainian", "乌克兰文"),
    "ur": ("Urdu", "乌尔都文"),
    "vi": ("Vietnamese", "越南文"),
    "zh": ("Chinese", "中文"),
}

#: What is taken for the code of a language, and the code that is meant: of countries, and of languages elsewhere.
_MEANT = {
    "chi": "zh",
    "chs": "zh",
    "cht": "zh",
    "cmn": "zh",
    "cn": "zh",
    "cz": "cs",
    "dk": "da",
    "eng": "en",
    "gb": "en",
    "hk": "zh",
    "jp": "ja",
    "us": "en",
    "zho": "zh",
}

#: Frequent English words that are none of the frequent ones of another language in Latin letters: "on" is French too,
#: "do" Portuguese, "is" Dutch, "for" Danish, "are" Romanian, "will" German.
_ENGLISH = re.compile(
    r"\b(?:the|you|your|my|our|they|their|it|this|that|these|those|there|how|what|when|where|which|who|whose|why|can|"
    r"could|would|should|must|does|did|not|and|with|from|if|please)\b",
    re.IGNORECASE,
)
#: Kana, without の, which Chinese trade writes for 的, and Hangul.
_JAPANESE_OR_KOREAN = re.compile(r"[\u3041-\u306d\u306f-\u309f\u30a1-\u30fa\u1100-\u11ff\uac00-\ud7a3]")


def name_of(code: str, spoken: str) -> str:
    """Return what the language ``code`` is called in Chinese, if that is ``spoken``, or else in English.

    One without a name here is called by its code.
    """
    english, chinese = _NAMES.get(code, (code, code))
    return chinese if spoken == "zh" else english


def language_code(code: str) -> str:
    """Return ``code`` where it is one of a language; raises ValueError with what was expected."""
    if not re.fullmatch("[a-z]{2,3}", code):
        raise ValueError('the ISO 639-1 code of a language, such as "en" or "zh"')
    if code in _MEANT:
        raise ValueError(f"the ISO 639-1 code of a language; did you mean {_MEANT[code]}?")
    return code


def is_plain(text: str) -> bool:
    """Whether ``text`` shows that it is English or Chinese, and is not just taken for one of them."""
    if detect_language(text) == "zh":
        return _JAPANESE_OR_KOREAN.search(text) is None
    return _ENGLISH.search(written_out(text)) is not None
