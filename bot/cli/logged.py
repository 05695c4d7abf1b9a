"""Exported logs as the dialogues that are replayed, and what was wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.common import read_lines, warn
from bot.errors import UsageError
from bot.evaluation.dialogues import Dialogue, Truth
from bot.types import Action, Citation, Speaker, Turn

if TYPE_CHECKING:
    from finetune.logs import Conversation, Problems, Utterance


def dialogues(
    paths: Sequence[Path],
    problems: Problems,
    *,
    otherwise: datetime,
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[Dialogue]:
    """Yield the dialogues of exported logs one by one, as `finetune.logs.iter_logs` reads them.

    What is wrong in the logs is told to ``problems``; raises `finetune.errors.DataError` for a file of which nothing
    can be read. ``otherwise`` is the time of dialogues that tell none. ``progress`` hears how far it has come.
    """
    from finetune.logs import iter_logs

    for conversation in iter_logs(paths, problems, progress):
        yield dialogue_of(conversation, otherwise)


def dialogue_of(conversation: Conversation, otherwise: datetime) -> Dialogue:
    """Return a logged conversation as a dialogue, in which time never runs backwards.

    A turn without a time was said with the one before it, or with the first that has one.
    """
    at = next((said.at for said in conversation.utterances if said.at), otherwise)
    turns: list[Turn] = []
    labels: dict[int, Truth] = {}
    for place, said in enumerate(conversation.utterances):
        at = max(at, said.at or at)
        turns.append(_turn(said, place, at))
        if said.labelled:
            labels[place] = Truth.of_label(said.answers, said.accept, said.action)
    return Dialogue(
        id=conversation.id,
        channel=conversation.channel,
        turns=tuple(turns),
        labels=labels,
        outcome=conversation.outcome,
    )


def _turn(said: Utterance, place: int, at: datetime) -> Turn:
    speaker = Speaker(said.speaker.value)
    if speaker is Speaker.CUSTOMER:  # what stands beside a message is its label, and nothing the customer did
        return Turn(speaker=speaker, text=said.text, at=at, id=str(place))
    return Turn(
        speaker=speaker,
        text=said.text,
        at=at,
        id=str(place),
        action=_done(said) if speaker is Speaker.AGENT else Action(said.action) if said.action else None,
        citations=tuple(Citation(id=entry, question="", source="") for entry in said.answers),
    )


def _done(said: Utterance) -> Action:
    """Return what a person did: by their words where the log does not say it, as most exports do not."""
    from finetune.history.talk import asks, hands_over, is_answer, puts_off, sentences

    if said.action or said.answers:
        return Action(said.action or Action.ANSWER)
    if hands_over(said.text):
        return Action.HAND_OFF
    if is_answer(said.text):
        return Action.ANSWER
    # Who puts off, as who asks back, does later what is to be done.
    later = any(asks(part) or puts_off(part) for part in sentences(said.text))
    return Action.CLARIFY if later else Action.SMALL_TALK


def labelled(files: Sequence[Path], at: datetime) -> Iterator[Dialogue]:
    """Yield a dialogue for each labelled message, asked ``at`` a time; raises `UsageError` that names the line."""
    from bot.evaluation.labelled import LabelledTurn
    from finetune.logs.reading import labels

    seen: set[str] = set()
    for path, label in labels(files).items():
        for number, row in read_lines(path):
            id_ = str(row.get("id", f"{label}:{number}"))
            if id_ in seen:
                raise UsageError(f'{path}:{number}: field "id": {id_!r} was there before; expected each once.')
            seen.add(id_)
            try:
                yield LabelledTurn.of(row).dialogue(id_, str(row.get("channel") or ""), at)
            except ValueError as error:
                raise UsageError(f"{path}:{number}: {error}.") from error


def warn_of(problems: Problems) -> None:
    """Tell on the standard error what was wrong in the logs."""
    if problems.counts:
        warn(str(problems))
