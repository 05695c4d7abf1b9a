"""What an operator can set, with defaults and descriptions. `python -m bot.settings` prints the commented example."""

from __future__ import annotations

import inspect
import os
import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PrivateAttr,
    SecretStr,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot import settings_source
from bot.composer import REPLIES
from bot.evaluation.slices import REST
from bot.evaluation.thresholds import FILE, Thresholds
from bot.hours import read as read_hours
from bot.languages import language_code
from bot.settings_channels import (
    Chatwoot,
    DjangoHelpdesk,
    Freshdesk,
    Generic,
    Intercom,
    Slack,
    Sunshine,
    Telegram,
    WeCom,
    WeComKf,
    Zammad,
    Zendesk,
)
from bot.settings_generator import Generator
from bot.settings_server import Limits, Server
from bot.settings_source import PREFIX, SECTION, Clash, FolderOrName

_HEADER = """\
# Written by `python -m bot.settings > kefu.example.toml`; change it in bot/settings.py.
#
# All settings of kefu, at their defaults. Copy this to kefu.toml, and remove the # before what you want to change.
# Relative paths, the defaults too, start at the folder of the file. What the environment says goes before the
# file: KEFU_POLICY__CHOICES is [policy] choices, a list is written faq_data:more or as JSON, and relative paths
# start at the working directory. Options of a command go before both.
"""

#: A place in a reply that something is put in, and what looks like one.
_PLACE = re.compile(r"\{[^{}]*\}")


def _cache() -> Path:
    """Follow the XDG rules, by which a relative path there is to be ignored."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path(os.path.expanduser("~/.cache"))) / "kefu"


class _Section(BaseModel):
    """One table of the file. Its docstring and those under its keys become the comments of the example.

    A validator raises ValueError with what was expected: the rest of the message is added when settings are loaded.
    """

    model_config = SECTION


class Knowledge(_Section):
    """What the bot knows."""

    sources: tuple[Path, ...] = (Path("faq_data"),)
    """Folders or files with FAQ entries."""
    strict: StrictBool = False
    """Stop at the first bad entry. Otherwise bad entries are reported and the good ones are served."""
    watch: StrictBool = True
    """Pick up edits of the sources while running."""
    time_zone: str = "UTC"
    """Where it is decided which day it is, for entries with valid_from or valid_until: a name such as
    "Europe/Berlin"."""

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):  # OSError: a folder of the time zone database, such as "Europe"
            expected = 'the name of a time zone, such as "Europe/Berlin" ("pip install tzdata" brings all of them)'
            raise ValueError(expected) from None
        return value


class Retrieval(_Section):
    """How entries are found."""

    encoder: Annotated[str, FolderOrName()] = "embedded"
    """The model that compares meanings: "embedded" for the one that comes with kefu and reads English and Chinese,
    "embedded-en" for the same without Chinese, a folder with a model or an extension, or a name on the hub."""
    user_dictionary: Path | None = Field(default=None, examples=["words.txt"])
    """Words of your trade that Chinese text is to be cut into, one a line, in jieba's format. Not set by default."""
    threads: StrictInt = Field(default=0, ge=0)
    """How many texts are encoded at the same time. 0: as many as there are processor cores to use."""


class State(_Section):
    """Where kefu keeps what it writes."""

    folder: Path = Path(".kefu")
    """The index, and what was typed at the terminal."""
    cache: Path = Field(default_factory=_cache, examples=["~/.cache/kefu"])
    """Exported encoders: may be deleted, and is then built again. $XDG_CACHE_HOME/kefu where that variable is set."""
    database: SecretStr | None = Field(default=None, examples=["postgresql://kefu:PASSWORD@127.0.0.1/kefu"])
    """Where `kefu serve` keeps conversations. By default in the file kefu.db of that folder."""
    keep_days: StrictInt = Field(default=365, ge=0)
    """Conversations in which nothing was said for so many days are deleted, and so are old runs of `kefu evaluate` (0:
    never)."""
    index_days: StrictInt = Field(default=30, ge=0)
    """How long an index is kept after a newer one took its place, so that `kefu explain --rerun` finds it."""

    @property
    def address(self) -> str:
        """Return the address of the database."""
        return self.database.get_secret_value() if self.database else f"sqlite:///{self.folder / 'kefu.db'}"


def _slice(name: str) -> str:
    if not re.fullmatch("[a-z]{2,3}(/.+)?", name):
        raise ValueError('a language or a topic in it, such as "zh" or "zh/payment"')
    return name


class Policy(_Section):
    """When the bot answers, asks back or hands over to a person."""

    answer_from: StrictFloat = Field(default=0.7, ge=0, le=1)
    """Answer when the best entry is at least this likely to be right: 0.9 means nine in ten are."""
    answer_from_in: dict[Annotated[str, AfterValidator(_slice)], Annotated[StrictFloat, Field(ge=0, le=1)]] = {}
    """The same for the messages of a language, or of a topic in it, which is the first tag of the best entry: such as
    { zh = 0.8, "zh/payment" = 0.9 }. Where neither this nor answer_from is set, what `kefu calibrate` found holds."""
    clarify_from: StrictFloat = Field(default=0.3, ge=0, le=1, validate_default=True)
    """Below that, ask which entry was meant if one of those offered is this likely to be right; otherwise hand over.
    At most answer_from."""
    choices: StrictInt = Field(default=3, ge=2, le=3)
    """How many entries a clarifying question offers."""

    @field_validator("clarify_from")
    @classmethod
    def _in_order(cls, value: float, info: ValidationInfo) -> float:
        if value > info.data.get("answer_from", 1):
            expected = f"at most policy.answer_from, which is {info.data['answer_from']}"
            instead = f"at least policy.clarify_from, which is {value} where it is not set"
            raise Clash(expected, other="policy.answer_from", instead=instead)
        return value


class Intents(_Section):
    """What is done about what a customer wants, where intents were trained; they are called as in the training rows."""

    answers: dict[str, str] = {}
    """The id of the entry that answers an intent, such as { track_order = "order-track" }: it does where the intent is
    at least as likely as policy.answer_from says."""
    hand_over: tuple[str, ...] = ()
    """Intents that a person takes."""
    scope: dict[str, tuple[str, ...]] = {}
    """Tags of the entries that may answer an intent, such as { payment_problem = ["payment"] }. Where none of those
    found has one, all may."""

    @field_validator("hand_over")
    @classmethod
    def _has_no_answer(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if both := [intent for intent in value if intent in info.data.get("answers", {})]:
            raise ValueError(f"intents that are not in intents.answers, as {both[0]} is")
        return value


class Sentiment(_Section):
    """What is done about how a customer feels, where sentiment was trained."""

    hand_over: tuple[str, ...] = ()
    """Sentiments after which a person takes over, such as "angry"."""
    times: StrictInt = Field(default=2, ge=1)
    """If so many messages in a row have one of them."""


def _filled(text: str, info: ValidationInfo) -> str:
    """Refuse what would go out to customers as it stands: a place that nothing is put in."""
    known = _PLACE.findall(REPLIES[str(info.field_name)]["en"])
    if set(_PLACE.findall(text)) <= set(known):
        return text
    raise ValueError(f"a text in which nothing stands in braces{''.join(f' but {place}' for place in known)}")


#: By language.
_Texts = dict[Annotated[str, AfterValidator(language_code)], Annotated[str, AfterValidator(_filled)]]


class Replies(_Section):
    """What the bot says around the entries it quotes, in each language. {question} stands for the question meant."""

    greeting: _Texts = dict(REPLIES["greeting"])
    """To a greeting."""
    thanks: _Texts = dict(REPLIES["thanks"])
    """To thanks."""
    goodbye: _Texts = dict(REPLIES["goodbye"])
    """To a goodbye."""
    acknowledged: _Texts = dict(REPLIES["acknowledged"])
    """To "ok" and the like."""
    asked_if_bot: _Texts = dict(REPLIES["asked_if_bot"])
    """To the question whether this is a bot."""
    no_words: _Texts = dict(REPLIES["no_words"])
    """To a message without words."""
    clarify: _Texts = dict(REPLIES["clarify"])
    """Before the questions to choose from."""
    clarify_one: _Texts = dict(REPLIES["clarify_one"])
    """Where only one question comes near."""
    hand_off: _Texts = dict(REPLIES["hand_off"])
    """Where the bot cannot answer reliably."""
    asked_for_person: _Texts = dict(REPLIES["asked_for_person"])
    """Where the customer asked for a person."""
    partly_known: _Texts = dict(REPLIES["partly_known"])
    """After the answer to one of two questions, where the other is handed over."""
    away: _Texts = dict(REPLIES["away"])
    """After a hand-over outside the hours of [handover]; {when} stands for when somebody is there again."""
    other_language: _Texts = dict(REPLIES["other_language"])
    """Before an entry that is not there in the language of the reply, whose own {language} stands for."""

    def texts(self) -> dict[str, dict[str, str]]:
        """Return all texts by name and language."""
        return {name: dict(REPLIES[name]) | getattr(self, name) for name in type(self).model_fields}


class Handover(_Section):
    """When people are there who take over, and when a case comes back that they have and do not give back."""

    hours: tuple[str, ...] = ()
    """When they are there, such as ["mon-fri 09:00-18:00", "sat 10:00-14:00"], in [knowledge] time_zone. At other times
    a customer who is handed over is told when they are there again. By default they always are."""
    waiting_hours: StrictFloat = Field(default=24.0, ge=0)
    """Hours in which no person took it, after which the next message is the bot's (0: never)."""
    human_hours: StrictFloat = Field(default=72.0, ge=0)
    """Hours in which the person who has it wrote nothing, after which it is (0: never)."""

    @field_validator("hours")
    @classmethod
    def _can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for text in value:
                read_hours(text)
        except ValueError:
            raise ValueError(
                'hours such as "mon-fri 09:00-18:00"; a night is two, until 24:00 and from 00:00'
            ) from None
        return value


class Dispatcher(_Section):
    """How many messages are worked on."""

    concurrency: StrictInt = Field(default=16, ge=1)
    """How many conversations are answered at the same time. More only make those who write wait for the processor,
    unless something else answers, such as a language model on another machine."""
    waiting: StrictInt = Field(default=1000, ge=1)
    """How many messages may wait. More are refused, and the channel is asked to send them again."""


class Settings(BaseSettings):
    """All settings. Built directly it holds what it is given and defaults; `load_settings` reads the other places."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid")

    knowledge: Knowledge = Knowledge()
    retrieval: Retrieval = Retrieval()
    state: State = Field(default_factory=State)
    policy: Policy = Policy()
    intents: Intents = Intents()
    sentiment: Sentiment = Sentiment()
    replies: Replies = Replies()
    generator: Generator = Generator()
    handover: Handover = Handover()
    dispatcher: Dispatcher = Dispatcher()
    limits: Limits = Limits()
    server: Server = Server()
    generic: Generic = Generic()
    django_helpdesk: DjangoHelpdesk = DjangoHelpdesk()
    chatwoot: Chatwoot = Chatwoot()
    zammad: Zammad = Zammad()
    zendesk: Zendesk = Zendesk()
    sunshine: Sunshine = Sunshine()
    intercom: Intercom = Intercom()
    freshdesk: Freshdesk = Freshdesk()
    slack: Slack = Slack()
    telegram: Telegram = Telegram()
    wecom: WeCom = WeCom()
    wecom_kf: WeComKf = WeComKf()
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)
    _file: Path | None = PrivateAttr(default=None)

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each value came from, by dotted key: "default", the file, "environment KEFU_...", "command line"."""
        return self._origins

    @property
    def file(self) -> Path | None:
        """The settings file that was read, if there was one; relative paths start there even if it sets nothing."""
        return self._file

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from the caller alone: `bot.settings_source` merges the places, for it keeps the origins."""
        return (init_settings,)


def load_settings(path: Path | None, *, overrides: Mapping[str, object] | None = None) -> Settings:
    """Return the settings: ``overrides`` over the environment over the file over defaults.

    ``path`` is the TOML file; None stands for ``kefu.toml`` in the working directory, where there is one.
    ``overrides`` has dotted keys, such as "state.folder"; None as a value counts as not given. What `kefu calibrate`
    left in the state folder goes before the default thresholds, and before nothing else.
    Raises `SettingsError` that names everything wrong.
    """
    settings, origins = settings_source.load(Settings, path, overrides or {})
    settings = _calibrated(settings, origins)
    settings._origins, settings._file = origins, settings_source.file_of(path)
    return settings


def _calibrated(settings: Settings, origins: dict[str, str]) -> Settings:
    """Put in the thresholds of `kefu calibrate`, unless somebody set some; ``origins`` is told."""
    if any(key.startswith("policy.answer_from") and origin != "default" for key, origin in origins.items()):
        return settings
    folder = settings.state.folder
    found = Thresholds.read(folder)
    if found is None:
        return settings
    others = {name: level for name, level in found.answer_from.items() if name != REST}
    values: dict[str, object] = {"answer_from": found.answer_from[REST], "answer_from_in": others}
    if settings.policy.clarify_from > found.answer_from[REST]:
        values["clarify_from"] = found.answer_from[REST]
    keys = [*values, *(f"answer_from_in.{name}" for name in others)]
    origins |= {f"policy.{key}": f"{folder / FILE} (kefu calibrate)" for key in keys}
    return settings.model_copy(update={"policy": settings.policy.model_copy(update=values)})


def describe(settings: Settings) -> list[tuple[str, object, str]]:
    """Return dotted key, value (as JSON has it; secrets as ``***``) and origin of every setting."""
    fields = settings_source.fields_of(type(settings))
    hidden = {key for key, field in fields.items() if SecretStr in settings_source.kinds(field)}
    return [
        (key, "***" if key in hidden and value else value, settings.origins.get(key, "code"))
        for key, value in settings_source.flatten(settings.model_dump(mode="json"), fields).items()
    ]


def example_toml() -> str:
    """Return kefu.example.toml: every setting with its description and, commented out, its default."""
    lines = [_HEADER]
    fields = settings_source.fields_of(Settings)
    for section, holder in Settings.model_fields.items():
        lines += [*_comment(inspect.getdoc(holder.annotation)), f"[{section}]"]
        for key, field in fields.items():
            if key.startswith(f"{section}."):
                value = field.examples[0] if field.examples else field.default
                values = settings_source.flatten({section: {key.removeprefix(f"{section}."): value}}, fields)
                values = values or {key: {}}  # a table without entries
                lines += _comment(field.description)
                lines += [f"#{k.removeprefix(f'{section}.')} = {settings_source.toml(v)}" for k, v in values.items()]
        lines.append("")
    return "\n".join(lines)


def _comment(text: str | None) -> list[str]:
    return textwrap.wrap(text or "", 100, initial_indent="# ", subsequent_indent="# ")


if __name__ == "__main__":
    sys.stdout.write(example_toml())
