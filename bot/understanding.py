"""What a message is, before anything is looked up: small talk, a wish for a person, one question or several."""

from __future__ import annotations

import re
from itertools import chain, pairwise

from bot.types import Reason
from retrieval.courtesies import BESIDE, GOODBYE, GREETING, REACTION, THANKS, YES
from retrieval.text import PLACEHOLDER, fold

#: Who may be at the other end.
_WHO = (
    r"(?:an? )?(?:(?:real|actual|live|automated) )?"
    r"(?:(?:chat|ro)?bot|machine|computer|program|ai|human(?: being)?|person|agent)"
)
_WHO_ZH = r"(?:(?:聊天|智能)?机器人|人工智能|智能客服|自动回复|(?:人工|真人|活人)(?:客服|服务)?|人|ai)"
#: Calls whoever is there, and does not say what for: like a greeting, it is asked back what it is about.
_CALLS = (
    r"(?:is )?(?:any|some)(?:one|body|1) (?:here|there|around|home|online)|(?:you|u) there|"
    r"(?:can (?:you|u|any(?:one|body)) |(?:i )?(?:need|want) (?:(?:some|your|ur) )?)?"
    r"(?<!no )(?<!not )help(?: me)?(?: out)?|"
    r"(?:有没有人在?|有人(?:没有?|在?[吗么嘛不]))[啊呀呢]?|我?(?:需要|要)(?:一?点)?帮[助忙]|(?:快来?)?帮帮我|"
    r"请?帮[下个]?忙|救命啊?"
)
_PLEASANTRY = {
    Reason.ASKED_IF_BOT: (
        rf"(?:(?:are|r) )?(?:you|u) (?:really |actually |even |just |only )?(?:real|{_WHO}(?: or (?:just )?{_WHO})?)|"
        rf"am i (?:talking|speaking|chatting|writing) (?:to|with) {_WHO}(?: or (?:just )?{_WHO})?|"
        r"is (?:this|it) (?:an? )?(?:(?:chat)?bot|(?:real |actual )?(?:human|person))|"
        rf"(?:请问)?(?:你|您)?(?:到底|究竟)?(?:是不是|是)(?:一?个)?(?:真的)?{_WHO_ZH}(?:还是{_WHO_ZH})?[吗吧么嘛呢]?|"
        rf"我?是?在?[跟和]{_WHO_ZH}(?:聊天?|说话|对话)[吗吧么嘛]"
    ),
    Reason.GREETING: rf"{GREETING}|{_CALLS}",
    Reason.THANKS: THANKS,
    Reason.GOODBYE: GOODBYE,
}
#: Who is above the one at the other end; the customer has one, too, whom nobody here can call.
_ABOVE = (
    r"(?<!\bmy )(?<!\bour )(?<!\bhis )(?<!\bher )(?:managers?|supervisors?|boss|(?:man|woman|person|one) in charge)"
)
_SOMEBODY = (
    r"(?:human|(?:real |actual |live )?person|people|agent|representative|rep|someone|somebody|operator|advisor|"
    r"employee|colleague)"
)
#: The same in haste, and others who are asked for in a chat, though much else is said of them.
_ANYBODY = rf"(?:s[mo]?b|(?:some|any)(?:one|body|1)|(?:customer )?(?:support|service|care)(?: team)?|staff|{_ABOVE})"
#: No wish for a person, and nothing else. What is said to it is what is said to "ok".
_DECLINED = (
    r"(?:i |i'd |we )?(?:(?:do|would|need|will)(?: not|n'?t)|won't|(?:would )?rather not|never|no need)"
    r"(?: (?:want|need|wish|like|have|to|for))*"
    r"(?: (?:talk|speak|chat|connect|transfer|put|pass|hand|get|switch)(?: (?:me|us|to|with|through|over))*)?"
    rf" (?:an? |any |the |your |ur )?(?:human )?(?:{_SOMEBODY}|{_ANYBODY})|"
    r"(?:我们?|先|暂时|现在|就){0,3}(?:不[用想必需]?|没必|没有必|无需|无须|用不着|别|甭)[要想]?(?:给我|帮我)?"
    r"(?:转接?|找|换|叫|接|联系)?[到给]?(?:人工|真人)(?:客服|服务)?"
)
#: Possessive: many courtesies are parts of others, and all the ways to cut a long row of them would be tried.
_SMALL_TALK = re.compile(
    r"(?!(?:.* )?no bots?\b)"
    rf"(?:(?:{'|'.join(_PLEASANTRY.values())}|{_DECLINED}|{YES}|{REACTION}|{BESIDE})(?![a-z])[\s,]*+)++",
    re.IGNORECASE,
)
_ONLY_BESIDE = re.compile(rf"(?:(?:{BESIDE})(?![a-z])[\s,]*+)++", re.IGNORECASE)
#: What a message with several of them is taken for: the first of these.
_KINDS = {
    reason: re.compile(rf"(?<![a-z])(?:{_PLEASANTRY[reason]})(?![a-z])", re.IGNORECASE)
    for reason in (Reason.ASKED_IF_BOT, Reason.THANKS, Reason.GOODBYE, Reason.GREETING)
}
#: Those that may take an answer.
_TAKEN = (Reason.THANKS, Reason.ACKNOWLEDGED)

_REAL = r"(?:human(?: being)?s?|(?:real|actual|live) (?:person|people|human|agent)|live chat|human agent)"
#: What may end a demand, and no name of a thing: "get me a manager now", not "a manager desk".
_DEMANDED = (
    r"(?= (?:please|pls|plz|now|right|here|immediately|asap|today|to|on|about|and|or|instead|who)\b|"
    r"\s*[^\w\s'-]|\s*$)"
)
_SOON = r"(?:[\s,]*\b(?:please|pls|plz|now|right now|asap|immediately|today|here|thanks)\b)*"
_BOT = r"(?:(?:chat|ro)?bots?|ai|(?:automated|auto) (?:reply|replies|answers?|messages?))"
_CURSE = r"(?:stupid|dumb|useless|damn|bloody|f\w*ing|idiotic)"

#: Who is asked for in Chinese: a person instead of a machine, and who is above the one at the other end. Things are
#: named after both: a fee for labour ("人工费"), an executive chair ("老板椅").
_PERSON_ZH = r"(?:人工(?!费|智能|成本|草|湖|钻|皮|棉|呼吸|分拣)|真人|活人)"
_ABOVE_ZH = (
    r"(?:经理|主管|领导|老板(?![娘椅桌台键包杯鱼])|老总|负责人|店长|上级|上司|组长|总监|"
    r"能?管事(?:的|儿的)?(?:人|(?!\w))|能?做主的)"
)
_YOUR_ZH = r"(?:你们?|您|贵(?:司|店|公司)|这里|店里)(?:那|这)?(?:个|位)?的?"
_COME_ZH = r"(?:来|出来|过来|接|处理|联系我?|回我?|[跟和与给]我|说话|吧|(?=\W|$))"
_BOT_ZH = r"(?:(?:聊天|智能|破|死|傻|蠢|笨|烂|臭|垃圾){0,2}(?:机器人|智能客服|人机|ai)(?:客服)?|自动回复)"
#: What ends a demand that is made in passing: "来个人行不行啊".
_END_ZH = r"(?:(?:谢谢|行不行|可以不|[行好可]以?[吗嘛么不]|快点?|赶紧|马上|立刻|现在|[啊呀吧呢吗嘛么哦哈了])|\W)*$"

_PERSON = re.compile(
    r"\b(?:talk|speak|chat|connect(?: me)?|transfer(?: me)?|put me (?:through|on)|pass me|hand me|get me|switch)\b"
    rf"[^.?!]{{0,24}}\b{_SOMEBODY}\b"
    r"|\b(?:talk|speak|chat|put me (?:through|on)|(?:connect|transfer|pass|hand|get|give) me|escalate (?:this|it))"
    rf"(?: (?:on|over|through|to|with|now|please|an?|the|your|ur|some))* (?:{_ANYBODY}|{_SOMEBODY}){_DEMANDED}"
    r"|\b(?:i(?:'d| would) like|i (?:want|need|wanna|would prefer|prefer)|give me|can i (?:get|have))\b[^.?!]{0,12}"
    rf"\b{_REAL}\b"
    r"|\b(?:i(?:'d| would) like|i (?:want|need|wanna|demand)|(?:can|could|may) (?:i|we) (?:get|have|see)|"
    r"(?:call|get|fetch|bring|find|send|give|show)(?: (?:me|us|in|over))?)"
    rf"(?: to (?:see|have))?(?: (?:a|an|the|your|ur|some))* {_ABOVE}{_DEMANDED}"
    r"|^\W*i (?:want|need|wanna|would like|prefer) an? (?:person|agent|representative|operator|colleague)"
    r"(?: please| now)?[\s.!?]*$"
    r"|(?:^|[.!;,\n])\W*+(?:(?:i|need|want|wanna|just|pls|please|plz|hi|hey|hello|ok|no)\b\W+)*+"
    r"(?:(?:any |an? |the |your |ur )?(?:(?:real |live |actual )?(?:humans?|agent|person|operator)(?: being)?|"
    rf"representative|live chat|{_ABOVE})\b[^\w-]*+)+{_SOON}[^\w-]*$"
    r"|\b(?:is there|are there|any|got|where(?:'s| is| are|s)?)(?: (?:an?|the|your|all))*"
    rf" (?:{_REAL}|person|people|agents?|{_ABOVE})(?: (?:here|there|around|available|online|in this chat|"
    rf"(?:(?:that )?i can|to) (?:talk|speak|chat|write) (?:to|with)))?{_SOON}\W*$"
    # Whoever wants no bot wants a person; a robot may also be what was bought.
    r"|(?:^|[,.!?;])\W*+(?:(?:please|pls|look|hey|hi|hello|and|but|sorry)\W+)*+"
    r"(?:(?:i |we )?(?:(?:do(?: not|n'?t)|really don'?t) (?:want|need|wanna|like)|hate|am (?:sick|tired) of)|"
    r"no|stop|enough (?:of|with))(?: (?:to|a|an|the|this|these|your|ur|stupid|another|any|more|with|of|be|being|"
    rf"(?:talk|speak|chat|writ)(?:e|ing)?))*(?: {_CURSE})? {_BOT}{_SOON}\s*(?=[,.!?;]|$)"
    rf"|^\W*(?:(?:you|u|this) )?(?:{_CURSE} )*{_BOT}\W+(?:just )?(?:go away|get lost|shut up|f\w* off|piss off)\b"
    rf"|^\W*(?:go away|get lost|shut up|f\w* off|piss off)\W+(?:(?:you|u) )?(?:{_CURSE} )*{_BOT}\W*$"
    rf"|(?:转|找|要|换|叫|接|请|让|给|喊|想和|想跟|我要和|我要跟)[^，。？！,.?!几何]{{0,4}}{_PERSON_ZH}"
    rf"|[来派上]一?个?(?:真人|活人|人工(?:客服|服务)?){_END_ZH}"
    rf"|(?:叫|让|喊|换|请|找|见|要){_YOUR_ZH}{_ABOVE_ZH}"
    rf"|把(?:{_YOUR_ZH})?{_ABOVE_ZH}(?:给我|都)?[叫喊找请]"
    rf"|(?:叫|让|喊|换|请|找|见|要)一?[下个位]?{_ABOVE_ZH}{_COME_ZH}"
    r"|(?<![没收])(?:(?:[来派换]|叫|找|喊|让|给我?)(?:一?[个位])(?:\w{0,4}的)?人|让人来|找人|叫人|换人|来人)"
    r"(?:[来去]|过来|出来|说话|聊聊?|回复?我?|理我?|回答|处理|服务|接待|[跟和]我[说聊谈])*"
    rf"{_END_ZH}"
    r"|(?:^|[^\w])(?:你们的?)?(?:客服|经理|老板|领导|主管|(?:人工|真人|活人)(?:客服|服务)?|人)人?"
    rf"(?:呢|(?:都|死|跑)*(?:去|到)?哪(?:儿|里)?(?:去)?了){_END_ZH}"
    r"|(?:^|[^\w])(?:请问|你们|这里|这边|现在|到底|就|还|能|都){0,3}(?:有没有|没?有|没)(?:一?[个位])?"
    rf"(?:{_PERSON_ZH}(?:客服|服务)?|能?管事的人?|会说话的人)[在的]?(?:没有?)?{_END_ZH}"
    rf"|(?:不想?要?|别再?|少(?=[拿用让跟])|拒绝|讨厌|烦)(?:用|拿|让|再|给我|想)*[跟和与同]?(?:你们?|这|那|个|些)*{_BOT_ZH}"
    rf"(?:聊天?|说话?|讲话?|对话|沟通|回复?|回答|敷衍|糊弄|应付|我)*{_END_ZH}"
    rf"|{_BOT_ZH}(?:快|赶紧|给我|都|你)*(?:滚|闭嘴|走开|一边去|别烦)(?:开|蛋|远点|出去|我|了|啊|吧)*(?!\w)"
    rf"|(?:滚|闭嘴|走开|一边去)(?:开|蛋|远点|吧|啊)*\W*{_BOT_ZH}\W*$"
    rf"|^\W*(?:(?:人工|真人|活人)(?:客服|服务)?+\W*+|客服\W*+)++(?:在吗|在不在|在么)?{_END_ZH}"
    rf"|(?:[。！!，,;；.]|(?<!是)\s)\W*+(?:人工|真人|活人)(?:客服|服务)?{_END_ZH}"
    rf"|(?<!怎么)(?<!怎样)(?<!如何)(?<!里)(?<!哪)(?:转接?给?|叫|换|喊|找|我要)(?:一?[下个位])?"
    rf"(?:{_YOUR_ZH})?(?:客服|同事){_END_ZH}"
    r"|[想要愿][跟和与]人(?=聊|说|讲|谈|沟通|对话)",
    re.IGNORECASE,
)
#: Who is going to complain wants to be heard by a person; who asks where or how has an answer.
_COMPLAINT = re.compile(
    r"(?:(?<!if )\b(?:i|we)(?:'d| would|'m| am)? (?:want|need|wanna|like|wish|have|going|gonna)(?: to)?(?: \w+ly)? "
    r"(?:complain|(?:make|file|lodge|raise|submit|register)(?: an?)?(?: \w+)? complaint)\b"
    r"|(?<!如果)(?<!如果我)[要想得](?:正式|马上|立刻|去|再)?投诉)"
    r"(?![^\n]{0,60}(?:[?？]|\b(?:how|where|who|whom|which)\b|怎|哪|谁|渠道|入口|吗|么|如何))",
    re.IGNORECASE,
)

#: What stands directly before a wish that is none: "I don't want to", "不用".
_REFUSED = re.compile(
    r"(?:\b(?:(?:do|does|did|will|would|need)(?: not|n'?t)|won't|rather not|not|never|no need)"
    r"(?: (?:want|need|wish|like|have|trying|going|really|even|any|to|for|a|the))*|"
    r"(?<!什么)(?<!怎么)(?<!干嘛)(?<!还)不[用想必需]?|没必|没有必|无需|无须|用不着|别|甭)\s*$",
    re.IGNORECASE,
)
#: How far before a wish that is looked for, in characters.
_DIRECTLY = 60
#: Words in a wish that show that something else was refused: "I don't want to talk to a bot I want a human".
_INSTEAD = re.compile(r"[,;，；]|\b(?:i|but|(?:chat|ro)?bots?|machines?|computers?|ai)\b|机器人", re.IGNORECASE)

_CONSENT = r"o+k+(?:ay)?|please|嗯+|好的?|呀|啊|了"
_YES = re.compile(rf"(?:(?:{YES}|{_CONSENT})(?![a-z])[\s,]*+)++", re.IGNORECASE)
#: A yes, and thanks for being asked.
_YES_THANKS = re.compile(
    rf"(?:{YES})(?![a-z])[\s,]*+(?:(?:{YES}|{_CONSENT}|{THANKS})(?![a-z])[\s,]*+)*+", re.IGNORECASE
)
_ANSWERING = re.compile(rf"(?<![a-z])(?:{YES})(?![a-z])", re.IGNORECASE)
#: What says yes without a word, and what takes an answer so.
_THUMB = re.compile("[👍👌✅🆗]")
_CHEERS = re.compile("[👍👌✅🆗🙏🎉❤😊👏💯]")

#: Questions about talking to somebody, which the knowledge may answer.
_ABOUT_PERSONS = re.compile(
    r"\b(?:what times?|when|hours|number|until|how late)\b|几点|时间|电话|多久|上班|下班|在线", re.IGNORECASE
)

#: Words that open another question, whether or not what follows sounds like one.
_CONNECTIVE = re.compile(
    r"(?<=[.?!,，。？！、\s])(?:and also|also|plus|another thing|one more thing|second(?:ly)?)\b[,:]?\s*"
    r"|[,，;；、。.\s]*(?:另外|还有|顺便(?:问)?|以及|再问(?:一下)?|再请问|其次|而且|再一个)[，,:：]?\s*",
    re.IGNORECASE,
)
#: Where a sentence may end and another question begin.
_BREAK = re.compile(
    r"(?<=[?？!！。;；\n])\s*|(?<=[a-z0-9)]\.)\s+(?=[A-Z])"
    r"|[,，]?\s+(?:and|but|or)\s+(?=(?:if yes )?(?:(?:until|for|from|to|after|by|in) )?"
    r"(?:how|what|when|where|which|who|why|can|could|do|does|did|is|are|will|would|should|may)\b)"
    r"|[,，、](?=[^，。？！]{0,14}(?:吗|呢|什么|怎么|多少|多久|几|哪|(.)不\1))",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]|\b(?:how|what|wat|when|where|which|who|whom|whose|why|can|could|do|does|did|is|are|will|would|should|may|any)\b|"
    r"吗|呢|么|什么|啥|怎么|咋|怎样|如何|多少|多久|多长|几|哪|谁|可以|能否|是否|有没有|为何|(.)不\1",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")

#: Fewer letters than this are no question of their own.
_SHORTEST_PART = 4


def small_talk(text: str, *, asked: bool = True) -> Reason | None:
    """Return what kind of small talk ``text`` is, or None where it says anything else too.

    To who was ``asked`` something a bare "yes" is none, but an answer.
    """
    plain = _plain(text)
    if not plain or (not _LETTER.search(plain) and not plain.isdigit()):
        return Reason.ACKNOWLEDGED if _CHEERS.search(text) else Reason.NO_WORDS
    if not _SMALL_TALK.fullmatch(plain) or _ONLY_BESIDE.fullmatch(plain):
        return None
    if asked and _YES.fullmatch(plain) and _ANSWERING.search(plain):
        return None
    kind = next((reason for reason, kind in _KINDS.items() if kind.search(plain)), Reason.ACKNOWLEDGED)
    # "Hello?" is a greeting, and "ok?" asks whether it is.
    return None if kind in _TAKEN and _normal(text).rstrip().endswith("?") else kind


def wants_person(text: str) -> bool:
    """Whether the customer asks for a human instead of asking a question."""
    plain = _normal(text)
    if _ABOUT_PERSONS.search(plain):
        return False
    return any(
        _INSTEAD.search(wish[0]) or not _REFUSED.search(plain, max(0, wish.start() - _DIRECTLY), wish.start())
        for wish in chain(_PERSON.finditer(plain), _COMPLAINT.finditer(plain))
    )


def agrees(text: str) -> bool:
    """Whether ``text`` says yes and nothing else, be it with thanks or with a thumb."""
    plain = _plain(text)
    if not plain:
        return _THUMB.search(text) is not None
    return bool(_YES.fullmatch(plain) or _YES_THANKS.fullmatch(plain))


def questions(text: str) -> list[str]:
    """Return the questions in ``text``, each with what was said before it; fewer than two mean that it is one.

    A sentence that asks nothing belongs to the question after it, or to the last one.
    """
    parts: list[str] = []
    said = ""
    for place, block in enumerate(_CONNECTIVE.split(text)):
        found = 0
        for piece in _split(block):
            said = f"{said} {piece}".strip()
            if _ASKS.search(piece) and len(_LETTER.findall(piece)) >= _SHORTEST_PART:
                parts.append(said)
                said, found = "", found + 1
        if found and said:
            parts[-1] = f"{parts[-1]} {said}"
            said = ""
        elif len(_LETTER.findall(said)) >= _SHORTEST_PART and (place or _CONNECTIVE.search(text)):
            parts.append(said)
            said = ""
    if parts and said:
        parts[-1] = f"{parts[-1]} {said}"
    return parts


def _plain(text: str) -> str:
    """Return the words of ``text`` with single spaces between them; "[photo]" is what it shows, and no word."""
    return " ".join(re.sub(r"[^\w\s']", " ", PLACEHOLDER.sub(" ", _normal(text))).split())


def _normal(text: str) -> str:
    """Return ``text`` in the forms of its characters that the patterns have; telephones type a curly apostrophe."""
    return fold(text).replace("’", "'")


def _split(text: str) -> list[str]:
    ends = [0, *(match.start() + len(match[0]) for match in _BREAK.finditer(text)), len(text)]
    return [piece for a, b in pairwise(ends) if (piece := text[a:b].strip())]
