"""Does `kefu lint` find what was planted, and nothing else? And how long does it take? As figures.

    python -m benchmarks.lint --half dev      with the half of the entries and wordings that the rules were made with
    python -m benchmarks.lint                 with the other half
    python -m benchmarks.lint --large 10000   the time on a folder of so many entries

Ten rounds plant one defect of each of 20 kinds into `faq_data`, each in an entry of its own, 200 in a half. A defect is
found where a finding has a code of its kind and the right file and line, or, where two entries are concerned, both
places. What else is told and is not there on the knowledge as it is counts against precision.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.common import FAQ, TODAY, Labelled, labelled, tools
from benchmarks.lint_defects import (
    Defect,
    Key,
    Knowledge,
    Plant,
    Row,
    contradiction,
    cut_short,
    dead_link,
    duplicate,
    impossible_dates,
    missing_twin,
    over,
    shared_phrasing,
    slip,
    twin_lacks_value,
    twin_link,
    twin_value,
    vague,
    validity,
    wrong_language,
)  # fmt: skip
from benchmarks.lint_texts import click, empty, markup, placeholder, too_long
from retrieval.build import build_index
from retrieval.index import KnowledgeIndex
from retrieval.ingest import read_sources
from retrieval.lint import Channel, Finding, lint
from retrieval.types import Passage, Query

#: All kinds; those that are choosy about their entries come first.
PLANTS: tuple[Plant, ...] = (
    click, vague, contradiction, twin_lacks_value, cut_short, slip, twin_link, twin_value, duplicate, shared_phrasing,
    missing_twin, wrong_language, impossible_dates, over, validity, dead_link, too_long, placeholder, empty, markup,
)  # fmt: skip

ROUNDS = 10
SEED = 20261125

#: As the connectors have them (`kefu lint` asks these).
CHANNELS = (
    Channel(name="Slack", longest=4000, size=len),
    Channel(name="WeCom", longest=2048, size=lambda text: len(text.encode()), unit="bytes"),
)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("dev", "test"), default="test", help="which half of the entries")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how many rounds of 20 defects")
    parser.add_argument("--seed", type=int, default=SEED, help="what the places and the wordings are drawn by")
    parser.add_argument("--large", type=int, metavar="N", help="tell the time on N entries instead")
    parser.add_argument("--verbose", action="store_true", help="print what was missed and what was told besides")
    arguments = parser.parse_args()
    if arguments.large:
        _large(arguments.large)
    else:
        _planted(arguments.half, arguments.rounds, arguments.seed, arguments.verbose)


def half_of(entry: str) -> str:
    """Return the half that an entry belongs to."""
    return "test" if zlib.crc32(entry.encode()) % 2 else "dev"


def _row(passage: Passage) -> Row:
    dates = {name: str(getattr(passage, name) or "") for name in ("valid_from", "valid_until")}
    return {
        "id": passage.id,
        "question": passage.question,
        "answer": passage.answer,
        "alternatives": list(passage.alternatives),
        "language": passage.language,
        "url": passage.url,
        **dates,
    }


class Bench:
    """A folder that rows are written to, and its index, which takes over what a round leaves as it was."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._encoder, self._analyzer = tools()
        self.clean = {passage.key: _row(passage) for passage in read_sources([FAQ]).passages}

    def _build(self, passages: Sequence[Passage]) -> KnowledgeIndex:
        return build_index(self._folder / "index", passages, self._encoder, self._analyzer)

    def _write(self, rows: dict[Key, Row]) -> Path:
        folder = self._folder / "faq"
        folder.mkdir(exist_ok=True)
        for language in ("en", "zh"):
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for key, row in rows.items() if key[1] == language)
            (folder / f"{language}.jsonl").write_text("".join(lines), "utf-8")
        return folder

    def places(self, rows: dict[Key, Row]) -> dict[tuple[str, int], Key]:
        """Return the key of the row at each file and line."""
        out: dict[tuple[str, int], Key] = {}
        for language in ("en", "zh"):
            keys = [key for key in rows if key[1] == language]
            out.update({(str(self._folder / "faq" / f"{language}.jsonl"), n): key for n, key in enumerate(keys, 1)})
        return out

    def loses(self, rows: dict[Key, Row], key: Key) -> bool:
        """Whether the question of ``key`` finds another entry first."""
        passages = [Passage(**{**row, "alternatives": tuple(row["alternatives"])} | _NO_DATES) for row in rows.values()]
        hits = self._build(passages).search([Query(text=rows[key]["question"])], 1, day=TODAY)[0]
        return bool(hits) and hits[0].passage.id != key[0]

    def lint(self, rows: dict[Key, Row]) -> list[Finding]:
        """Write ``rows`` and lint them."""
        ingestion = read_sources([self._write(rows)])
        return lint(ingestion, self._build(ingestion.passages), day=TODAY, channels=CHANNELS)


_NO_DATES = {"valid_from": None, "valid_until": None}


def _planted(half: str, rounds: int, seed: int, verbose: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        before = _told(bench.lint(bench.clean), bench.places(bench.clean))
        print(f"on the knowledge as it is: {len(before)} findings", flush=True)
        planted, hit, right, wrong = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        questions = labelled()
        for number in range(rounds):
            know, defects = _plant(bench, half, random.Random(f"{seed} {half} {number}"), questions)
            # What was planted later may have taken away what an entry lost to.
            defects = [d for d in defects if d.kind != "shadowed" or all(bench.loses(know.rows, k) for k in d.keys)]
            places = bench.places(know.rows)
            findings = [f for f in bench.lint(know.rows) if not _told([f], places) <= before]
            matched = {id(f): [d for d in defects if _tells(f, d, places)] for f in findings}
            for defect in defects:
                planted[defect.kind] += 1
                if any(defect in found for found in matched.values()):
                    hit[defect.kind] += 1
                elif verbose:
                    print(f"MISSED {defect.kind}: {sorted(defect.keys)} {defect.what}")
            for finding in findings:
                kinds = {d.kind for d in matched[id(finding)]}
                if kinds:
                    right[finding.code] += 1
                elif not _side(finding, defects, places):
                    wrong[finding.code] += 1
                    if verbose:
                        place = finding.place
                        print(f"BESIDES {finding.code} {place.id} {place.language} {finding.message}")
            so_far = f"{sum(hit.values())} of {sum(planted.values())}, {sum(wrong.values())} besides"
            print(f"round {number + 1}: {so_far}", flush=True)
        _report(half, planted, hit, right, wrong)


def _side(finding: Finding, defects: Iterable[Defect], places: dict[tuple[str, int], Key]) -> bool:
    """Whether it tells of a twin that a planted entry does not have: that is true, and no defect that was planted."""
    key = places.get((finding.place.file, finding.place.line))
    alone = {"impossible dates", "contradiction", "duplicate"}
    return finding.code == "K301" and any(d.kind in alone and key in d.keys for d in defects)


def _plant(
    bench: Bench, half: str, rng: random.Random, questions: Sequence[Labelled]
) -> tuple[Knowledge, list[Defect]]:
    rows = {key: {**row, "alternatives": list(row["alternatives"])} for key, row in bench.clean.items()}
    know = Knowledge(rows=rows, half=half, questions=questions, rng=rng, loses=bench.loses)
    able = sorted(entry for entry, language in rows if language == "en" and half_of(entry) == half)
    able = [e for e in able if not rows[e, "en"]["valid_until"] and not rows[e, "en"]["valid_from"]]
    defects = []
    for plant in PLANTS:
        rng.shuffle(able)
        for entry in able:
            if entry in know.used:
                continue
            defect = plant(know, (entry, rng.choice(["en", "zh"])))
            if defect:
                know.used.add(entry)
                defects.append(defect)
                break
        else:
            print(f"no place for {plant.__name__}")
    return know, defects


def _told(findings: Iterable[Finding], places: dict[tuple[str, int], Key]) -> set[tuple[str, Key | None]]:
    return {(f.code, places.get((f.place.file, f.place.line))) for f in findings}


def _tells(finding: Finding, defect: Defect, places: dict[tuple[str, int], Key]) -> bool:
    if finding.code not in defect.codes:
        return False
    spots = [finding.place, *([finding.other] if finding.other else [])]
    keys = [places.get((spot.file, spot.line)) for spot in spots]
    return set(keys) == defect.keys if defect.pair else keys[0] in defect.keys


def _report(half: str, planted: Counter[str], hit: Counter[str], right: Counter[str], wrong: Counter[str]) -> None:
    print(f"\n{'kind':18} planted found recall")
    for kind in sorted(planted):
        print(f"{kind:18} {planted[kind]:7} {hit[kind]:5} {hit[kind] / planted[kind]:6.2f}")
    print(f"\n{'code':6} right wrong precision")
    for code in sorted({*right, *wrong}):
        print(f"{code:6} {right[code]:5} {wrong[code]:5} {right[code] / (right[code] + wrong[code]):9.2f}")
    found, told = sum(hit.values()), sum(right.values()) + sum(wrong.values())
    print(f"\n{half}: recall {found / sum(planted.values()):.3f} ({found} of {sum(planted.values())})", end=", ")
    print(f"precision {sum(right.values()) / told:.3f} ({sum(right.values())} of {told} findings)")


def _large(count: int) -> None:
    """Lint copies of the demo shop, each of which asks about another made-up thing and has its answers in disorder."""
    rng = random.Random(SEED)
    syllables = "ba ko mi lu tes ran vo pe di gar nu si lo fem".split()
    clean = {passage.key: passage for passage in read_sources([FAQ]).passages}
    entries = sorted({entry for entry, _ in clean})
    passages: list[Passage] = []
    for number in range(count):
        copy, place = divmod(number, len(entries))
        if not place:
            name = "".join(rng.choices(syllables, k=3)).capitalize()
            answers = rng.sample(entries, len(entries))
        for language in ("en", "zh"):
            asked, told = clean[entries[place], language], clean[answers[place], language]
            phrasings = [f"{name} {text}" for text in (asked.question, *rng.sample(asked.alternatives, 2))]
            row = replace(asked, id=f"{asked.id}-{copy}", question=phrasings[0], alternatives=tuple(phrasings[1:]))
            passages.append(replace(row, answer=f"{name}: {told.answer}", url=""))
    encoder, analyzer = tools()
    with tempfile.TemporaryDirectory() as folder:
        faq = Path(folder) / "faq"
        faq.mkdir()
        for language in ("en", "zh"):
            rows = (json.dumps(_row(p), ensure_ascii=False) + "\n" for p in passages if p.language == language)
            (faq / f"{language}.jsonl").write_text("".join(rows), "utf-8")
        start = time.perf_counter()
        ingestion = read_sources([faq])
        read = time.perf_counter()
        index = build_index(Path(folder) / "index", ingestion.passages, encoder, analyzer)
        built = time.perf_counter()
        findings = lint(ingestion, index, day=TODAY, channels=CHANNELS)
        done = time.perf_counter()
    texts = len(index.data.units)
    print(f"{len(index)} entries, {len(ingestion.passages)} passages, {texts} texts: read in {read - start:.1f} s,")
    print(f"indexed in {built - read:.1f} s, linted in {done - built:.1f} s, {len(findings)} findings")


if __name__ == "__main__":
    main()
