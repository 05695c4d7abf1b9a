"""The gate: what writes nearer to people than quoting goes live; what learned nothing, or is worse, never does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.filterwarnings("default")

#: What a shop says of its things, between words that nobody needs.
FACTS = {
    "en": [
        f"{subject} takes {days} days."
        for subject, days in zip(
            ("Delivery", "A refund", "The repair", "An exchange", "Cleaning", "Engraving", "Assembly", "The survey"),
            (3, 5, 14, 7, 2, 9, 4, 21),
            strict=True,
        )
    ],
    "zh": [
        f"{subject}需要{days}天。"
        for subject, days in zip(
            ("配送", "退款", "维修", "换货", "清洗", "刻字", "安装", "测量"), (3, 5, 14, 7, 2, 9, 4, 21), strict=True
        )
    ],
}
AROUND = {"en": "Thank you for asking. {} We wish you a nice day.", "zh": "感谢您的咨询。{}祝您生活愉快。"}
ASKED = {
    "en": ("How long: {}", "Tell me about this: {}", "Please, {}", "I want to know: {}", "Hello. {}", "Hm. {}"),
    "zh": ("多久：{}", "说一下：{}", "请问，{}", "我想知道：{}", "你好。{}", "嗯。{}"),
}


def rows(asked: slice) -> list[dict[str, object]]:
    return [
        {
            "question": question.format(fact.split(" takes ")[0].split("需要")[0]),
            "answer": fact,
            "language": language,
            "passages": [{"id": f"{language}-{number}", "question": "", "answer": AROUND[language].format(fact)}],
        }
        for language, facts in FACTS.items()
        for question in ASKED[language][asked]
        for number, fact in enumerate(facts)
    ]


def write(path: Path, some: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some), "utf-8")
    return path
