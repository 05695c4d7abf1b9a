"""Words the lock has to know one by one."""

from __future__ import annotations

import re

from bot.lock.words import stem


def _stems(words: str) -> frozenset[str]:
    return frozenset(stem(word) if word.isascii() else word for word in words.split()) - {""}


#: What "we" may do without promising anything.
HARMLESS_DEEDS = _stems(
    "recommend hope understand appreciate apologise apologize suggest advise thank realise afraid glad happy "
    "建议 希望 理解 抱歉 推荐 感谢 提醒 知道 高兴 说明"
)
#: What costs money, so that its condition is part of the promise.
MONEY_DEEDS = _stems(
    "refund replace resend compensate cancel repair reimburse credit waive deduct transfer "
    "退款 补发 赔偿 取消 退还 更换 补偿 赔付 免除 维修 退回"
)
#: What "we" may not be said to do in other words than the evidence's.
SERVICES = MONEY_DEEDS | _stems(
    "guarantee promise assure install upgrade call give gift waive extend collect pick pay insure deliver issue "
    "保证 承诺 确保 安装 升级 回电 赠送 送您 延长 上门 支付 承担 垫付 送 送达 送到 赔"
)
#: What a span of time is counted from: another of them is another span.
EVENTS = _stems(
    "purchase order delivery receipt arrival dispatch payment return approval registration sale birthday "
    "购买 签收 收货 收到 下单 付款 发货 退货 到货 审核 通过 生日 注册 取消 退款"
)
#: What is paid.
COSTS = _stems("fee cost price charge surcharge pay 费用 运费 附加 收费 手续")
_YES = re.compile(
    r"(?:yes|yep|(?:sure|yes),? you can|you can|能的|可以[呀啊的]|of course|certainly|absolutely|indeed"
    r"|(?:当然)?(?:可以|能|有|会|收|需要|支持|是的|行|对的?|没错)[退换改用送寄洗取查开]?[的呀哦啊]{0,2}"
    r"|当然)[\s,.!，。！:：]*",
    re.IGNORECASE,
)
_NO = re.compile(
    r"(?:no|nope|you can ?not|(?:please )?do not|better not|最好不要|不行[的哦]|unfortunately not"
    r"|很难[的呀哦]?|(?:很)?(?:抱歉|遗憾)?[,，]?(?:暂)?(?:不可以|不能|不行|不支持|不需要|不会|不收"
    r"|没有|无法|不用|不是|无需|不可以的))[退换改用送寄洗取查开]?[的呀哦啊]{0,2}[\s,.!，。！:：]*",
    re.IGNORECASE,
)


def verdict(text: str) -> bool | None:
    """Whether ``text`` is a yes, or a no, and nothing else."""
    return True if _YES.fullmatch(text) else False if _NO.fullmatch(text) else None


#: Characters of Chinese words that name nothing: a word with another one that the evidence lacks may be a name.
HAN_KNOWN = frozenset(
    "哦呀啦哈嘛一拨进已经则马类联系享受查询看到收来去说明告诉知道用使让叫给拿取带放打开关点击按选挑填写输入提交办理处置等待候再次先后之前现在目前时间期限内"
    "外上下里边面部分每各个些几多少长短高低包含快慢早晚旧好坏对错真实际正常只仅就也都还又才更最很太非特比较相当完全直接立即刻随可能会要想需必须应该"
    "得以被把将向往从由于因为所如果若虽然但是而且或者及其他她它们这那哪什么怎样何谁久否有无没不未勿请您你我客服吧呢吗了的地着过够帮忙见换改变成"
    "行算钱话出加付动弄拍搬碰摸试写读发送寄收买卖张件台款份单笔趟批套双瓶盒箱袋家趟种号码日子趁早点晚会儿哪才头尾手眼嘴脸身心思意味觉算起住完掉成了过来去回到往于与及或而且既然虽即若"
    "做完找试确认准备记住忘麻烦谢感抱歉情况问题方便式法步骤另同样并至于则即使均约左右仍继续依然凭照常需超逾两三四五六七八九十百千半份次条项笔种位"
)

#: What a span is counted from, behind it in English and before it in Chinese.
ANCHOR = re.compile(r"[ ]?(?:of|after|from|before|since)[ ](?:the |your )?(?:(?:date|day) of )?([a-z]+)", re.IGNORECASE)
HAN_ANCHOR = re.compile(r"([\u4e00-\u9fff]{2})(?:之日起|之后|后|起)的?$")

_ANY = re.compile(r"(?<=\w )anything\b(?! (?:else|you|we|that|which|left|\w+ed)\b)|需要?[^,，]*任何", re.IGNORECASE)


def any_without_not(text: str) -> bool:
    """Whether ``text`` has an "anything" or 任何 that only a negation, which is not there, would carry."""
    return bool(_ANY.search(text))


#: A cost named in so many words.
COST = re.compile(r"surcharge|附加费|手续费|运费|邮费|服务费")


def names_cost(text: str) -> bool:
    """Whether ``text`` names a cost: "no surcharge" does, "free" does not."""
    return bool(COST.search(text))


_TOPIC = re.compile(
    r"[\s,]*(?:as (?:for|to|regards)|about|regarding|concerning|when it comes to|on your question"
    r"|[\"“”]?(?:关于|至于|针对|您问的))",
    re.IGNORECASE,
)


def is_topic(text: str) -> bool:
    """Whether a clause only says what the next one is about: "as for returns"."""
    return bool(_TOPIC.match(text))


_ASIDE = re.compile(
    r"[\s,;:]*(?:(?:and |but |so )?(?:once|since|so that|as|before|after|until|while|when|where|which|who|for|to"
    r"|because|if|though|although|unless|please|just|simply|then|with|in|at|by|from|on)\b|因为|由于|如果|请|建议|记得|先|再|把)",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"(?:后|前|时|的话|之后|之前|以后|以前)$")


def claims(text: str) -> bool:
    """Whether a clause claims something by itself: no instruction, no condition, no time, no reason."""
    return not _ASIDE.match(text) and not _BEHIND.search(text) and not re.search("请|建议|记得", text)
