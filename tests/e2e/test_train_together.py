"""Two processes that train together, as `accelerate launch` starts them on several GPUs: here on the processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
INTENTS = {"track_order", "invoice", "complaint"}


def test_two_processes_make_one_artefact(tmp_path: Path) -> None:
    for part in ("train", "dev"):
        rows = (ROOT / "faq_data" / "training" / f"intents.{part}.jsonl").read_text("utf-8").splitlines(keepends=True)
        some = [row for row in rows if json.loads(row)["intent"] in INTENTS]
        (tmp_path / f"{part}.jsonl").write_text("".join(some), "utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"),
            *("-m", "bot.cli.main", "train", "intents", "--data", "train.jsonl", "--json"),
            *("--dev", "dev.jsonl", "--state", "state", "--epochs", "4"),
        ],
        cwd=tmp_path,
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)  # one document: the other process says nothing
    (artefact,) = (tmp_path / "state" / "models" / "intents").glob("*/artefact.json")
    assert artefact.parent.name == result["version"]
    history = json.loads((artefact.parent / "history.json").read_text("utf-8"))
    assert len(history["epochs"]) == 4
    assert history["epochs"][-1]["score"] > 0.6  # one in three by chance
