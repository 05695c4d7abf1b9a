"""Why a reply is quoted although a language model is there to write it."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """The values are stable: they stand in decision records and in logs."""

    #: The deadline passed; the server was not done, or all that may ask it at once were still waiting for it.
    TIMEOUT = "timeout"
    BUSY = "busy"
    #: No connection, or one that broke off.
    UNREACHABLE = "unreachable"
    #: The server refused the call: a wrong key, a model it does not have, a redirection.
    REFUSED = "refused"
    #: The server has too much to do (429, 503), or failed; so may a model in this process.
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    #: It failed several times in a row, and is left alone for a while.
    CIRCUIT_OPEN = "circuit_open"
    #: What came is no stream of an OpenAI-compatible server.
    GARBAGE = "garbage"
    #: The model wrote characters that nobody sees: controls, marks of direction, blanks without a width.
    UNPRINTABLE = "unprintable"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    REPEATING = "repeating"
    #: It is in another language than that of the customer.
    WRONG_LANGUAGE = "wrong_language"
    #: The entry itself is in another language: it is quoted, with a sentence that says so.
    OTHER_LANGUAGE = "other_language"
    #: The model says that the entries do not answer the question.
    NOT_AN_ANSWER = "not_an_answer"
    #: What it wrote stands in no entry: the first sentence, or too many of them.
    UNSUPPORTED = "unsupported"
    #: Of several entries that answer, one is not in what may be sent.
    INCOMPLETE = "incomplete"
    #: kefu itself failed.
    FAILED = "failed"


class NotWritten(Exception):
    """There is no text of the model to be sent."""

    def __init__(self, why: Why) -> None:
        """``why`` is all that is told: no text of the server's is."""
        super().__init__(why.value)
        self.why = why
