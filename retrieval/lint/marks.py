"""Words and marks that no customer should read: of texts that are not finished, empty, or kept from another program."""

from __future__ import annotations

import re

#: What the words in brackets begin with that tell an author what to write: "[insert price]", "<your address>".
_ORDERS = (
    r"please|insert|fill\ in|add|enter|replace|update|put|your|placeholder|name\ of|(?:company|product|shop)\ name"
)
_HAN_ORDERS = r"插入|填写|填入|补充|替换|输入|公司名称|产品名称|店铺名称|日期|金额|链接|价格|电话|联系方式|具体"
_LATER = r"added|completed|confirmed|decided|written|filled\ in|announced|defined|determined|translated"
#: Not round ones, in which an answer tells customers something: "(please allow 3 days)", "（请填写公司全称）".
_OPEN, _CLOSE = r"[\[<【〈]", r"[\]>】〉]"

#: What an author leaves where something is to be written later. Places that kefu fills itself, such as
#: ``{order_number}``, are not among them; double braces are what other programs fill.
PLACEHOLDER = re.compile(
    rf"""
    (?<!\w)(?:TODO|TBD|TBC|TBA|FIXME|tbd|tbc|tba|todo:)(?![\w-])
  | (?i:\blorem\ ipsum\b|\bdolor\ sit\ amet\b|\bto\ be\ (?:{_LATER})\b(?=\W*$|\W*[.)\]]|\ (?:by|later|soon)))
  | (?i:{_OPEN}\s*(?:{_ORDERS})\b[^\]>】〉\n]{{0,60}}{_CLOSE})
  | (?i:\(\s*(?:insert|fill\ in|placeholder)\b[^)\n]{{0,60}}\))
  | (?i:{_OPEN}\s*(?:\w+\ ){{0,3}}(?:here|to\ come|pending|to\ follow)\s*{_CLOSE})
  | (?i:\b(?:answer|text|copy|content|details|description)\ (?:goes|comes|belongs)\ here\b)
  | (?i:\bplaceholder\ text\b|\bdummy\ text\b|{_OPEN}placeholder{_CLOSE})
  | (?i:\binsert\ (?:text|link|date|number|price|amount|name)\ here\b)
  | (?i:\b(?:answer|text|details|wording|translation)\ (?:to\ follow|pending|missing)\b)
  | \{{\{{.*?\}}\}} | \{{%.*?%\}} | <%.*?%> | \$\{{[^}}]*\}} | %[A-Z][A-Z_]{{2,}}% | \[\[.*?\]\]
  | (?<![\w?？])[?？]{{3,}} | (?<!\w)_{{3,}}(?!\w) | (?<![A-Za-z0-9])(?:[xX]{{3,}}|XX)(?![A-Za-z0-9]) | ×{{2,}}
  | 待(?:补充|完善|填写|编写|添加|续|翻译|定(?!金)) | 待(?:确认|更新|填|补)(?=\W|$)
  | 此处(?:填写|插入|补充|填入|添加|待) | 在(?:此|这里)(?:填写|插入|填入) | 请(?:填写|插入|补充)(?:此处|内容|答案)
  | {_OPEN}(?:请)?(?:{_HAN_ORDERS})[^\]>】〉\n]{{0,20}}{_CLOSE}
  | 占位(?:符|文字|文本) | 示例文[字本] | (?:内容|文案|答案)待
  | 某{{2,}}(?=部门|公司|人|地|产品) | [后稍]续?补充 | 未完待续
    """,
    re.VERBOSE | re.ASCII,  # beside Chinese characters words end, too
)

#: Whole answers that stand for one that is missing: their letters alone, in lower case. A bare yes or no is none.
NOTHING = frozenset(
    "na none null nil nan undefined empty ditto test testing asdf qwerty answer same sameasabove seeabove seebelow "
    "noanswer noansweryet blank idk unknown nothing foo bar foobar "
    "无 略 空 同上 见上 见下 如上 如下 暂无 暂缺 测试 答案 未知 不详 如题 "
    "无内容 暂无内容 暂无答案 详见上文 参见上文 见上文".split()
)

#: Words that stand for a link.
CLICK = re.compile(
    r"""\b(?:click|tap|press)\ (?:on\ )?(?:here|(?:the|this)\ link)\b
  | \b(?:follow|use|open|see)\ (?:this|the\ following)\ link\b | \blink\ below\b
  | (?:点击|点按|戳|访问|打开)(?:这里|此处|(?:此|该|(?:下方|以下|下面)的?)链接)""",
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)

_TAGS = r"p|br|b|i|u|a|li|ul|ol|div|span|strong|em|h[1-6]|table|tr|td|th|font|img|tbody"
_ENTITIES = r"nbsp|amp|lt|gt|quot|apos|mdash|ndash|hellip|[rl][sd]quo|#\d{2,5}|#x[0-9a-f]{2,5}"
#: Marks of a web page.
MARKUP = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>|&(?:{_ENTITIES});", re.IGNORECASE)

#: What UTF-8 looks like when it is read as Windows-1252, and what stands for a broken character: U+FFFD, and 锟斤拷,
#: two of them read as GBK.
GARBLED = re.compile(
    r"\ufffd|锟斤拷|烫烫烫|屯屯屯|ï»¿|Ã[\x80-\xbf]|â€[\x80-\xbf™œ“”¦–—˜]|Â[\xa0£°©®]"
    r"|[ä-é][\x80-\xbf\u2018-\u203a‚ƒ„…†‡ˆ‰Š‹ŒŽšœžŸ]{1,2}"
)
