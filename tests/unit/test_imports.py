"""Who may import whom, and what stays unloaded until it is needed."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import State

ROOT = Path(__file__).resolve().parents[2]

#: Ours: everything else is the standard library or a dependency, and not the concern of these rules.
OURS = {"bot", "retrieval", "connectors", "finetune", "faq_data", "benchmarks", "tests"}

#: What the modules of a package may import of ours; a name stands for all below it.
ALLOWED = {
    "retrieval": ("retrieval",),
    "connectors": ("connectors", "bot.types", "bot.ports", "bot.errors"),
    "bot": (
        *("bot", "retrieval.types", "retrieval.errors", "retrieval.text", "retrieval.courtesies"),
        # What texts state in figures, and where they point: evaluation compares it.
        *("retrieval.lint.addresses", "retrieval.lint.stated", "retrieval.lint.values"),
    ),
    "finetune": (
        *("finetune", "retrieval.types", "retrieval.errors", "retrieval.text", "retrieval.disk"),
        # What people say that says nothing, which the bot knows by the same words.
        "retrieval.courtesies",
        # What serving loads, to train it on and to export it; and how the bytes of any text file are read.
        *(
            "retrieval.encoder",
            "retrieval.export",
            "retrieval.extension",
            "retrieval.pooling",
            "retrieval.source",
            "retrieval.ingest.decode",
            "retrieval.ingest.rows",
        ),
    ),
}

#: The wiring, which knows all parts.
WIRING = ("bot.app", "bot.channels", "bot.cli", "bot.library", "bot.models", "bot.rerun", "bot.workers")

HEAVY = {"torch", "transformers", "faiss", "onnxruntime", "numpy"}


def below(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imports(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of each module of ours that ``source``, a module of ``package``, imports anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*parents, *filter(None, [node.module])])
            whole = (ROOT / origin.replace(".", "/")).is_dir()  # then the names are modules, or may be
            names = [f"{origin}.{alias.name}" if whole else origin for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] in OURS)


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_it_may_know(package: str) -> None:
    wrong, count = [], 0
    for module, path in modules(package):
        if below(module, WIRING):
            continue
        parent = ".".join(path.relative_to(ROOT).parent.parts)
        for line, name in imports(path.read_text("utf-8"), parent):
            count += 1
            if not below(name, ALLOWED[package]):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)
    assert count


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import retrieval.index", ["retrieval.index"]),
        ("import os, bot.app as app", ["bot.app"]),
        ("from retrieval import fusion, text", ["retrieval.fusion", "retrieval.text"]),
        ("from retrieval.types import Passage", ["retrieval.types"]),
        ("from . import settings", ["bot.settings"]),
        ("from .cli.common import warn", ["bot.cli.common"]),
        ("def late():\n    from bot.app import running", ["bot.app"]),
        ("if TYPE_CHECKING:\n    import finetune", ["finetune"]),
        ("from botany import x\nimport numpy", []),
    ],
)
def test_every_way_to_import_is_seen(source: str, names: list[str]) -> None:
    assert [name for _, name in imports(source, "bot")] == names


def loaded(folder: Path, code: str) -> set[str]:
    """Run ``code`` in a process of its own and return the top-level modules it ended with."""
    report = folder / "modules.json"
    ending = (
        "import json, pathlib, sys\n"
        f"pathlib.Path({str(report)!r}).write_text(json.dumps([n for n in sys.modules if '.' not in n]))\n"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KEFU_")}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{ending}"],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(report.read_text("utf-8")))


def command(*arguments: str) -> str:
    """Return code that runs the command line and goes on if it ended well."""
    return (
        "import sys\n"
        "from bot.cli.main import main\n"
        f"sys.argv = ['kefu', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as ended:\n    assert not ended.code, ended.code\n"
    )


@pytest.mark.parametrize(
    "code",
    ["import bot", command("--help"), command("pairs", "--help")],
    ids=["import bot", "kefu --help", "kefu pairs --help"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(tmp_path: Path, code: str) -> None:
    modules = loaded(tmp_path, code)
    assert "bot" in modules
    assert not HEAVY & modules


@pytest.mark.usefixtures("encoder")  # exported once, as on every machine that has answered before
def test_an_answer_needs_no_torch(tmp_path: Path) -> None:
    entry = {"id": "track", "question": "Where is my parcel?", "answer": "Open the tracking link."}
    (tmp_path / "faq.jsonl").write_text(json.dumps(entry) + "\n", "utf-8")
    asked = command("ask", "where is my parcel", "--faq", "faq.jsonl", "--state", "state")
    modules = loaded(tmp_path, asked)
    assert {"onnxruntime", "faiss"} <= modules
    assert not {"torch", "transformers", "finetune", "safetensors"} & modules
    assert not {"rjieba"} & modules  # the evidence lock's: nobody writes here


def places_of(module: str) -> Iterator[tuple[Path, bool]]:
    """Yield each file that imports ``module``, and whether it does so as soon as it is imported itself."""
    for package in ALLOWED:
        for _, path in modules(package):
            tree = ast.parse(path.read_text("utf-8"))
            for node in ast.walk(tree):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if any(below(name, (module,)) for name in names):
                    yield path, node in tree.body


def test_onnxruntime_is_told_to_report_nothing_before_it_is_loaded() -> None:
    found = dict(places_of("onnxruntime"))
    assert len(found) >= 3
    for path, at_once in found.items():
        assert not at_once, f"{path} loads onnxruntime while modules are imported, in an order nobody sees"
        assert path.name == "encoder.py" or "from retrieval.encoder import" in path.read_text("utf-8")


@pytest.mark.usefixtures("encoder")
def test_nothing_that_is_loaded_reports_to_anybody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    code = (
        "import pathlib, sys; from retrieval.export import load_encoder\n"
        "load_encoder('embedded', pathlib.Path(sys.argv[1])).encode(['refund'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(State().cache)],
        env=env | {"HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    left = [str(path.relative_to(home)) for path in home.rglob("*") if "onnxruntime" in path.name.lower()]
    assert not left


def test_training_data_is_made_without_anything_heavy(tmp_path: Path) -> None:
    said = [{"speaker": "customer", "text": "where is my parcel"}, {"speaker": "agent", "text": "It comes on Monday."}]
    (tmp_path / "log.jsonl").write_text(json.dumps({"id": "a", "turns": said}) + "\n", "utf-8")
    modules = loaded(tmp_path, command("pairs", "log.jsonl"))
    assert "finetune" in modules
    assert not HEAVY & modules
