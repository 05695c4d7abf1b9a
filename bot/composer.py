"""The words of a reply: approved text, word for word, in a frame that the operator may change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from bot.hours import Hours, told
from bot.languages import name_of
from bot.policy import Decision
from bot.ports import Released, unseen
from bot.saying import Composed, Saying
from bot.types import Action, Candidate, Reason

#: The frame in each language; `[replies]` in kefu.toml overrides it key by key.
REPLIES: Mapping[str, Mapping[str, str]] = {
    "greeting": {
        "en": "Hello! What can I help you with?",
        "zh": "您好！请问有什么可以帮您？",
    },
    "thanks": {
        "en": "You're welcome! Is there anything else I can help with?",
        "zh": "不客气！还有什么可以帮您的吗？",
    },
    "goodbye": {
        "en": "Goodbye, and thanks for getting in touch!",
        "zh": "再见，感谢您的咨询！",
    },
    "acknowledged": {
        "en": "All right. If there is anything else, just ask.",
        "zh": "好的，还有其他问题可以随时问我。",
    },
    "asked_if_bot": {
        "en": "I'm an automated assistant. I answer what I know, and I can hand you over to a colleague: just ask.",
        "zh": "我是自动客服助手，不是真人。知道的问题我来回答；需要人工时，说一声“转人工”就可以。",
    },
    "no_words": {
        "en": "I'm afraid I didn't get that. Could you put your question into words?",
        "zh": "抱歉，我没看明白，请用文字描述一下您的问题。",
    },
    "clarify": {
        "en": "Did you mean:",
        "zh": "您想问的是：",
    },
    "clarify_one": {
        "en": "Did you mean “{question}”? If not, please tell me in other words.",
        "zh": "您想问的是“{question}”吗？如果不是，请换个说法告诉我。",
    },
    "hand_off": {
        "en": "I can't answer that reliably, so I'm handing you over to a colleague. They will see what you wrote.",
        "zh": "这个问题我没有把握答对，现在为您转接人工客服，您前面说的内容同事都能看到。",
    },
    "asked_for_person": {
        "en": "Of course. I'm handing you over to a colleague, who will see what you wrote.",
        "zh": "好的，现在为您转接人工客服，您前面说的内容同事都能看到。",
    },
    "partly_known": {
        "en": "As for “{question}”: I can't answer that reliably, so I'm handing it over to a colleague.",
        "zh": "关于“{question}”：这个问题我没有把握答对，现在为您转接人工客服。",
    },
    "away": {
        "en": "They will be there again {when}.",
        "zh": "同事将于{when}上线。",
    },
    "other_language": {
        "en": "We have this in {language} only:",
        "zh": "这部分内容目前只有{language}版：",
    },
}

#: Where one of two questions ends, and what led on to the other is no part of it.
_LEADS_ON = re.compile(r"[\s,，](?:and|but|or)$", re.IGNORECASE)
_COMMAS = " ,，、"

_FRAMES = {
    Reason.GREETING: "greeting",
    Reason.THANKS: "thanks",
    Reason.GOODBYE: "goodbye",
    Reason.ACKNOWLEDGED: "acknowledged",
    Reason.ASKED_IF_BOT: "asked_if_bot",
    Reason.NO_WORDS: "no_words",
    Reason.ASKED_FOR_PERSON: "asked_for_person",
}


class VerbatimComposer:
    """Quotes entries as they stand."""

    def __init__(self, replies: Mapping[str, Mapping[str, str]] = REPLIES, hours: Hours | None = None) -> None:
        """``replies`` has every key of `REPLIES`; a language that a text lacks gets the English one.

        ``hours`` are those of the people who take over (None: always).
        """
        self._replies = replies
        self._hours = hours

    async def compose(self, saying: Saying, released: Released = unseen) -> Composed:
        """Return the reply; who is handed over when nobody is there, is told so."""
        return Composed(text=self.said(saying.decision, saying.language, saying.at))

    def said(self, decision: Decision, language: str, at: datetime, *, answer: str = "") -> str:
        """Return the same at once: nothing of it has to be waited for.

        ``answer`` stands in the place of what would be quoted, where that is to be said in other words.
        """
        text = self._said(decision, language, answer)
        opens = self._hours.opens(at) if self._hours and decision.action is Action.HAND_OFF else None
        if opens is None:
            return text
        away = self._frame("away", language, when=told(opens, at, language))
        return f"{text}{'' if language == 'zh' else ' '}{away}"

    def _said(self, decision: Decision, language: str, answer: str) -> str:
        answers = [answer] if answer else [self._quoted(candidate, language) for candidate in decision.chosen]
        if decision.action is Action.ANSWER:
            return "\n\n".join(answers)
        if decision.action is Action.CLARIFY:
            offered = [candidate.question or candidate.answer for candidate in decision.chosen]
            if len(offered) == 1:
                return self._frame("clarify_one", language, question=offered[0])
            listed = "\n".join(f"{number}. {question}" for number, question in enumerate(offered, 1))
            return f"{self._frame('clarify', language)}\n{listed}"
        if decision.open_question:
            question = _LEADS_ON.sub("", decision.open_question.rstrip(_COMMAS)).rstrip(_COMMAS)
            return "\n\n".join([*answers, self._frame("partly_known", language, question=question)])
        return self._frame(_FRAMES.get(decision.reason, "hand_off"), language)

    def _quoted(self, candidate: Candidate, language: str) -> str:
        """Return the answer as it stands; of one in another language than that of the reply, this says so before it."""
        if candidate.language == language:
            return candidate.answer
        notice = self._frame("other_language", language, language=name_of(candidate.language, language))
        return f"{notice}\n{candidate.answer}"

    def _frame(self, frame: str, spoken: str, **values: str) -> str:
        texts = self._replies[frame]
        text = texts.get(spoken) or texts["en"]
        for key, value in values.items():
            text = text.replace(f"{{{key}}}", value)
        return text
