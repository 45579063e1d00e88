"""Tables of results: names and numbers come back as they went in, and no cell is a formula."""

import csv
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdrpipe.errors import DamagedError
from hdrpipe.files.names import as_cell, from_cell
from hdrpipe.files.rows import read_rows, write_rows

WORDS = ["NA", "nan", "null", "None", "true", "no", "~", "1e5", "001", "-5", "=1+1", "+x", "@y", "'quoted'", "''=", ""]
NAME = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)
NUMBER = st.floats(allow_nan=False) | st.integers(-(2**50), 2**50)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(NAME, NAME, NUMBER), min_size=1, max_size=4))
def test_rows_come_back_as_they_were(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    write_rows(path, [{"scene": scene, "group": group, "psnr_mu": number} for scene, group, number in rows])
    assert [tuple(row.values()) for row in read_rows(path, "score")] == rows
    with open(path, newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row[:2]]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


@settings(max_examples=500, deadline=None)
@given(NAME)
def test_a_cell_tells_the_name_it_was_made_of(name):
    assert from_cell(as_cell(name)) == name


def test_rows_may_have_other_columns_and_lack_values(tmp_path):
    write_rows(tmp_path / "a.csv", [{"scene": "a", "x": 0.1}, {"scene": "b", "x": None, "y": 2}], ["scene", "method"])
    assert (tmp_path / "a.csv").read_text() == "scene,method,x,y\na,,0.1,\nb,,,2\n"
    first, second = read_rows(tmp_path / "a.csv", "score")
    assert math.isnan(first["y"])
    assert (second["method"], second["y"]) == ("", 2.0)


def test_decimals_round_fractions_alone(tmp_path):
    write_rows(tmp_path / "a.csv", [{"method": "m", "chosen": True, "round": 3, "psnr_mu": 30.123456}], decimals=2)
    assert (tmp_path / "a.csv").read_text() == "method,chosen,round,psnr_mu\nm,True,3,30.12\n"


@pytest.mark.parametrize(
    "text", ["scene,x\na,word\n", "scene,x\na\n", "scene,x\na,1,2\n", 'scene,x\n"a,1\n', "scene,x\na,True\n"]
)
def test_what_is_no_such_table_is_damaged(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DamagedError, match="'score'"):
        read_rows(tmp_path / "a.csv", "score")
