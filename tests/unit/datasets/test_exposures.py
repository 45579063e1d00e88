"""Tables of bursts as programs and people write them, and names that a table must not change."""

import pytest
from camera_files import frames, radiance, write_burst, write_frame

from hdrpipe.datasets.bursts import find_bursts
from hdrpipe.datasets.exposures import read_table
from hdrpipe.errors import InputError
from hdrpipe.files.names import as_cell, from_cell
from hdrpipe.tools.check import check, write_tables

TABLE = "burst,file,ev\na,1.png,-2\na,2.png,0\na,3.png,2\n"


@pytest.mark.parametrize(
    "text",
    [
        TABLE.replace("\n", "\r"),
        TABLE.replace("\n", "\r\n"),
        TABLE.replace("\n", "\r\n\r\n"),
        "\ufeff" + TABLE,
        TABLE.replace(",", " , "),
        TABLE.replace("1.png", '"1.png"'),
    ],
    ids=["old Mac", "Windows", "empty lines", "byte order mark", "spaces", "quotes"],
)
def test_a_table_may_come_from_any_program(tmp_path, text):
    folder = write_burst(tmp_path / "b", text=False)
    (folder / "bursts.csv").write_bytes(text.encode())
    rows = read_table(folder / "bursts.csv")
    assert [(row.burst, row.path.name, row.ev) for row in rows] == [("a", f"{k}.png", 2 * k - 4) for k in (1, 2, 3)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('burst,file,ev\na,"' + "x" * 200000 + '",1\n', "field larger"),
        ('burst,file,ev\na,"1.png,-2\na,2.png,0\n', "there is no such file"),
        ("burst,file,ev\na,1.png,-2\na, 1.png ,0\n", "twice"),
        ("burst,file,ev\na,,-2\n", "names no file"),
    ],
    ids=["huge field", "open quote", "twice", "no file"],
)
def test_a_table_that_is_none_is_refused_in_one_line(tmp_path, text, words):
    folder = write_burst(tmp_path / "b", text=False)
    (folder / "bursts.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        find_bursts(folder)


def test_ten_thousand_rows_of_one_file_end_at_the_second(tmp_path):
    folder = write_burst(tmp_path / "b", text=False)
    (folder / "bursts.csv").write_text("file\n" + "1.png\n" * 10**5)
    with pytest.raises(InputError, match="twice"):
        find_bursts(folder)


ODD = {
    "formula": "=1+1",
    "sum": "+1",
    "dash": "-1",
    "at": "@A1",
    "apostrophe": "'=1",
    "quote": 'a"b',
    "comma": "a,b",
    "newline": "a\nb",
    "carriage return": "a\rb",
    "leading carriage return": "\ra",
    "spaces": " a b ",
    "tab": "\ta",
    "number": "001",
    "escape": "a\x1b[31mb",
    "right to left": "א\u202eb",
    "emoji": "📷",
    "nothing": "NA",
}


@pytest.mark.parametrize("name", ODD)
def test_our_own_table_reads_back_as_it_was(tmp_path, name):
    """Two brackets of a card, whose files have odd names."""
    stem = ODD[name]
    for number in range(6):
        ldr = frames(radiance(number // 3))[number % 3]
        shot = {"seconds": 0.01 * 4 ** (number % 3), "iso": 100, "aperture": 4}
        write_frame(tmp_path / f"{stem}{number}.jpg", ldr, taken=100 * (number // 3) + number % 3, **shot)
    verdict = check(tmp_path, lambda *_: None)
    grouped = find_bursts(tmp_path)
    (table,) = write_tables(verdict)
    again = find_bursts(tmp_path)
    assert [(burst.name, burst.frames) for burst in again] == [(burst.name, burst.frames) for burst in grouped]
    assert {burst.source for burst in again} == {"table"}
    assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in table.read_text().split(",") if "jpg" in cell)


@pytest.mark.parametrize("text", [*ODD.values(), "''=a", "'", "'a", ""])
def test_cells_keep_their_text(text):
    assert from_cell(as_cell(text)) == text


def test_names_that_are_not_utf8_are_read_but_fit_no_table(tmp_path):
    for number in range(6):
        ldr = frames(radiance(number // 3))[number % 3]
        shot = {"seconds": 0.01 * 4 ** (number % 3), "iso": 100, "aperture": 4}
        write_frame(tmp_path / f"{number}.jpg", ldr, taken=100 * (number // 3) + number % 3, **shot)
    (tmp_path / "0.jpg").rename(tmp_path / "K\udcfcche.jpg")
    verdict = check(tmp_path, lambda *_: None)
    assert verdict.errors == 0
    with pytest.raises(InputError, match="not UTF-8"):
        write_tables(verdict)
