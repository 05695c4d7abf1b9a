"""`kefu lint` as an editor, and a pipeline, run it."""

from __future__ import annotations

import pytest

from tests.e2e.command import Desk

SOUND = {
    "id": "hours",
    "question": "When are you open?",
    "answer": "From 9 to 18 o'clock, every day.",
    "language": "en",
}
WRONG = [
    {"id": "refund", "question": "How long does a refund take?", "answer": "Within 14 days.", "language": "en"},
    {"id": "refund", "question": "退款需要多久？", "answer": "7天内。", "language": "zh"},
    {"id": "sale", "question": "Is there a sale?", "answer": "Yes, half of it all.", "valid_until": "2020-01-01"},
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("lint"))
    (desk.folder / "sound").mkdir()
    (desk.folder / "wrong").mkdir()
    desk.write("sound/shop.jsonl", SOUND)
    desk.write("wrong/shop.jsonl", SOUND, *WRONG)
    desk.write("wrong/broken.jsonl", "{")
    return desk


def test_a_sound_knowledge_passes(desk: Desk) -> None:
    ran = desk.run("lint", "sound")
    assert (ran.code, ran.out, ran.err) == (0, "0 errors, 0 warnings, 0 notes.\n", "")


def test_an_error_fails_the_check_and_is_shown_by_file(desk: Desk) -> None:
    ran = desk.run("lint", "wrong")
    assert ran.code == 1, ran.err
    broken, shop, summary = ran.out.split("\n\n")
    assert broken.startswith("wrong/broken.jsonl\n    1  K001 error    ")
    first, second, third = shop.splitlines()
    assert first == "wrong/shop.jsonl"
    assert second.startswith("    2  K102 error    [refund] ")
    assert second.endswith("(wrong/shop.jsonl:3)")
    assert third.startswith("    4  K402 warning  [sale] ")
    assert summary == "2 errors, 1 warning, 0 notes.\n"


def test_codes_are_chosen_and_left_out_alone_or_in_groups(desk: Desk) -> None:
    ran = desk.run("lint", "wrong", "--ignore", "K001,K1", "--json")
    assert ran.code == 0
    assert [finding["code"] for finding in ran.json["findings"]] == ["K402"]
    assert desk.run("lint", "wrong", "--select", "k4", "--strict").code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["wrong", "--select", "K9"], "no rule has the code 'K9'"), (["nowhere"], "nowhere: It does not exist.")],
)
def test_wrong_usage_is_told(desk: Desk, arguments: list[str], said: str) -> None:
    ran = desk.run("lint", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_json_has_what_a_program_needs(desk: Desk) -> None:
    ran = desk.run("lint", "wrong", "--json")
    assert ran.json["counts"] == {"error": 2, "warning": 1, "note": 0}
    (differs,) = [finding for finding in ran.json["findings"] if finding["code"] == "K102"]
    assert differs["severity"] == "error"
    assert (differs["file"], differs["line"], differs["id"], differs["language"]) == (
        "wrong/shop.jsonl",
        2,
        "refund",
        "en",
    )
    assert differs["other"] == {"file": "wrong/shop.jsonl", "line": 3, "id": "refund", "language": "zh"}


def test_sarif_names_files_from_the_working_directory(desk: Desk) -> None:
    ran = desk.run("lint", str(desk.folder / "wrong"), "--sarif")
    assert ran.code == 1
    results = ran.json["runs"][0]["results"]
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
    assert uris == {"wrong/broken.jsonl", "wrong/shop.jsonl"}
