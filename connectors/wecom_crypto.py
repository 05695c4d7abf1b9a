"""The envelope of WeCom's callbacks: signed by a token, encrypted by a key, and addressed to a company.

developer.work.weixin.qq.com/document/path/91144 and 101033.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from xml.etree import ElementTree

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bot.errors import SettingsError
from connectors.helpdesk import Call, RefusedError
from connectors.signatures import require, require_recent

#: Random bytes before what is sent, those of its length, and the multiple to which all is filled up.
_RANDOM, _LENGTH, _BLOCK = 16, 4, 32

#: What is signed in a message. The document around it comes from anybody: it is searched, and not parsed.
_ENCRYPTED = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?\s*</Encrypt>")


class Envelope:
    """Opens what is sent to one callback."""

    def __init__(self, *, token: str, aes_key: str, receiver: str) -> None:
        """Open what is signed with ``token``, encrypted with the EncodingAESKey ``aes_key``, and for ``receiver``.

        Raises `SettingsError` for what is no such key.
        """
        if not re.fullmatch(r"[A-Za-z0-9+/]{43}", aes_key):
            raise SettingsError("the EncodingAESKey of a WeCom callback: expected 43 letters and digits")
        self._key = base64.b64decode(f"{aes_key}=")
        self._token = token
        self._receiver = receiver.encode()

    def open(self, call: Call) -> str:
        """Return what a callback says: the text to answer a check of the address with (GET), or a message's XML.

        Raises `RefusedError`. Times are held to the window of other signatures: a try again comes within seconds.
        """
        stamp = require_recent(call.query.get("timestamp"), call.at, "timestamp")
        if call.method == "GET":
            encrypted = call.query.get("echostr", "")
        else:
            found = _ENCRYPTED.search(call.body)
            encrypted = found[1].decode() if found else ""
        signed = "".join(sorted((self._token, stamp, call.query.get("nonce", ""), encrypted)))
        # The protocol has it so; without the token nobody can use what is known of SHA-1.
        expected = hashlib.sha1(signed.encode("utf-8", "replace")).hexdigest()  # noqa: S324
        require(call.query.get("msg_signature"), expected, "msg_signature")
        try:
            return self._decrypted(encrypted).decode()
        except ValueError:  # of which those for bytes that are no base64, no blocks, or no text are kinds
            raise RefusedError(400, "not what was expected: the encrypted part") from None

    def _decrypted(self, encrypted: str) -> bytes:
        """Return what was encrypted for the receiver. Raises `ValueError` for what was not encrypted so."""
        decryptor = Cipher(AES(self._key), CBC(self._key[:16])).decryptor()
        plain = decryptor.update(base64.b64decode(encrypted, validate=True)) + decryptor.finalize()
        padding = plain[-1:] * (plain[-1] if plain else 0)
        if not 1 <= len(padding) <= _BLOCK or not plain.endswith(padding):
            raise ValueError
        plain = plain[_RANDOM : -len(padding)]
        end = _LENGTH + int.from_bytes(plain[:_LENGTH], "big")
        if len(plain) < _LENGTH or len(plain) < end:
            raise ValueError
        if plain[end:] != self._receiver:
            raise RefusedError(401, "for another company")
        return plain[_LENGTH:end]


def fields_of(xml: str) -> Mapping[str, str]:
    """Return the texts of the elements in the root of ``xml`` by their names; refused with 400 where it is none."""
    # Entities, which could grow or fetch something, are declared before the root alone: with nothing there, there are
    # none. What looks like a declaration further on is what a customer typed, or no XML.
    if not re.match(r"\s*<xml[\s>]", xml):
        raise RefusedError(400, "not what was expected: something else than <xml> first")
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - it was signed, and declares nothing
    except (ElementTree.ParseError, ValueError):
        raise RefusedError(400, "not what was expected: no XML") from None
    return {child.tag: (child.text or "").strip() for child in root}
