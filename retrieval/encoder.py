"""Texts to vectors: an exported encoder served by onnxruntime and tokenizers, without torch.

Every text runs through the model alone, on one core, and many texts run on all cores side by side. Merging texts into
one padded batch would be no faster here (benchmarks/quantisation.py), and worse in one respect: int8 activations share
one scale per call, so the vector of a question would depend on who asks at the same moment.
"""

from __future__ import annotations

import json
import os
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from retrieval.errors import EncoderError
from retrieval.text import detect_language, is_han, levelled

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# From version 1.29 on, official builds of onnxruntime report to their makers and keep an identifier of the device,
# unless told not to before they are loaded (https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md).
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

Vectors = npt.NDArray[np.float32]

#: Vectors kept for texts seen before: customers repeat each other, and a watcher re-reads unchanged entries.
CACHE_SIZE = 2048

#: Texts given to the threads at a time, for each of them: whoever asks while a whole knowledge is encoded waits for
#: these, and not for all.
SLICE = 16

#: Characters read for each token that an encoder takes, by language: what stands beyond them it would not see, and a
#: row of thousands of characters without a blank takes its tokenizer seconds.
_PER_TOKEN = {"zh": 5, "en": 10}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pieces:
    """A text as tokens, and where those stand that stand for something in it."""

    ids: list[int]
    #: Places in ``ids``: all but the special tokens, and those of blanks alone.
    kept: list[int]
    #: Of each of them: where it begins and ends in the text, in characters, the end excluded; it holds no blank there.
    spans: list[tuple[int, int]]
    #: Of each of them: the number of its word. Words are what the tokenizer cuts a text into before it cuts words.
    words: list[int]

    def by_word(self) -> Pieces:
        """Return the first piece of each word alone, with the place of the whole word."""
        first = [i for i, word in enumerate(self.words) if not i or word != self.words[i - 1]]
        spans = [(self.spans[i][0], self.spans[j - 1][1]) for i, j in pairwise([*first, len(self.words)])]
        kept, words = [self.kept[i] for i in first], [self.words[i] for i in first]
        return Pieces(ids=self.ids, kept=kept, spans=spans, words=words)


class Encoder:
    """A sentence encoder: the same text gives the same unit vector, from any thread."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        """Load what `retrieval.export` wrote to ``folder``.

        ``threads`` bounds how many texts run at the same time (0: as many as this process may use cores).
        Raises `EncoderError` when the folder is not whole.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        try:
            about = json.loads((folder / "encoder.json").read_text("utf-8"))
            self.fingerprint: str = about["fingerprint"]
            #: Numbers of a vector.
            self.dimensions: int = about["dimensions"]
            self._prompts: dict[str, str] = about["prompts"]
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            options.inter_op_num_threads = 1
            session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._max_tokens: int = about["max_tokens"]
            tokenizer.enable_truncation(self._max_tokens)
            self._unknown: int | None = tokenizer.token_to_id(about["unknown_token"])
        except Exception as error:  # each of the three libraries raises its own kind
            raise EncoderError(
                f"{folder} does not hold a whole exported encoder ({error}). Delete it to export again."
            ) from error
        #: Numbers of the features of a text: more than of its vector where the encoder gives a middle layer too.
        self.width: int = session.get_outputs()[0].shape[-1]
        self._session = session
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self.threads = threads or available_cores()
        self._slice = SLICE * self.threads
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="encode")
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def encode(
        self, texts: Sequence[str], *, kind: str = "passage", progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Return the unit vectors of ``texts``, shape (len(texts), dimensions).

        ``kind`` is "query" or "passage", for encoders that were trained with a prefix for each;
        ``progress`` is told how many texts were done since it was last called.
        """
        return self._encoded(texts, kind, self.dimensions, progress)

    def _encoded(
        self, texts: Sequence[str], kind: str, width: int, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        prefix = self._prompts.get(kind, "")
        out = np.empty((len(texts), width), dtype=np.float32)
        # A single text, as of most questions, is not worth a change of thread.
        run = map if len(texts) == 1 else self._pool.map
        for start in range(0, len(texts), self._slice):
            some = [prefix + levelled(self._begin(text)) for text in texts[start : start + self._slice]]
            encoded = [e.ids for e in self._tokenizer.encode_batch_fast(some)]
            for row, vector in enumerate(run(self._run, encoded), start):
                out[row] = vector[:width]
                if progress:
                    progress(1)
        return out

    def states(self, texts: Sequence[str], *, by_word: bool = False) -> Iterator[tuple[Pieces, Vectors]]:
        """Yield the pieces of each text, or its words, and a unit vector for each that is kept, (pieces, dimensions).

        For an encoder that was exported to give the states of tokens. A text has no prefix here, and what is beyond
        its ``max_tokens`` has no pieces.
        """
        run = map if len(texts) == 1 else self._pool.map
        for start in range(0, len(texts), self._slice):
            cut = cut_into_pieces(self._tokenizer, [*map(self._begin, texts[start : start + self._slice])])
            for pieces, states in zip(cut, run(self._run, [some.ids for some in cut]), strict=True):
                kept = pieces.by_word() if by_word else pieces
                yield kept, states[kept.kept]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of questions; those asked lately come from a small cache."""
        return self.features(texts)[:, : self.dimensions]

    def features(self, texts: Sequence[str]) -> Vectors:
        """Return what a classifier reads of questions, (len(texts), width): the vector, and one of a middle layer.

        Both are of unit length; `retrieval.pooling.features` says why there are two. An encoder that was exported for
        its vectors alone gives these.
        """
        if len(texts) > CACHE_SIZE:  # as training asks: they would push out what customers repeat
            return self._encoded(texts, "query", self.width)
        with self._lock:
            known = {text: self._cache[text] for text in texts if text in self._cache}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known.update(zip(missing, self._encoded(missing, "query", self.width), strict=True))
        with self._lock:
            for text, vector in known.items():
                self._cache[text] = vector
                self._cache.move_to_end(text)
            while len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return np.stack([known[text] for text in texts]) if texts else np.empty((0, self.width), np.float32)

    def unknown_share(self, text: str) -> float:
        """Return the share of the tokens of ``text`` that the vocabulary lacks: 1.0 is a text it cannot read."""
        ids = self._tokenizer.encode(levelled(self._begin(text)), add_special_tokens=False).ids
        return sum(i == self._unknown for i in ids) / len(ids) if ids else 1.0

    def _begin(self, text: str) -> str:
        """Return as much of ``text`` as may be read."""
        return text[: self._max_tokens * _PER_TOKEN[detect_language(text)]]

    def _run(self, ids: list[int]) -> Vectors:
        tokens = np.array([ids], dtype=np.int64)
        vector: Vectors = self._session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})[0][0]
        return vector


def cut_into_pieces(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Pieces]:
    """Return the pieces of ``texts``, with their places in these very texts, whatever the tokenizer normalises."""
    encoded = tokenizer.encode_batch([levelled(text) for text in texts])
    return [
        _pieces(text, e.ids, e.offsets, [-1 if word is None else word for word in e.word_ids])
        for text, e in zip(texts, encoded, strict=True)
    ]


def _pieces(text: str, ids: list[int], offsets: list[tuple[int, int]], words: list[int]) -> Pieces:
    """Return pieces without the blanks around them, but with the marks that belong to their last character."""
    kept, spans = [], []
    for place, (start, end) in enumerate(offsets):
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        while start < end < len(text) and unicodedata.category(text[end]) in ("Mn", "Me"):
            end += 1  # a normaliser that strips accents does not count them to any piece
        if start < end and words[place] >= 0:
            kept.append(place)
            spans.append((start, end))
    return Pieces(ids=ids, kept=kept, spans=spans, words=_numbered(text, spans, [words[place] for place in kept]))


def _numbered(text: str, spans: list[tuple[int, int]], words: list[int]) -> list[int]:
    """Return the number of the word of each piece.

    A tokenizer that knows Chinese words takes a stretch of Chinese for one word, of which each piece is one.
    """
    begins = [
        not i or word != words[i - 1] or is_han(text[start])
        for i, (word, (start, _)) in enumerate(zip(words, spans, strict=True))
    ]
    return list(accumulate(begins))


def available_cores() -> int:
    """Return how many cores this process may use, which in a container is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
