"""Numbers that carry check digits: what fits is taken for what it looks like."""

from __future__ import annotations

from datetime import date

#: Length of an IBAN by country.
_IBAN = {
    code: int(length)
    for length, codes in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI FO GL NL",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU XK",
        "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN",
        "25": "LY PT ST",
        "26": "IS TR",
        "27": "FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HU LB NI PL SV",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU",
        "31": "MT SC",
    }.items()
    for code in codes.split()
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_card(digits: str) -> bool:
    """Whether ``digits`` can be the number of a payment card: its length, its first digit and Luhn's check digit."""
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456":
        return False
    doubled = (int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def iban_length(text: str) -> int:
    """Return how many characters of ``text``, without blanks, are an IBAN at its beginning; 0 for none."""
    length = _IBAN.get(text[:2].upper(), 0)
    iban = text[:length].upper()
    if not length or len(iban) < length or not iban.isascii() or not iban.isalnum():
        return 0
    number = "".join(str(int(c, 36)) for c in iban[4:] + iban[:4])
    return length if int(number) % 97 == 1 else 0


def is_chinese_id(text: str) -> bool:
    """Whether the 18 characters of ``text`` are the number of a Chinese identity card (GB 11643)."""
    if len(text) != 18 or not (text[:17].isascii() and text[:17].isdigit()):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    rest = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False)) % 11
    return text[17].upper() == "10X98765432"[rest]
