"""Sentences that state nothing: greetings, thanks, regrets, and questions that a reply ends with."""

from __future__ import annotations

import re

_COURTESY = re.compile(
    r"""(?:
    (?:hello|hi|hey|dear|good\ (?:morning|afternoon|evening|day))(?:\ (?:there|again|customer|[A-Z]\w+
      |m[rs]s?\.?\ \w+))*
  | (?:many\ )?(?:thank\ you|thanks)(?:\ (?:so\ much|very\ much|again|a\ lot))?(?:\ for\ (?:your\ (?:message
    |question|patience|order|interest|time|mail|e-mail|email|reply|understanding)
      |asking|reaching\ out|writing|contacting\ us|getting\ in\ touch|waiting|letting\ us\ know|the\ (?:question
        |message)))?
  | (?:(?:i|we)\ (?:am|are)\ )?(?:very\ |so\ |really\ )?sorry(?:\ (?:to\ hear\ (?:that|this|about\ that|about\ this)
    |about\ (?:that|this|it)
      |for\ (?:the|any)\ (?:inconvenience|trouble|delay|confusion|mix-up)|you\ had\ trouble))?
  | (?:i|we)\ apologi[sz]e(?:\ for\ (?:the|this|that|any|our)\ (?:mistake|error|inconvenience|trouble|delay
    |confusion|mix-up))?
  | (?:i|we)\ (?:understand|hear\ you|know\ how\ (?:annoying|frustrating)\ (?:this|that)\ is)
  | (?:i|we)\ (?:am|are)\ (?:happy|glad)\ to\ help(?:\ you)?(?:\ with\ (?:that|this))?
  | (?:i|we)?\ ?hope\ (?:this|that)\ helps(?:\ you)?
  | (?:great|good)\ (?:question|news|choice)
  | (?:sure|no\ problem|no\ worries|you\ are\ welcome|my\ pleasure|with\ pleasure|gladly
        |(?:that|this)\ is\ (?:fine|okay
        |no\ problem)|all\ right|okay|ok|do\ not\ worry
    |happy\ to\ help|unfortunately|for\ (?:instance|example)|i\ am\ afraid|please\ be\ patient)(?:\ thing)?
  | (?:please\ )?(?:just\ )?let\ (?:me|us)\ know(?:\ (?:if|whether|when|you|there|i|we|can|have|need|want|would|like|get
    |stuck|run|into|is|are|any|anything|something|else|more|other|further|questions?|problems?|trouble|help|assistance
    |unclear|about|with|this|that|it|to|know|do|for|of|or|again))*
  | (?:please\ )?feel\ free\ to\ (?:ask|write|reach\ out|contact\ (?:me|us))(?:\ (?:again|any\ time|anytime|if|with
    |for|about|further|more|any|questions|other|anything|you|need|have|help|else|is|unclear|us|me))*
  | if\ you\ have\ (?:any\ )?(?:more|other|further)?\ ?questions,?\ (?:just\ |please\ )?(?:ask|let\ (?:me|us)\ know
    |write\ (?:to\ )?(?:me|us)|feel\ free\ to\ ask)(?:\ again)?
  | (?:is\ there\ |can\ i\ (?:help|do)\ (?:you\ with\ )?)?(?:anything|something)\ else\ (?:i|we)\ can\ (?:do
    |help)(?:\ (?:for\ )?you)?(?:\ with)?(?:\ today)?
  | (?:can|may)\ i\ help\ (?:you\ )?with\ anything\ else(?:\ today)?
  | (?:does|did)\ (?:this|that)\ (?:help|answer\ your\ question)
  | have\ a\ (?:nice|good|great|lovely|wonderful)\ (?:day|evening|weekend|one|time)
  | (?:enjoy|welcome|congratulations|take\ care|goodbye|bye|(?:kind|best|warm)\ regards|cheers|here\ (?:is
    |are)\ (?:how|what\ you\ (?:need|can\ do)|the\ (?:details|steps|answer|short\ answer)))
  | (?:here\ is\ how|this\ is\ how\ it\ works|it\ works\ like\ this|in\ short|to\ sum\ up
    |and\ as\ for\ your\ (?:second|other)\ question)
  | (?:您好|你好|亲|嗨|早上好|下午好|晚上好|您好呀|亲亲)+
  | (?:非常|十分)?(?:感谢|谢谢)(?:您|你)?的?(?:来信|咨询|留言|提问|耐心等待|耐心|支持|理解|反馈|联系|关注|光临|配合
    |提醒)?
  | (?:非常|十分|很|真的|实在)?(?:抱歉|对不起|不好意思|遗憾)(?:给您(?:带来|添)(?:了)?(?:不便|麻烦)了?
        |让您久等了?|让您(?:有了?|遇到了?)不(?:好|愉快)的(?:体验|经历)
    |听到(?:这个|这件事))?
  | (?:给您(?:带来|添)(?:了)?(?:不便|麻烦)了?)
  | (?:很)?(?:高兴|乐意|荣幸)(?:能)?(?:为您)?(?:服务|效劳|解答|帮助您?|帮忙)
  | (?:请问)?(?:您)?还有(?:什么|其他|别的|哪些)(?:问题)?(?:可以|需要|能)?(?:帮您|帮到您|帮助|为您服务|我帮忙
    |协助您?)?(?:的)?(?:吗|呢)?
  | (?:请问)?还有(?:什么|其他)?(?:可以|能)(?:帮|为)您(?:的|做的|服务的?)?(?:吗|呢)?
  | (?:如果|如|若)?(?:您)?(?:还)?(?:有|有任何|有其他|有别的|遇到)(?:任何|其他|别的|什么)?(?:问题|疑问|需要)?,?(?:请
    |欢迎|可以)?(?:您)?(?:随时|再)?(?:告诉|联系|咨询|问|来问)(?:我们?|客服)?(?:哦|即可)?
  | (?:请|欢迎)?(?:您)?(?:随时|再)(?:告诉|联系|咨询|问|来问)(?:我们?|客服)?(?:哦|即可)?
  | (?:这|那|这个|那个)?(?:也)?(?:不要紧|没关系|没事|不碍事|没问题)
  | (?:请)?(?:不用|别|不必|请别|请不要)(?:担心|着急|客气)
  | (?:好的|没问题|没关系|明白了?|了解了?|收到|不客气|请?您?放心|另外|(?:另外)?提醒您(?:一下)?
    |理解您的心情|我(?:来)?(?:帮您)?(?:看看|说明一下|解答一下))
  | (?:祝您|祝)(?:生活|购物|一切|周末|使用)?(?:愉快|顺利|开心)
  | (?:希望(?:能)?(?:对您有(?:所)?帮助|帮到您|以上(?:信息|内容)对您有(?:所)?帮助))
  | (?:具体(?:如下|步骤如下|方法如下|情况如下|操作如下)|步骤如下|方法如下|说明如下|操作方法如下)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_JOINTS = re.compile(
    r"[\s,.!?:;~，。！？：；、～…—-]+|(?:\b(?:and|but|so|then|now|well|also|again)\b)|(?:那么|那|呢|哦|呀|哈|啦|了|的)"
)


def is_courtesy(text: str) -> bool:
    """Whether ``text``, as `bot.lock.words.plain` gives it, consists of nothing but courtesies."""
    at = 0
    while at < len(text):
        match = _JOINTS.match(text, at) or _COURTESY.match(text, at)
        if not match or match.end() == at:
            return False
        at = match.end()
    return True
