"""Settings come from four places in a fixed order, know where each came from, and say all that is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings

from bot import settings_source
from bot.errors import SettingsError
from bot.settings import Policy, Settings, State, describe, example_toml, load_settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("KEFU_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def written(text: str, name: str = "kefu.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def problems(path: Path | None = None, overrides: dict[str, object] | None = None) -> list[str]:
    """The lines of the error, without the first, which says that settings are not usable."""
    with pytest.raises(SettingsError) as caught:
        load_settings(path, overrides=overrides)
    return str(caught.value).splitlines()[1:]


# --- where values come from


def test_without_anything_all_is_default() -> None:
    settings = load_settings(None)
    assert settings.knowledge.sources == (Path("faq_data"),)
    assert set(settings.origins.values()) == {"default"}


def test_a_file_that_sets_nothing_is_named_all_the_same() -> None:
    assert load_settings(None).file is None
    written("# [policy]\n#choices = 3\n")
    assert load_settings(None).file == Path("kefu.toml")


def test_each_place_goes_before_the_one_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    path = written("[retrieval]\nthreads = 1\n[dispatcher]\nconcurrency = 1\nwaiting = 1\n")
    monkeypatch.setenv("KEFU_DISPATCHER__CONCURRENCY", "2")
    monkeypatch.setenv("kefu_dispatcher__waiting", "2")
    settings = load_settings(path, overrides={"dispatcher.waiting": 3, "state.folder": None})
    assert (settings.retrieval.threads, settings.dispatcher.concurrency, settings.dispatcher.waiting) == (1, 2, 3)
    assert settings.origins["retrieval.threads"] == "kefu.toml"
    assert settings.origins["dispatcher.concurrency"] == "environment KEFU_DISPATCHER__CONCURRENCY"
    assert settings.origins["dispatcher.waiting"] == "command line"
    assert settings.origins["state.folder"] == "default"


def test_kefu_toml_of_the_working_directory_is_found_and_another_can_be_named() -> None:
    written("[retrieval]\nthreads = 1\n")
    other = written("[retrieval]\nthreads = 2\n", "other.toml")
    assert load_settings(None).retrieval.threads == 1
    assert load_settings(other).retrieval.threads == 2


def test_paths_of_a_file_start_at_the_file_and_defaults_do_as_well() -> None:
    path = written('[knowledge]\nsources = ["a", "/b", "~/c"]\n[retrieval]\nuser_dictionary = "w.txt"\n', "conf/k.toml")
    settings = load_settings(path)
    assert settings.knowledge.sources == (Path("conf/a"), Path("/b"), Path.home() / "c")
    assert settings.retrieval.user_dictionary == Path("conf/w.txt")
    assert settings.state.folder == Path("conf/.kefu")


def test_paths_of_environment_and_command_line_start_at_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    path = written("", "conf/k.toml")
    monkeypatch.setenv("KEFU_STATE__FOLDER", "state")
    settings = load_settings(path, overrides={"knowledge.sources": [Path("a"), "b"]})
    assert settings.state.folder == Path("state")
    assert settings.knowledge.sources == (Path("a"), Path("b"))


def test_an_encoder_is_a_folder_where_there_is_one_and_else_a_name() -> None:
    Path("conf/models/own").mkdir(parents=True)
    Path("conf/embedded").mkdir()

    def encoder(value: str) -> str:
        return load_settings(written(f'[retrieval]\nencoder = "{value}"\n', "conf/k.toml")).retrieval.encoder

    assert encoder("models/own") == str(Path("conf/models/own"))
    assert encoder("./not-there") == str(Path("conf/not-there").absolute())
    assert encoder("BAAI/bge-small-zh-v1.5") == "BAAI/bge-small-zh-v1.5"
    assert encoder("embedded") == "embedded"


@pytest.mark.parametrize("text", [f"a{os.pathsep}b", '["a", "b"]'])
def test_a_list_in_the_environment_is_written_like_path_or_as_json(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("KEFU_KNOWLEDGE__SOURCES", text)
    assert load_settings(None).knowledge.sources == (Path("a"), Path("b"))


def test_words_of_the_environment_become_what_the_setting_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_KNOWLEDGE__WATCH", "off")
    monkeypatch.setenv("KEFU_POLICY__ANSWER_FROM", "1")
    monkeypatch.setenv("KEFU_RETRIEVAL__ENCODER", "123")
    monkeypatch.setenv("KEFU_RETRIEVAL__USER_DICTIONARY", "")
    settings = load_settings(None)
    assert settings.knowledge.watch is False
    assert settings.policy.answer_from == 1.0
    assert settings.retrieval.encoder == "123"
    assert settings.retrieval.user_dictionary is None, "a variable without text is not set"


def test_the_cache_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert load_settings(None).state.cache == tmp_path / "kefu"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert State().cache == Path.home() / ".cache" / "kefu"


def test_settings_built_in_code_do_not_look_around(monkeypatch: pytest.MonkeyPatch) -> None:
    written("[retrieval]\nthreads = 9\n")
    monkeypatch.setenv("KEFU_RETRIEVAL__THREADS", "8")
    assert Settings().retrieval.threads == 0


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings(None).policy.choices = 2


# --- what is wrong


def test_a_named_file_must_be_there() -> None:
    assert problems(Path("no.toml")) == [
        "no.toml: there is no such file. Name another, or copy kefu.example.toml there."
    ]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert problems(tmp_path) == [f"{tmp_path}: the file cannot be read (Is a directory)."]


@pytest.mark.parametrize(
    ("text", "place"), [("[policy]\nchoices = = 2\n", "line 2, column 11"), ("[policy]\nchoices", "line 2, column 8")]
)
def test_bad_toml_is_told_with_line_and_column(text: str, place: str) -> None:
    (line,) = problems(written(text))
    assert line.startswith("kefu.toml: this is not TOML: ")
    assert line.endswith(f"(at {place}).")


def test_text_that_is_not_utf_8_is_told_and_a_byte_order_mark_is_not_minded() -> None:
    Path("latin.toml").write_bytes("# caf\u00e9".encode("latin-1"))
    assert problems(Path("latin.toml")) == ["latin.toml: the file is not UTF-8 text. Save it as UTF-8."]
    assert load_settings(written("\ufeff[retrieval]\nthreads = 1\n")).retrieval.threads == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[policy]\nanwser_from = 1", "unknown key policy.anwser_from; did you mean policy.answer_from?"),
        ("[retrieval]\nanswer_from = 1", "unknown key retrieval.answer_from; did you mean policy.answer_from?"),
        ("[polcy]\nanswer_from = 1\nchoices = 2", "unknown section polcy; did you mean policy?"),
        ("answer_from = 1", "unknown key answer_from; did you mean policy.answer_from?"),
        ("[dispatcher]\nzzz = 1", "unknown key dispatcher.zzz; there is dispatcher.concurrency, dispatcher.waiting"),
        ("[zzz]", f"unknown section zzz; there is {', '.join(Settings.model_fields)}"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one(text: str, told: str) -> None:
    assert problems(written(text)) == [f"kefu.toml: {told}"]


@pytest.mark.parametrize(
    ("name", "key", "near"),
    [
        ("KEFU_POLICY__ANSWER_FORM", "policy.answer_form", "KEFU_POLICY__ANSWER_FROM"),
        ("KEFU_POLCY__CHOICES", "polcy.choices", "KEFU_POLICY__CHOICES"),
        ("KEFU_POLICY_CHOICES", "policy_choices", "KEFU_POLICY__CHOICES"),
    ],
)
def test_an_unknown_variable_is_told_without_what_it_holds(
    monkeypatch: pytest.MonkeyPatch, name: str, key: str, near: str
) -> None:
    monkeypatch.setenv(name, "2")
    assert problems() == [f"environment {name}: unknown key {key}; did you mean {near}?"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[policy]\nanswer_from = 'high'", 'policy.answer_from: found "high"; expected a number from 0 to 1'),
        ("[policy]\nanswer_from = nan", "policy.answer_from: found NaN; expected a number from 0 to 1"),
        ("[policy]\nchoices = 4", "policy.choices: found 4; expected a whole number from 2 to 3"),
        ("[policy]\nchoices = {a = 1}", 'policy.choices: found {"a": 1}; expected a whole number from 2 to 3'),
        ("policy = 3", "policy: found 3; expected a section [policy]"),
        ("[retrieval]\nthreads = -1", "retrieval.threads: found -1; expected a whole number of at least 0"),
        ("[retrieval]\nthreads = true", "retrieval.threads: found true; expected a whole number of at least 0"),
        ("[retrieval]\nencoder = 5", "retrieval.encoder: found 5; expected text, in quotation marks"),
        ("[retrieval]\nuser_dictionary = 5", "retrieval.user_dictionary: found 5; expected a path"),
        ("[knowledge]\nwatch = 'no'", 'knowledge.watch: found "no"; expected true or false'),
        ("[knowledge]\nsources = 'a'", 'knowledge.sources: found "a"; expected a list of paths'),
        ("[knowledge]\nsources = ['a', 5]", "knowledge.sources: found 5; expected a list of paths"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected(text: str, told: str) -> None:
    assert problems(written(text)) == [f"kefu.toml: {told}"]


@pytest.mark.parametrize("name", ["Mars/Olympus", "Europe", "../etc/passwd", ""])
def test_a_time_zone_must_be_known(name: str) -> None:
    (line,) = problems(written(f'[knowledge]\ntime_zone = "{name}"'))
    assert line.startswith(f'kefu.toml: knowledge.time_zone: found "{name}"; expected the name of a time zone')


def test_the_environment_is_named_where_its_value_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_POLICY__CHOICES", "many")
    monkeypatch.setenv("KEFU_KNOWLEDGE__SOURCES", '["a"')
    assert problems() == [
        'environment KEFU_KNOWLEDGE__SOURCES: knowledge.sources: found "[\\"a\\""; expected a list of paths',
        'environment KEFU_POLICY__CHOICES: policy.choices: found "many"; expected a whole number from 2 to 3',
    ]


def test_asking_back_starts_below_answering_and_the_one_that_was_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "policy.answer_from: found 0.1; expected at least policy.clarify_from, which is 0.3 where it is not set"
    assert problems(written("[policy]\nanswer_from = 0.1")) == [f"kefu.toml: {told}"]
    told = "policy.clarify_from: found 0.8; expected at most policy.answer_from, which is 0.7"
    assert problems(written("[policy]\nclarify_from = 0.8")) == [f"kefu.toml: {told}"]
    monkeypatch.setenv("KEFU_POLICY__ANSWER_FROM", "0.2")
    told = "policy.clarify_from: found 0.8; expected at most policy.answer_from, which is 0.2"
    assert problems(written("[policy]\nclarify_from = 0.8")) == [f"kefu.toml: {told}"]
    with pytest.raises(ValueError, match=r"at most policy\.answer_from"):
        Policy(answer_from=0.1)


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_POLICY__CHOICES", "9")
    path = written("[knowledge]\nstrickt = true\nwatch = 3\n")
    assert problems(path, {"state.foldr": "x"}) == [
        "kefu.toml: unknown key knowledge.strickt; did you mean knowledge.strict?",
        "command line: unknown key state.foldr; did you mean state.folder?",
        "kefu.toml: knowledge.watch: found 3; expected true or false",
        "environment KEFU_POLICY__CHOICES: policy.choices: found 9; expected a whole number from 2 to 3",
    ]


# --- settings that are tables or secret: none of ours yet


class Texts(BaseModel):
    greeting: dict[str, str] = {"en": "Hello", "zh": "你好"}
    token: SecretStr | None = None


class Wide(BaseSettings):
    texts: Texts = Texts()


class WithTexts(Settings):
    texts: Texts = Texts()


def test_one_entry_of_a_table_is_set_without_losing_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    path = written('[texts.greeting]\nen = "Hi"\n')
    monkeypatch.setenv("KEFU_TEXTS__GREETING__DE", "Hallo")
    settings, origins = settings_source.load(Wide, path, {})
    assert settings.texts.greeting == {"en": "Hi", "zh": "你好", "de": "Hallo"}
    assert origins["texts.greeting.en"] == "kefu.toml"
    assert origins["texts.greeting.zh"] == "default"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("greeting = 'Hi'", 'texts.greeting: found "Hi"; expected a table of texts'),
        ("greeting.en = 5", "texts.greeting.en: found 5; expected text, in quotation marks"),
        ("token = 5", "texts.token: found ***; expected text, in quotation marks"),
    ],
)
def test_a_wrong_table_is_told_and_a_secret_is_never_shown(text: str, told: str) -> None:
    path = written(f"[texts]\n{text}\n")
    with pytest.raises(SettingsError) as caught:
        settings_source.load(Wide, path, {})
    assert str(caught.value).splitlines()[1:] == [f"kefu.toml: {told}"]


# --- showing them


def test_every_setting_is_described_with_its_value_and_origin() -> None:
    rows = describe(load_settings(written('[knowledge]\nsources = ["a", "b"]\n')))
    assert rows[0] == ("knowledge.sources", ["a", "b"], "kefu.toml")
    assert ("retrieval.user_dictionary", None, "default") in rows
    assert [key for key, _, _ in rows] == list(load_settings(None).origins)


def test_a_secret_is_described_as_stars() -> None:
    rows = describe(WithTexts(texts=Texts(token=SecretStr("hunter2"))))
    assert ("texts.greeting.zh", "你好", "code") in rows
    assert ("texts.token", "***", "code") in rows


def test_the_example_in_the_repository_is_what_the_code_says() -> None:
    assert (ROOT / "kefu.example.toml").read_text("utf-8") == example_toml(), (
        "regenerate it: python -m bot.settings > kefu.example.toml"
    )


def test_the_example_changes_nothing_until_a_line_is_changed() -> None:
    uncommented = "".join(
        line[1:] if line.startswith("#") and line[1] not in " \n" else line
        for line in example_toml().splitlines(keepends=True)
    )
    assert set(tomllib.loads(uncommented)["knowledge"]) == {"sources", "strict", "watch", "time_zone"}
    default = dict((key, value) for key, value, _ in describe(load_settings(written(example_toml()))))
    same = dict((key, value) for key, value, _ in describe(load_settings(written(uncommented))))
    shown = {key for key, field in settings_source.fields_of(Settings).items() if field.examples}
    assert {key for key in default if default[key] != same[key]} <= shown, "others show their default"
    assert same["retrieval.user_dictionary"] == "words.txt", "it has no default to show, so an example stands there"


def test_importing_the_settings_imports_nothing_heavy() -> None:
    code = "import sys, bot.settings; print(*{'torch', 'faiss', 'onnxruntime', 'numpy'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.split() == []


# --- intents and sentiment


def test_rules_for_intents_are_tables_whose_entries_have_origins() -> None:
    path = written(
        """
        [intents]
        answers = { track_order = "order-track" }
        hand_over = ["complaint"]
        scope = { payment_problem = ["payment", "refunds"] }
        [sentiment]
        hand_over = ["angry"]
        times = 3
        """
    )
    settings = load_settings(path)
    assert settings.intents.answers == {"track_order": "order-track"}
    assert settings.intents.hand_over == ("complaint",)
    assert settings.intents.scope == {"payment_problem": ("payment", "refunds")}
    assert (settings.sentiment.hand_over, settings.sentiment.times) == (("angry",), 3)
    assert settings.origins["intents.scope.payment_problem"] == str(path)


def test_the_environment_sets_lists_and_their_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_INTENTS__HAND_OVER", "complaint:legal")
    monkeypatch.setenv("KEFU_INTENTS__SCOPE__PAY", "payment:refunds")
    monkeypatch.setenv("KEFU_INTENTS__SCOPE__SHIP", '["shipping"]')
    intents = load_settings(None).intents
    assert intents.hand_over == ("complaint", "legal")
    assert intents.scope == {"pay": ("payment", "refunds"), "ship": ("shipping",)}


def test_an_intent_that_an_entry_answers_and_a_person_takes_is_refused() -> None:
    path = written('[intents]\nanswers = { a = "x", b = "y" }\nhand_over = ["c", "b"]\n')
    assert problems(path) == [
        'kefu.toml: intents.hand_over: found ["c", "b"]; expected intents that are not in intents.answers, as b is'
    ]


def test_wrong_rules_are_told_with_what_was_expected() -> None:
    path = written('[intents]\nanswers = { a = 1 }\nhand_over = "x"\nscope = { b = "y" }\n[sentiment]\ntimes = 0\n')
    assert problems(path) == [
        "kefu.toml: intents.answers.a: found 1; expected text, in quotation marks",
        'kefu.toml: intents.hand_over: found "x"; expected a list of texts',
        'kefu.toml: intents.scope.b: found "y"; expected a list of texts',
        "kefu.toml: sentiment.times: found 0; expected a whole number of at least 1",
    ]
    assert problems(written("[intents]\nscope = 3\n")) == [
        "kefu.toml: intents.scope: found 3; expected a table of lists"
    ]
