"""The index as a folder: what changed is built, what is broken is refused, what is in use stays in use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from retrieval import build as module
from retrieval.analysis import Analyzer
from retrieval.build import KEEP, build_index, current_version, open_index
from retrieval.encoder import Encoder
from retrieval.errors import IndexBrokenError, IndexMissingError, SourceError
from retrieval.index import KnowledgeIndex
from retrieval.types import Passage, Query
from retrieval.vectors import VectorIndex


@dataclass
class Builder:
    """Builds in one folder and counts the texts encoded by the last build."""

    folder: Path
    encoder: Encoder
    analyzer: Analyzer
    encoded: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, passages: Sequence[Passage]) -> KnowledgeIndex:
        self.encoded.clear()
        return build_index(
            self.folder, passages, self.encoder, self.analyzer, progress=lambda *told: self.encoded.append(told)
        )

    def open(self) -> KnowledgeIndex:
        return open_index(self.folder, self.encoder, self.analyzer)

    @property
    def current(self) -> Path:
        return self.folder / (current_version(self.folder) or "none")

    @property
    def count(self) -> int:
        """How many texts were encoded; what progress was told must agree with it."""
        assert self.encoded == [(done, len(self.encoded)) for done in range(1, len(self.encoded) + 1)]
        return len(self.encoded)


@pytest.fixture
def builder(tmp_path: Path, encoder: Encoder, analyzer: Analyzer) -> Builder:
    return Builder(tmp_path / "state" / "index", encoder, analyzer)


@pytest.fixture
def built(builder: Builder, knowledge: tuple[Passage, ...]) -> Builder:
    builder(knowledge)
    return builder


def found(index: KnowledgeIndex, text: str = "where is my parcel?") -> list[tuple[str, float]]:
    (hits,) = index.search([Query(text=text)], 20, day=date(2025, 6, 15))
    return [(hit.passage.id, hit.score) for hit in hits]


def leftovers(builder: Builder) -> set[str]:
    return {path.name for path in builder.folder.iterdir()} - {"current", builder.current.name}


def test_an_index_opened_finds_what_it_found_when_built(builder: Builder, knowledge: tuple[Passage, ...]) -> None:
    index = builder(knowledge)
    opened = builder.open()
    assert opened.data.passages == index.data.passages
    assert set(opened.data.passages) == set(knowledge)
    assert opened.version == index.version == current_version(builder.folder)
    for text in ("where is my parcel?", "退款", "lamp warranty"):
        assert found(opened, text) == found(index, text) != []
    assert leftovers(builder) == set()


def test_progress_counts_every_text_once(builder: Builder, knowledge: tuple[Passage, ...]) -> None:
    index = builder(knowledge)
    assert builder.count == len(index.data.units) > len(knowledge)


def test_building_again_encodes_nothing_and_keeps_the_version(built: Builder, knowledge: tuple[Passage, ...]) -> None:
    version, written = current_version(built.folder), (built.current / "manifest.json").stat().st_mtime_ns
    assert built(knowledge[::-1]).version == version
    assert built.count == 0
    assert (built.current / "manifest.json").stat().st_mtime_ns == written


def test_only_texts_that_changed_are_encoded(built: Builder, knowledge: tuple[Passage, ...]) -> None:
    first, *others = knowledge
    versions = {built.open().version}

    def rebuild(passages: Sequence[Passage], encoded: int) -> None:
        index = built(passages)
        assert built.count == encoded
        assert index.version not in versions
        versions.add(index.version)
        assert built.open().data.passages == index.data.passages
        assert len(index.data.vectors) == len(set(index.data.units.tolist()))

    rebuild([replace(first, answer="Look at the tracking page."), *others], 1)
    rebuild([replace(first, question="How can I track it?"), *others], 2)
    rebuild([replace(first, alternatives=(*first.alternatives, "parcel status")), *others], 2 + 1)
    rebuild([replace(first, valid_until=date(2030, 1, 1), tags=("new",), line=7), *others], 0)
    rebuild(others, 0)
    rebuild([*others, Passage(id="new", language="en", question="Do you ship abroad?", answer="Yes.")], 2)


def test_an_index_changed_step_by_step_finds_what_one_built_at_once_finds(
    built: Builder, knowledge: tuple[Passage, ...], tmp_path: Path
) -> None:
    target = [replace(knowledge[0], answer="Look at the tracking page."), *knowledge[3:]]
    built([*knowledge, Passage(id="new", language="en", question="Do you ship abroad?", answer="Yes.")])
    changed = built(target)
    fresh = build_index(tmp_path / "fresh", target, built.encoder, built.analyzer)
    assert changed.version == fresh.version
    for text in ("where is my parcel?", "ship abroad", "退款"):
        assert found(changed, text) == found(fresh, text)


def test_a_change_leaves_the_index_in_use_as_it_was(built: Builder, knowledge: tuple[Passage, ...]) -> None:
    index = built.open()
    before = found(index)
    built(knowledge[4:])
    assert found(index) == before
    assert "track" not in dict(found(built.open()))


def test_texts_come_back_as_they_were(builder: Builder) -> None:
    odd = 'line\u2028separator\u2029, new\nline, \r\n, \x85, \x1e, tab\t, quote" and \\, 😀 𠮷 \x00'
    passage = Passage(
        id="odd\u2028id",
        language="en",
        question=odd,
        answer=f"answer {odd}",
        alternatives=(f"first {odd}", "second"),
        tags=("a\u2028b",),
        url="https://shop.example/\u2028",
        valid_from=date(2020, 2, 29),
        valid_until=date(2030, 12, 31),
        source="faq\u2028.md",
        line=3,
    )
    builder([passage, replace(passage, id="other")])
    assert builder.open().data.passages == (passage, replace(passage, id="other"))


@pytest.mark.parametrize("repeated", [("Q?",), ("Q? A.",), ("same", "same")])
def test_a_phrasing_said_twice_is_kept_once(builder: Builder, repeated: tuple[str, ...]) -> None:
    builder([Passage(id="a", language="en", question="Q?", answer="A.", alternatives=repeated)])
    assert found(builder.open(), "Q?")[0][0] == "a"
    builder([Passage(id="a", language="en", question="Q?", answer="A.")])
    assert len(builder.open().data.vectors) == 2


def test_a_section_without_a_question_is_indexed(builder: Builder) -> None:
    builder([Passage(id="doc", language="en", question="", answer="Parcels leave the warehouse at noon.")])
    assert builder.count == 1
    assert dict(found(builder.open(), "when do parcels leave"))["doc"] > 0


def test_nothing_to_index_is_refused_and_leaves_what_is_there(built: Builder) -> None:
    version = current_version(built.folder)
    with pytest.raises(SourceError, match=f"no entry to index for {built.folder}"):
        built([])
    assert built.open().version == version


def test_a_few_earlier_versions_are_left(builder: Builder, knowledge: tuple[Passage, ...]) -> None:
    for count in range(1, KEEP + 3):
        builder(knowledge[:count])
    assert len(leftovers(builder)) == KEEP - 1
    assert len(builder.open().data.passages) == KEEP + 2


def test_going_back_to_an_earlier_knowledge_is_its_version_again(
    built: Builder, knowledge: tuple[Passage, ...]
) -> None:
    version, before = current_version(built.folder), found(built.open())
    built(knowledge[:3])
    built(knowledge)
    assert current_version(built.folder) == version
    assert found(built.open()) == before


# A build that does not come to its end.


def test_a_build_that_fails_leaves_the_current_one_in_use(
    built: Builder, knowledge: tuple[Passage, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    version, before = current_version(built.folder), found(built.open())

    def full(self: VectorIndex, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(VectorIndex, "write", full)
        with pytest.raises(OSError, match="No space"):
            built(knowledge[:4])
    assert current_version(built.folder) == version
    assert found(built.open()) == before
    assert leftovers(built) == set()
    assert len(built(knowledge[:4]).data.passages) == 4


def test_a_build_killed_before_the_swap_leaves_the_current_one_in_use(
    built: Builder, knowledge: tuple[Passage, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    version, before = current_version(built.folder), found(built.open())
    half = built.folder / "building-killed"
    half.mkdir()
    (half / "passages.jsonl").write_text('{"id": "half')

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            built(knowledge[:4])
    assert current_version(built.folder) == version
    assert found(built.open()) == before
    assert len(built(knowledge[:4]).data.passages) == 4


def test_what_killed_builds_left_is_removed_and_what_others_write_is_not(
    built: Builder, knowledge: tuple[Passage, ...]
) -> None:
    killed, others = (
        [built.folder / f"building-{name}{n}.unfinished" for n in range(KEEP + 1)] for name in ("a" * 7, "b" * 7)
    )
    for folder in (*killed, *others):
        folder.mkdir()
        (folder / "manifest.json").write_text("{}")
    for folder in killed:
        os.utime(folder, (0, 0))
    built(knowledge[:4])
    assert not any(folder.exists() for folder in killed)
    assert all(folder.exists() for folder in others)


def test_a_version_written_in_full_but_never_named_is_built_over(
    built: Builder, knowledge: tuple[Passage, ...]
) -> None:
    wanted = built(knowledge[:4]).version
    built(knowledge)
    (built.folder / wanted / "passages.jsonl").write_text("damaged")
    assert built(knowledge[:4]).version == wanted
    assert len(built.open().data.passages) == 4


# What is not usable.


def test_no_index_says_how_to_build_one(builder: Builder, tmp_path: Path) -> None:
    for folder in (builder.folder, tmp_path):
        with pytest.raises(IndexMissingError, match="kefu ingest") as told:
            open_index(folder, builder.encoder, builder.analyzer)
        assert str(folder) in str(told.value)
        assert current_version(folder) is None


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_without_a_readable_current_there_is_no_index(
    built: Builder, knowledge: tuple[Passage, ...], content: bytes | None
) -> None:
    pointer = built.folder / "current"
    pointer.unlink() if content is None else pointer.write_bytes(content)
    with pytest.raises(IndexMissingError, match="kefu ingest"):
        built.open()
    built(knowledge)
    assert len(built.open().data.passages) == len(knowledge)


def lose(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def damage(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content)


def flip(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return change


def manifest(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")

    return change


FILES = ("passages.jsonl", "terms.jsonl", "units.npz", "vectors.faiss")
HARM = {
    **{f"lost {name}": lose(name) for name in (*FILES, "manifest.json")},
    **{f"cut {name}": damage(name, b"") for name in (*FILES, "manifest.json")},
    **{f"flipped {name}": flip(name) for name in FILES},
    "manifest of something else": damage("manifest.json", b"[1, 2]"),
    "manifest without keys": damage("manifest.json", b'{"format": 1}'),
    "foreign format": manifest(format=999),
    "other encoder": manifest(encoder="other"),
    "other dictionary": manifest(analysis="other"),
    "points nowhere": lambda folder: folder.rename(folder.parent / "elsewhere"),
    "points outside": lambda folder: (folder.parent / "current").write_text("../../outside"),
    "points at nonsense": lambda folder: (folder.parent / "current").write_text("a\0b"),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_a_broken_index_is_refused_and_built_anew(
    built: Builder, knowledge: tuple[Passage, ...], harm: Callable[[Path], None]
) -> None:
    before = found(built.open())
    harm(built.current)
    with pytest.raises(IndexBrokenError, match="kefu ingest") as told:
        built.open()
    assert str(built.folder) in str(told.value)
    built(knowledge)
    assert built.count > 0
    assert found(built.open()) == before


def test_an_index_of_another_user_dictionary_is_refused_and_built_anew(
    built: Builder, knowledge: tuple[Passage, ...], tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("台灯\n", "utf-8")
    other = replace(built, analyzer=Analyzer(user_dictionary=tmp_path / "words.txt"))
    with pytest.raises(IndexBrokenError, match="user dictionary"):
        other.open()
    assert other(knowledge).version != built.current.name or current_version(other.folder) == other.open().version
    assert dict(found(other.open(), "台灯保修"))["warranty"] > 0


def test_an_index_never_loads_a_pickle(built: Builder) -> None:
    path = built.current / "units.npz"
    np.savez(path, units=np.array([{"a": 1}], dtype=object), starts=np.array([0]), reads=np.array([1.0]))
    digest = module.sha256(path)
    hashes = json.loads((built.current / "manifest.json").read_text("utf-8"))["sha256"] | {"units.npz": digest}
    manifest(sha256=hashes)(built.current)
    with pytest.raises(IndexBrokenError, match="allow_pickle"):
        built.open()
