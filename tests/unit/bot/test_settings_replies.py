"""What the operator's own replies may say: no place that nobody fills goes out to customers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.composer import REPLIES
from bot.errors import SettingsError
from bot.settings import Replies, load_settings


def told(path: Path, text: str) -> list[str]:
    """What is told about ``text`` as the settings' ``[replies]``."""
    file = path / "kefu.toml"
    file.write_text(f"[replies]\n{text}\n", "utf-8")
    with pytest.raises(SettingsError) as error:
        load_settings(file)
    return str(error.value).replace(f"{file}: ", "").splitlines()[1:]


@pytest.mark.parametrize(
    ("key", "text", "known"),
    [
        ("other_language.zh", "只有{lang}版", " but {language}"),
        ("other_language.en", "{question}: {language}", " but {language}"),
        ("clarify_one.en", "{ question }?", " but {question}"),
        ("partly_known.fr", "{}", " but {question}"),
        ("greeting.en", "Hi {name}!", ""),
        ("hand_off.en", "As for {question}: a colleague answers.", ""),
    ],
)
def test_a_place_that_nothing_is_put_in_is_refused(tmp_path: Path, key: str, text: str, known: str) -> None:
    assert told(tmp_path, f"{key} = '{text}'") == [
        f'replies.{key}: found "{text}"; expected a text in which nothing stands in braces{known}'
    ]


def test_the_environment_is_named_where_its_reply_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEFU_REPLIES__GREETING__EN", "Hi {name}!")
    with pytest.raises(SettingsError, match=r'KEFU_REPLIES__GREETING__EN: replies\.greeting\.en: found "Hi \{name\}!"'):
        load_settings(None)


@pytest.mark.parametrize("code", ["french", "fr-FR", "FR", "1"])
def test_a_reply_in_what_is_no_language_is_refused(tmp_path: Path, code: str) -> None:
    expected = 'expected the ISO 639-1 code of a language, such as "en" or "zh"'
    assert told(tmp_path, f"greeting.{code} = 'Bonjour !'") == [f'replies.greeting.{code}: found "{code}"; {expected}']


@pytest.mark.parametrize(("code", "meant"), [("cn", "zh"), ("hk", "zh"), ("eng", "en"), ("jp", "ja")])
def test_the_code_of_a_country_is_refused_with_the_language_that_is_meant(
    tmp_path: Path, code: str, meant: str
) -> None:
    expected = f"expected the ISO 639-1 code of a language; did you mean {meant}?"
    assert told(tmp_path, f"greeting.{code} = '你好'") == [f'replies.greeting.{code}: found "{code}"; {expected}']


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_may_have_the_places_of_ours_or_none_in_any_language(name: str) -> None:
    texts = {"en": REPLIES[name]["zh"], "fr": "100 % { sans", "nds": ""}
    assert Replies(**{name: texts}).texts()[name] == {**REPLIES[name], **texts}
