"""The settings of the server: keys are long, and no message about a wrong one shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import load_settings

KEY = "key-of-the-shop-0123456789"


def test_a_key_of_the_api_is_a_text_under_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_SERVER__KEYS__SHOP", KEY)
    keys = load_settings(None).server.keys
    assert {name: key.get_secret_value() for name, key in keys.items()} == {"shop": KEY}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SERVER__KEYS__SHOP", "canary", "server.keys.shop: found ***; expected a text of at least 20 characters"),
        ("SERVER__KEYS", f"canary-{KEY}", "server.keys: found ***; expected a table of texts"),
        ("SLACK", "canary", "slack: found ***; expected a section [slack]"),
        ("LIMITS", "5", 'limits: found "5"; expected a section [limits]'),
    ],
)
def test_a_secret_in_the_wrong_place_is_told_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"KEFU_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    assert f"environment KEFU_{name}: {told}" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_key_that_is_no_text_is_told_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "kefu.toml"
    file.write_text("[server]\nkeys = { shop = 1234567 }\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert "server.keys.shop: found ***; expected text" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f'keys = {{ shop = "{KEY} " }}',
            "server.keys.shop: found ***; expected a text of at least 20 characters, in one",
        ),
        (
            f'keys = {{ shop = "{KEY}\\r" }}',
            "server.keys.shop: found ***; expected a text of at least 20 characters, in",
        ),
        (f'keys = {{ a = "{KEY}", b = "{KEY}" }}', "server.keys: found ***; expected a key of its own for each name"),
        ('metrics_key = ""', "server.metrics_key: found ***; expected a text in one line, without spaces around it"),
        (f'metrics_key = "{KEY}\\n"', "server.metrics_key: found ***; expected a text in one line"),
        (
            'trusted_proxies = ["10.0.0.0/8"]',
            'server.trusted_proxies: found "10.0.0.0/8"; expected the address of each',
        ),
        ('trusted_proxies = ["proxy"]', 'server.trusted_proxies: found "proxy"; expected the address of each proxy'),
        ('host = ""', 'server.host: found ""; expected an address or a name'),
        ("host = 1", "server.host: found 1; expected text, in quotation marks"),
    ],
)
def test_a_slip_that_would_do_nothing_or_too_much_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "kefu.toml"
    file.write_text(f"[server]\n{text}\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert told in str(caught.value)
    assert KEY not in str(caught.value)


def test_addresses_of_proxies_are_compared_as_they_are_written_by_the_system(tmp_path: Path) -> None:
    file = tmp_path / "kefu.toml"
    file.write_text('[server]\ntrusted_proxies = ["127.0.0.1", "0:0:0:0:0:0:0:1"]\n', "utf-8")
    assert load_settings(file).server.trusted_proxies == ("127.0.0.1", "::1")


@pytest.mark.parametrize("name", ["SERVER__KEY__SHOP", "SERVER__KEYS"])
def test_how_a_key_is_called_in_the_environment_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"KEFU_{name}", KEY)
    with pytest.raises(SettingsError, match="KEFU_SERVER__KEYS__NAME"):
        load_settings(None)
