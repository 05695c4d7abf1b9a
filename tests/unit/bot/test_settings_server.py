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
