"""Bytes to text: byte order marks, UTF-8, UTF-16, and what Chinese and western Windows programs still save."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from retrieval.ingest.rows import Unreadable

#: Knowledge written by people is far smaller; a larger file is an export that belongs elsewhere.
MAX_BYTES = 64 * 1024 * 1024

#: The longer mark first: that of UTF-32 (little end first) begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAVE_AS = "text; save the file as UTF-8"
#: How much of a file decides whether it is a text in an encoding that any bytes fit.
_SAMPLE = 100_000
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
#: What western text has beyond ASCII, each sign where it belongs: "£5", not "£d" as Big5 would look.
_WESTERN = re.compile(
    r"[À-ÖØ-öø-ÿŒœŠšŽžŸ‘’‚“”„–—…•«»©®™·×\xa0]|[€£¥§](?![^\W\d])|(?<=[\d\s])[€£¥°ªº²³½¼¾±÷]|(?<!\w)[¿¡](?=\w)"
)


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Read a file of at most ``limit`` bytes."""
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise Unreadable(error.strerror or str(error), "a file that can be read") from error
    if len(data) > limit:
        raise Unreadable(f"more than {limit // 2**20} MB", f"at most {limit // 2**20} MB; split the file") from None
    return data


def decode(data: bytes) -> str:
    """Turn the bytes of a text file into text with plain line ends, or say at which byte that fails."""
    text = _decode(data)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Unreadable("a NUL character: not a text file", _SAVE_AS, line=line)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding)
    if b"\0" in data:
        return _without_mark(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if found := guessed(data):
            return found[0]
        raise _not_text(data, error) from None


def guessed(data: bytes) -> tuple[str, str] | None:
    """Return the text of bytes that are not UTF-8 and the encoding that makes sense of them, where one does."""
    for encoding, plausible in (("gb18030", _is_chinese), ("cp1252", _is_western)):
        text = _maybe(data, encoding)
        if text is not None and plausible(text[:_SAMPLE]):
            return text, encoding
    return None


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _not_text(data, error) from None


def _maybe(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _not_text(data: bytes, error: UnicodeDecodeError) -> Unreadable:
    name = error.encoding.upper()
    found = f"bytes that are not {name}, at byte offset {error.start} (0x{data[error.start]:02X})"
    return Unreadable(found, _SAVE_AS, line=data.count(b"\n", 0, error.start) + 1)


def _without_mark(data: bytes) -> str:
    """Decode UTF-16 without a mark: what is ASCII has its zero bytes all on one side, and the rest is Chinese."""
    half = len(data) / 2
    for encoding, zeros in (("utf-16-le", data[1::2].count(0)), ("utf-16-be", data[::2].count(0))):
        text = _maybe(data, encoding)
        if text is None or _BINARY.search(text):
            continue
        if zeros > 0.3 * half or _is_chinese(text[:_SAMPLE]):
            return text
    raise Unreadable(f"a zero byte at byte offset {data.index(0)}: not a text file", _SAVE_AS)


def _is_chinese(text: str) -> bool:
    """Whether most of what is not ASCII is one of the 3,755 common Han characters (level 1 of GB 2312)."""
    common = other = 0
    for char in text:
        if char < "\x80":
            continue
        try:
            lead = char.encode("gb2312")[0]
        except UnicodeEncodeError:
            other += 1
            continue
        if 0xB0 <= lead <= 0xD7:
            common += 1
        elif lead > 0xA3:  # rows 1 to 3 are punctuation, which any Chinese text has
            other += 1
    return common > 0 and common >= 4 * other


def _is_western(text: str) -> bool:
    """Whether it reads like western European text: mostly ASCII, and else accented letters and typographic signs."""
    if _BINARY.search(text):
        return False
    beyond = re.findall(r"[^\x00-\x7f]", text)
    return len(beyond) <= 0.3 * len(text) and len(_WESTERN.findall(text)) >= 0.9 * len(beyond)
