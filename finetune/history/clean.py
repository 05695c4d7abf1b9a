"""What a message says itself: without quoted mails, signatures, disclaimers, greetings and courtesies.

English and Chinese. A text is never emptied: where nothing but a greeting is there, the greeting stays, and it is for
`finetune.history.talk` to know that it says nothing. Cleaning twice changes nothing.
"""

from __future__ import annotations

import re

from retrieval.text import whole

_WIDTHLESS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\ufeff]")
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+")

#: The line, or the lines, above a quoted mail.
_QUOTE_HEAD = re.compile(
    r"""^(?:
      On\ [^\n]{4,200}(?:\n[^\n]{1,100})?\ (?:wrote|schrieb):
    | (?:在|于)?\s*\d{4}\s*(?:年|[-/.])[^\n]{2,120}(?:写道|wrote)\s*[:：]
    | [^\n]{0,80}(?:于|在)\s*\d{4}\s*(?:年|[-/.])[^\n]{2,80}写道\s*[:：]
    | -{2,}\s*(?:Original\ Message|Forwarded\ [Mm]essage|Reply\ message|原始邮件|转发邮件|转发的邮件)\s*-{2,}[^\n]*
    | \#\#-[^\n]*-\#\#
    | (?:From|发件人)\s*[:：][^\n]*\n
      (?:(?:Sent|To|Cc|Date|Subject|发送时间|收件人|抄送|日期|时间|主题)\s*[:：][^\n]*\n?)+
    )[ ]*$""",
    re.MULTILINE | re.VERBOSE,
)
_QUOTED_LINE = re.compile(r"[ ]*>.*")
_DEVICE = re.compile(
    r"(?i:sent from my [^\n]{1,40}|sent (?:from|via) (?:yahoo|outlook|gmail|proton|mail for)[^\n]{0,40}"
    r"|get outlook for \w+)"
    r"|(?:发|来)自我的[^\n]{1,20}|从我的[^\n]{1,15}发送|(?:发|来)自[^\n]{0,10}(?:邮箱|邮件|客户端)[^\n]{0,10}"
)
_DISCLAIMER = re.compile(
    r"(?i:this (?:e-?mail|message|communication)[^.]{0,100}(?:confidential|intended (?:only|solely)|privileged)"
    r"|confidentiality notice|please consider the environment before printing)"
    r"|(?:本|此)(?:电子)?(?:邮件|信息)[^。]{0,40}(?:保密|机密|仅供)"
)

_NAME = r"(?:(?:Mr|Mrs|Ms|Miss|Dr)\.? )?[A-Z][\w'’-]*(?: [A-Z][\w'’.-]*){0,2}"
_SIGNED_BY = rf"(?:{_NAME}|(?i:your|the) {_NAME}(?i: team)?)(?:,? (?:{_NAME}|(?i:customer (?:service|care|support))))?"
_ROLE = r"(?i:sir or madam|sir ?/ ?madam|customer (?:service|care|support)|[a-z]+ team|all|everyone|there)"
_SIGNATURE_MARK = re.compile(r"--|—{1,3}|_{5,}")
_SIGN_OFF = re.compile(
    r"(?:(?i:(?:with )?(?:best|kind|kindest|warm|warmest|many)? ?(?:regards|wishes|greetings)|many thanks|all the best"
    r"|(?:yours )?sincerely(?: yours)?|yours(?: truly| faithfully)?|cheers|thx|best|rgds|br|take care"
    r"|thanks(?: again| a lot| so much| in advance| and regards)?"
    r"|thank you(?: very much| so much| in advance| for your (?:help|time|support|patience))?)"
    rf"(?:[ ,]+{_NAME})?"
    r"|此致(?: ?敬礼)?|敬礼|祝好|顺祝[^\n]{0,10}|祝[您你][^\n]{0,12}|商祺"
    r"|(?:非常)?(?:谢谢|感谢|多谢)(?:您|你|大家|贵司|的|了|啦|支持|帮助|帮忙|关注)*)"
    r"[ ,，.。!！~～]*"
)
#: The same behind the last sentence of a line: there a name needs a comma, and one word alone is no sign-off.
_SIGNED = re.compile(
    r"(?<=[.!?。！？)）~～])\s*(?:"
    r"(?:(?i:(?:with )?(?:best|kind|kindest|warm|warmest|many) (?:regards|wishes|greetings)|regards|many thanks"
    r"|all the best|yours (?:sincerely|truly|faithfully)|sincerely yours))"
    rf"(?:,? {_SIGNED_BY})?"
    r"|(?i:best|sincerely|yours|cheers|thx|rgds|take care|thanks(?: again| a lot| so much| in advance)?"
    rf"|thank you(?: very much| so much| in advance)?), ?{_SIGNED_BY}"
    r"|(?:此致[ ，,！!]*(?:敬礼)?|敬礼|祝好|顺祝商祺|商祺)(?:[ ，,。！!]+(?:客服)?[\u4e00-\u9fff]{2,3})?"
    r")[ ,，.。!！~～]*$"
)
#: A signature is a few short lines: a name, a role, a telephone number, an address.
_SIGNATURE_LINES = 8
_SIGNATURE_WIDTH = 70

_GREETING = re.compile(
    # With a name or a role, a comma, a stop or a new line must follow.
    rf"(?:(?:(?i:hi|hello|hey|dear)(?:[ ,]+(?:{_NAME}|{_ROLE}|[a-z]+))?"
    r"|(?i:good (?:morning|afternoon|evening|day)|morning|greetings|to whom it may concern)"
    rf"(?:[ ,]+(?:{_NAME}|{_ROLE}))?)"
    r" ?(?:[,.!:;~–]+\s*|\n\s*)"
    # These may stand before the message with nothing between.
    r"|(?i:hi|hello|hey|hiya)(?i: there| all| team| everyone| again| guys| folks| support)?\s+"
    r"|(?:尊敬的|亲爱的)[^\s，,。！!：:]{0,8}[，,。！!：:～~\s]+"
    r"|(?:(?:客服|贵司|老板|店家|亲|[\u4e00-\u9fff]{1,4}(?:先生|女士|小姐|太太|同学|老师))[ ，,]?)?"
    r"(?:您好|你好)[啊呀呢哈吖]?[，,。.！!：:；;～~\s]*"
    r"|(?:早上好|上午好|中午好|下午好|晚上好|早安|哈喽|哈啰|嗨|亲|早|在[吗嘛么]|有人吗|在的)[啊呀呢哈吖]?[？?，,。.！!：:；;～~\s]+)"
)
_OPENING = re.compile(
    r"(?i:(?:thank you|thanks)(?: (?:so|very) much)? for (?:contacting|reaching out|writing|getting in touch|asking"
    r"|your (?:message|e-?mail|patience|inquiry|enquiry|question|request|interest|reply|quick reply|order))"
    r"[^.!?\n]{0,60}[.!]\s*)"
    r"|感谢(?:您|你)?的?(?:来信|咨询|联系|耐心等待|等待|关注|支持|反馈)[^。！，\n]{0,12}[。！，]\s*"
)
_ENDING = re.compile(
    # A courtesy that is a sentence of its own at the end.
    r"(?:(?<=[.!?。！？)）~～])\s*|\n\s*|(?<=[，,；;])\s*)(?:"
    r"(?i:(?:please )?(?:let (?:me|us) know|feel free to|(?:do not|don't) hesitate to)[^.!?\n]{0,40}"
    r"(?:further|any other|anything else|more questions|any questions|need (?:more|any))[^.!?\n]{0,40}[.!]*"
    r"|(?:please )?(?:do not|don't) hesitate to [^.!?\n]{0,50}[.!]*"
    r"|(?:is there|do you have|can i help you with)[^.!?\n]{0,12} ?(?:anything else|any other questions?)"
    r"(?: (?:that )?(?:i|we) (?:can|could|may) (?:help|do|assist)[^.!?\n]{0,30}| for (?:you|me) today)?\?*"
    r"|have a (?:nice|great|good|lovely|wonderful|pleasant)[^.!?\n]{0,30}[.!]*"
    r"|(?:i|we) (?:really )?hope (?:this|that|it) helps[^.!?\n]{0,20}[.!]*"
    r"|(?:many )?thanks(?: a lot| again| so much| in advance| for (?:your|the) [^.!?\n]{0,30})?[.!]*"
    r"|thank you(?: (?:so|very) much)?(?: in advance| again)?(?: for your [^.!?\n]{0,30})?[.!]*|thx[.!]*|cheers[.!]*)"
    r"|(?:请问)?还有(?:什么|其他|别的)[^。？?\n]{0,8}(?:帮|问题|需要|疑问)[^。？?\n]{0,10}[？?。]*"
    r"|如(?:果|您|有|果您)[^。，,\n]{0,12}(?:疑问|问题|需要)[^。\n]{0,4}[，,]?[^。\n]{0,10}(?:联系|咨询|反馈)[^。\n]{0,8}[。！!～~]*"
    r"|祝[您你][^。！!\n]{1,12}[。！!～~]*"
    r"|(?:谢谢|感谢|多谢|谢啦|辛苦了|麻烦了)(?:您|你|大家|啦|了|哈|哦)*[。！!～~]*"
    r")\s*"
)
_SAYS = re.compile(r"[^\W_]")


def clean(text: str) -> str:
    """Return what ``text`` says itself."""
    text = _tidy(text)
    while (shorter := _shorter(text)) != text:
        text = shorter
    return text


def is_greeting(text: str) -> bool:
    """Whether ``text`` is a greeting and no more, with or without a name."""
    return _GREETING.fullmatch(f"{text.strip()}\n") is not None


def _tidy(text: str) -> str:
    """Plain line ends and blanks, nothing invisible, at most one empty line in a row."""
    text = _WIDTHLESS.sub("", whole(text).replace("\r\n", "\n").replace("\r", "\n"))
    text = "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _shorter(text: str) -> str:
    for strip in (_without_quote, _without_quoted_lines, _without_additions, _without_signature, _without_ending):
        text = _unless_empty(strip(text), text)
    return _without_opening(text)


def _unless_empty(shorter: str, text: str) -> str:
    """Take ``shorter``, unless nothing is said in it any more."""
    return text if shorter == text or not _SAYS.search(shorter) else _tidy(shorter)


def _without_quote(text: str) -> str:
    head = _QUOTE_HEAD.search(text)
    if head is None:
        return text
    below = text[head.end() :].lstrip("\n")
    if below.startswith(">") or not _SAYS.search(text[: head.start()]):
        return text[: head.start()] + below  # the quoted lines are marked, and the answer may stand below them
    return text[: head.start()]


def _without_quoted_lines(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not _QUOTED_LINE.fullmatch(line))


def _without_additions(text: str) -> str:
    """Leave out what a mail program or a company adds by itself."""
    blocks = [block for block in text.split("\n\n") if not _DISCLAIMER.search(block)]
    return "\n".join(line for line in "\n\n".join(blocks).split("\n") if not _DEVICE.fullmatch(line.rstrip(" .。")))


def _without_signature(text: str) -> str:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        signed = _SIGNED.search(line, max(0, len(line) - _SIGNATURE_WIDTH))
        alone = number > 0 and (_SIGNATURE_MARK.fullmatch(line) or _SIGN_OFF.fullmatch(line))
        if not (alone or signed):
            continue
        rest = [line for line in lines[number + 1 :] if line]
        short = all(len(line) <= _SIGNATURE_WIDTH and not re.search("[?？]", line) for line in rest)
        if short and len(rest) <= _SIGNATURE_LINES:
            return "\n".join([*lines[:number], line[: signed.start()] if signed and not alone else ""])
    return text


def _without_ending(text: str) -> str:
    for ending in _ENDING.finditer(text):
        if ending.end() == len(text):
            return text[: ending.start()].rstrip("，,；; \n")
    return text


def _without_opening(text: str) -> str:
    for opening in (_GREETING, _OPENING):
        found = opening.match(text)
        rest = text[found.end() :] if found else ""
        if found and _SAYS.search(rest):
            # "Hello, the parcel ..." was one sentence with a capital, and stays one.
            capital = found[0][0].isupper() and re.match(r"[a-z][a-z]*(?![\w.@/:])", rest)
            text = _tidy(rest[0].upper() + rest[1:] if capital else rest)
    return text
