"""HTML mail bodies to text: what a person wrote, without the mail they quoted."""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser

#: A message counts as HTML where it has one of these; a customer who writes "<3" does not.
_TAG = re.compile(
    r"</?(?:html|body|div|p|br|span|table|ul|ol|li|blockquote|a|b|strong|em|font)\b[^<>]*>", re.IGNORECASE
)
#: What is no part of the message: quoted mails and marked signatures.
_FOREIGN = "style,script,head,blockquote,.gmail_quote,.gmail_signature,[data-signature],[data-signature-id]"
_BREAKS = frozenset("p div br li tr table ul ol h1 h2 h3 h4 h5 h6".split())


def plain(text: str) -> str:
    """Return ``text`` without markup; what has none comes back as it is."""
    if not _TAG.search(text):
        return text
    tree = LexborHTMLParser(text)
    root = tree.body
    if root is None:
        return html.unescape(_TAG.sub(" ", text))
    for node in tree.css(_FOREIGN):
        node.decompose()
    parts: list[str] = []
    for node in root.traverse(include_text=True):
        if node.tag == "-text":
            parts.append(re.sub(r"\s+", " ", node.text_content or ""))
        elif node.tag in _BREAKS:
            parts.append("\n")
    return re.sub(r" *\n[ \n]*", "\n", "".join(parts)).strip()
