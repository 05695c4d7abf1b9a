"""How `kefu gaps` tells what it found: as JSON, and in text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.common import counted
from bot.evaluation.gaps import drafts_of
from bot.evaluation.gaps.drafts import LEAST
from bot.evaluation.report.words import cut
from connectors.terminal.clean import one_line

if TYPE_CHECKING:
    from bot.evaluation.gaps import Cluster, Found
    from bot.evaluation.gaps.expected import Expected

#: Gaps that are printed; all are in --json and, where they have a draft, in --out.
_SHOWN = 20

#: Characters of a question or an answer that are printed.
_LINE = 100

#: Examples of a gap.
_EXAMPLES = 5


def as_json(
    found: Found, clusters: Sequence[Cluster], expected: Expected | None, out: Path | None
) -> dict[str, object]:
    """Return all gaps, what their drafts are expected to change, and the file that these were written to."""
    return {
        "turns": found.turns,
        "gaps": len(found.gaps),
        "kinds": {why.value: count for why, count in sorted(found.kinds.items())},
        "held": found.held,
        "clusters": [_cluster_json(cluster, expected) for cluster in clusters],
        "expected": None if expected is None else _expected_json(expected),
        "file": None if out is None else str(out),
    }


def _cluster_json(cluster: Cluster, expected: Expected | None) -> dict[str, object]:
    drafts = drafts_of(cluster)
    out: dict[str, object] = {
        "name": cluster.name,
        "dialogues": cluster.dialogues,
        "turns": [gap.turn.id for gap in cluster.gaps],
        "languages": cluster.languages,
        "channels": cluster.channels,
        "examples": list(dict.fromkeys(gap.asks for gap in cluster.gaps))[:_EXAMPLES],
        "nearest": None if cluster.nearest is None else asdict(cluster.nearest),
        "answers": cluster.answers,
        "drafts": [asdict(draft) for draft in drafts],
    }
    if expected is not None and drafts:
        out |= {"gained": expected.gained[drafts[0].id], "stolen": expected.stolen[drafts[0].id]}
    return out


def _expected_json(expected: Expected) -> dict[str, object]:
    return {
        "turns": expected.turns,
        "found": [expected.found_before, expected.found_after],
        "harmful": [expected.harmful_before, expected.harmful_after],
        "gain": round(expected.gain, 2),
    }


def plain(
    found: Found, clusters: Sequence[Cluster], expected: Expected | None, out: Path | None, sources: Sequence[Path]
) -> str:
    """Return the gaps that came up again, the others counted, and what to do next with the entries in ``sources``."""
    drafts = sum(len(drafts_of(cluster)) for cluster in clusters)
    lines = [
        f"{counted(len(found.gaps), 'turn', 'turns')} of {found.turns} ask what the knowledge does not have: "
        f"{counted(len(clusters), 'gap', 'gaps')}, {counted(drafts, 'drafted entry', 'drafted entries')}."
    ]
    if found.held:
        lines.append(
            f"{counted(found.held, 'more turn was', 'more turns were')} not answered rightly though the knowledge has "
            "the answer: see kefu calibrate."
        )
    again = [cluster for cluster in clusters if cluster.dialogues >= LEAST]
    for number, cluster in enumerate(again[:_SHOWN], 1):
        lines += ["", *_shown(number, cluster, expected)]
    if len(again) > _SHOWN:
        lines += ["", f"And {len(again) - _SHOWN} more, all of them with --json."]
    if once := len(clusters) - len(again):
        lines += ["", f"{counted(once, 'gap', 'gaps')} came up in one dialogue alone: see --json."]
    if expected is not None:
        lines += [
            "",
            f"With the drafts, {expected.found_after} of {expected.turns} turns are expected to be told or offered the "
            f"answer, {expected.found_before} are now: {expected.gain:+.1f} of a hundred. What does harm when it is "
            f"sent: {expected.harmful_after}, {expected.harmful_before} now.",
        ]
    if out is not None and drafts:
        folder = next((f", in {path}" for path in sources if path.is_dir()), "")
        lines += ["", f"Written to {out}: look at each entry, then put the file where your other entries are{folder}."]
    elif out is not None:
        lines += ["", f"There is no entry to draft: {out} is empty."]
    elif drafts:
        lines += ["", "Write the drafted entries with --out FILE.jsonl, and look at each before you add them."]
    return "\n".join(lines)


def _shown(number: int, cluster: Cluster, expected: Expected | None) -> Iterator[str]:
    yield f"{number:>3}. {_line(cluster.name)}"
    where = ", ".join([*cluster.languages, *cluster.channels])
    turns = counted(len(cluster.gaps), "turn", "turns")
    yield f"     {turns} in {counted(cluster.dialogues, 'dialogue', 'dialogues')} ({_line(where)})"
    if cluster.nearest is not None:
        yield f"     nearest entry: {cluster.nearest.id} ({cluster.nearest.confidence:.2f})"
    drafts = drafts_of(cluster)
    for draft in drafts:
        yield f"     draft {draft.id} ({draft.language}): {_line(draft.answer)}"
    if expected is not None and drafts:
        gained, stolen = expected.gained[drafts[0].id], expected.stolen[drafts[0].id]
        yield f"     expected: {counted(gained, 'turn', 'turns')} gained, {stolen} lost"


def _line(text: str) -> str:
    return cut(" ".join(one_line(text).split()), _LINE)
