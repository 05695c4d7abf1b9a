"""Text of others made safe to print: a terminal obeys what it is sent."""

from __future__ import annotations

import re

# A whole sequence goes where it can be recognised, so that its parameters do not stay behind as litter.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # titles, links, clipboard
    r"|\x1b[ -/]+[0-~]"  # character sets
    r"|\x1b[0-Z\\^-~]"
)
# The second range turns the reading direction, with which a text can show something else than it says.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]|[\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return ``text`` without escape sequences and control characters, its lines ended by line feeds."""
    safe = _CONTROLS.sub("", _SEQUENCES.sub("", text.replace("\t", " ")))
    return _SURROGATES.sub("\ufffd", "\n".join(safe.splitlines()))


def one_line(text: str) -> str:
    """Return ``text`` as `clean` does, on one line: what separated lines becomes a space."""
    return " ".join(part for line in clean(text).split("\n") if (part := line.strip()))
