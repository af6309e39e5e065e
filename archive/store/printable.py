"""Text for terminals, logs and pictures: every character that is not printable is escaped."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text with every character that is not printable as its escape: "\x1b", "\n", "\u202e".

    These are Unicode's "other" and "separator" characters but the space: controls (C0, C1),
    bidirectional overrides, invisible characters, and surrogates, which no stream can encode.
    Printable text is returned as it is.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
