"""What training brings, and what it costs: every method on the same rows, and the sets others have published on.

    python -m benchmarks.finetune --data FOLDER [--only NAME ...]

FOLDER holds clinc150 and bitext-support-qa. Each row is one run of `kefu train` in a process of its own, with the
settings that were chosen on dev; what is printed is measured on dev and on test, after export, as it would serve. The
whole takes hours on two cores: `--list` names the rows, `--only` runs some.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.common import OUT

KEFU = Path(sys.executable).with_name("kefu")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A run of `kefu train`."""

    name: str
    kind: str
    #: Folder and file of the training rows; dev.jsonl and test.jsonl stand beside them.
    data: str
    method: str
    #: Other settings of the recipe.
    settings: Mapping[str, object] = field(default_factory=dict)


_FEW = {"label_names": True, "contrast": 6, "epochs": 40, "patience": 40}
ROWS = [
    Row(
        name="clinc150 head",
        kind="intents",
        data="clinc150/train",
        method="head",
        settings={"batch": 64, "learning_rate": 3e-3, "epochs": 20, "patience": 20},
    ),
    Row(
        name="clinc150 full",
        kind="intents",
        data="clinc150/train",
        method="full",
        settings={"batch": 64, "head_rate": 1e-3, "label_smoothing": 0.1, "epochs": 5, "patience": 5},
    ),
    Row(
        name="clinc150 lora",
        kind="intents",
        data="clinc150/train",
        method="lora",
        settings={"batch": 64, "learning_rate": 2e-3, "label_smoothing": 0.1, "epochs": 6, "patience": 6},
    ),
    Row(name="clinc150 5-shot", kind="intents", data="clinc150/train_5shot", method="top-2", settings=_FEW),
    Row(name="clinc150 10-shot", kind="intents", data="clinc150/train_10shot", method="top-2", settings=_FEW),
    *(
        Row(
            name=f"methods {method}",
            kind="intents",
            data="clinc150/train_10shot",
            method=method,
            settings={"epochs": 5, "patience": 5},
        )
        for method in ("head", "bitfit", "ia3", "prompt", "lora", "adalora", "top-2", "full")
    ),
    *(
        Row(
            name=f"bitext {method}",
            kind="answers",
            data="bitext-support-qa/train",
            method=method,
            settings={"partners": 0.0, "epochs": 4, "patience": 4},
        )
        for method in ("head", "lora", "full")
    ),
]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with public data sets, one folder each")
    parser.add_argument("--only", nargs="+", default=[], help="names of rows, or how they begin")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    wanted = parser.parse_args()
    for row in ROWS:
        if wanted.list:
            print(row.name)
        elif not wanted.only or any(row.name.startswith(name) for name in wanted.only):
            print(f"{row.name:20} {_told(trained(row, wanted.data))}", flush=True)


def trained(row: Row, data: Path) -> dict[str, Any]:
    """Return what a run came to, as `kefu train --json` tells it."""
    file = data / f"{row.data}.jsonl"
    options = [f"--set={name}={value}" for name, value in row.settings.items()]
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OUT) as folder, (OUT / "finetune.log").open("a") as log:
        done = subprocess.run(
            [
                *(str(KEFU), "train", row.kind, "--method", row.method, "--json", *options),
                *("--data", str(file), "--state", folder),
                *("--dev", str(file.with_name("dev.jsonl")), "--test", str(file.with_name("test.jsonl"))),
            ],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=True,
        )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _told(result: Mapping[str, Any]) -> str:
    metrics = result["metrics"]
    parts = [
        f"{part}: "
        + ", ".join(
            f"{name.replace('_', ' ')} {value:.4f}" for name, value in metrics[part].items() if isinstance(value, float)
        )
        for part in ("dev", "test")
    ]
    cost = metrics["cost"]
    return "; ".join(
        [*parts, f"{cost['seconds']:.0f} s, {cost['memory_mb']} MB, {cost['trainable_parameters']:,} parameters"]
    )


if __name__ == "__main__":
    main()
