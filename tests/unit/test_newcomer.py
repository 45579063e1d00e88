"""The limits of the way of a newcomer: its time, and the reader that opens sigma. The way itself takes minutes."""

import pytest
from newcomer import LIMIT, check_time, why_not_h5wasm


@pytest.mark.parametrize("ci", [False, True])
def test_h5wasm_reads_where_it_is_installed(ci):
    assert why_not_h5wasm({"node", "npm"}, True, ci) == ""
    assert why_not_h5wasm({"node"}, True, ci) == ""


def test_another_reader_is_never_taken_without_a_reason():
    assert "npm install" in why_not_h5wasm({"node", "npm"}, False, False)
    assert "npm install" in why_not_h5wasm({"node"}, False, True)
    assert "no Node" in why_not_h5wasm(set(), False, False)
    assert "no Node" in why_not_h5wasm(set(), False, True)


def test_continuous_integration_with_npm_does_not_do_without_h5wasm():
    with pytest.raises(SystemExit, match="h5wasm"):
        why_not_h5wasm({"node", "npm"}, False, True)


def test_ten_minutes_are_enough(capsys):
    check_time(LIMIT)
    with pytest.raises(SystemExit, match="took 601 s; it may take 600 s") as caught:
        check_time(LIMIT + 1)
    assert "\n" not in str(caught.value)
