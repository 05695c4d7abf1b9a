"""CSV exports of helpdesks: each kind, in whatever order, case and encoding, and what is said of the others."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from finetune.errors import DataError
from finetune.logs import Conversation, Speaker, Utterance, read_logs
from finetune.logs.tables import read_table

EXPORTS = Path(__file__).resolve().parents[1] / "exports"
CUSTOMER, AGENT, BOT = Speaker.CUSTOMER, Speaker.AGENT, Speaker.BOT


def by_id(conversations: Sequence[Conversation]) -> dict[str, Conversation]:
    return {conversation.id: conversation for conversation in conversations}


def table(folder: Path, *rows: Sequence[str], name: str = "export.csv", delimiter: str = ",") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def speakers(conversation: Conversation) -> str:
    return "".join(utterance.speaker.value[0] for utterance in conversation.utterances)


# --- the three kinds -------------------------------------------------------------------------------------------------


def test_an_export_of_zendesk_comments() -> None:
    tickets = by_id(list(read_table(EXPORTS / "zendesk_comments.csv")))
    assert list(tickets) == [f"zendesk:{number}" for number in (4711, 4712, 4713, 4714)]
    lamp = tickets["zendesk:4711"]
    assert (speakers(lamp), lamp.notes, lamp.events, lamp.outcome) == ("caac", 1, 0, "solved")
    assert lamp.utterances[0].at == datetime(2026, 3, 2, 8, 12, 44, tzinfo=UTC)
    assert lamp.utterances[0].text.startswith("Hi there,\n\nI bought the Halo lamp")
    assert lamp.names == {"Maria Gomez", "Jonas Weber"}
    assert (speakers(tickets["zendesk:4712"]), tickets["zendesk:4712"].events) == ("ca", 1)
    assert tickets["zendesk:4713"].outcome == "deleted"
    assert not [u for ticket in tickets.values() for u in ticket.utterances if "third flicker" in u.text]


def test_an_export_of_chatwoot_messages_newest_first() -> None:
    chats = by_id(list(read_table(EXPORTS / "chatwoot_messages.csv")))
    apron = chats["chatwoot:88"]
    assert (speakers(apron), apron.notes, apron.events) == ("cbcaac", 1, 1)
    assert apron.utterances[0].text.startswith("买的围裙")
    assert speakers(chats["chatwoot:87"]) == "cba"  # nobody's name stands below the notice of absence


def test_an_export_of_zammad_articles_with_html() -> None:
    tickets = by_id(list(read_table(EXPORTS / "zammad_articles.csv")))
    invoice = tickets["zammad:55"]
    assert (speakers(invoice), invoice.notes, invoice.events, invoice.outcome) == ("ca", 1, 1, "closed")
    question, answer = (u.text for u in invoice.utterances)
    assert question == (
        "Good morning,\nhow can I get an invoice with our VAT number?\nBest wishes\nAnna Lee\nLee & Sons Ltd."
    )
    assert answer.startswith("Dear Ms Lee,\nplease enter")
    assert "Petra" not in answer
    assert invoice.names == {"Anna Lee", "Petra Klein"}


@pytest.mark.parametrize("name", ["zendesk_comments.csv", "chatwoot_messages.csv", "zammad_articles.csv"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_an_export_says_the_same_in_every_encoding(name: str, encoding: str, tmp_path: Path) -> None:
    text = (EXPORTS / name).read_text("utf-8-sig")
    (tmp_path / name).write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert list(read_table(tmp_path / name)) == list(read_table(EXPORTS / name))


@pytest.mark.parametrize("name", ["zendesk_comments.csv", "chatwoot_messages.csv"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_order_case_and_delimiter_of_the_columns_change_nothing(name: str, delimiter: str, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO((EXPORTS / name).read_text("utf-8"), newline="")))
    turned = [row[::-1] for row in rows]
    turned[0] = [cell.upper() for cell in turned[0]]
    path = table(tmp_path, *turned, name=name, delimiter=delimiter)
    assert list(read_table(path)) == list(read_table(EXPORTS / name))


def test_the_line_that_excel_writes_before_the_header_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nticket_id;body;sender;internal\n1;hello;Customer;false\n2;x;Robot;false\n", "utf-8")
    with pytest.raises(DataError, match=r"a\.csv:4: the sender is 'Robot'; expected Agent, Customer or System"):
        list(read_table(path))


# --- who spoke -------------------------------------------------------------------------------------------------------

ZENDESK = ("ticket_id", "author_id", "public", "body")


def test_without_roles_the_requester_is_the_customer(tmp_path: Path) -> None:
    rows = (("1", "70", "70", "yes", "a"), ("1", "70", "8", "yes", "b"), ("2", "8", "8", "true", "c"))
    path = table(tmp_path, ("ticket_id", "requester_id", "author_id", "public", "body"), *rows)
    assert [speakers(conversation) for conversation in read_table(path)] == ["ca", "c"]


def test_without_requesters_it_is_who_wrote_first_unless_they_answer_elsewhere(tmp_path: Path) -> None:
    rows = (
        ("1", "70", "true", "where is my lamp"),
        ("1", "8", "true", "on its way"),
        ("2", "8", "true", "we called you"),  # an agent began this ticket
        ("2", "71", "true", "yes?"),
        ("2", "-1", "true", "ticket solved"),
    )
    conversations = list(read_table(table(tmp_path, ZENDESK, *rows)))
    assert [(speakers(c), c.events) for c in conversations] == [("ca", 0), ("aa", 1)]


def test_the_company_is_no_person_of_the_conversation(tmp_path: Path) -> None:
    header = ("ticket_id", "body", "sender", "internal", "from")
    senders = (
        ("Customer", '"Lee, Anna" <a@x.example>'),
        ("Agent", "Lantern Bay Support"),
        ("Agent", "Petra via Lantern Bay"),
        ("Agent", "help@lanternbay.example"),
        ("System", "Lantern Bay"),
        ("Agent", "售后客服小陈"),
    )
    [conversation] = read_table(table(tmp_path, header, *(("1", "x", sender, "no", name) for sender, name in senders)))
    assert conversation.names == {"Lee, Anna", "Petra"}


def test_messages_of_one_second_keep_the_order_of_their_numbers(tmp_path: Path) -> None:
    header = ("id", "conversation_id", "content", "message_type", "private", "created_at")
    rows = [(str(n), "1", f"m{n}", "incoming", "", "1767600840") for n in (10, 9, 11)]
    [conversation] = read_table(table(tmp_path, header, *rows))
    assert [u.text for u in conversation.utterances] == ["m9", "m10", "m11"]


def test_without_times_the_order_of_the_file_counts(tmp_path: Path) -> None:
    path = table(tmp_path, ZENDESK, ("1", "7", "1", "first"), ("1", "7", "1", "second"))
    [conversation] = read_table(path)
    assert conversation.utterances == (
        Utterance(speaker=CUSTOMER, text="first"),
        Utterance(speaker=CUSTOMER, text="second"),
    )


# --- what cannot be read ---------------------------------------------------------------------------------------------


def test_an_unknown_kind_is_told_with_its_columns_and_the_known_kinds(tmp_path: Path) -> None:
    path = table(tmp_path, ("Id", "Subject", "Requester"), ("1", "x", "y"))
    with pytest.raises(DataError) as raised:
        list(read_table(path))
    said = str(raised.value)
    assert "Its columns are: id, subject, requester." in said
    for known in ("Zendesk comments (ticket_id,", "Chatwoot messages (conversation_id,", "Zammad articles (ticket_id,"):
        assert known in said
    assert "comes nearest" not in said


def test_an_export_that_does_not_tell_private_notes_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, ("conversation_id", "content", "message_type"), ("1", "x", "incoming"))
    with pytest.raises(DataError, match="comes nearest to Chatwoot messages, and lacks private"):
        list(read_table(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a.csv is empty; expected a CSV export of Chatwoot messages, Zammad articles, Zendesk comments."),
        (b"\n \n", "a.csv is empty"),
        (b"ticket_id,body,sender,internal\n", "a.csv: nothing below the header; expected a message in each row."),
        (
            b"ticket_id,body,sender,internal\n1,x,Agent,maybe\n",
            "a.csv:2: the column that tells private notes holds 'maybe'",
        ),
        (b"ticket_id,body,sender,internal\n1,x,Agent,\n", "holds ''; expected true or false"),
        (b'ticket_id,body,sender,internal\n1,"x\ny",Agent,no\n\n,z,Agent,no\n', "a.csv:5: no ticket_id"),
        (b"ticket_id,body,sender,internal\n1,x,y,Agent,no\n", "a.csv:2: 5 cells; expected at most 4"),
        (b'ticket_id,body,sender,internal\n1,"x"y,Agent,no\n', "a.csv:2: ',' expected after '\"'"),
        (b'ticket_id,body,sender,internal\n1,"x,Agent,no\n', "a.csv:2: unexpected end of data"),
        (
            b"ticket_id,body,sender,internal,created_at\n1,x,Agent,no,yesterday\n",
            "a.csv:2: the time is 'yesterday'; expected a time such as 2026-01-05T09:14:00Z",
        ),
        (
            b"conversation_id,content,message_type,private\n1,x,9,f\n",
            "a.csv:2: the message type is '9'; expected incoming",
        ),
        (
            b"ticket_id,body,role,public\n1,x,boss,true\n",
            "a.csv:2: the role of the author is 'boss'; expected end-user",
        ),
        (b"ticket_id,body\n1,caf\xe9\xff\xfe\x81\n", "a.csv:2: bytes that are not UTF-8, at byte offset 20"),
        (b"ticket_id,body\n1,\x00\x01\x02x\n", "not a text file"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError) as raised:
        list(read_table(tmp_path / "a.csv"))
    assert said in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv: No such file"):
        read_logs([tmp_path / "gone.csv"])


def test_a_long_cell_is_read_and_the_limit_of_others_stays(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    [conversation] = read_table(table(tmp_path, ZENDESK, ("1", "7", "1", "x" * 200_000)))
    assert len(conversation.utterances[0].text) == 200_000
    assert csv.field_size_limit() == before
