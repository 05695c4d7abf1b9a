"""CSV exports of helpdesks: each kind, in whatever order, case and encoding, and what is said of the others."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from finetune.errors import DataError
from finetune.logs import Conversation, Speaker, Utterance, What
from tests.unit.finetune.logs.logs import ZAMMAD, damaged, places, read, table, texts

EXPORTS = Path(__file__).resolve().parents[1] / "exports"
CUSTOMER, AGENT, BOT = Speaker.CUSTOMER, Speaker.AGENT, Speaker.BOT


def by_id(conversations: Sequence[Conversation]) -> dict[str, Conversation]:
    return {conversation.id: conversation for conversation in conversations}


def speakers(conversation: Conversation) -> str:
    return "".join(utterance.speaker.value[0] for utterance in conversation.utterances)


# --- the three kinds -------------------------------------------------------------------------------------------------


def test_an_export_of_zendesk_comments() -> None:
    tickets = by_id(read(EXPORTS / "zendesk_comments.csv"))
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
    chats = by_id(read(EXPORTS / "chatwoot_messages.csv"))
    apron = chats["chatwoot:88"]
    assert (speakers(apron), apron.notes, apron.events) == ("cbcaac", 1, 1)
    assert apron.utterances[0].text.startswith("买的围裙")
    assert speakers(chats["chatwoot:87"]) == "cba"  # nobody's name stands below the notice of absence


def test_an_export_of_zammad_articles_with_html() -> None:
    tickets = by_id(read(EXPORTS / "zammad_articles.csv"))
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
    conversations, problems = damaged(tmp_path / name)
    assert conversations == read(EXPORTS / name)
    assert set(problems.counts) <= {What.ENCODING}
    assert bool(problems.counts) is (encoding == "gb18030")


@pytest.mark.parametrize("name", ["zendesk_comments.csv", "chatwoot_messages.csv"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_order_case_and_delimiter_of_the_columns_change_nothing(name: str, delimiter: str, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO((EXPORTS / name).read_text("utf-8"), newline="")))
    turned = [row[::-1] for row in rows]
    turned[0] = [cell.upper() for cell in turned[0]]
    path = table(tmp_path, *turned, name=name, delimiter=delimiter)
    assert read(path) == read(EXPORTS / name)


def test_the_line_that_excel_writes_before_the_header_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nticket_id;body;sender;internal\n1;hello;Customer;false\n2;x;Robot;false\n", "utf-8")
    conversations, problems = damaged(path)
    assert texts(conversations) == ["hello"]
    assert [str(problem) for problem in problems.examples(What.SPEAKER)] == [
        f"{path}:4: the sender is 'Robot'; expected Agent, Customer or System"
    ]


# --- who spoke -------------------------------------------------------------------------------------------------------

ZENDESK = ("ticket_id", "author_id", "public", "body")


def test_without_roles_the_requester_is_the_customer(tmp_path: Path) -> None:
    rows = (("1", "70", "70", "yes", "a"), ("1", "70", "8", "yes", "b"), ("2", "8", "8", "true", "c"))
    path = table(tmp_path, ("ticket_id", "requester_id", "author_id", "public", "body"), *rows)
    assert [speakers(conversation) for conversation in read(path)] == ["ca", "c"]


def test_without_requesters_it_is_who_wrote_first_unless_they_answer_elsewhere(tmp_path: Path) -> None:
    rows = (
        ("1", "70", "true", "where is my lamp"),
        ("1", "8", "true", "on its way"),
        ("2", "8", "true", "we called you"),  # an agent began this ticket
        ("2", "71", "true", "yes?"),
        ("2", "-1", "true", "ticket solved"),
    )
    conversations = read(table(tmp_path, ZENDESK, *rows))
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
    [conversation] = read(table(tmp_path, header, *(("1", "x", sender, "no", name) for sender, name in senders)))
    assert conversation.names == {"Lee, Anna", "Petra"}


def test_who_began_a_ticket_is_told_by_all_files_together(tmp_path: Path) -> None:
    header = (*ZENDESK, "created_at")
    january = table(tmp_path, header, ("1", "70", "true", "where is my lamp", "2026-01-31"), name="1.csv")
    february = table(tmp_path, header, ("1", "8", "true", "on its way", "2026-02-01"), name="2.csv")
    assert [speakers(conversation) for conversation in read(january, february)] == ["ca"]


def test_the_channel_is_the_inbox_and_else_the_helpdesk(tmp_path: Path) -> None:
    named = table(tmp_path, (*ZAMMAD, "Inbox"), ("1", "x", "Customer", "no", "WhatsApp"), name="a.csv")
    other = table(tmp_path, ZAMMAD, ("2", "x", "Customer", "no"), name="b.csv")
    assert [conversation.channel for conversation in read(named, other)] == ["WhatsApp", "zammad"]


def test_messages_of_one_second_keep_the_order_of_their_numbers(tmp_path: Path) -> None:
    header = ("id", "conversation_id", "content", "message_type", "private", "created_at")
    rows = [(str(n), "1", f"m{n}", "incoming", "", "1767600840") for n in (10, 9, 11)]
    [conversation] = read(table(tmp_path, header, *rows))
    assert [u.text for u in conversation.utterances] == ["m9", "m10", "m11"]


def test_a_time_that_cannot_be_read_turns_no_ticket_round(tmp_path: Path) -> None:
    header = (*ZAMMAD, "created_at")
    at = ("2026-01-04", "2026-01-03", "noon", "2026-01-01")
    path = table(tmp_path, header, *(("1", str(4 - n), "Agent", "no", cell) for n, cell in enumerate(at)))
    conversations, problems = damaged(path)
    assert texts(conversations) == ["1", "2", "3", "4"]
    assert places(problems) == [(What.TIME, 4)]


def test_without_times_the_order_of_the_file_counts(tmp_path: Path) -> None:
    path = table(tmp_path, ZENDESK, ("1", "7", "1", "first"), ("1", "7", "1", "second"))
    [conversation] = read(path)
    assert conversation.utterances == (
        Utterance(speaker=CUSTOMER, text="first"),
        Utterance(speaker=CUSTOMER, text="second"),
    )


# --- what cannot be read ---------------------------------------------------------------------------------------------


def test_an_unknown_kind_is_told_with_its_columns_and_the_known_kinds(tmp_path: Path) -> None:
    path = table(tmp_path, ("Id", "Subject", "Requester"), ("1", "x", "y"))
    with pytest.raises(DataError) as raised:
        read(path)
    said = str(raised.value)
    assert "Its columns are: id, subject, requester." in said
    for known in ("Zendesk comments (ticket_id,", "Chatwoot messages (conversation_id,", "Zammad articles (ticket_id,"):
        assert known in said
    assert "comes nearest" not in said


def test_an_export_that_does_not_tell_private_notes_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, ("conversation_id", "content", "message_type"), ("1", "x", "incoming"))
    with pytest.raises(DataError, match="comes nearest to Chatwoot messages, and lacks private"):
        read(path)


HEAD = b"ticket_id,body,sender,internal,created_at\n"
GOOD = b"7,good,Agent,no,2026-01-05\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a.csv is empty; expected a CSV export of Chatwoot messages, Zammad articles, Zendesk comments."),
        (b"\n \n", "a.csv is empty"),
        (HEAD, "a.csv: nothing below the header; expected a message in each row."),
        (b'ticket_id,"bo"dy,sender,internal\n' + GOOD, "a.csv:1: ',' expected after '\"'"),
        (HEAD + b",x,Agent,no,\n", "a.csv can be read."),
        (HEAD + b"1,x,Agent,maybe,\n", "a.csv:2: the column that tells private notes holds 'maybe'"),
    ],
)
def test_a_table_of_which_nothing_can_be_read_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError) as raised:
        damaged(tmp_path / "a.csv")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("row", "what", "said"),
    [
        (b"1,x,Agent,maybe,", What.PRIVACY, "2: the column that tells private notes holds 'maybe'; expected true or"),
        (b"1,x,Agent,,", What.PRIVACY, "2: the column that tells private notes holds nothing; expected true or false"),
        (b'"",z,Agent,no,', What.NO_ID, "2: a row without the id of its conversation; expected one in each row"),
        (b"1,x,y,Agent,no,2026", What.CELLS, "2: 6 cells; expected at most 5, as in the header"),
        (b'1,"x"y,"Agent,no,', What.QUOTES, "2: ',' expected after '\"'; expected cells with ',' between them"),
        (b'1,"x,Agent,no,', What.QUOTES, "2: unexpected end of data; expected cells with ',' between them"),
        (b"1,x,boss,no,", What.SPEAKER, "2: the sender is 'boss'; expected Agent, Customer or System"),
        (b"1,,Agent,no,", What.NO_TEXT, "2: no text; expected a text"),
        (b"1,<blockquote>x</blockquote>,Agent,no,", What.NO_TEXT, "2: no text but quoted mails; expected a text"),
    ],
)
def test_a_bad_row_is_left_out_and_told_and_the_others_are_read(
    row: bytes, what: What, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + row + b"\n" + GOOD)
    conversations, problems = damaged(path)
    assert texts(conversations) == ["good"]
    assert problems.counts == {what: 1}
    assert str(problems.examples(what)[0]).startswith(f"{path}:{said}")
    assert what.left_out


@pytest.mark.parametrize(
    ("row", "what", "text"),
    [
        (b'1,"he said "hi" to me",Agent,no,', What.LOOSE_QUOTES, 'he said hi" to me"'),
        (b"1,x,Agent,no,yesterday", What.TIME, "x"),
        (b"1,caf\xe9,Agent,no,", What.ENCODING, "caf\xe9"),
        ("1,退款多久到账,Agent,no,".encode("gb18030"), What.ENCODING, "退款多久到账"),
        (b"1,x\0y,Agent,no,", What.NUL, "xy"),
    ],
)
def test_a_row_that_can_be_mended_is_read_and_told(row: bytes, what: What, text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + row + b"\n" + GOOD)
    conversations, problems = damaged(path)
    assert texts(conversations) == [text, "good"]
    assert places(problems) == [(what, 2)]
    assert not what.left_out


def test_a_quotation_mark_that_is_never_closed_costs_its_own_row_alone(tmp_path: Path) -> None:
    rows = [b'1,"open,Customer,no,\n', *(b"%d,x,Customer,no,\n" % number for number in range(2, 50))]
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + b"".join(rows))
    conversations, problems = damaged(path)
    assert [conversation.id for conversation in conversations] == [f"zammad:{number}" for number in range(2, 50)]
    assert places(problems) == [(What.QUOTES, 2)]


def test_a_cell_over_several_lines_is_one_and_the_rows_below_it_have_their_own_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + b'1,"one\r\ntwo\n\nthree",Agent,no,\r\n2,x,boss,no,\n')
    conversations, problems = damaged(path)
    assert texts(conversations) == ["one\ntwo\n\nthree"]
    assert places(problems) == [(What.SPEAKER, 6)]


def test_empty_cells_behind_the_last_column_are_no_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + b"1,x,Agent,no,,,,\n2,y,Agent,no\n")
    assert texts(read(path)) == ["x", "y"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv: No such file"):
        read(tmp_path / "gone.csv")


def test_a_long_cell_is_read_and_the_limit_of_others_stays(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    [conversation] = read(table(tmp_path, ZENDESK, ("1", "7", "1", "x" * 200_000)))
    assert len(conversation.utterances[0].text) == 200_000
    assert csv.field_size_limit() == before
