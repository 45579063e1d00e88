"""Text from outside, such as names of files, in a form that cannot steer a terminal or begin a new line."""

import io
import sys
import unicodedata

JOINERS = "\u200c\u200d"
"""Marks without a width of their own that belong to the spelling of Persian, Hindi and others."""


def printable(text: str) -> bool:
    """Whether all marks are letters, spaces and signs of some script, none of them control characters."""
    return all(mark.isprintable() or mark in JOINERS or unicodedata.category(mark) == "Zs" for mark in text)


def one_line(text: object) -> str:
    """`text` with every control character, line breaks and bytes that are not UTF-8 among them, as an escape."""
    return "".join(mark if printable(mark) else mark.encode("unicode_escape").decode("ascii") for mark in str(text))


def escape_unencodable() -> None:
    """Make standard output and error write characters that their encoding lacks as escapes; they raised an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
