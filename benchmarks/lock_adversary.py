"""False facts in words of their own, for `benchmarks.lock`: opposites, payers, and sentences that deny the evidence.

Unlike those of `benchmarks.lock_plants` they change no value: a word becomes its opposite, or a whole sentence is
written that the evidence contradicts, in words that it need not have.
"""

from __future__ import annotations

import random
import re

#: What becomes what; each change makes a true sentence false.
_OPPOSITES = {
    "en": (
        ("open", "closed"),
        ("closed", "open"),
        ("before", "after"),
        ("after", "before"),
        ("included in", "excluded from"),
        ("outside", "inside"),
        ("within the", "outside the"),
        ("earlier", "later"),
        ("above", "below"),
        ("more than", "less than"),
        ("at the latest", "at the earliest"),
        ("minimum", "maximum"),
        ("valid", "invalid"),
        ("available", "unavailable"),
        ("accept", "refuse"),
        ("possible", "impossible"),
        ("working day", "weekend"),
        ("working days", "weekends"),
        ("daily", "weekly"),
        ("unused", "used"),
        ("opened", "unopened"),
        ("sealed", "opened"),
        ("with", "without"),
        ("both", "neither"),
        ("always", "never"),
        ("everyone", "nobody"),
        ("keep", "throw away"),
        ("turn on", "turn off"),
        ("free of charge", "for a fee"),
        ("is free", "is expensive"),
        ("new", "old"),
        ("first", "last"),
        ("same", "different"),
        ("faulty", "in order"),
        ("missing", "there"),
        ("lost", "safe"),
        ("still", "no longer"),
        ("automatically", "on request only"),
        ("can(?!'|not)", "can hardly ever"),
        ("accepted", "rejected"),
        ("shown", "hidden"),
        ("Monday to Friday", "Saturday and Sunday"),
    ),
    "zh": (
        ("之前", "之后"),
        ("之后", "之前"),
        ("以外", "以内"),
        ("境内", "境外"),
        ("有效", "无效"),
        ("生效", "失效"),
        ("包含", "不含"),
        ("已含", "不含"),
        ("免费", "收费"),
        ("免运费", "收运费"),
        ("开启", "关闭"),
        ("关闭", "开启"),
        ("休息", "营业"),
        ("营业", "休息"),
        ("保留", "扔掉"),
        ("支持", "拒绝"),
        ("未拆封", "已拆封"),
        ("未使用", "使用过"),
        ("工作日", "周末"),
        ("周一至周五", "周六和周日"),
        ("增加", "减少"),
        ("退还", "扣除"),
        ("最多", "最少"),
        ("最长", "最短"),
        ("提前", "推迟"),
        ("相同", "不同"),
        ("一样", "不一样"),
        ("原", "新"),
        ("新", "旧"),
        ("自动", "手动"),
        ("接受", "拒绝"),
        ("承担", "不承担"),
        ("每天", "每周"),
        ("首单", "每单"),
        ("可以", "很难"),
        ("部分", "全部"),
        ("仍", "不再"),
    ),
}
#: Where a word stands in these its opposite is not false, or no sentence.
_KEPT = {
    "en": r"working days?|once|question|as soon as|look(?:ed)?|happy|sign(?:ed)? in with",
    "zh": r"新旧|原来|最新|重新|更新|新疆|原因|原则|可能",
}
_PAYERS = {
    "en": (
        (r"\byou (?:only )?pay\b", "we pay"),
        (r"\bwe (?:then )?(?:pay|refund|resend|send)\b(?! (?:you )?(?:a|the|an)? ?(?:link|mail|code|text))", "you pay"),
        (r"\bpaid by you\b", "paid by us"),
        (r"\bcollects\b", "pays"),
        (r"\bfrom you\b", "from us"),
        (r"\bto you\b", "to the carrier"),
        (r"\byour own\b", "our"),
        (r"\byour bank\b", "our bank"),
    ),
    "zh": (
        ("由您", "由我们"),
        ("由我们", "由您"),
        ("您需?自付", "我们支付"),
        ("我们会?(?=[^，。]{0,6}(?:承担|支付|退款|退还|补发))", "您要"),
        ("您(?=的银行)", "我们"),
        ("向您(?=收)", "向我们"),
        ("由承运商", "由我们"),
    ),
}
#: A sentence, what the evidence has to have for it to be false, and what it must not have.
_DENIALS = {
    "en": (
        ("There's no fee for that.", r"costs?\b|\d USD|charge", r"free|no (?:extra|charge|fee|sur)|nothing"),
        ("It won't cost you a cent.", r"costs?\b|\d USD|charge", r"free|no (?:extra|charge|fee|sur)|nothing"),
        ("We cover the cost for you.", r"you pay|paid by you|costs \d", r"we pay|free"),
        (
            "You have to pay a small fee for it.",
            r"free of charge|is free|pay nothing",
            r"\d USD|cost|fee|charge (?!if)",
        ),
        ("That isn't free, unfortunately.", r"free of charge|is free|pay nothing", r"\d USD|cost|fee"),
        ("You can take as long as you like.", r"within \d+ (?:days|hours|minutes)", r"any time"),
        ("There is no deadline.", r"within \d+ (?:days|hours|minutes)|at the latest", r"any time"),
        ("There's no time limit for this.", r"within \d+ (?:days|hours|minutes)|at the latest|valid for", r"any time"),
        ("You can do that as often as you like.", r"\bonce\b|at most|only 1|up to \d", r"once a|at once"),
        ("There is no limit.", r"at most|up to \d|only 1", r"as many|as often"),
        ("Silver members get the same.", r"Gold members", r"Silver"),
        ("This is for everybody, member or not.", r"Gold members|members of the", r"everyone"),
        (
            "It works in every country.",
            r"do not deliver|not available|only (?:within|in|from)|outside",
            r"all countries",
        ),
        ("It happens right away.", r"\d+ (?:to \d+ )?(?:working )?days", r"at once|immediately"),
        ("You'll have it by tonight.", r"\d+ (?:to \d+ )?(?:working )?days", r"at once|same day"),
        ("We work on weekends as well.", r"Monday to Friday|working days", r"daily|24 hours|Sunday"),
        ("You can skip this step.", r"\bmust\b|has to be|have to|please", r"need not|optional|do not need"),
        ("No order number is needed.", r"order number", r"not need|without"),
        ("A photo isn't necessary.", r"photo|picture", r"not need|without"),
        ("You can change it again later on.", r"cannot be|no longer|undone", r"again|can change"),
        ("That's no problem at all.", r"cannot|do not|not possible|not accepted", r"\bcan\b|possible|yes"),
        ("Yes, that works.", r"^(?:No,|Sorry)|\bcannot be|do not (?:accept|deliver|apply)", r"\bcan\b|yes|possible"),
        ("That isn't possible.", r"^Yes", r"cannot|\bno\b|\bnot\b|n't|other"),
        ("We don't offer that.", r"^Yes", r"cannot|\bno\b|\bnot\b|n't|other"),
        ("It can be paid out in cash.", r"not .{0,20}cash|cash .{0,9}not", r"can be paid"),
        ("You get double the amount.", r"\d USD|refund", r"double|twice"),
    ),
    "zh": (
        ("这个不收费。", r"\d ?美元|收取|另付", r"免|不收|无需|没有附加"),
        ("一分钱都不用花。", r"\d ?美元|收取|另付", r"免|不收|无需|没有附加"),
        ("费用由我们出。", r"由您|您.{0,4}承担|自付|运费\d", r"免|由我们"),
        ("需要付一点费用。", r"免费|免运费|无需另付|不收", r"\d ?美元|费为"),
        ("这可不是免费的。", r"免费|免运费|无需另付|不收", r"\d ?美元|费为"),
        ("没有时间限制。", r"\d+ ?天内|\d+ ?分钟内|有效", r"随时"),
        ("什么时候办都可以。", r"\d+ ?天内|之前|打包前", r"随时"),
        ("想用几次就用几次。", r"只能|最多|一次|仅限", r"不限|多次"),
        ("数量不限。", r"最多|只能使用", r"不限|可以超过"),
        ("银卡会员也一样。", r"金卡会员", r"银卡"),
        ("不是会员也有。", r"会员", r"游客|不注册"),
        ("所有国家都可以。", r"不支持|仅在|仅支持|以外", r"所有国家|凡是"),
        ("马上就能办好。", r"\d+ ?(?:至 ?\d+ ?)?(?:个工作日|天)", r"立即|马上"),
        ("当天就能到。", r"\d+ ?(?:至 ?\d+ ?)?(?:个工作日|天)", r"当天|立即"),
        ("周末也上班。", r"周一至周五|工作日", r"每天|周日"),
        ("不用提供订单号。", r"订单号", r"无需|不需要"),
        ("不用拍照片。", r"照片", r"无需|不需要"),
        ("以后还可以再改。", r"无法|不能再|撤销", r"可以修改|随时"),
        ("完全没有问题。", r"不能|不支持|无法|不可以", r"可以|可|支持(?!持)"),
        ("可以的，没问题。", r"不能|不支持|无法|不可以", r"可以|可|有效"),
        ("这个办不到。", r"可以", r"不|无法|没"),
        ("我们不提供这项服务。", r"可以", r"不|无法|没"),
        ("可以换成现金。", r"不能兑换现金|现金.{0,6}不", r"可以?兑"),
        ("金额会翻倍。", r"\d ?美元|退款", r"倍"),
        ("会全部退给您。", r"扣除|不退|不予", r"全额|全部退"),
    ),
}


def opposite(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """A word turned into its opposite."""
    pairs = list(_OPPOSITES[language])
    rng.shuffle(pairs)
    for one, other in pairs:
        pattern = rf"\b{one}\b" if language == "en" else one
        found = re.search(pattern, sentence)
        if (
            found
            and other not in sentence
            and not re.search(_KEPT[language], sentence[max(0, found.start() - 6) : found.end() + 9])
        ):
            return sentence[: found.start()] + other + sentence[found.end() :]
    return None


def payer(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """Somebody else pays, or gets the money."""
    changes = list(_PAYERS[language])
    rng.shuffle(changes)
    for pattern, new in changes:
        changed = re.sub(pattern, new, sentence, count=1)
        if changed != sentence:
            return changed
    return None


def denial(rng: random.Random, sentence: str, evidence: str, language: str) -> str | None:
    """A sentence of other words that the evidence contradicts, behind the true one or as a part of it."""
    fitting = [
        false
        for false, wanted, barred in _DENIALS[language]
        if re.search(wanted, evidence, re.IGNORECASE | re.MULTILINE) and not re.search(barred, evidence, re.IGNORECASE)
    ]
    if not fitting:
        return None
    false = rng.choice(fitting)
    if rng.random() < 0.7:
        return sentence.rstrip() + (f" {false} " if language == "en" else false)
    if language == "en":
        return re.sub(r"[.!?]?\s*$", "", sentence) + ", and " + re.sub("^(.)", lambda m: m[1].lower(), false) + " "
    return re.sub(r"[。！!？?]?\s*$", "", sentence) + "，" + false
