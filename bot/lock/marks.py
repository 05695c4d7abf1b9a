"""Small words that turn a fact: what negates, limits, frees of a charge, generalises, assures and promises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """What a small word does to its clause."""

    #: Said in passing: neither denies nor promises anything.
    NONE = "none"
    NOT = "not"
    #: Nothing has to be paid.
    FREE = "free"
    #: It is not so yet.
    YET = "yet"
    #: It need not be done.
    NEEDLESS = "needless"
    ONLY = "only"
    EXCEPT = "except"
    ALL = "all"
    #: Something has to be paid.
    PAID = "paid"
    MOST = "most"
    LEAST = "least"
    OVER = "over"
    UNDER = "under"
    EARLIER = "earlier"
    LATER = "later"
    #: It is certain.
    SURE = "sure"
    #: "We", as the one who acts.
    WE = "we"
    #: "We have", as the one who has acted already.
    DONE = "done"
    IF = "if"


_SURE = (
    "guaranteed?|guarantees|promised?|promises|definitely|certainly|surely|without fail|come what may"
    "|absolutely|rest assured"
)
_FEE = "(?:charge|charges|cost|costs|fee|fees|surcharge|payment)"
#: English and Chinese patterns; the first that fits at a place counts.
_PATTERNS: tuple[tuple[Mark, str, str], ...] = (
    (
        Mark.MOST,
        r"at (?:the )?most|not? more than|up to|maximum|not exceed(?:ing)?|limited to|limit of",
        r"最多(?:只能)?|至多|最长|最高|最大|最晚|最迟|不超过|不多于|上限",
    ),
    (Mark.LEAST, r"at least|not? (?:less|fewer) than|minimum", r"至少|最少|最低|不少于|不低于|不小于"),
    (Mark.UNDER, r"less than|fewer than|under|below", r"不满(?=\d)|不到(?=\d|期)|不足(?=\d)|低于|少于|小于|未满"),
    (
        Mark.NONE,
        r"not only|after that|feel free|with no (?:problem|trouble)s?|only takes (?:a )?few|you only need"
        r"|no (?:problem|worries|matter)"
        r"|(?:do not|no need to) (?:worry|hesitate)|not at all|why not|whether or not|if not|"
        r"(?:not|no) (?:more|longer|later|less|fewer) than|sorry",
        r"别着?急|请?您?放心|不然|不一样|不仅|不但|不同(?!意)|不见|不足的|不过(?!期)|不妨|不好意思|不客气|不远|不久|不少|不断|不得不|不只|是否|能否|可否|不足部分"
        r"|(?<=[,。;])只是|不小心|没问题|没关系|没事|不要紧|不着急|不急|"
        r"不用担心|别担心|不便|无误|特别|分别|区别|类别|级别|别的|差别|未完成|未来|非常|差不多|忍不住",
    ),
    (
        Mark.YET,  # "has not been packed yet" is "before it is packed"
        r"(?:has|have) not been(?: yet)?|not yet|neither has(?: been)?",
        r"还没有?|还未|尚未|趁",
    ),
    (
        Mark.FREE,
        rf"free of charge|for free|free(?!-| (?:of|from) (?!\x1a))|at no (?:extra |additional )?{_FEE}"
        rf"|no (?:extra |additional |further "
        rf")?{_FEE}(?: at all)?|"
        rf"without (?:a |any |an )?(?:extra |additional )?{_FEE}|(?:costs?|pay|charged?) (?:you )?nothing(?: "
        rf"(?:extra|more))?|"
        r"(?<=[a-z] )(?<!please )(?<!simply )(?:do|does|will) not (?:have to |need to )?pay|"
        r"(?:or|for) nothing|nothing (?:extra|more|else|left)?(?: ?to (?:pay|add))|complimentary"
        r"|not charge(?:d)?(?: anything)?(?: extra)?|gratis",
        r"免费|免运费|包邮|免邮费?|免利?息|免.{0,2}费|不(?:另外?|额外)?收(?:取)?(?:任何)?(?:利?息|(?:手续|附加|服务|运|邮)?费|(?=[您,.;，。；]|$))|不收费|"
        r"(?:无需|不用|不需要?)(?:另外?|额外)?(?:付|支付|承担)(?:费|任何费用|钱)?|一分钱都不用[出付花交]?|不?(?:用|必|需|需要)?(?:另外?|额外)加钱|不加[钱价]?|(?:没有|无|没)(?:任何)?(?:附加"
        r"|额外)?(?:的)?(?:手续|附加|额外)?费用?|不要钱|不花钱",
    ),
    (
        Mark.NEEDLESS,
        r"(?:need not|(?:do|does|did) not (?:need|have)|no need|not (?:need(?:ed)?|necessary|required)|unnecessary"
        r"|optional)(?: to)?",
        r"无需|不用|不需要?|不必|无须|毋须|没有?必要|用不着|免去",
    ),
    (
        Mark.NOT,
        r"no longer|can ?not|not|never|ai(?:n't| not)|nope|nay|nix"
        r"|(?:hardly|barely|rarely|scarcely)(?: ever)?|seldom|no|none|nor|neither|without"
        r"|unable|impossible|nothing|nobody|nowhere"
        r"|refuse to|"
        r"unavailable|invalid|excluded?|unsupported|fails? to|free (?:from|of)(?! \x1a| charge)|-free"
        r"|stop(?= (?:us|do|send|accept)ing)",
        r"很难|难以|不(?!管|论)|没有|没|无法|无(?!论)|未|勿|非|[甭毋弗冇嫑覅]|莫(?!过于|非)|[木米]有(?=办法|机会|[可能必需])|(?<![特分区类级差告识])别(?![的人处家国])|禁止|杜绝|拒绝为|除外|停止|停用|暂停",
    ),
    (
        Mark.ONLY,
        r"only|once(?! (?:you|we|it|the|your|they|that|has|all|an?|per|every|again|more|in)\b)|solely"
        r"|exclusively|nothing but|just (?=\d|one|once)|limited to|restricted to",
        r"只有|只需|仅需|仅限?|只(?!要)限?|唯一|限于|限(?=[用购领兑])",
    ),
    (
        Mark.EXCEPT,
        r"except(?:ion|ions|ing|ed)?(?: for| that)?|apart from|other than|aside from|unless|outside|excluding|but not",
        r"除了|除非|(?<![删扣解清免消移])除(?=.{1,15}外)|例外|以外|之外",
    ),
    (
        Mark.PAID,
        r"for a (?:small |extra )?(?:fee|charge)|at (?:an? )?(?:extra|additional|your own) (?:cost|charge|expense)",
        r"付费|收费|有偿|自费|另付|另收|另需付|加收",
    ),
    (
        Mark.OVER,
        r"over(?= [£$€]?\d)|more than|above|exceed(?:s|ing|ed)?|longer than",
        r"超过|多于|高于|大于|超出|逾期?",
    ),
    (
        Mark.EARLIER,
        r"before|until|till|prior to|earlier|while (?=[\w ]{1,20}\bunpacked)",
        r"之前|以前|(?<!提)前(?![往台后])",
    ),
    (
        Mark.LATER,
        r"after|once(?= (?:you|we|it|the|your|they))|as soon as|later|afterwards",
        r"之后|以后|(?<![往随今最])后(?![台面续])",
    ),
    (
        Mark.ALL,
        r"all(?= |$)(?! the same| you need| you have to)|each(?! other)|every(?! [\x1a\d]|day| (?:day|week"
        r"|month|year))|always"
        r"|everywhere|anywhere|any time|whenever|everyone|everybody|anyone|anybody|worldwide"
        r"|as (?:long|often|many|much|late) as (?:you|they) (?:like|want|wish|please|need)"
        r"|however (?:long|often|many|much|late)"
        r"|no matter (?:how|when|where|what|why)",
        r"所有|全部|任何|一律|始终|永远|总是|全球|各个|每个(?=国|人|客|订)|每位|全年|随时|凡是|什么时候|无论"
        r"|不管|不论|想.{1,3}就|多[久少晚]都|几次都",
    ),
    (Mark.SURE, _SURE, r"保证|承诺|一定|肯定|绝对|必定|务必会|确保(?!您)|百分之?百|放心"),
    (
        Mark.DONE,
        r"(?:we|i|our (?:team|staff|colleagues)) (?:have|had) (?:now |already |just )?(?=[a-z]+)(?!to )|"
        r"(?:has|have) (?:now |already |just )?been (?!able)|already (?=[a-z]+ed\b)",
        r"(?:我们|我|这边|客服)?(?:已经?|刚刚?)(?:经)?(?:帮|为|给|替)您|我们?已经?|"
        r"已经?(?=办理|处理|取消|退|补发|完成|安排|提交|升级|核实|通过|寄出)",
    ),
    (
        Mark.WE,
        r"we|i|our (?:team|staff|colleagues|support|people|agents?)",
        r"(?<!告诉|联系|通知|提供|发给)我(?:们|(?!的))|这边|本店|客服(?=会|将)|(?:会|将)?(?:为|给|帮|替)您",
    ),
    (
        Mark.IF,
        r"if|when|it (?:might|may|could) be|in case|provided|should you|where|while|as long as",
        r"如果|若|如(?=[有需遇果未])|一旦|的话|只要|假如|要是|(?<![暂小及随准临同])时(?![间候区])",
    ),
)
_MARK = re.compile(
    "|".join(
        rf"(?P<{mark.name.lower()}>\b(?:{english})\b|(?:{chinese}))"
        if mark is not Mark.DONE
        else rf"(?P<done>\b(?:{english})|(?:{chinese}))"
        for mark, english, chinese in _PATTERNS
    ),
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """A mark where it stands."""

    start: int
    end: int
    mark: Mark
    #: Its words, in small letters.
    text: str


def marks(text: str) -> list[Marked]:
    """Return the marks in ``text``, as `bot.lock.words.plain` gives it, in order."""
    return [
        Marked(start=match.start(), end=match.end(), mark=Mark[(match.lastgroup or "").upper()], text=match[0].lower())
        for match in _MARK.finditer(text)
    ]
