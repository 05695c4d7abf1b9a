"""The words that `benchmarks.lock_plants` changes and puts in their place."""

from __future__ import annotations

from typing import Any

NAMES = "Anvil Pebble Ember Drift Volt Murmur Halo Cloud Ridge Tide".split()
OTHERS = {
    "en": {
        **{name: name for name in NAMES},
        **dict.fromkeys(("Rotterdam", "Columbus", "Shanghai"), "Hamburg"),
        **dict.fromkeys(("DHL", "UPS", "PostNL", "USPS"), "FedEx"),
        **dict.fromkeys(("PayPal", "Alipay", "WeChat"), "Klarna"),
        **dict.fromkeys(("Gold", "Silver"), "Platinum"),
        **dict.fromkeys(("Portugal", "Turkey", "Germany", "Netherlands"), "Poland"),
    },
    "zh": {
        **{name: name for name in NAMES},
        **dict.fromkeys(("鹿特丹", "哥伦布", "上海", "深圳"), "广州"),
        **dict.fromkeys(("DHL", "UPS", "顺丰"), "申通"),
        **dict.fromkeys(("PayPal", "支付宝", "微信支付"), "云闪付"),
        **dict.fromkeys(("金卡", "银卡"), "钻石卡"),
    },
}
WORDS = "two three four five six seven eight nine ten twelve fifteen twenty thirty".split()
HAN = "两三四五六七八九十"
UNITS = {
    "en": r"(?:working days|days|hours|minutes|weeks|months|years|seconds|working day|day|hour|week|year)",
    "zh": r"(?:个?工作日|天|小时|分钟|周|个月|年|秒)",
}
UNIT_CHANGES = {
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
MONEY = {
    "en": r"(?:\$|£|€)\d[\d,.]*\d|\$\d|\d[\d,.]*(?= (?:USD|GBP|EUR|CNY))",
    "zh": r"\d[\d,.]*(?=\s?(?:美元|英镑|元))",
}
CURRENCIES = {
    "en": {"USD": "EUR", "GBP": "USD", "CNY": "USD", "$": "€", "£": "$"},
    "zh": {"美元": "欧元", "英镑": "美元", "元人民币": "美元"},
}
MONTHS = "January February March April May June July August September October November December".split()
PROMISES = {
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
NOT_REMOVED: dict[str, tuple[tuple[str, Any], ...]] = {
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
NOT_ADDED: dict[str, tuple[tuple[str, Any], ...]] = {
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
COMPARISONS: dict[str, tuple[tuple[str, Any], ...]] = {
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
            (r"\bYou can (?!only|.*(?:within|at most|up to))", "You can only "),
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
INVENTED = {
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
