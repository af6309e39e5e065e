"""Escaping of unprintable characters in text for terminals, logs and pictures."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text with every unprintable character escaped: "\x1b", "\n", "\u202e".

    Unprintable are Unicode's "other" and "separator" characters except the space: controls (C0,
    C1), bidirectional overrides, invisible characters, and surrogates, which no stream can encode.
    Printable text is returned unchanged.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
