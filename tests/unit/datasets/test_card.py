"""Brackets that go on from one folder of a camera's card to the next."""

import pytest
from camera_files import frames, radiance, write_frame

from hdrpipe.datasets.bursts import find_bursts
from hdrpipe.datasets.layouts import folders
from hdrpipe.errors import InputError
from hdrpipe.tools.batch import Output, plan
from hdrpipe.tools.check import check, table, write_tables

STEPS = (0.0, -2.0, 2.0)


def card(root, names, pause=60.0, start=0, **more):
    """A card of brackets of three in the folders and under the names given, so many seconds apart."""
    for index, name in enumerate(names, start):
        path = root / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        step, taken = STEPS[index % 3], pause * (index // 3) + 0.5 * (index % 3)
        ldr = frames(radiance(1), (-2.0, step))[1]
        write_frame(path, ldr, seconds=0.01 * 2.0**step, iso=100, aperture=4, taken=taken, **more)
    return root


def found(root):
    """Names of the frames of all bursts, by the folder in which each begins."""
    return {
        folder.name: [sorted(path.stem for path in burst.frames) for burst in find_bursts(folder)]
        for folder in folders(root)
        if list(folder.glob("*.jpg"))
    }


CANON = [*(f"100CANON/IMG_{n}" for n in (9996, 9997, 9998, 9999)), *(f"101CANON/IMG_{n:04}" for n in range(1, 6))]


@pytest.mark.parametrize(
    "names",
    [
        CANON,
        [*(f"100_PANA/P1000{n}" for n in range(995, 1000)), *(f"101_PANA/P1010{n:03}" for n in range(1, 5))],
        [*(f"100CANON/_MG_{n:04}" for n in range(96, 101)), *(f"101CANON/_MG_{n:04}" for n in range(101, 105))],
        [*(f"100MEDIA/DJI_{n:04}" for n in range(996, 1000)), *(f"101MEDIA/DJI_{n:04}" for n in range(1, 6))],
    ],
)
@pytest.mark.parametrize("pause", [60.0, 1.6])
@pytest.mark.parametrize("more", [{}, {"mode": 2}, {"mode": 1}])
def test_a_bracket_goes_on_in_the_next_folder(tmp_path, names, pause, more):
    stems = [name.split("/")[1] for name in names]
    groups = found(card(tmp_path, names, pause, **more))
    assert [group for inside in groups.values() for group in inside] == [
        sorted(stems[start : start + 3]) for start in (0, 3, 6)
    ]


def test_brackets_without_pauses_go_on_through_three_folders(tmp_path):
    names = [f"{100 + index // 4}CANON/IMG_{index:04}" for index in range(12)]
    groups = found(card(tmp_path, names, pause=1.5))
    assert [len(group) for inside in groups.values() for group in inside] == [3] * 4


@pytest.mark.parametrize("lost", ["pause", "body", "name"])
def test_what_is_not_of_one_bracket_stays_in_its_folder(tmp_path, lost):
    others = {"name": "raw/IMG"}.get(lost, "101CANON/IMG")
    card(tmp_path, [f"100CANON/IMG_{n}" for n in (9998, 9999)], model="M")
    later = {"start": 5} if lost == "pause" else {"start": 2}
    card(tmp_path, [f"{others}_{n:04}" for n in range(1, 5)], model="N" if lost == "body" else "M", **later)
    assert "IMG_0001" not in found(tmp_path)["100CANON"][0]


def test_a_folder_that_only_ends_a_bracket_is_named(tmp_path):
    card(tmp_path / "DCIM", CANON[:6])
    tasks, failed = plan([tmp_path], tmp_path / "out", Output())
    assert [len(task.burst.frames) for task in tasks] == [3, 3]
    assert not failed
    with pytest.raises(InputError, match="101CANON: its pictures go on with the bracket"):
        plan([tmp_path / "DCIM/101CANON"], tmp_path / "out", Output())


def test_check_lists_a_bracket_of_two_folders_where_it_begins(tmp_path):
    card(tmp_path, CANON)
    verdict = check(tmp_path, lambda *_: None)
    assert [len(row.digests) for row in verdict.rows] == [3, 3, 3]
    assert "left out" not in table(verdict)
    assert [path.parent.name for path in write_tables(verdict)] == ["100CANON"]
    assert "IMG_9999,../101CANON/IMG_0001.jpg," in (tmp_path / "100CANON/bursts.csv").read_text()
    groups = found(tmp_path)
    assert groups["100CANON"][1] == ["IMG_0001", "IMG_0002", "IMG_9999"]
    assert groups["101CANON"] == [["IMG_0003", "IMG_0004", "IMG_0005"]]


@pytest.mark.parametrize("name", ["../101CANON/../x.jpg", "../other/IMG_0001.jpg", "../101CANON/none.jpg"])
def test_a_table_names_no_file_outside_the_card(tmp_path, name):
    card(tmp_path, CANON)
    (tmp_path / "x.jpg").write_bytes(b"")
    (tmp_path / "100CANON/bursts.csv").write_text(f"file,ev\n{name},0\nIMG_9999.jpg,2\n")
    with pytest.raises(InputError):
        find_bursts(tmp_path / "100CANON")
