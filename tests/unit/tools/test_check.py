"""The doctor for folders: every finding is there, and only where it belongs."""

from pathlib import Path

import numpy as np
import pytest
from camera_files import frames, radiance, write_burst, write_frame, write_noisy_burst, write_radiance
from layouts import kalantari_deephdr, tour

from hdrpipe.api import fuse
from hdrpipe.datasets.bursts import find_bursts
from hdrpipe.errors import InputError
from hdrpipe.tools.check import HEADINGS, check, table, write_tables

PAGE = Path(__file__).parents[3] / "docs" / "own-bursts.md"


def silent(done, total, note):
    pass


def verdict_of(root):
    verdict = check(root, silent)
    return verdict, {row.name: row for row in verdict.rows}


def said(row):
    return " | ".join((*row.errors, *row.warnings))


def test_good_bursts_get_a_row_and_nothing_else(tmp_path):
    write_burst(tmp_path / "a", radiance(1), truth="HDRImg.hdr")
    write_burst(tmp_path / "deep" / "b", radiance(2), truth="hdr_img.exr")
    verdict, rows = verdict_of(tmp_path)
    assert (verdict.errors, verdict.warnings) == (0, 0)
    assert rows["a"].cells[:5] == ("3", "64x48", "-2.0 +0.0 +2.0", "exposure.txt", "by name")
    assert rows["deep-b"].cells[-1] == "min-ev"
    assert "2 bursts, 0 errors, 0 warnings" in table(verdict)


def bad_order(folder):
    write_burst(folder, ev=(2.0, 0.0, -2.0))


def duplicate(folder):
    write_burst(folder)
    (folder / "2.png").write_bytes((folder / "1.png").read_bytes())


def missing_frame(folder):
    write_burst(folder, ev=(-2.0, 0.0, 2.0, 4.0))
    (folder / "3.png").unlink()
    (folder / "exposure.txt").write_text("-2\n0\n4\n")


def black_frame(folder):
    write_burst(folder)
    write_frame(folder / "1.png", np.zeros((3, 48, 64), np.float32), 16)


def white_frame(folder):
    write_burst(folder)
    write_frame(folder / "3.png", np.ones((3, 48, 64), np.float32), 16)


def clipped(folder):
    write_burst(folder, (radiance() * 6).clip(0, 4).astype(np.float32))


def dark(folder):
    write_burst(folder, radiance() ** 3 * np.float32(0.003))


def shifted(folder):
    write_burst(folder, radiance(3, 96, 128))
    write_frame(folder / "1.png", np.roll(frames(radiance(3, 96, 128))[0], 5, axis=2), 16)


def eight_in_sixteen(folder):
    write_burst(folder)
    for index, ldr in enumerate(frames(radiance()), 1):
        write_frame(folder / f"{index}.png", np.rint(ldr * 255) / 255, 16)


def grey(folder):
    write_burst(folder, np.repeat(radiance()[:1], 3, axis=0))


def wrong_truth(folder):
    write_burst(folder)
    write_radiance(folder / "HDRImg.hdr", radiance() * 7)


def wrong_exposures(folder):
    write_burst(folder)
    (folder / "exposure.txt").write_text("-4\n0\n4\n")


def short_list(folder):
    write_burst(folder)
    (folder / "exposure.txt").write_text("-2\n0\n")


def damaged(folder):
    write_burst(folder)
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:200])


def leftovers(folder):
    write_burst(folder)
    (folder / "notes.txt").write_text("")


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (duplicate, "errors", "'1.png' and '2.png' are the same picture"),
        (black_frame, "errors", "'1.png' is all black"),
        (white_frame, "errors", "'3.png' is all white"),
        (wrong_truth, "errors", "no convention explains"),
        (short_list, "errors", "2 exposure values for 3 pictures"),
        (damaged, "errors", "2.png"),
        (missing_frame, "warnings", "no number 3 in the names"),
        (clipped, "warnings", "of the shortest frame are clipped"),
        (dark, "warnings", "of the longest frame are black"),
        (shifted, "warnings", "displaced by up to 5 pixels"),
        (eight_in_sixteen, "warnings", "8-bit data in 16-bit files"),
        (grey, "warnings", "pictures are grey"),
        (wrong_exposures, "warnings", "exposure.txt says +4.00 EV, the pictures say +2.0"),
        (leftovers, "warnings", "ignored files: 'notes.txt'"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_wrong_is_found_and_the_other_burst_is_still_read(tmp_path, make, kind, words):
    make(tmp_path / "bad")
    write_burst(tmp_path / "good", radiance(1))
    verdict, rows = verdict_of(tmp_path)
    assert words in " | ".join(getattr(rows["bad"], kind))
    assert all("\n" not in text for text in (*rows["bad"].errors, *rows["bad"].warnings))
    assert (said(rows["good"]), len(rows["good"].cells)) == ("", len(HEADINGS) - 1)
    assert (verdict.errors > 0) == (kind == "errors")
    assert words in table(verdict)


def test_reversed_frames_are_sorted_and_told(tmp_path):
    bad_order(tmp_path / "a")
    assert verdict_of(tmp_path)[1]["a"].cells[4] == "reversed"


def test_what_only_all_bursts_together_show(tmp_path):
    for name in "ab":
        write_burst(tmp_path / name, radiance(1 if name == "a" else 2))
    write_burst(tmp_path / "c", radiance(1), ev=(-2.0, 0.0))
    _, rows = verdict_of(tmp_path)
    assert "has 2 frames, most bursts here have 3" in said(rows["c"])
    assert "shares a picture with a" in said(rows["c"])
    assert said(rows["b"]) == ""


def test_a_card_is_grouped_told_and_the_table_can_be_edited(tmp_path):
    for number in range(7):
        path = tmp_path / f"IMG_{number}.jpg"
        ldr, start = frames(radiance(number // 3, 96, 128))[number % 3], 100 * (number // 3)
        write_frame(path, ldr, seconds=0.01 * 4 ** (number % 3), iso=100, aperture=4, taken=start + number % 3)
    verdict, _ = verdict_of(tmp_path)
    text = table(verdict)
    assert "IMG_0: IMG_0.jpg IMG_1.jpg IMG_2.jpg" in text
    assert "IMG_3: IMG_3.jpg IMG_4.jpg IMG_5.jpg" in text
    assert "alone, left out: IMG_6.jpg" in text
    (written,) = write_tables(verdict)
    written.write_text(written.read_text().replace("IMG_3,IMG_5.jpg,0.000", "IMG_0,IMG_5.jpg,9"))
    edited = {burst.name: [path.name for path in burst.frames] for burst in find_bursts(tmp_path)}
    assert edited["IMG_0"] == ["IMG_0.jpg", "IMG_1.jpg", "IMG_2.jpg", "IMG_5.jpg"]
    assert edited["IMG_3"] == ["IMG_3.jpg", "IMG_4.jpg"]
    assert not verdict_of(tmp_path)[0].grouped


def test_thumbnails_of_a_file_server_are_passed_over(tmp_path):
    write_burst(tmp_path / "room")
    for litter in ("@eaDir/1.png", "room/@eaDir/1.png", "room/__MACOSX", "#recycle"):
        write_burst(tmp_path / litter, text=False, ev=(0.0, 0.0))
    (tmp_path / "room" / "Thumbs.db").write_bytes(b"litter")
    verdict, rows = verdict_of(tmp_path)
    assert (list(rows), verdict.errors, said(rows["room"])) == (["room"], 0, "")


def test_a_guess_is_written_for_a_person_to_edit(tmp_path):
    for room in range(2):
        for index, ldr in enumerate(frames(radiance(room, 96, 128), (0.0, -2.0, 2.0))):
            write_frame(tmp_path / f"{3 * room + index}.png", ldr)
    verdict, _ = verdict_of(tmp_path)
    assert verdict.errors == 1
    assert "bursts.csv" in table(verdict)
    write_tables(verdict)
    assert [len(burst.frames) for burst in find_bursts(tmp_path)] == [3, 3]


def test_copies_are_told_and_the_table_lists_the_rest(tmp_path):
    for number, ldr in enumerate(frames(radiance(1, 96, 128))):
        write_frame(tmp_path / f"{number}.jpg", ldr, seconds=0.01 * 4**number, iso=100, aperture=4, taken=number)
        (tmp_path / f"{number} (1).jpg").write_bytes((tmp_path / f"{number}.jpg").read_bytes())
    verdict, _ = verdict_of(tmp_path)
    assert "copies or exposures that come again, left out: 0 (1).jpg 1 (1).jpg 2 (1).jpg" in table(verdict)
    (written,) = write_tables(verdict)
    assert "(1)" not in written.read_text()


def test_each_burst_is_shown_with_its_split(tmp_path):
    for place in ("set/Test/a", "b", "val/c"):
        write_burst(tmp_path / place)
    _, rows = verdict_of(tmp_path)
    assert {name: row.cells[HEADINGS.index("split") - 1] for name, row in rows.items()} == {
        "set-Test-a": "test",
        "b": "pool",
        "val-c": "validation",
    }


def test_truth_may_have_another_name(tmp_path):
    write_burst(tmp_path / "a", radiance(1), truth="gt.hdr")
    assert "ignored files: 'gt.hdr'" in said(verdict_of(tmp_path)[1]["a"])
    (row,) = check(tmp_path, silent, truth=["gt.*"]).rows
    assert (said(row), row.cells[-1]) == ("", "min-ev")


def test_published_layouts_are_read_too(tmp_path):
    kalantari_deephdr(tmp_path)
    verdict, rows = verdict_of(tmp_path)
    assert verdict.errors == 0
    assert len(rows) == 6
    assert rows["Training-001"].cells[0] == "3"


def test_nothing_to_look_at_is_told(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError):
            check(path, silent)


def test_readme_shows_what_is_really_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    verdict = check(tour(Path("shots")), silent)
    assert table(verdict) in PAGE.read_text()


@pytest.mark.parametrize("noise", [1.0, 16.0])
def test_noise_of_each_burst_is_shown(tmp_path, noise):
    write_noisy_burst(tmp_path / "a", noise=noise)
    cell = verdict_of(tmp_path)[1]["a"].cells[HEADINGS.index("noise") - 1]
    assert float(cell.removeprefix("x ")) == pytest.approx(noise, rel=0.3)


def test_noise_that_neighbours_share_is_that_which_fuse_measures(tmp_path):
    write_noisy_burst(tmp_path / "a", noise=3.0, spread=0.7)
    cell = verdict_of(tmp_path)[1]["a"].cells[HEADINGS.index("noise") - 1]
    fused = fuse(tmp_path / "a", method="rejecting")
    assert cell == f"x {fused.noise_level:.2g}"


def test_noise_that_neighbours_share_is_shown(tmp_path):
    """Single pixels show a tenth of it."""
    write_noisy_burst(tmp_path / "a", noise=16.0, spread=0.7)
    cell = verdict_of(tmp_path)[1]["a"].cells[HEADINGS.index("noise") - 1]
    assert float(cell.removeprefix("x ")) == pytest.approx(16.0, rel=0.5)
