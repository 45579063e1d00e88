"""Tables of bursts as programs and people write them, and names that a table must not change."""

import unicodedata

import pytest
from camera_files import frames, radiance, write_burst, write_frame

from hdrpipe.datasets.bursts import find_burst, find_bursts
from hdrpipe.datasets.exposures import read_exposure_txt, read_table
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
        TABLE.replace(",", ";"),
        TABLE.replace(",", ";").replace("-2", "-2,0"),
        TABLE.replace(",", "\t"),
        TABLE.replace("file", "File").replace("ev", "EV"),
        "sep=;\r\n" + TABLE.replace(",", ";"),
        '"sep=,"\n' + TABLE,
        "\n\n" + TABLE,
        TABLE + ",,\n,,\n",
        TABLE.replace("-2", "\u22122 EV"),
        TABLE.replace("png", "PNG"),
        TABLE.replace("a,", "a,.\\"),
        TABLE.replace("a,", "a,C:\\Photos\\b\\"),
        TABLE.replace("a,", "a,/no/such/folder/"),
        TABLE.replace("a,", "a,HERE/"),
    ],
    ids=[
        "old Mac",
        "Windows",
        "empty lines",
        "byte order mark",
        "spaces",
        "quotes",
        "semicolons",
        "decimal commas",
        "tabs",
        "capitals",
        "separator",
        "quoted separator",
        "empty lines before",
        "empty rows",
        "minus and unit",
        "letter case",
        "Windows separators",
        "paths of another computer",
        "absolute paths of another computer",
        "absolute paths",
    ],
)
def test_a_table_may_come_from_any_program(tmp_path, text):
    folder = write_burst(tmp_path / "b", text=False)
    (folder / "bursts.csv").write_bytes(text.replace("HERE", str(folder)).encode())
    rows = read_table(folder / "bursts.csv")
    assert [(row.burst, row.path.name, row.ev) for row in rows] == [("a", f"{k}.png", 2 * k - 4) for k in (1, 2, 3)]


def test_a_table_that_names_a_picture_in_another_folder_is_refused_though_one_here_has_its_name(tmp_path):
    here, there = (write_burst(tmp_path / name, text=False) for name in "ab")
    (here / "bursts.csv").write_text(TABLE.replace("a,", f"a,{there}/"))
    with pytest.raises(InputError, match="is no name of a file inside this folder"):
        read_table(here / "bursts.csv")


@pytest.mark.parametrize(
    "cells", ["1/500,ISO 100,f/8", "1/500 s,100,F8", "1/500s,ISO100,8.0"], ids=["words", "units", "close"]
)
def test_numbers_of_a_table_may_have_the_units_that_cameras_show(tmp_path, cells):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "bursts.csv").write_text(f"file,seconds,iso,aperture\na.jpg,{cells}\n")
    (row,) = read_table(tmp_path / "bursts.csv")
    assert row.ev == pytest.approx(-14.966, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "text"), [("Bursts.csv", "file,ev\n1.png,-9\n2.png,0\n3.png,9\n"), ("EXPOSURE.TXT", "-9\n0\n9\n")]
)
def test_lists_count_whatever_the_case_of_their_names(tmp_path, name, text):
    folder = write_burst(tmp_path / "b", text=False)
    (folder / name).write_text(text)
    assert find_burst(folder).ev == (-9, 0, 9)


def test_a_table_may_be_in_utf16_as_spreadsheets_write_unicode(tmp_path):
    folder = write_burst(tmp_path / "b", text=False)
    (folder / "bursts.csv").write_bytes(TABLE.replace(",", "\t").encode("utf-16"))
    assert [row.ev for row in read_table(folder / "bursts.csv")] == [-2, 0, 2]


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_table_may_write_accents_in_another_way_than_the_files(tmp_path, forms):
    name, cell = (unicodedata.normalize(form, "K\u00fcche.jpg") for form in forms)
    (tmp_path / name).write_bytes(b"")
    (tmp_path / "bursts.csv").write_text(f"file,ev\n{cell},1\n", encoding="utf-8")
    assert [row.path.name for row in read_table(tmp_path / "bursts.csv")] == [name]


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


@pytest.mark.parametrize(
    "text",
    [
        "-2\n0\n2\n",
        "-2;0;2",
        "-2, 0, 2",
        "-2,0,2",
        "-2,0; 0,0; 2,0",
        "-2.0 0.0 2.0",
        "# EV\n-2 // short\n\n0  # middle\n2\n",
    ],
)
def test_lists_of_exposure_values_as_people_write_them(tmp_path, text):
    (tmp_path / "exposure.txt").write_text(text)
    assert read_exposure_txt(tmp_path / "exposure.txt") == ((-2, 0, 2), ())


@pytest.mark.parametrize(
    "text",
    [
        "1/64\n1/16\n1/4\n",
        "1/64 s\n1/16 s\n1/4 s",
        "0.015625;0.0625;0.25",
        "0,015625 s; 0,0625 s; 0,25 s",
        "0.015625 0.0625 0.25",
    ],
)
def test_times_in_seconds_are_recognised_and_told(tmp_path, text):
    (tmp_path / "exposure.txt").write_text(text)
    assert read_exposure_txt(tmp_path / "exposure.txt") == (
        (-6, -4, -2),
        ("exposure.txt holds exposure times in seconds",),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1/60 s\n0\n2", "has exposure values and times in seconds"),
        ("-1 s\n1 s", "exposure time -1 is not positive"),
        ("1/0\n1/2", "is no list of exposure values"),
        ("one\ntwo", "is no list of exposure values"),
        ("# nothing\n", "holds no exposure values"),
        ("nan\n0", "exposure value nan EV is out of range"),
        ("65\n0", "65 EV is out of range"),
    ],
)
def test_lists_that_are_none_say_so(tmp_path, text, message):
    (tmp_path / "exposure.txt").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_exposure_txt(tmp_path / "exposure.txt")
    assert str(tmp_path / "exposure.txt") in str(caught.value)


def test_a_burst_says_that_its_list_holds_seconds(tmp_path):
    folder = write_burst(tmp_path / "b")
    (folder / "exposure.txt").write_text("1/64\n1/16\n1/4\n")
    burst = find_burst(folder)
    assert burst.notes == ("exposure.txt holds exposure times in seconds",)
    assert burst.ev == (-6, -4, -2)
