"""The knowledge index as a folder: built beside the one in use, swapped in by one rename, refused when not whole.

``<folder>/<version>/`` holds ``passages.jsonl``, ``terms.jsonl``, ``units.npz``, ``vectors.faiss`` and
``manifest.json`` with the hash of each; ``<folder>/current`` names the version in use.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from retrieval import fusion
from retrieval.analysis import Analyzer
from retrieval.disk import changed, folder_beside, sha256
from retrieval.encoder import Encoder
from retrieval.errors import IndexBrokenError, IndexMissingError, SourceError
from retrieval.index import IndexData, KnowledgeIndex
from retrieval.types import Passage
from retrieval.vectors import Ids, VectorIndex

#: Raise it when the files change: an index of another format is refused, and built anew by `build_index`.
FORMAT = 2

#: Versions left on disk, the one in use included, so that a turn answered by an earlier one can be looked at again.
KEEP = 3

#: How the names of folders begin that are being written.
_BUILDING = "building-"

_FIELDS = tuple(field.name for field in fields(Passage))

#: How often a build tries to put its folder in place while others put the same version there.
_TRIES = 20

_FILES = ("passages.jsonl", "terms.jsonl", "units.npz", "vectors.faiss")


def build_index(
    folder: Path,
    passages: Sequence[Passage],
    encoder: Encoder,
    analyzer: Analyzer,
    *,
    keep: timedelta = timedelta(),
    progress: Callable[[int, int], None] | None = None,
) -> KnowledgeIndex:
    """Build the index of ``passages`` in ``folder`` and make it the current one; what did not change is taken over.

    Of the earlier ones `KEEP` are left, and all that were the current one within ``keep``. ``progress`` is told how
    many texts are encoded, of how many. Raises `SourceError` when there is nothing to index.
    """
    if not passages:
        raise SourceError(f"There is no entry to index for {folder}: give at least one.")
    passages = sorted(passages, key=lambda p: p.key)
    version = version_of(passages, encoder, analyzer)
    before = _reusable(folder, encoder, analyzer)
    if before is not None and before.version == version:
        return KnowledgeIndex(before, encoder, analyzer)
    data = _assemble(version, passages, encoder, analyzer, before, progress)
    _write(folder, data, encoder, analyzer, keep)
    return KnowledgeIndex(data, encoder, analyzer)


def open_index(folder: Path, encoder: Encoder, analyzer: Analyzer, *, version: str | None = None) -> KnowledgeIndex:
    """Open the current index of ``folder``, or another ``version`` that is kept.

    Raises `IndexMissingError` if there is none, `IndexBrokenError` if it is not whole, or was made by another version
    of kefu, with another encoder or another user dictionary.
    """
    return KnowledgeIndex(_read(folder, encoder, analyzer, version), encoder, analyzer)


def current_version(folder: Path) -> str | None:
    """Return the version in use in ``folder``, or None: a cheap look for a change by another process."""
    try:
        return (folder / "current").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _texts(passage: Passage) -> list[str]:
    """Return what stands for a passage on the dense side: each phrasing, and the answer with its question before it."""
    phrasings = [text for text in dict.fromkeys((passage.question, *passage.alternatives)) if text]
    return [*phrasings, f"{passage.question} {passage.answer}".strip()]


def _unit_ids(passage: Passage) -> list[int]:
    """Return ids that stay the same for as long as entry, language and text do: 63 bits of SHA-256."""
    return [
        int.from_bytes(hashlib.sha256("\0".join((*passage.key, text)).encode()).digest()[:8]) >> 1
        for text in _texts(passage)
    ]


def version_of(passages: Sequence[Passage], encoder: Encoder, analyzer: Analyzer) -> str:
    """Return the version that the index of ``passages`` has, in whatever order they come."""
    digest = hashlib.sha256(f"{FORMAT} {encoder.fingerprint} {analyzer.fingerprint}\n".encode())
    for passage in sorted(passages, key=lambda p: p.key):
        digest.update(_to_json(passage).encode())
    return digest.hexdigest()[:16]


def _assemble(
    version: str,
    passages: Sequence[Passage],
    encoder: Encoder,
    analyzer: Analyzer,
    before: IndexData | None,
    progress: Callable[[int, int], None] | None,
) -> IndexData:
    taken = {p: (t, r) for p, t, r in zip(before.passages, before.terms, before.reads, strict=True)} if before else {}
    rows = [taken.get(p) or _analysed(p, encoder, analyzer) for p in passages]
    # What the encoder cannot read it need not encode: its vector would only stand in the way of others.
    ids = [_unit_ids(p) if reads > fusion.ILLEGIBLE else [] for p, (_, reads) in zip(passages, rows, strict=True)]
    units: Ids = np.array([unit for row in ids for unit in row], dtype=np.int64)
    known = set(before.units.tolist()) if before else set()
    new = {
        unit: text
        for passage, row in zip(passages, ids, strict=True)
        for unit, text in zip(row, _texts(passage) if row else (), strict=True)
        if unit not in known
    }
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if progress:
            progress(done, len(new))

    added, vectors = np.array(list(new), dtype=np.int64), encoder.encode(list(new.values()), progress=count)
    if before is None:
        index = VectorIndex.build(added, vectors)
    else:
        gone = np.array(sorted(known - set(units.tolist())), dtype=np.int64)
        index = before.vectors.changed(remove=gone, add=added, vectors=vectors)
    return IndexData(
        version=version,
        passages=tuple(passages),
        terms=tuple(terms for terms, _ in rows),
        reads=np.array([reads for _, reads in rows], dtype=np.float32),
        units=units,
        starts=np.cumsum([0, *map(len, ids)]),
        vectors=index,
    )


def _analysed(passage: Passage, encoder: Encoder, analyzer: Analyzer) -> tuple[list[str], float]:
    text = "\n".join((passage.question, *passage.alternatives, passage.answer))
    return analyzer.terms(text), float(fusion.readable(encoder.unknown_share(f"{passage.question} {passage.answer}")))


def _to_json(passage: Passage) -> str:
    # Every start writes each passage this way to know the version; `dataclasses.asdict` would take three times as long.
    values = {name: getattr(passage, name) for name in _FIELDS}
    return json.dumps(values, ensure_ascii=False, default=date.isoformat)


def _from_json(line: str) -> Passage:
    values: dict[str, Any] = json.loads(line)
    for name in ("valid_from", "valid_until"):
        values[name] = date.fromisoformat(values[name]) if values[name] else None
    for name in ("alternatives", "tags"):
        values[name] = tuple(values[name])
    return Passage(**{name: values[name] for name in _FIELDS})


def _write(folder: Path, data: IndexData, encoder: Encoder, analyzer: Analyzer, keep: timedelta) -> None:
    with folder_beside(folder, _BUILDING) as work:
        (work / "passages.jsonl").write_text("".join(_to_json(p) + "\n" for p in data.passages), "utf-8")
        (work / "terms.jsonl").write_text(
            "".join(json.dumps(t, ensure_ascii=False) + "\n" for t in data.terms), "utf-8"
        )
        np.savez(work / "units.npz", units=data.units, starts=data.starts, reads=data.reads)
        data.vectors.write(work / "vectors.faiss")
        manifest = {
            "format": FORMAT,
            "version": data.version,
            "encoder": encoder.fingerprint,
            "analysis": analyzer.fingerprint,
            "passages": len(data.passages),
            "recall": data.vectors.recall,
            "sha256": {name: sha256(work / name) for name in _FILES},
        }
        (work / "manifest.json").write_text(json.dumps(manifest, indent=2), "utf-8")
        _put_in_place(work, folder / data.version)
        if before := current_version(folder):
            with suppress(OSError, ValueError):  # from now on it is an earlier one
                os.utime(folder / Path(before).name)
        pointer = folder / f"current.{os.getpid()}"
        pointer.write_text(data.version + "\n", "utf-8")
        os.replace(pointer, folder / "current")
    _prune(folder, data.version, keep)


def _put_in_place(work: Path, target: Path) -> None:
    """Rename ``work`` to ``target``; what stands there was left by an earlier build, or by one that runs now."""
    for _ in range(_TRIES):
        shutil.rmtree(target, ignore_errors=True)
        try:
            os.replace(work, target)
            return
        except OSError as error:  # another process put the same version there in between
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    raise IndexBrokenError(f"{target} is being written by several processes at once.")


def _prune(folder: Path, current: str, keep: timedelta) -> None:
    # What another process is writing is no version yet.
    versions = [path.parent for path in folder.glob("*/manifest.json") if not path.parent.name.startswith(_BUILDING)]
    replaced = {path: path.stat().st_mtime for path in versions if path.name != current}
    newest = sorted(replaced, key=replaced.__getitem__, reverse=True)
    for path in newest[KEEP - 1 :]:
        if time.time() - replaced[path] > keep.total_seconds():
            shutil.rmtree(path, ignore_errors=True)


def _reusable(folder: Path, encoder: Encoder, analyzer: Analyzer) -> IndexData | None:
    try:
        return _read(folder, encoder, analyzer)
    except (IndexMissingError, IndexBrokenError):
        return None


def _read(folder: Path, encoder: Encoder, analyzer: Analyzer, version: str | None = None) -> IndexData:
    version = version or current_version(folder)
    if not version:
        raise IndexMissingError(f"Looked in: {folder}")
    here = folder / Path(version).name
    try:
        manifest = json.loads((here / "manifest.json").read_text("utf-8"))
        if manifest["format"] != FORMAT:
            raise IndexBrokenError(f"{here} was written by another version of kefu (format {manifest['format']}).")
        if (manifest["encoder"], manifest["analysis"]) != (encoder.fingerprint, analyzer.fingerprint):
            raise IndexBrokenError(f"{here} was built with another encoder or user dictionary than the settings name.")
        if wrong := changed(here, manifest["sha256"]):
            raise IndexBrokenError(f"{wrong} is missing, damaged or was changed.")
        with np.load(here / "units.npz", allow_pickle=False) as arrays:
            units, starts, reads = arrays["units"], arrays["starts"], arrays["reads"]
        return IndexData(
            version=version,
            passages=tuple(map(_from_json, (here / "passages.jsonl").read_text("utf-8").split("\n")[:-1])),
            terms=tuple(map(json.loads, (here / "terms.jsonl").read_text("utf-8").split("\n")[:-1])),
            reads=reads,
            units=units,
            starts=starts,
            vectors=VectorIndex.read(here / "vectors.faiss", manifest["recall"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise IndexBrokenError(f"{here} is not whole ({type(error).__name__}: {error}).") from error
