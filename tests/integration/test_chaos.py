"""A short run of benchmarks/chaos.py: what customers see while processes of the bot are killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.chaos import Plan, run


@pytest.mark.parametrize(("kind", "workers"), [("sqlite", 1), ("postgresql", 2)])
async def test_one_reply_a_turn_whatever_dies(
    kind: str, workers: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = request.getfixturevalue("postgres") if kind == "postgresql" else f"sqlite:///{tmp_path / 'kefu.db'}"
    seen = await run(Plan(database=database, turns=100, kills=2, workers=workers, messages=6))
    assert {name: seen[name] for name in ("killed", "twice", "lost", "disordered", "over_a_person")} == {
        "killed": 2,
        "twice": 0,
        "lost": 0,
        "disordered": 0,
        "over_a_person": 0,
    }
    assert seen["sent twice"] > 0
    assert seen["answered"] > 60
