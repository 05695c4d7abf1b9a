"""How personal data looks like: an expression for each kind, and what of a match it really is.

Where an expression has groups, the group that took part is the data, and what stands before it only tells what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from finetune.history.checksums import iban_length, is_card, is_chinese_id
from finetune.history.personal_names import NAMES


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One way in which a kind of personal data is written."""

    #: The token is its name in angle brackets.
    kind: str
    expression: re.Pattern[str]
    #: Returns what of a match is to be replaced, from its begin on; "" for nothing.
    found: Callable[[str], str] = str
    #: Whether there is none without a digit, which spares the search in most texts.
    digits: bool = False
    #: Whether an amount or a date may look like it; those stay.
    like_amounts: bool = False


def _either(*expressions: str) -> str:
    return "|".join(f"(?:{expression})" for expression in expressions)


def _word(words: str) -> str:
    """An expression for any of the words, in any case; "_" stands for a blank that may be missing."""
    return rf"\b(?i:{'|'.join(word.replace('_', ' ?') for word in words.split())})"


#: Neither inside a word nor inside a number.
_FREE, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
#: Signs of Chinese sentences, which no address on the web goes on behind.
_STOP = r"\s<>\"'，。；！？、（）【】《》“”\u3400-\u9fff"
_SITES = "com|net|org|io|co|cn|de|fr|uk|eu|nl|jp|kr|us|info|biz|app|dev|shop|store|me|tv|example|test"
_URL = _either(
    rf"(?:(?i:https?|ftp)://|(?i:www)\.)[^{_STOP}]+",
    rf"(?<![A-Za-z0-9@.-])(?:[A-Za-z0-9-]+\.)+(?:{_SITES})(?![A-Za-z0-9.-]*@)(?![A-Za-z0-9])(?:/[^{_STOP}]*)?",
)
_EMAIL = (
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)
_IBAN = rf"{_FREE}[A-Za-z]{{2}}\d{{2}}(?: ?[A-Za-z0-9]){{11,30}}"
_SECRET = _either(
    _word("password passcode pass_phrase pin_code pin cv[vc]2? security_code verification_code one-time_code otp")
    + r"(?: is| was|:|=)+\s*([^\s，。；]{2,40}[^\s.,;，。；])",
    r"(?:密码|口令|验证码|校验码|取件码)(?:是|为|[:：])+\s*([A-Za-z0-9!@#$%^&*._-]{3,40})",
)
_ID_NUMBER = _either(
    rf"{_FREE}\d{{17}}[\dXx]{_END}",
    r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])",
    rf"(?:{_word('passport social_security ssn id_card id driving_licen[cs]e')}(?i: ?(?:number|no\.?))?"
    r"|身份证号?码?|护照号?码?)"
    r"(?: is|是|为|[:：#])*\s*([A-Za-z]{0,3}\d[A-Za-z0-9]{5,17})",
)
_CARD = r"(?<![A-Za-z0-9-])(?:\d[ -]?){12,18}\d(?![A-Za-z0-9-]|[ -]\d)"
_ACCOUNT = _either(
    _word("user_name user_id login_name wechat_id wechat qq") + r"(?: is|:|：)\s*([\w.-]{3,40})",
    r"(?:微信号|微信|QQ号?|用户名|账户名|旺旺)(?:是|为|[:：])+\s*([\w.-]{3,40})",
)
_ORDER_WORDS = (
    _word("orders? parcel package shipment tracking ticket case invoice reference booking customer account member")
    + r"(?i:[ -]*(?:numbers?|no\.?|nr\.?|id|code|#))?"
)
_ORDER = _either(
    rf"(?:{_ORDER_WORDS}|(?:订单|单号|运单|快递|物流|工单|发票|会员|客户)(?:编?号码?)?)(?i: is| was|:)*[是为：#\s]*"
    r"(#?(?:[A-Za-z]{1,5}[-_ ]?)?\d[A-Za-z0-9-]{4,30})(?![A-Za-z0-9-])",
    rf"{_FREE}[A-Za-z]{{1,5}}-\d{{6,}}(?:-\d+)*{_END}",
    rf"{_FREE}[A-Z]{{1,4}}\d{{7,}}[A-Z]{{0,3}}{_END}",
    rf"{_FREE}(?=(?:[A-Z]*\d){{8}})[A-Z0-9]{{12,34}}{_END}",
    rf"{_FREE}\d{{3}}-\d{{7}}-\d{{7}}{_END}",
    r"(?<![A-Za-z0-9&])#\d{4,}(?![A-Za-z0-9-])",
)
_PHONE = _either(
    r"(?<![A-Za-z0-9+])(?:\+|00)[1-9][\d ()./-]{6,18}\d(?!\d)",
    r"(?<!\d)(?:86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)",
    r"(?<![A-Za-z0-9-])[48]00[ -]?\d{3,4}[ -]?\d{3,4}(?![A-Za-z0-9-])",
    r"(?<![A-Za-z0-9-])(?:1[-. ]?)?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![A-Za-z0-9-])",
    r"(?<![A-Za-z0-9.,-])\(?0\d{1,4}\)?[ /-]?\d{2,4}(?:[ /.-]?\d{2,4}){1,3}(?![A-Za-z0-9-])",
    rf"(?:{_word('phone telephone tel mobile cell call whatsapp number fax')}(?i: (?:number|no|me))?(?i: (?:on|at))?"
    r"(?: is|:|\.)*\s*|(?:电话|手机|热线|传真|致电|拨打)(?:号码?)?[是为:：\s]*)(\d[\d ()-]{5,16}\d)(?!\d)",
)
#: What is left with as many digits belongs to somebody or something: an identity card mistyped, a parcel, an account.
_LONG = _either(r"(?<![A-Za-z0-9.,-])\d[\d-]{8,}(?![A-Za-z0-9-])", r"(?<!\d)\d{9,}(?!\d)")

_STREET = "|".join(
    """Street St Road Rd Avenue Ave Lane Ln Drive Dr Boulevard Blvd Court Ct Way Place Pl Square Sq Terrace
    Crescent Hwy""".split()
)
_CITY = r"[A-Z][a-z'’-]+(?: [A-Z][a-z'’-]+)*"
_STRASSE = "straat|straße|strasse|str\\.|weg|laan|platz|plein|gasse|allee|kade|gracht"
#: A character of a Chinese place, and none of the words that stand before one.
_HAN = r"(?:(?![到在寄是的给往至送址成您你我请把])[\u4e00-\u9fff])"
_ROOM = (
    r"(?:[\u4e00-\u9fffA-Za-z0-9-]{0,16}?(?:\d+(?:室|栋|幢|号楼|单元|楼|层|号)|[A-Za-z\d]座(?:\d+(?![\d元天件折]))?))*"
)
_TOWN = rf"(?:{_HAN}{{2,8}}(?:省|自治区))?(?:{_HAN}{{2,7}}市)?(?:{_HAN}{{1,7}}[区县镇])?"
_ADDRESS = _either(
    rf"(?<![A-Za-z0-9-])\d{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? )?(?:[A-Z][\w'’.-]*,? ){{1,4}}(?:{_STREET})\b\.?"
    rf"(?:,? (?i:apt|apartment|unit|flat|suite|floor|#)\.? ?[\w-]{{1,6}})?(?:,? {_CITY})*"
    r"(?:,? (?:[A-Z]{2} )?\d{5}(?:-\d{4})?|,? [A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})?(?![A-Za-z0-9-])",
    rf"\b[A-Z][\w'’ß.-]*(?: [A-Za-z][\w'’ß.-]*){{0,3}}(?:{_STRASSE}) ?\d{{1,4}}[A-Za-z]?(?![A-Za-z0-9-])"
    r"(?:,? (?:[A-Z]{1,2}-)?\d{4,5}(?: ?[A-Z]{2}(?![A-Za-z]))?(?: [A-Z][\w'’ß-]+)?)?",
    rf"{_TOWN}{_HAN}{{1,10}}(?:路|街|大道|巷|弄|胡同|村)\d{{1,5}}[号弄]{_ROOM}",
    rf"{_TOWN}{_HAN}{{2,12}}(?:小区|花园|公寓|大厦|苑|广场)[A-Za-z]?\d{{1,4}}(?:栋|幢|号楼|单元|座){_ROOM}",
)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _url(found: str) -> str:
    return found.rstrip(".,;:!?)]}'\"~*")


def _iban(found: str) -> str:
    """Return the part that is an IBAN; the expression takes the words behind it along."""
    wanted = iban_length(found.replace(" ", ""))
    end = 0
    while wanted:
        wanted -= found[end] != " "
        end += 1
    return found[:end]


def _id_number(found: str) -> str:
    return found if len(found) != 18 or not found[:17].isdigit() or is_chinese_id(found) else ""


def _card(found: str) -> str:
    groups = re.fullmatch(r"\d{4}([ -])\d{4}\1\d{4}\1\d{3,7}", found)  # written like one, though mistyped
    return found if groups or is_card(_digits(found)) else ""


def _long(found: str) -> str:
    return found if len(_digits(found)) >= 9 else ""


def _order(found: str) -> str:
    return found if len(_digits(found)) >= (4 if "#" in found else 5) else ""


def _phone(found: str) -> str:
    least = 9 if found[0] == "0" else 7  # "0900-1800" are opening hours
    return found if least <= len(_digits(found)) <= 15 else ""


#: The surest kinds first: what one has taken, no other sees.
RULES = (
    Rule(kind="email", expression=re.compile(_EMAIL)),
    Rule(kind="url", expression=re.compile(_URL), found=_url),
    Rule(kind="iban", expression=re.compile(_IBAN), found=_iban, digits=True),
    Rule(kind="secret", expression=re.compile(_SECRET)),
    Rule(kind="id_number", expression=re.compile(_ID_NUMBER), found=_id_number, digits=True),
    Rule(kind="card", expression=re.compile(_CARD), found=_card, digits=True),
    Rule(kind="account", expression=re.compile(_ACCOUNT)),
    Rule(kind="order", expression=re.compile(_ORDER), found=_order, digits=True, like_amounts=True),
    Rule(kind="phone", expression=re.compile(_PHONE), found=_phone, digits=True, like_amounts=True),
    Rule(kind="order", expression=re.compile(_LONG), found=_long, digits=True, like_amounts=True),
    Rule(kind="address", expression=re.compile(_ADDRESS), digits=True),
    Rule(kind="name", expression=re.compile(NAMES)),
)
