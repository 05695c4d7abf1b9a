"""Addresses in a text: of pages, mailboxes and telephones, and when two of them are one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from retrieval.types import Passage

_URL = re.compile(r"https?://[^\s<>\"'`|\\，。；：！？、（）()\[\]{}《》“”]+", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.ASCII | re.IGNORECASE)
_PHONE = re.compile(r"(?<![A-Za-z0-9_$€£¥./-])(?:\+\d|\(?0\d|\d{3}-)[\d()\s-]{5,}\d(?![\d.:]\d)")

#: The first part of a path, or of a host, that names a language: a page and its translation are one page.
_LANGUAGE = r"(?:zh|cn|en|us|uk|gb|de|fr|zh-(?:cn|hans|hant|tw|hk)|en-(?:us|gb|uk))"
_LANGUAGE_PATH = re.compile(rf"^/{_LANGUAGE}(?=/|$)", re.IGNORECASE)
_LANGUAGE_HOST = re.compile(rf"^(?:www|{_LANGUAGE})\.(?=[^.]+\.)", re.IGNORECASE)


def links(text: str) -> Iterator[str]:
    """Yield the web addresses in ``text``, as they stand there."""
    for match in _URL.finditer(text):
        yield match[0].rstrip(".,;:!?*_~")


def mails(text: str) -> Iterator[str]:
    """Yield the mail addresses in ``text``, in lower case."""
    for match in _MAIL.finditer(_URL.sub(" ", text)):
        yield match[0].lower()


def phones(text: str) -> Iterator[str]:
    """Yield the telephone numbers in ``text`` as "+" and digits; what is none of seven digits or more is left out."""
    for match in _PHONE.finditer(_URL.sub(" ", text)):
        number = re.sub(r"[^\d+]", "", match[0])
        if len(number) >= 7:
            yield number


def page(url: str) -> str:
    """Return host and path of ``url`` without what names a language: the same for a page and its translation."""
    try:
        parts = urlsplit(url)
    except ValueError:  # an address in brackets that is none
        return url
    host = _LANGUAGE_HOST.sub("", parts.netloc.lower())
    path = _LANGUAGE_PATH.sub("", parts.path).rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{path}{query}{'#' + parts.fragment if parts.fragment else ''}"


def host(url: str) -> str:
    """Return the host of ``url``, as `page` begins with it."""
    return page(url).split("/")[0]


def all_links(passage: Passage) -> list[str]:
    """Return the web addresses of the answer, then that of the field."""
    return [*links(passage.answer), *links(passage.url)]
