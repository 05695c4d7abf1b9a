"""Defects of a text by itself, planted on purpose: unfinished, empty, too long, with marks that customers would see."""

from __future__ import annotations

from benchmarks.lint_defects import LINK, Defect, Key, Knowledge, defect, joined, other, sentences

_TERMS = {
    "en": "These terms apply to every order that is placed in our shop, and to every delivery that is made from it. "
    "By placing an order you accept them as they stand at that moment, and later changes do not touch it. Pictures on "
    "our pages show goods as truly as a screen allows, and colours may look different at home. ",
    "zh": "本条款适用于在本店提交的所有订单以及由此产生的所有配送。"
    "提交订单即表示您接受当时有效的条款，之后的变更不影响该订单。"
    "页面图片力求真实，因显示设备差异，实物颜色可能略有不同。我们保留对明显标价错误的订单进行更正的权利。",
}


def too_long(know: Knowledge, key: Key) -> Defect | None:
    """Paste terms and conditions into an answer."""
    for each in (key, other(key)):
        times = 9 if each[1] == "zh" else 13
        know.rows[each]["answer"] += "\n\n" + _TERMS[each[1]] * (times - know.rng.randrange(2))
    return defect("too long", "K601", key, other(key))


_LEFT = {
    ("en", "dev"): [
        *("TODO: check with legal", "TBD", "XXX", "Lorem ipsum dolor sit amet.", "[insert price here]"),
        *("{{company_name}}", "[link to follow]", "Price to be confirmed.", "<add phone number>", "___"),
    ],
    ("zh", "dev"): [
        *("待补充", "【待定】", "XXX", "（此处填写金额）", "{{公司名称}}"),
        *("TODO", "[请填写联系方式]", "内容待完善", "TBD", "某某部门"),
    ],
    ("en", "test"): [
        *("FIXME", "tbc", "(to be completed)", "[YOUR TEXT HERE]", "{{ shop.phone }}", "xxxx", "[Name of carrier]"),
        *("%ORDER_LINK%", "Answer goes here.", "???", "<your address>", "[Placeholder]"),
    ],
    ("zh", "test"): [
        *("待更新", "【请补充具体时间】", "××天", "{{ 店铺电话 }}", "此处插入链接"),
        *("XX公司", "（待填）", "[日期]", "（稍后补充）", "示例文字"),
    ],
}


def placeholder(know: Knowledge, key: Key) -> Defect | None:
    """Leave a text unfinished."""
    row = know.rows[key]
    left = know.rng.choice(_LEFT[key[1], know.half])
    parts = sentences(row["answer"])
    at = know.rng.randrange(len(parts) + 1)
    row["answer"] = joined([*parts[:at], left, *parts[at:]], key[1])
    return defect("placeholder", "K602", key, what=left)


_EMPTY = {
    ("en", "dev"): ["n/a", "-", "...", "see above", "test", "None."],
    ("zh", "dev"): ["无", "同上", "……", "暂无", "-", "测试"],
    ("en", "test"): ["N.A.", "–", "Same as above.", "asdf", "(empty)", "null", "?"],
    ("zh", "test"): ["略", "见上", "/", "暂无答案", "。", "不详"],
}


def empty(know: Knowledge, key: Key) -> Defect | None:
    """Write nothing into an answer."""
    row = know.rows[key]
    row["answer"] = know.rng.choice([*_EMPTY[key[1], know.half], row["question"]])
    return defect("no answer", "K603", key, what=row["answer"])


def click(know: Knowledge, key: Key) -> Defect | None:
    """Lose the address behind the words, in both languages."""
    here = {each: LINK.findall(know.rows[each]["answer"]) for each in (key, other(key))}
    if not all(len(links) == 1 for links in here.values()) or LINK.search(know.rows[key]["question"]):
        return None
    words = {
        "en": know.pick(("both", "(click here)"), ("test", "(see the link below)"), ("dev", "(just tap here)")),
        "zh": know.pick(("both", "（点击这里）"), ("dev", "（请点击此处）"), ("test", "（打开下面的链接）")),
    }
    for each, links in here.items():
        row = know.rows[each]
        row["answer"], row["url"] = row["answer"].replace(links[0], words[each[1]]), ""
    return defect("link left out", "K604", key, other(key), what=str(words))


def markup(know: Knowledge, key: Key) -> Defect | None:
    """Leave marks of a web page, or characters that were read in a wrong encoding."""
    row = know.rows[key]
    parts = sentences(row["answer"])
    marks = know.pick(
        ("dev", "<br>"), ("dev", "&nbsp;"), ("dev", "â€™"), ("dev", "<strong>!</strong>"), ("dev", "锟斤拷"),
        ("test", "<p>"), ("test", "&amp;"), ("test", "\ufffd"), ("test", '<span style="color:red">'), ("test", "Ã©"),
        ("test", "&#39;"), ("test", "è¯·"),
    )  # fmt: skip
    row["answer"] = joined([*parts[:-1], parts[-1] + marks], key[1])
    return defect("markup", "K605", key, what=marks)
