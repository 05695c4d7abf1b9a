"""The conversations in the documentation are those that a reader would have."""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.command import ROOT, Desk, Ran

PAGES = ("README.md", "README.zh-CN.md", "docs/chat.md")

#: Points by which a confidence may differ from the one that is printed.
NEAR = 3


def said(page: str) -> list[tuple[str, str]]:
    """Return each message of the first conversation on ``page``, and what is printed as the reply to it."""
    (conversation, *_) = re.findall(r"^```text\n(you › .*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S)
    turns = [turn.split("\n", 1) for turn in conversation.split("you › ")[1:]]
    return [(message, reply) for message, reply in turns if not message.isdecimal()]


@pytest.mark.parametrize("page", PAGES)
def test_a_conversation_in_the_documentation_is_what_the_bot_says(demo: Desk, ingested: Ran, page: str) -> None:
    assert ingested.code == 0
    conversation = said(page)
    demo.write("rows.jsonl", *({"id": str(place), "text": text} for place, (text, _) in enumerate(conversation)))
    ran = demo.run("ask", "--batch", "rows.jsonl")
    assert ran.code == 0, ran.err
    for (message, printed), line in zip(conversation, ran.out.splitlines(), strict=True):
        reply = json.loads(line)
        quoted = re.findall(r"↳ \[([\w-]+)\]", printed)
        offered = [(text, int(share)) for text, share in re.findall(r"^ +\d  (\S.*?) +(\d+) %$", printed, re.M)]
        expected = "answer" if quoted else "clarify" if offered else "hand_off"
        assert (message, reply["action"]) == (message, expected)
        if quoted:
            assert quoted == [citation["id"] for citation in reply["citations"]]
            (share,) = map(int, re.findall(r"▰ (\d+) %", printed))
            assert 100 * reply["confidence"] == pytest.approx(share, abs=NEAR)
            assert "".join(printed.split("↳")[0].split()) == "".join(f"kefu › {reply['text']}".split())
        if offered:
            assert [text for text, _ in offered] == [citation["question"] for citation in reply["citations"]]
            shares = [100 * candidate["score"] for candidate in reply["candidates"]]
            assert [share for _, share in offered] == pytest.approx(shares[: len(offered)], abs=NEAR)
