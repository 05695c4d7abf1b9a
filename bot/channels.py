"""The wiring of channels: what the settings say of each, and the connector made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from bot.errors import SettingsError
from bot.settings import Settings
from bot.settings_channels import Channel

if TYPE_CHECKING:
    import aiohttp

    from connectors.helpdesk import Helpdesk

#: The connector of each section, as module and class: those that are not used are not imported.
CONNECTORS: Mapping[str, tuple[str, str]] = {
    "generic": ("connectors.generic", "Generic"),
    "django_helpdesk": ("connectors.django_helpdesk", "DjangoHelpdesk"),
    "chatwoot": ("connectors.chatwoot", "Chatwoot"),
    "zammad": ("connectors.zammad", "Zammad"),
    "zendesk": ("connectors.zendesk", "Zendesk"),
    "sunshine": ("connectors.sunshine", "Sunshine"),
    "intercom": ("connectors.intercom", "Intercom"),
    "freshdesk": ("connectors.freshdesk", "Freshdesk"),
    "slack": ("connectors.slack", "Slack"),
    "telegram": ("connectors.telegram", "Telegram"),
    "wecom": ("connectors.wecom", "WeCom"),
    "wecom_kf": ("connectors.wecom_kf", "WeComKf"),
}


def sections(settings: Settings) -> Iterator[tuple[str, Channel]]:
    """Yield the channels of which something is set."""
    for name in CONNECTORS:
        section = getattr(settings, name)
        if section.on:
            yield name, section


def check(settings: Settings) -> None:
    """Raise `SettingsError` that names what has to be set before anything may be served."""
    problems = [f"{name}.{key}: nothing is set" for name, section in sections(settings) for key in section.missing]
    server = settings.server
    if server.insecure and server.host not in ("127.0.0.1", "::1", "localhost"):
        problems.append(f"server.insecure: only where nobody else can call, and server.host is {server.host}")
    if not server.insecure and not server.keys and not any(sections(settings)):
        problems.append(
            'nothing to serve: set a key of the API, such as [server] keys = { shop = "..." }, or a channel. '
            "To try it on this machine alone: [server] insecure = true"
        )
    if problems:
        raise SettingsError("\n".join(problems))


def helpdesks(settings: Settings, http: aiohttp.ClientSession) -> list[Helpdesk]:
    """Return the connectors of the channels that are set."""
    return [_made(name, section, http) for name, section in sections(settings)]


def _made(name: str, section: Channel, http: aiohttp.ClientSession) -> Helpdesk:
    module, kind = CONNECTORS[name]
    make: Callable[..., Helpdesk] = getattr(import_module(module), kind)
    plain = {key: _plain(getattr(section, key)) for key in type(section).model_fields}
    return make(http, **plain)


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
