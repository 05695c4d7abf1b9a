"""What the pages say of kefu is so: links lead somewhere, commands and settings exist, examples load."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from bot.channels import CONNECTORS
from bot.cli.main import app
from bot.settings import Settings, example_toml, load_settings
from bot.settings_source import PREFIX, fields_of
from bot.types import Counts
from connectors.server.api import NewEvent, NewMessage, NewTurn
from connectors.server.metrics import Metrics
from connectors.server.openapi import document
from retrieval.ingest import read_sources

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
HELPDESKS = sorted(f"docs/helpdesks/{path.name}" for path in ROOT.glob("docs/helpdesks/*.md"))
PAGES = sorted([*(path.name for path in ROOT.glob("*.md")), *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))])
PAGES += HELPDESKS
GUIDES = [page for page in PAGES if page in READMES or page.startswith("docs/")]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^(#+) +(.+)$", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])(--[a-z][\w-]*|-[a-z])(?![\w-])")

#: In the languages of a shell; a line is a command, and below ``$`` stands what it printed.
SHELL = {"sh", "console"}

KEFU = get_command(app)
COMMANDS = {
    name: {o for each in (command, *getattr(command, "commands", {}).values()) for p in each.params for o in p.opts}
    for name, command in KEFU.commands.items()
}
OWN_OPTIONS = {option for parameter in KEFU.params for option in parameter.opts} | {"--help"}


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: str) -> list[tuple[str, str]]:
    """Return language and content of each fenced block."""
    return FENCE.findall(text(page))


def prose(page: str) -> str:
    return FENCE.sub("", text(page))


def shell_lines(page: str) -> Iterator[str]:
    """Yield the commands of a page, without remarks, and each part of a pipe by itself."""
    for language, content in blocks(page):
        if language not in SHELL:
            continue
        for line in content.splitlines():
            if language == "sh" or line.startswith("$ "):
                command = re.sub(r"\s+#.*", "", line.removeprefix("$ "))
                yield from map(str.strip, re.split(r" \| ", command))


def kefu_calls(page: str) -> Iterator[list[str]]:
    """Yield what follows `kefu` wherever a page names the command, in blocks and in the text."""
    spans = SPAN.findall(prose(page))
    for line in [*shell_lines(page), *spans]:
        called = re.match(r"(?:[A-Z_]+=\S+ )*kefu(?: (.+))?$", line)
        if called:
            yield shlex.split(re.sub(r"[\[\]]|\.\.\.", " ", called[1] or ""))


def anchors(page: str) -> set[str]:
    """Return the anchors that a page has on the repository's host."""
    titles = (title.lower() for _, title in HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def tree(page: str) -> list[str]:
    """Return the paths of the last block of a page, an annotated tree with two spaces a level."""
    paths: list[str] = []
    above: list[str] = []
    for line in blocks(page)[-1][1].splitlines():
        name = line.split()[0]
        level = (len(line) - len(line.lstrip())) // 2
        above = [*above[:level], name.rstrip("/")]
        paths.append("/".join(above))
    return paths


# --- the two READMEs -------------------------------------------------------------------------------------------------


def test_the_readmes_have_the_same_sections() -> None:
    english, chinese = ([len(marks) for marks, _ in HEADING.findall(prose(page))] for page in READMES)
    assert english == chinese
    assert len(english) > 5


def test_the_readmes_show_the_same_commands_examples_and_conversation() -> None:
    english, chinese = (list(shell_lines(page)) for page in READMES)
    assert english == chinese
    assert {"make chat", "make test"} <= set(english)
    others = [[block for block in blocks(page)[:-1] if block[0] not in SHELL] for page in READMES]
    assert others[0] == others[1]


@pytest.mark.parametrize(("command", "extra"), [("kefu train ", "train"), ("kefu evaluate dialogues ", "evaluate")])
def test_the_readmes_install_what_a_command_needs_right_before_it(command: str, extra: str) -> None:
    lines = list(shell_lines(READMES[0]))  # the other one shows the same
    first = next(place for place, line in enumerate(lines) if line.startswith(command))
    assert lines[first - 1] == f".venv/bin/pip install -e '.[{extra}]'"


def test_the_readmes_show_the_same_table_of_commands() -> None:
    rows = [re.findall(r"^\| `(.+?)` \|", text(page), re.MULTILINE) for page in READMES]
    assert rows[0] == rows[1]
    assert {row.split()[1] for row in rows[0]} == set(COMMANDS)


def test_the_readmes_link_the_same_pages() -> None:
    english, chinese = (LINK.findall(prose(page)) for page in READMES)
    assert english[1:] == chinese[1:]
    assert (english[0], chinese[0]) == ("README.zh-CN.md", "README.md")


@pytest.mark.parametrize("page", READMES)
def test_the_tree_names_what_is_there(page: str) -> None:
    paths = tree(page)
    assert "bot/cli" in paths
    assert not [path for path in paths if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", READMES)
def test_the_example_of_settings_is_mentioned(page: str) -> None:
    assert "kefu.example.toml" in prose(page)


# --- every page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    broken = []
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        there = target.is_relative_to(ROOT) and target.exists()
        if not there or (anchor and anchor not in anchors(target.relative_to(ROOT).as_posix())):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_exists(page: str) -> None:
    wrong = []
    for call in kefu_calls(page):
        words = list(call)
        while words and words[0].startswith("-"):
            if words[0] not in OWN_OPTIONS:
                wrong.append(" ".join(call))
            words.pop(0)
        if not words:
            continue
        known = COMMANDS.get(words[0])
        if known is None or not {w for w in words[1:] if OPTION.fullmatch(w)} <= known | {"--help"}:
            wrong.append(" ".join(call))
    assert not wrong


@pytest.mark.parametrize("page", [page for page in GUIDES if page != "docs/benchmarks.md"])
def test_every_option_in_the_text_exists(page: str) -> None:
    known = OWN_OPTIONS.union(*COMMANDS.values())
    named = {option for span in SPAN.findall(prose(page)) for option in OPTION.findall(span) if span.startswith("-")}
    assert not named - known


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_and_module_exists(page: str) -> None:
    targets = set(re.findall(r"^(\w+):", text("Makefile"), re.MULTILINE))
    wrong = []
    for line in [*shell_lines(page), *SPAN.findall(prose(page))]:
        if called := re.match(r"make (?:[A-Z]+=\S+ )*([a-z]+)", line):
            wrong += [line] if called[1] not in targets else []
        if called := re.match(r"python -m ((?:bot|benchmarks|faq_data)\.\w+)(.*)", line):
            module = ROOT / f"{called[1].replace('.', '/')}.py"
            source = module.read_text("utf-8") if module.exists() else ""
            missing = [o for o in OPTION.findall(called[2]) if o != "--help" and f'"{o}"' not in source]
            wrong += [line] if not source or missing else []
    assert not wrong


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_exists(page: str) -> None:
    known = {*fields_of(Settings), *(key.rpartition(".")[0] for key in fields_of(Settings))}
    sections = "|".join(Settings.model_fields)
    named = {span for span in SPAN.findall(prose(page)) if re.fullmatch(rf"(?:{sections})\.\w+", span)}
    assert not named - known - {"retrieval.types", "retrieval.errors", "retrieval.text"}
    variables = {name.removeprefix(PREFIX) for name in re.findall(rf"\b{PREFIX}[A-Z]+__[A-Z_]+", text(page))}
    keys = {".".join(name.lower().split("__")[:2]) for name in variables} - {"policy.answer_form"}  # shown as a mistake
    assert not keys - known


@pytest.mark.parametrize("page", GUIDES)
def test_every_toml_example_is_a_settings_file(page: str, tmp_path: Path) -> None:
    for number, (language, content) in enumerate(blocks(page)):
        if language == "toml":
            file = tmp_path / f"{number}.toml"
            file.write_text(content, "utf-8")
            assert str(file) in load_settings(file).origins.values()


# --- single pages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_on_commands_tells_each_option(name: str) -> None:
    page = text("docs/commands.md")
    common = page.partition("## Common options")[2].partition("\n## ")[0]
    section = page.partition(f"## kefu {name}\n")[2].partition("\n## ")[0]
    assert section
    options = {option for option in COMMANDS[name] if option.startswith("-")}
    assert not [option for option in options if f"`{option}" not in common + section]


def test_the_page_on_settings_tells_each_of_them() -> None:
    told = set(SPAN.findall(prose("docs/settings.md")))
    assert set(fields_of(Settings)) <= told


def page_of(channel: str) -> str:
    return f"docs/helpdesks/{channel.replace('_', '-')}.md"


def test_each_channel_has_its_page_and_its_row() -> None:
    assert set(HELPDESKS) == {"docs/helpdesks/README.md", *map(page_of, CONNECTORS)}
    rows = re.findall(r"^\| \[[^]]+\]\((.+?)\) \| `\[(.+?)\]` \|", text("docs/helpdesks/README.md"), re.MULTILINE)
    assert sorted(rows) == sorted((page_of(name).rpartition("/")[2], name) for name in CONNECTORS)


@pytest.mark.parametrize("channel", CONNECTORS)
def test_the_page_of_a_channel_sets_all_that_has_to_be_set(channel: str, tmp_path: Path) -> None:
    page = page_of(channel)
    (example,) = [content for language, content in blocks(page) if language == "toml" and f"[{channel}]" in content]
    file = tmp_path / "kefu.toml"
    file.write_text(example, "utf-8")
    section = getattr(load_settings(file), channel)
    assert section.on
    assert not section.missing
    assert f"/webhooks/{channel}" in text(page)


@pytest.mark.parametrize("channel", [name for name in CONNECTORS if name != "generic"])
def test_the_pages_of_channels_have_one_form(channel: str) -> None:
    sections = [title for marks, title in HEADING.findall(prose(page_of(channel))) if len(marks) == 2]
    assert sections[0].startswith("In ")
    assert [title for title in sections[1:] if not title.startswith("How the bot")] == [
        "Settings",
        "What agents do",
        "What to know",
    ]


def test_the_page_on_serving_tells_each_metric() -> None:
    measured = re.findall(r"^# TYPE (kefu_\w+) ", Metrics().text(Counts(waiting=0, outbox=0, dead=0)).decode(), re.M)
    told = set(re.findall(r"^\| `(kefu_\w+)` \|", text("docs/serving.md"), re.MULTILINE))
    assert told == {name for name in measured if not name.endswith("_created")}


def test_the_page_on_the_api_tells_each_field_event_and_call() -> None:
    page = text("docs/api.md")
    spans = set(SPAN.findall(prose("docs/api.md")))
    assert {*NewMessage.model_fields, *NewTurn.model_fields, *NewEvent.model_fields} <= spans | {"event"}
    assert set(NewEvent.model_json_schema()["properties"]["event"]["enum"]) <= spans
    for path in document("0")["paths"]:
        assert path.replace("{conversation}", "order-4711") in page


def test_the_example_of_settings_is_the_one_of_the_code() -> None:
    assert text("kefu.example.toml") == example_toml()


@pytest.mark.parametrize("page", ["README.md", "docs/your-own-faq.md"])
def test_examples_of_entries_load(page: str, tmp_path: Path) -> None:
    suffixes = {"jsonl": "jsonl", "yaml": "yaml", "csv": "csv", "markdown": "md", "html": "html", "json": "json"}
    seen = set()
    for number, (language, content) in enumerate(blocks(page)):
        if language in suffixes:
            lines = language == "json" and not content.startswith("[")
            file = tmp_path / f"{number}.{'jsonl' if lines else suffixes[language]}"
            file.write_text(content, "utf-8")
            ingestion = read_sources([file])
            assert ingestion.passages
            assert not ingestion.problems
            seen.add(file.suffix)
    assert {".jsonl", ".md"} <= seen


def test_the_report_of_bad_rows_is_what_ingest_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows a file with mistakes, and then the report about it."""
    page = blocks("docs/your-own-faq.md")
    place = next(i for i, (_, content) in enumerate(page) if "anwser" in content)
    (tmp_path / "my_faq").mkdir()
    monkeypatch.chdir(tmp_path)
    shop = '{"id": "hours", "question": "When are you open?", "answer": "Monday to Saturday, 9 to 18."}\n'
    Path("my_faq/shop.jsonl").write_text(shop, "utf-8")
    Path("my_faq/worse.jsonl").write_text(page[place][1], "utf-8")
    told = [line.removeprefix("Left out: ") for line in page[place + 1][1].splitlines() if line.startswith("Left out")]
    assert told == list(map(str, read_sources([Path("my_faq")]).problems))


@pytest.mark.usefixtures("encoder")
def test_the_program_on_the_page_prints_what_stands_below_it(tmp_path: Path) -> None:
    page = blocks("docs/architecture.md")
    place = next(i for i, (language, _) in enumerate(page) if language == "python")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [sys.executable, "-c", page[place][1]],
        cwd=ROOT,
        env=environment | {"KEFU_STATE__FOLDER": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.returncode) == (page[place + 1][1], 0), done.stderr
