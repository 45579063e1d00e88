"""Text from outside: letters stay, nothing steers a terminal."""

import pytest

from hdrpipe.terminal import one_line


@pytest.mark.parametrize("text", ["Küche 客厅.jpg", "خانه\u200cها", "a\u3000b", "📷", "'a' \\ b", ""])
def test_letters_of_any_script_stay(text):
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("a\r\tb", r"a\r\tb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u2028b", r"a\u2028b"),
        ("K\udcfcche", r"K\udcfcche"),
        ("\a\b\0", r"\x07\x08\x00"),
    ],
)
def test_control_characters_are_escapes(text, shown):
    assert one_line(text) == shown
