"""The settings of channels: a slip of the pen is told by its key before anything is started, and no secret with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels import CONNECTORS
from bot.errors import SettingsError
from bot.settings import Settings, load_settings
from bot.settings_source import fields_of, kinds


def problems(tmp_path: Path, section: str, line: str) -> str:
    file = tmp_path / "kefu.toml"
    file.write_text(f"[{section}]\n{line}\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    return str(caught.value)


@pytest.mark.parametrize(
    "url", ["desk.example", "ftp://desk.example", "http://desk.example", "https://", "http://[::1"]
)
@pytest.mark.parametrize("section", CONNECTORS)
def test_an_address_is_https_but_for_this_machine(tmp_path: Path, section: str, url: str) -> None:
    told = problems(tmp_path, section, f'url = "{url}"')
    assert f'{section}.url: found "{url}"; expected an address such as https://' in told


@pytest.mark.parametrize(
    "url", ["https://desk.example/base", "http://127.0.0.1:9000", "http://[::1]:9000/x", "http://localhost"]
)
def test_an_address_that_secrets_may_be_sent_to_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("KEFU_GENERIC__URL", url)
    assert load_settings(None).generic.url == url


@pytest.mark.parametrize("text", [" canary", "canary ", "canary\\n", "can\\u0000ary"])
@pytest.mark.parametrize(
    "key", [key for key in fields_of(Settings) if key.split(".")[0] in CONNECTORS and key.endswith(("secret", "token"))]
)
def test_a_secret_with_a_space_or_a_line_break_around_it_is_told(tmp_path: Path, key: str, text: str) -> None:
    section, name = key.split(".")
    told = problems(tmp_path, section, f'{name} = "{text}"')
    assert f"{key}: found ***; expected a text in one line, without spaces around it" in told
    assert "canary" not in told


@pytest.mark.parametrize(
    "key",
    [
        "chatwoot.account",
        "django_helpdesk.bot",
        "freshdesk.bot",
        "intercom.admin",
        "telegram.staff_chat",
        "wecom.agent",
        "zammad.bot",
        "zendesk.bot",
    ],
)
def test_a_number_is_one_and_stands_in_quotation_marks(tmp_path: Path, key: str) -> None:
    section, name = key.split(".")
    assert f'{key}: found "kefu"; expected a number as text' in problems(tmp_path, section, f'{name} = "kefu"')
    assert f"{key}: found 12; expected text, in quotation marks" in problems(tmp_path, section, f"{name} = 12")


def test_the_number_of_a_group_may_be_below_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_TELEGRAM__STAFF_CHAT", "-1001234567890")
    assert load_settings(None).telegram.staff_chat == "-1001234567890"


def test_what_is_asked_of_a_value_hides_no_kind() -> None:
    fields = fields_of(Settings)
    assert [kinds(fields[key])[0].__name__ for key in ("generic.url", "zammad.bot", "server.metrics_key")] == [
        "str",
        "str",
        "SecretStr",
    ]
