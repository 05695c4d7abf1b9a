"""A program for the tests of the terminal: `Terminal` before a desk that answers by script.

Usage: scripted_chat.py FOLDER

What the desk was asked is appended to FOLDER/asked, the history is FOLDER/state/history.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from bot.errors import OverloadedError
from bot.ports import Connector
from bot.types import Action, Candidate, Citation, ConversationKey, Message, Outcome, Reason, Reply
from connectors.terminal import Terminal

COST = Citation(
    id="ship-cost",
    question="How much does standard shipping cost?",
    source="faq_data/en/shipping.jsonl:1",
    url="https://shop.example/shipping",
)
TIME = Citation(id="ship-time", question="How long does shipping take?", source="faq_data/en/shipping.jsonl:2")
CANDIDATES = (
    Candidate(
        id="ship-cost",
        confidence=0.916,
        source="faq",
        question=COST.question,
        answer="",
        language="en",
        details={"dense": 0.71, "bm25": 12.25},
    ),
    Candidate(id="ship-time", confidence=0.31, source="faq", question=TIME.question, answer="", language="en"),
)


class ScriptedDesk:
    """Answers known texts by script and repeats any other."""

    def __init__(self, folder: Path) -> None:
        self.connector: Connector | None = None
        self._asked = folder / "asked"

    def _log(self, line: str) -> None:
        with self._asked.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    async def submit(self, message: Message) -> Outcome:
        self._log(f"message {message.text!r}")
        if message.text == "busy":
            raise OverloadedError
        if message.text == "silence":
            return Outcome.ACCEPTED
        assert self.connector is not None
        reply = self._reply(message)
        await self.connector.deliver(replace(reply, in_reply_to="some other message", text="not for you"), again=False)
        await self.connector.deliver(reply, again=False)
        await self.connector.deliver(reply, again=False)
        return Outcome.ACCEPTED

    async def hand_back(self, key: ConversationKey) -> None:
        self._log("hand_back")

    async def reset(self, key: ConversationKey) -> None:
        self._log("reset")

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        self._log(f"language {language}")

    def _reply(self, message: Message) -> Reply:
        answer = Reply(
            id=uuid4().hex,
            conversation=message.conversation,
            in_reply_to=message.id,
            text=f"You said: {message.text}",
            action=Action.ANSWER,
            reason=Reason.CONFIDENT,
            confidence=0.916,
            language="en",
            timings_ms={"search": 1.94},
        )
        match message.text:
            case "shipping":
                return replace(
                    answer, text="It is 4.90 EUR.\nFree from 50 EUR.", citations=(COST,), candidates=CANDIDATES
                )
            case "unclear":
                text = f"Did you mean:\n1. {COST.question}\n2. {TIME.question}"
                offered = (COST, TIME)
                return replace(
                    answer,
                    text=text,
                    action=Action.CLARIFY,
                    reason=Reason.AMBIGUOUS,
                    citations=offered,
                    candidates=CANDIDATES,
                )
            case "I would like to talk to a person." | "我要转人工客服。":
                return replace(
                    answer, text="A colleague will help.", action=Action.HAND_OFF, reason=Reason.ASKED_FOR_PERSON
                )
            case "evil":
                text = "a\x1b[2Jb\x1b]0;title\x07c\x9b31md\x07e\rf [bold]g[/bold] \u202eh \ud83d"
                return replace(answer, text=text, citations=(replace(COST, id="e\x1b[31mvil"),))
            case "warn":
                asyncio.get_running_loop().call_later(1, lambda: sys.stderr.write("WARNING: all changed\n"))
            case "运费多少":
                return replace(answer, text="运费为 4.90 欧元。", language="zh")
        return answer


def main() -> None:
    """Run one conversation."""
    folder = Path(sys.argv[1])
    desk = ScriptedDesk(folder)
    terminal = Terminal(desk, entries=1234, history=folder / "state" / "history")
    desk.connector = terminal
    sys.exit(asyncio.run(terminal.run()))


if __name__ == "__main__":
    main()
