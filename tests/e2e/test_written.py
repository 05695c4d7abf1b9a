"""What `kefu ask` says of a reply that a language model was to write: who wrote it, or why it is quoted."""

from __future__ import annotations

import asyncio

from tests.e2e.command import REFUND, Desk
from tests.unit.bot.generator import model as fake


async def test_ask_says_whether_a_model_wrote_the_reply_and_why_not(desk: Desk) -> None:
    async with fake.running(fake.saying("You get it within 14 days.")) as model:
        desk.env |= {
            "KEFU_GENERATOR__URL": model.url,
            "KEFU_GENERATOR__MODEL": fake.MODEL,
            "KEFU_GENERATOR__KEY": fake.KEY,
        }
        await asyncio.to_thread(desk.run, "ingest", "--faq", "faq")
        wrote = await asyncio.to_thread(desk.run, "ask", "--faq", "faq", REFUND)
        model.writes = fake.failing(404)
        refused = await asyncio.to_thread(desk.run, "ask", "--faq", "faq", REFUND)
        small_talk = await asyncio.to_thread(desk.run, "ask", "--faq", "faq", "hello")
    assert wrote.out.splitlines()[-1] == "  written by a language model"
    assert refused.out.startswith("14 days.\n")
    assert refused.out.splitlines()[-1].startswith("  quoted instead of written: refused (")
    assert "written" not in small_talk.out
