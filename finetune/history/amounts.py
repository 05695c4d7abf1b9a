"""What is never personal: dates, times, amounts, measures. They are what answers are made of."""

from __future__ import annotations

import re

_UNITS = "|".join(
    r"""% ‰ ° ℃ € £ ¥ \$ usd eur gbp cny rmb jpy hkd krw idr vnd inr dollars? euros? pounds? yuan
    days? hours? hrs? minutes? mins? seconds? secs? weeks? months? years? times? pieces? pcs items? units? points?
    people characters? stars? mm cm km m² m2 m inch(?:es)? kg mg g mah wh kwh w v hz khz mhz ghz kb mb gb tb ml l
    litres? liters? lumens? lm x""".split()
)
_HAN_UNITS = "|".join(
    """元 块 角 美元 美金 欧元 英镑 日元 人民币 港币 折 天 小时 分钟 秒 周 星期 个 月 年 次
    件 双 套 台 张 只 位 人 岁
    米 厘米 毫米 公里 公斤 千克 克 斤 升 毫升 毫安 瓦 伏 度 分 点 字 级 层 寸 倍 兆 工作日""".split()
)
_NUMBER = r"(?:\d{1,3}(?:[,.' ]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,4})?)"
#: A number that is not the end of a longer one. Without it, "4111 1111 1111 1111 EUR" would keep its last group.
_ALONE = r"(?<![A-Za-z0-9_+])(?<![A-Za-z0-9_][-./])(?<!\d[ ,.)])"

_EXPRESSION = re.compile(
    "|".join(
        (
            rf"{_ALONE}(?:19|20)\d{{2}}(?:[-/.]\d{{1,2}}[-/.]\d{{1,2}}|年\d{{1,2}}月(?:\d{{1,2}}[日号])?)(?![-/.]?\d)",
            rf"{_ALONE}\d{{1,2}}([-/.])\d{{1,2}}\1(?:\d{{4}}|\d{{2}})(?![-/.]?\d)",
            rf"{_ALONE}\d{{1,2}}[日号]",
            rf"{_ALONE}\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?![:\d])",
            rf"(?:[$€£¥￥]|(?<![A-Za-z])(?:USD|EUR|GBP|CNY|RMB)) ?{_NUMBER}(?![\d-]|[.,]\d| \d)",
            rf"{_ALONE}{_NUMBER}(?: ?[-–~到至] ?{_NUMBER})? ?-?(?:"
            rf"(?i:(?:working |business )?(?:{_UNITS}))(?![A-Za-z])|{_HAN_UNITS})",
        )
    )
)


def amounts(text: str) -> list[tuple[int, int]]:
    """Return begin and end of each date, time, amount and measure in ``text``."""
    return [match.span() for match in _EXPRESSION.finditer(text)]
