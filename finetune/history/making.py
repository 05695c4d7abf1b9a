"""All of it together: from the paths of logs to a folder with training data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from finetune.errors import DataError
from finetune.history.canonical import Answer, canonical_answers
from finetune.history.duplicates import merged
from finetune.history.leaks import refuse_leaks
from finetune.history.pairs import Left, Pair, pairs_of
from finetune.history.privacy import Privacy
from finetune.history.split import PARTS, Shares, split
from finetune.logs import Problems, iter_logs
from retrieval.disk import folder_beside
from retrieval.errors import KefuError

ANSWERS = "answers.jsonl"
#: What a folder of training data holds, and what may be replaced in it.
FILES = (*(f"{part}.jsonl" for part in PARTS), ANSWERS)

#: What an answer may hold that was the company's own: see ``keep`` of `make`.
_CONTACTS = ("<address>", "<email>", "<phone>", "<url>")

#: Hears what is done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


class FolderError(KefuError):
    """The training data is not written."""

    exit_code = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What was made of the logs."""

    conversations: int
    #: Pairs that were found, before near-duplicates were merged.
    found: int
    #: The pairs of each part.
    parts: Mapping[str, Sequence[Pair]]
    answers: Sequence[Answer]
    #: What became no pair, and why.
    left_out: Mapping[Left, int]
    #: How often personal data was replaced, by its kind.
    replaced: Mapping[str, int]
    #: What of the logs could not be read as it stands.
    problems: Problems

    @property
    def kept(self) -> int:
        """How many pairs there are in all parts."""
        return sum(map(len, self.parts.values()))

    @property
    def contacts(self) -> int:
        """How many answers have lost an address, a number or a link, which may be the company's own."""
        return sum(any(token in answer.text for token in _CONTACTS) for answer in self.answers)

    @property
    def duplicates(self) -> int:
        """How many pairs were merged into others."""
        return self.found - self.kept - self.left_out.get(Left.RARE, 0)


def _silent(step: str, done: int, total: int) -> None:
    pass


def make(
    logs: Sequence[Path],
    *,
    keep: Sequence[str] = (),
    min_count: int = 1,
    shares: Shares | None = None,
    progress: Progress = _silent,
) -> History:
    """Read ``logs`` and make pairs of them; raises `DataError`.

    ``keep`` is the company's own, which is no personal data: domains, telephone numbers, places. Pairs whose answer was
    given fewer than ``min_count`` times are left out.
    """
    privacy, left, problems = Privacy(keep=keep), Counter[Left](), Problems()
    found: list[Pair] = []
    conversations = 0
    for conversation in iter_logs(logs, problems, progress):
        conversations += 1
        found += pairs_of(conversation, privacy, left)
    if not found:
        raise DataError(_nothing(conversations, left, problems))
    progress("Putting answers together", 0, 0)
    of, answers = canonical_answers(pair.answer for pair in found)
    frequent = [replace(p, answer=of[p.answer].text) for p in found if of[p.answer].count >= min_count]
    left[Left.RARE] = len(found) - len(frequent)
    if not frequent:
        raise DataError(
            f"No answer was given {min_count} times; the most frequent one was given {answers[0].count} times. "
            "Lower --min-count."
        )
    progress("Merging questions", 0, 0)
    return History(
        conversations=conversations,
        found=len(found),
        parts=split(merged(frequent), shares or Shares()),
        answers=[answer for answer in answers if answer.count >= min_count],
        left_out={why: left[why] for why in Left if left[why]},
        replaced=dict(privacy.counts.most_common()),
        problems=problems,
    )


def refuse_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise `FolderError` where ``folder`` may not be written: there is something in it."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FolderError(f"{folder} is a file; name a folder.")
    inside = sorted(path.name for path in folder.iterdir())
    others = [name for name in inside if name not in FILES]
    if others:
        raise FolderError(f"{folder} holds other files ({', '.join(others[:3])}); name a folder of its own.")
    if inside and not overwrite:
        raise FolderError(f"{folder} holds training data; name another folder, or replace it with --overwrite.")


def write(history: History, folder: Path, *, overwrite: bool = False) -> None:
    """Write the parts and the answers to ``folder``, all of them or nothing; raises `FolderError`.

    Before anything is put in place, the parts are checked for leaks as anybody would check them.
    """
    refuse_folder(folder, overwrite=overwrite)
    try:
        with folder_beside(folder.absolute().parent, f".{folder.name}-new-") as work:
            new = work / "new"
            new.mkdir()
            for part, pairs in history.parts.items():
                _write(new / f"{part}.jsonl", (pair.row() for pair in pairs))
            _write(new / ANSWERS, (answer.row() for answer in history.answers))
            for later in PARTS[1:]:
                refuse_leaks(new / f"{PARTS[0]}.jsonl", new / f"{later}.jsonl")
            _swap(new, folder)
    except OSError as error:
        raise FolderError(f"{folder}: {error.strerror}. Nothing was changed.") from error


def _swap(new: Path, folder: Path) -> None:
    """Put ``new`` where ``folder`` is, in which nothing but earlier training data stands."""
    if not folder.exists():
        new.rename(folder)
        return
    with folder_beside(folder.absolute().parent, f".{folder.name}-old-") as old:
        folder.rename(old / folder.name)
        try:
            new.rename(folder)
        except BaseException:
            (old / folder.name).rename(folder)
            raise


def _write(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _nothing(conversations: int, left: Mapping[Left, int], problems: Problems) -> str:
    reasons = ", ".join(f"{count} {why}" for why, count in left.items() if count)
    return (
        f"No question with an answer in {conversations} conversations ({reasons or 'nothing was said in them'}). "
        "Expected customers who ask, and agents who answer them."
    ) + (f"\n{problems}" if problems.counts else "")
