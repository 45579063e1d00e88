"""What changes the hash of a folder of pictures, and what does not."""

import os

import pytest

from hdrpipe.files.folders import folder_content


@pytest.fixture
def shots(tmp_path):
    folder = tmp_path / "shots"
    for name in ("a/1.jpg", "a/2.jpg", "b/1.jpg"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def content(folder):
    return folder_content(folder, folder.parent / "hashes.json")


@pytest.mark.parametrize(
    "name", ["Thumbs.db", "a/.DS_Store", "a/._1.jpg", "@eaDir/1.jpg/thumb.jpg", "__MACOSX/1.jpg", "#recycle/1.jpg"]
)
def test_litter_of_systems_and_file_servers_does_not_count(shots, name):
    before = content(shots)
    (shots / name).parent.mkdir(parents=True, exist_ok=True)
    (shots / name).write_bytes(b"litter")
    assert content(shots) == before


def test_times_and_the_place_of_the_folder_do_not_count(shots, tmp_path):
    before = content(shots)
    os.utime(shots / "a" / "1.jpg", (1, 1))
    assert content(shots) == before
    assert content(shots.rename(tmp_path / "moved")) == before
    assert folder_content(f"{tmp_path}/./moved/", tmp_path / "others.json") == before


def test_content_and_names_count(shots):
    before = content(shots)
    (shots / "a" / "1.jpg").write_bytes(b"A/1.jpg")  # as long as before
    changed = content(shots)
    (shots / "a" / "1.jpg").rename(shots / "a" / "3.jpg")
    assert len({before, changed, content(shots)}) == 3


def test_a_change_behind_a_linked_folder_counts_and_a_circle_of_links_ends(shots, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "1.jpg").write_bytes(b"1")
    (shots / "Training").symlink_to(outside)
    (outside / "back").symlink_to(shots)
    before = content(shots)
    (outside / "1.jpg").write_bytes(b"2")
    assert content(shots) != before


def test_content_is_read_once(shots, monkeypatch):
    before = content(shots)
    monkeypatch.setattr("hdrpipe.files.folders._content", lambda path: pytest.fail(f"{path} was read again"))
    assert content(shots) == before


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_damaged_memory_is_made_anew(shots, text):
    before = content(shots)
    (shots.parent / "hashes.json").write_text(text)
    assert content(shots) == before
