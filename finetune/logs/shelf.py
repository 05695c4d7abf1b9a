"""Where logs lie while they are sorted into conversations: a database on disk that nobody else sees.

The messages of a conversation may stand anywhere in a table and in several files, and logs are larger than memory. The
database has no name: SQLite makes it in the folder for temporary files (https://sqlite.org/tempfiles.html says which)
and it is gone when the process ends, however it ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property

from finetune.errors import DataError

#: Of the database, in KiB: the most that is held of it in memory.
_CACHE = 32 * 1024

#: Zendesk itself, among the ids of its authors.
ZENDESK = "-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A line or a row of a log, with what belongs to one conversation."""

    #: The id of the conversation.
    id: str
    #: Number of the file among those that are read together, and the line in it.
    file: int
    line: int
    #: Who wrote it, where the kind of table tells authors by ids ("" where it does not).
    author: str = ""
    #: As JSON: a dialogue, or the cells of a row.
    content: str


class Shelf:
    """Pieces in the order in which they came, and by conversation."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Begin with none; `open_shelf` makes one."""
        self._connection = connection
        connection.execute(f"PRAGMA cache_size = -{_CACHE}")
        connection.execute("PRAGMA journal_mode = OFF")  # what is lost with the process needs no journal
        connection.execute("BEGIN")
        connection.execute(
            "CREATE TABLE pieces"
            " (number INTEGER PRIMARY KEY, id TEXT, file INTEGER, line INTEGER, author TEXT, content TEXT)"
        )

    def put(self, pieces: Iterable[Piece]) -> int:
        """Add pieces, and return how many they were."""
        rows = ((piece.id, piece.file, piece.line, piece.author, piece.content) for piece in pieces)
        return self._connection.executemany(
            "INSERT INTO pieces (id, file, line, author, content) VALUES (?, ?, ?, ?, ?)", rows
        ).rowcount

    def sort(self) -> int:
        """Prepare what follows, once all pieces are there; return how many conversations they belong to."""
        self._connection.execute("CREATE INDEX by_id ON pieces (id, number, author)")
        self._connection.execute("CREATE TABLE ids (number INTEGER PRIMARY KEY, id TEXT)")
        self._connection.execute("INSERT INTO ids SELECT min(number), id FROM pieces GROUP BY id")
        [(count,)] = self._connection.execute("SELECT count(*) FROM ids")
        return int(count)

    def conversations(self) -> Iterator[list[Piece]]:
        """Yield the pieces of each conversation, in the order in which the conversations were begun."""
        for (id_,) in self._connection.execute("SELECT id FROM ids ORDER BY number"):
            rows = self._connection.execute(
                "SELECT file, line, author, content FROM pieces WHERE id = ? ORDER BY number", (id_,)
            )
            yield [
                Piece(id=id_, file=file, line=line, author=author, content=text) for file, line, author, text in rows
            ]

    def holds(self, id_: str) -> bool:
        """Whether there is a conversation with this id."""
        return self._connection.execute("SELECT 1 FROM pieces WHERE id = ?", (id_,)).fetchone() is not None

    @cached_property
    def guests(self) -> frozenset[str]:
        """The authors who also write in conversations that others began."""
        rows = self._connection.execute(
            """
            SELECT DISTINCT pieces.author FROM pieces JOIN (
                SELECT id, author, min(number) FROM pieces WHERE author NOT IN ('', :zendesk) GROUP BY id
            ) AS first ON first.id = pieces.id
            WHERE pieces.author NOT IN ('', :zendesk) AND pieces.author <> first.author
            """,
            {"zendesk": ZENDESK},
        )
        return frozenset(author for (author,) in rows)


@contextmanager
def open_shelf() -> Iterator[Shelf]:
    """Give an empty shelf; raises `DataError` where the disk is too small for what is put there."""
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as connection:
        try:
            yield Shelf(connection)
        except sqlite3.OperationalError as error:
            raise DataError(
                f"The logs do not fit into the folder for temporary files ({error}), which must have room for a copy "
                "of them. Name another one with SQLITE_TMPDIR."
            ) from None
