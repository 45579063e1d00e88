"""The limits of the way of a newcomer: its time, and the reader that opens sigma. The way itself takes minutes."""

import pytest
from newcomer import LIMIT, check_time, why_not_h5wasm


def test_another_reader_is_never_taken_without_a_reason():
    assert why_not_h5wasm(node=True, installed=True) == ""
    assert "npm install" in why_not_h5wasm(node=True, installed=False)
    assert "no Node" in why_not_h5wasm(node=False, installed=True)


def test_ten_minutes_are_enough():
    check_time(LIMIT)
    with pytest.raises(SystemExit, match="took 601 s; it may take 600 s") as caught:
        check_time(LIMIT + 1)
    assert "\n" not in str(caught.value)
