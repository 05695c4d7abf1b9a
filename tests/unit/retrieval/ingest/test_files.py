"""Which files are read, in which encodings, and what no file can do to the reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.errors import SourceError
from retrieval.ingest import SUFFIXES, read_sources, source_files
from retrieval.ingest.cut import cut
from retrieval.ingest.sources import _READERS

CHINESE = "id,question,answer\na,可以退货吗？,可以，请先登记。\n"
FRENCH = "id,question,answer\na,Où êtes-vous ?,À Genève – près du café.\n"
OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def names(*paths: Path) -> list[str]:
    return [path.name for path in source_files(paths)]


def test_hidden_ignored_foreign_and_outside_files_are_left_out(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside.md", tmp_path / "faq"
    for name in "b.md a.TXT image.png .hidden.md ~$b.xlsx drafts/c.md .git/d.md sub/e.md old.md".split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    outside.write_text("x")
    (folder / "link.md").symlink_to(outside)
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / ".kefuignore").write_text("drafts/\n*.md\n!b.md\n!sub/*.md\n")
    assert names(folder) == ["a.TXT", "b.md", "e.md"]
    assert names(folder, folder / "sub", folder / "old.md") == ["a.TXT", "b.md", "e.md", "old.md"]


def test_a_link_within_the_folder_is_followed_as_config_maps_need_it(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "faq.md").write_text("# A\nb")
    (tmp_path / "faq.md").symlink_to(tmp_path / "..data" / "faq.md")
    assert names(tmp_path) == ["faq.md"]


@pytest.mark.parametrize("name", ["missing", "missing.md", "photo.png", "empty"])
def test_a_path_without_knowledge_says_what_was_looked_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "photo.png").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=rf"(?s){name}.*\.xlsx"):
        read_sources([tmp_path / name])


def test_every_suffix_has_a_reader() -> None:
    assert set(SUFFIXES) == set(_READERS)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(CHINESE, e) for e in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gb2312")]
    + [(FRENCH, e) for e in ("utf-8", "utf-16-le", "utf-16-be", "cp1252")],
)
def test_usual_encodings_are_recognised(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    (tmp_path / "b.csv").write_text(text, encoding="utf-8")
    first, second = (read_sources([tmp_path / name]) for name in ("a.csv", "b.csv"))
    assert not first.problems
    assert (first.passages[0].question, first.passages[0].answer) == (
        second.passages[0].question,
        second.passages[0].answer,
    )


@pytest.mark.parametrize(
    "data",
    [
        CHINESE.encode("big5", "ignore"),
        "Сколько стоит доставка?".encode("cp1251"),
        "送料はかかりますか".encode("shift_jis"),
        CHINESE.encode()[:-3] + b"\xff\n",
        b"question,answer\na\0b,c\n",
        bytes(range(256)),
    ],
)
def test_other_bytes_are_a_problem_that_tells_the_offset(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    found = read_sources([tmp_path])
    assert not found.passages
    assert "byte offset" in found.problems[0].found
    assert "UTF-8" in found.problems[0].expected


def test_a_file_too_large_is_a_problem(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("wb") as stream:
        stream.truncate(9 * 1024 * 1024)
    assert "at most 8 MB" in str(read_sources([tmp_path]).problems[0])


@OFTEN
@given(rows=st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1, max_size=8), data=st.data())
def test_derived_ids_do_not_depend_on_the_order_of_the_rows(
    tmp_path: Path, rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    import json

    def ids(order: list[tuple[str, str]]) -> set[str]:
        lines = [json.dumps({"question": f"q{question}", "answer": f"a{answer}"}) for question, answer in order]
        (tmp_path / "a.jsonl").write_text("\n".join(lines))
        return {passage.id for passage in read_sources([tmp_path]).passages}

    assert ids(rows) == ids(data.draw(st.permutations(rows)))


@OFTEN
@given(text=st.text(st.sampled_from("ab.?! \n，。；”x"), min_size=1), limit=st.integers(1, 20))
def test_no_cut_loses_or_breaks_a_word(text: str, limit: int) -> None:
    parts = cut(text, limit)
    assert "".join("".join(parts).split()) == "".join(text.split())
    spaced = text.translate({ord(char): " " for char in "，。；”"})
    joined = " ".join(parts).translate({ord(char): " " for char in "，。；”"})
    assert joined.split() == spaced.split()


@OFTEN
@given(data=st.binary() | st.text().map(str.encode), suffix=st.sampled_from(SUFFIXES))
def test_no_bytes_make_reading_fail(tmp_path: Path, data: bytes, suffix: str) -> None:
    file = tmp_path / f"any{suffix}"
    file.write_bytes(data)
    assert read_sources([file]).files == (file,)


MARKUP = st.sampled_from([*"<>/!-#[]{}|&*:\"' \n\tah1。", "<h2>", "<dl><dt>", "<dd>", "<!--", "-->", "<details>"])


@OFTEN
@given(text=st.lists(MARKUP).map("".join))
def test_no_markup_makes_reading_fail(tmp_path: Path, text: str) -> None:
    for suffix in (".md", ".html", ".yaml", ".csv"):
        (tmp_path / f"any{suffix}").write_text(text)
    read_sources([tmp_path])
