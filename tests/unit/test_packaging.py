"""What the image and the compose file are made of is there, and what they set are settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.settings import Settings, load_settings
from bot.settings_source import PREFIX, fields_of

ROOT = Path(__file__).resolve().parents[2]


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.fixture(scope="module")
def compose() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(text("compose.yaml"))
    return loaded


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_every_variable_is_a_setting(name: str) -> None:
    variables = set(re.findall(rf"\b{PREFIX}[A-Z_]+", text(name)))
    keys = {".".join(variable.removeprefix(PREFIX).lower().split("__")[:2]) for variable in variables}
    assert keys
    assert not keys - set(fields_of(Settings))


def test_what_the_compose_file_sets_can_be_served(
    compose: dict[str, dict[str, dict[str, object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = compose["services"]["kefu"]["environment"]
    assert isinstance(environment, dict)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.replace("${POSTGRES_PASSWORD:?}", "0123abcd"))
    settings = load_settings(None)
    assert settings.state.address == "postgresql://kefu:0123abcd@database/kefu"
    assert settings.server.json_logs


def test_the_database_is_the_one_that_is_named(compose: dict[str, dict[str, dict[str, object]]]) -> None:
    database = compose["services"]["database"]
    assert compose["services"]["kefu"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert database["environment"] == {
        "POSTGRES_USER": "kefu",
        "POSTGRES_PASSWORD": "${POSTGRES_PASSWORD:?}",
        "POSTGRES_DB": "kefu",
    }
    assert "healthcheck" in database


def test_no_service_holds_a_secret(compose: dict[str, dict[str, dict[str, object]]]) -> None:
    assert compose["services"]["kefu"]["env_file"] == ".env"
    assert not re.search(r"(?i)(?:password|token|secret|key)[\w]*[:=] *[\w\"\']", text("compose.yaml"))


def test_volumes_are_declared_and_have_the_places_of_the_image(
    compose: dict[str, dict[str, dict[str, object]]],
) -> None:
    named, places = set(), set()
    for service in compose["services"].values():
        assert isinstance(service["volumes"], list)
        for volume in service["volumes"]:
            source, place, *_ = volume.split(":")
            named |= set() if source.startswith(".") else {source}
            places.add(place)
    assert named == set(compose["volumes"])
    folder = re.search(r"KEFU_STATE__FOLDER=(\S+)", text("Dockerfile"))
    assert folder
    assert folder[1] in places


def test_the_image_listens_at_the_port_of_the_settings() -> None:
    port = str(Settings().server.port)
    image = text("Dockerfile")
    assert f"EXPOSE {port}\n" in image
    assert f"http://127.0.0.1:{port}/readyz" in image
    assert f":{port}:{port}" in text("compose.yaml")


def test_the_last_stage_has_no_torch_and_no_rights() -> None:
    last = text("Dockerfile").rpartition("\nFROM ")[2]
    assert "\nUSER kefu\n" in last
    assert "torch" not in last
    assert "pip" not in last


def test_the_image_is_made_of_what_may_be_sent() -> None:
    sent = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    copied = {
        name
        for names in re.findall(r"^COPY (?!--from)(.+) \S+$", text("Dockerfile"), re.MULTILINE)
        for name in names.split()
    }
    assert copied == sent
    assert not [name for name in copied if not (ROOT / name).exists()]
