"""The channels that `kefu serve` listens to: one section each, which is used where something of it is set."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr, field_validator

from bot.settings_source import SECTION

_NOTHING = SecretStr("")


def _address(text: str) -> str:
    """Refuse what `connectors.api.Api` would, before anything is started; "" is not set."""
    try:
        url = urlsplit(text)
    except ValueError:  # half an address of IPv6
        url = urlsplit("none")
    safe = url.scheme == "https" or (url.scheme == "http" and _is_this_machine(url.hostname or ""))
    if text and not (url.hostname and safe):
        raise ValueError("an address such as https://desk.example.com; http for this machine alone")
    return text


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _number(text: str) -> str:
    # With a name in its place the bot would take what it wrote itself for an agent's.
    if text and not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise ValueError('a number as text, such as "12"')
    return text


#: Of an API.
Address = Annotated[str, AfterValidator(_address)]
#: As tools number accounts, groups and the like: digits, with a minus for Telegram's groups.
_Number = Annotated[str, AfterValidator(_number)]


class Channel(BaseModel):
    """A channel. What is empty by default has to be set where anything of the section is."""

    model_config = SECTION

    @field_validator("*")
    @classmethod
    def _is_clean(cls, value: object) -> object:
        """Refuse what was copied with a space or a line break: it matches nothing, or fails in every call."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str) and (text != text.strip() or not text.isprintable()):
            raise ValueError("a text in one line, without spaces around it")
        return value

    @property
    def on(self) -> bool:
        """Whether anything is set."""
        return self != type(self)()

    @property
    def missing(self) -> list[str]:
        """The keys that have to be set and are not."""
        fields = type(self).model_fields
        return [name for name, field in fields.items() if field.default in ("", _NOTHING) and not getattr(self, name)]


class Generic(Channel):
    """Your own program: it posts signed messages, and replies are posted to it, signed the same way."""

    secret: SecretStr = _NOTHING
    """What both sides sign with."""
    url: Address = ""
    """Where replies, notes and hand-overs are posted to."""


class DjangoHelpdesk(Channel):
    """A django-helpdesk."""

    url: Address = ""
    """Its address, such as "https://help.example.com"."""
    token: SecretStr = _NOTHING
    """Of the bot's account there, which has to be one of the staff."""
    secret: SecretStr = _NOTHING
    """What stands in the address of the hooks, as ?key=..., for they are not signed."""
    bot: _Number = ""
    """The number of the bot's account."""
    assignee: _Number | None = Field(default=None, examples=["1"])
    """The number of the account that gets what is handed over. Not set by default."""
    queue: _Number | None = Field(default=None, examples=["2"])
    """The number of the queue that what is handed over is moved to. Not set by default."""


class Chatwoot(Channel):
    """A Chatwoot account, where kefu is an agent bot."""

    url: Address = ""
    """Its address, such as "https://app.chatwoot.com"."""
    account: _Number = ""
    """The number of the account."""
    token: SecretStr = _NOTHING
    """The access token of the agent bot."""
    read_token: SecretStr = _NOTHING
    """The access token of an agent, from the profile settings: an agent bot may not read, and before a reply is sent
    again kefu looks whether it is there."""
    secret: SecretStr = _NOTHING
    """What it signs its calls with."""


class Zammad(Channel):
    """A Zammad."""

    url: Address = ""
    """Its address, such as "https://help.example.com"."""
    token: SecretStr = _NOTHING
    """An access token of the bot's account, which has to be an agent."""
    secret: SecretStr = _NOTHING
    """The HMAC token of the webhook."""
    bot: _Number = ""
    """The number of the bot's account."""
    group: str | None = Field(default=None, examples=["Support"])
    """The group that what is handed over is moved to. Not set by default."""


class Zendesk(Channel):
    """Tickets of a Zendesk."""

    url: Address = ""
    """Its address, such as "https://example.zendesk.com"."""
    email: str = ""
    """The address of the bot's account, which has to be an agent."""
    token: SecretStr = _NOTHING
    """An API token."""
    secret: SecretStr = _NOTHING
    """The signing secret of the webhook."""
    bot: _Number = ""
    """The number of the bot's account."""
    group: int | None = Field(default=None, examples=[360001234567])
    """The number of the group that what is handed over is given to. Not set by default."""


class Sunshine(Channel):
    """Messaging of a Zendesk (Sunshine Conversations)."""

    url: Address = ""
    """Its address, such as "https://example.zendesk.com/sc", or "https://api.smooch.io"."""
    app: str = ""
    """The id of the app."""
    key_id: str = ""
    """The id of an API key."""
    key_secret: SecretStr = _NOTHING
    """Its secret."""
    secret: SecretStr = _NOTHING
    """The shared secret of the webhook."""
    integration: str = ""
    """The name of the bot's switchboard integration: while another one is active, a person has the conversation."""
    note_field: _Number | None = Field(default=None, examples=["360009876543"])
    """The number of the ticket field that shows agents the note of what is handed over. Not set by default."""


class Intercom(Channel):
    """An Intercom workspace."""

    token: SecretStr = _NOTHING
    """An access token."""
    secret: SecretStr = _NOTHING
    """The client secret of the app, which its calls are signed with."""
    admin: _Number = ""
    """The number of the teammate in whose name the bot writes."""
    assignee: _Number = ""
    """The number of the team that what is handed over is given to."""
    url: Address = "https://api.intercom.io"
    """The address of the API: another one for workspaces in Europe or Australia."""


class Freshdesk(Channel):
    """A Freshdesk."""

    url: Address = ""
    """Its address, such as "https://example.freshdesk.com"."""
    token: SecretStr = _NOTHING
    """The API key of the bot's account."""
    secret: SecretStr = _NOTHING
    """What stands in the header X-Kefu-Secret of its calls, for they are not signed."""
    bot: _Number = ""
    """The number of the bot's account."""
    group: int | None = Field(default=None, examples=[35000123456])
    """The number of the group that what is handed over is given to. Not set by default."""


class Slack(Channel):
    """A Slack workspace: customers write to the bot, or in channels that it was invited to."""

    token: SecretStr = _NOTHING
    """The bot token, xoxb-..."""
    secret: SecretStr = _NOTHING
    """The signing secret of the app."""
    staff_channel: str = ""
    """The id of the channel in which colleagues are asked to take over."""
    url: Address = "https://slack.com/api"
    """The address of the API."""


class Telegram(Channel):
    """A Telegram bot."""

    token: SecretStr = _NOTHING
    """The bot's token."""
    secret: SecretStr = _NOTHING
    """The secret_token that the webhook was set with."""
    staff_chat: _Number = ""
    """The number of the group in which colleagues take over: their answers there are sent to the customer."""
    url: Address = "https://api.telegram.org"
    """The address of the API: another one for a server of your own."""


class WeCom(Channel):
    """An app in WeCom (企业微信), for the members of a company."""

    corp: str = ""
    """The id of the company (CorpID)."""
    agent: _Number = ""
    """The number of the app (AgentId)."""
    app_secret: SecretStr = _NOTHING
    """The secret of the app."""
    token: SecretStr = _NOTHING
    """The token of its callback."""
    aes_key: SecretStr = _NOTHING
    """The EncodingAESKey of its callback."""
    staff_user: str = ""
    """The user id of the colleague who is told what is handed over."""
    url: Address = "https://qyapi.weixin.qq.com"
    """The address of the API."""


class WeComKf(Channel):
    """WeCom's customer service (微信客服), for people who write from WeChat."""

    corp: str = ""
    """The id of the company (CorpID)."""
    app_secret: SecretStr = _NOTHING
    """The secret of the app that may use it."""
    token: SecretStr = _NOTHING
    """The token of its callback."""
    aes_key: SecretStr = _NOTHING
    """The EncodingAESKey of its callback."""
    servicer: str | None = Field(default=None, examples=["zhangsan"])
    """The user id of the colleague who gets what is handed over. By default whoever is free does."""
    url: Address = "https://qyapi.weixin.qq.com"
    """The address of the API."""
