"""What the person who takes over a case is told: why, what the customer asked, and what the bot tried."""

from __future__ import annotations

from collections.abc import Mapping

from bot.types import Conversation, Reason, Reply, Speaker

#: Newest messages of the customer that are quoted, and characters of each.
MESSAGES, CHARACTERS = 5, 500

#: Newest entries of the bot's, and files of the customer's, that are named.
ENTRIES, FILES = 5, 5

_WHY: Mapping[str, Mapping[Reason, str]] = {
    "en": {
        Reason.NOT_KNOWN: "nothing in the knowledge is likely enough to be right",
        Reason.PARTLY_KNOWN: "of two questions only one could be answered",
        Reason.ASKED_FOR_PERSON: "the customer asked for a person",
        Reason.STILL_UNCLEAR: "asked again, and still unclear",
        Reason.FAILED: "the bot itself failed",
        Reason.INTENT: "the settings have it so for what the customer wants",
        Reason.UPSET: "the customer is upset",
        Reason.TOO_FAST: "messages come faster than a person writes; it may be another robot",
    },
    "zh": {
        Reason.NOT_KNOWN: "知识库里没有足够可靠的答案",
        Reason.PARTLY_KNOWN: "两个问题中只能回答一个",
        Reason.ASKED_FOR_PERSON: "客户要求人工服务",
        Reason.STILL_UNCLEAR: "追问之后仍不清楚",
        Reason.FAILED: "机器人自身出错",
        Reason.INTENT: "按设置，此类诉求转人工",
        Reason.UPSET: "客户情绪不满",
        Reason.TOO_FAST: "消息来得比真人打字还快，对方可能是机器人",
    },
}

_LABELS = {
    "en": (
        "Handed over by the bot: {}.",
        "The customer wrote:",
        "Files:",
        "The bot quoted or offered:",
        "Named:",
        "Mood:",
    ),
    "zh": ("机器人转人工：{}。", "客户写道：", "附件：", "机器人引用或建议过：", "提到：", "情绪："),
}


def note_of(conversation: Conversation, reply: Reply) -> str:
    """Return the note on a case that ``reply`` hands over, in the language of the reply, or else in English.

    It quotes the customer: it is for the helpdesk, and for no log.
    """
    language = reply.language if reply.language in _LABELS else "en"
    why, wrote, sent, tried, named, mood = _LABELS[language]
    lines = [why.format(_WHY[language].get(reply.reason, reply.reason.value))]
    said = [turn.text.strip() for turn in conversation.turns if turn.speaker is Speaker.CUSTOMER and turn.text.strip()]
    if said:
        lines += [wrote, *(f"- {_short(text)}" for text in said[-MESSAGES:])]
    files = [name for turn in conversation.turns for name in turn.attachments]
    if files:
        lines.append(f"{sent} {', '.join(files[-FILES:])}")
    turns = [turn.citations for turn in conversation.turns if turn.speaker is Speaker.BOT]
    entries = {cited.id: cited.question for citations in (*turns, reply.citations) for cited in citations}
    if entries:
        lines += [tried, *(f"- {question} [{id_}]" for id_, question in list(entries.items())[-ENTRIES:])]
    understood = reply.understanding
    if understood.entities:
        lines.append(f"{named} " + ", ".join(f"{entity.type} {entity.text}" for entity in understood.entities))
    if understood.sentiment:
        lines.append(f"{mood} {understood.sentiment}")
    return "\n".join(lines)


def _short(text: str) -> str:
    """Return ``text`` in one line, and not all of a long one."""
    line = " ".join(text.split())
    return line if len(line) <= CHARACTERS else f"{line[:CHARACTERS]}…"
