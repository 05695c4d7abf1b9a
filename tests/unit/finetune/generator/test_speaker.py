"""A trained generator writes one answer as it comes; of several on one model each writes its own."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from finetune.artefact import Artefact, open_artefact
from finetune.errors import ArtefactError, BackboneError
from finetune.generator.generator import open_generator
from finetune.generator.speaker import Speaker, Speakers
from tests.unit.copying import FIRST, SECOND, WHOLE, Copying, asking

LANGUAGES = ("en", "zh")


def artefact(copying: Copying, version: str) -> Artefact:
    return open_artefact(copying.models / "generator" / version)


def written(speaker: Speaker, language: str, **more: Any) -> list[str]:
    pieces: list[str] = []
    assert speaker.write(asking(language), pieces.append, most=60, **more)
    return pieces


def said(speaker: Speaker) -> dict[str, str]:
    return {language: "".join(written(speaker, language)) for language in LANGUAGES}


@pytest.fixture
def speaker(copying: Copying) -> Speaker:
    return Speakers(str(copying.backbone)).plain()


@pytest.fixture
def read(speaker: Speaker) -> Iterator[list[int]]:
    """How many tokens the model read each time."""
    counts: list[int] = []
    model = speaker._backbone.language.model.model
    hook = model.register_forward_pre_hook(
        lambda _, args, kwargs: counts.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    yield counts
    hook.remove()


def test_it_comes_in_pieces_and_is_what_the_generator_writes(copying: Copying) -> None:
    whole = artefact(copying, copying.whole)
    speaker = Speakers().of(whole)
    assert said(speaker) == WHOLE
    assert len(written(speaker, "en")) > 4
    asked = [asking(language) for language in LANGUAGES]
    assert open_generator(whole).write(asked, 60) == [*WHOLE.values()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_prompts_begin_with_is_computed_once_and_the_text_is_the_same(
    speaker: Speaker, read: list[int], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [written(speaker, language) for _ in range(3)]
    whole = len(speaker._template.ids(speaker._template.asked(asking(language))))
    prompts = [count for count in read if count > 1]
    assert prompts[0] + prompts[1] == whole  # what it begins with, and the rest
    assert prompts[1:] == [prompts[1]] * 3
    assert prompts[0] > whole / 3
    monkeypatch.setattr(Speaker, "_computed", lambda *_: {})
    read.clear()
    assert written(speaker, language) == texts[0] == texts[1] == texts[2]
    assert read[0] == whole


def test_each_language_begins_with_its_own(speaker: Speaker) -> None:
    assert [said(speaker) for _ in range(2)] == [WHOLE] * 2
    assert len(speaker._beginnings) == 2


def test_where_prompts_begin_otherwise_than_before_that_is_computed_anew(speaker: Speaker, read: list[int]) -> None:
    texts = [written(speaker, "en")]
    first = list(read)
    (beginning,) = speaker._beginnings.values()
    beginning.ids[-1] += 1  # as where a template names the day
    read.clear()
    texts.append(written(speaker, "en"))
    assert read == first
    assert texts[0] == texts[1]


def test_a_prompt_that_begins_otherwise_than_all_others_is_read_whole(
    speaker: Speaker, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = written(speaker, "en")
    monkeypatch.setattr(speaker, "_shared", lambda first: [0, 0])
    speaker._beginnings.clear()
    read.clear()
    assert written(speaker, "en") == known
    assert read[:2] == [2, len(speaker._template.ids(speaker._template.asked(asking("en"))))]


def test_it_stops_at_the_next_token_when_it_is_told_to(speaker: Speaker, read: list[int]) -> None:
    pieces: list[str] = []
    assert not speaker.write(asking("en"), pieces.append, lambda: not pieces, most=60)
    assert pieces == ["We", " refund"]
    assert read[2:] == [1]  # after the beginning and the rest of the prompt
    assert "".join(written(speaker, "en")) == WHOLE["en"]


def test_where_nobody_listens_any_more_it_reads_no_prompt(speaker: Speaker, read: list[int]) -> None:
    pieces: list[str] = []
    assert not speaker.write(asking("en"), pieces.append, lambda: False, most=60)
    assert (pieces, read) == ([], [])


def test_what_does_not_come_to_its_end_is_told(speaker: Speaker) -> None:
    pieces: list[str] = []
    assert not speaker.write(asking("en"), pieces.append, most=3)
    assert WHOLE["en"].startswith("".join(pieces))


def test_a_prompt_that_is_longer_than_the_model_reads_is_not_written(speaker: Speaker, read: list[int]) -> None:
    long = [{"role": "user", "content": "How long does a refund take? " * 200}]
    assert not speaker.write(long, lambda piece: None, most=60)
    assert read == []


def test_words_are_drawn_only_where_that_is_wished(speaker: Speaker) -> None:
    warm = {"".join(written(speaker, "en", temperature=0.01)) for _ in range(3)}
    assert warm == {WHOLE["en"]}
    wild = set()
    for _ in range(5):
        pieces: list[str] = []
        speaker.write(asking("en"), pieces.append, most=20, temperature=50.0)
        wild.add("".join(pieces))
    assert len(wild) > 1


# --- adapters


def test_adapters_lie_on_one_model_and_each_writes_its_own(copying: Copying) -> None:
    speakers = Speakers(str(copying.backbone))
    plain = speakers.plain()
    first, second = (speakers.of(artefact(copying, version)) for version in (copying.first, copying.second))
    assert first._backbone is second._backbone is plain._backbone
    for _ in range(2):
        assert [said(each) for each in (first, plain, second)] == [FIRST, WHOLE, SECOND]


def test_without_a_name_it_is_the_model_that_the_adapter_was_trained_on(copying: Copying) -> None:
    assert said(Speakers().of(artefact(copying, copying.first))) == FIRST


def test_an_adapter_that_nothing_writes_with_any_more_is_deleted(copying: Copying) -> None:
    speakers = Speakers(str(copying.backbone))
    first, again = (speakers.of(artefact(copying, copying.first)) for _ in range(2))
    second = speakers.of(artefact(copying, copying.second))
    adapters = second._backbone._peft.peft_config  # type: ignore[union-attr]
    del again
    gc.collect()
    assert said(second) == SECOND
    assert set(adapters) == {copying.first, copying.second}
    assert said(first) == FIRST
    del first
    gc.collect()
    assert said(second) == SECOND
    assert set(adapters) == {copying.second}
    assert said(speakers.of(artefact(copying, copying.first))) == FIRST


def test_a_model_goes_when_nothing_writes_with_it_any_more(copying: Copying) -> None:
    speakers = Speakers()
    first = speakers.of(artefact(copying, copying.first))
    assert speakers._held() is first._backbone
    del first
    gc.collect()
    assert speakers._held() is None


def test_what_was_trained_on_another_model_is_refused(copying: Copying) -> None:
    speakers = Speakers(str(copying.untaught))
    for version in (copying.first, copying.second):
        with pytest.raises(ArtefactError, match="was trained on another"):
            speakers.of(artefact(copying, version))
    assert said(speakers.of(artefact(copying, copying.whole))) == WHOLE, "it was trained on this one"
    with pytest.raises(ArtefactError, match="was trained on another"):
        Speakers(str(copying.backbone)).of(artefact(copying, copying.whole))


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="nowhere"):
        Speakers(str(tmp_path / "nowhere")).plain()


def test_an_adapter_that_is_not_whole_leaves_the_others_alone(copying: Copying, tmp_path: Path) -> None:
    speakers = Speakers(str(copying.backbone))
    second = speakers.of(artefact(copying, copying.second))
    folder = tmp_path / copying.first
    shutil.copytree(copying.models / "generator" / copying.first, folder)
    broken = open_artefact(folder)
    (folder / "model" / "adapter_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ArtefactError, match="is not whole"):
        speakers.of(broken)
    assert said(second) == SECOND
    assert said(speakers.of(artefact(copying, copying.first))) == FIRST
