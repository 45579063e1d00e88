import pytest

from hdrpipe.errors import InputError
from hdrpipe.files.names import confined, natural


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "", " ", "a\0b", "..", "out", "loop", "n" * 5000])
def test_names_that_lead_out_are_refused(tmp_path, name):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "x").write_text("")
    (root / "out").symlink_to(tmp_path / "x")
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises(InputError) as caught:
        confined(root, name)
    assert "\n" not in str(caught.value)


def test_names_inside_are_paths(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert confined(tmp_path, "a/b.txt") == tmp_path / "a" / "b.txt"
    assert confined(tmp_path, "link/b.txt").is_file()


def test_natural_order_counts():
    assert sorted(["img10.tif", "img2.tif", "IMG1.tif", "a"], key=natural) == ["a", "IMG1.tif", "img2.tif", "img10.tif"]
    assert sorted(["1.tif", "a.tif", "10.tif", "2.tif"], key=natural) == ["1.tif", "2.tif", "10.tif", "a.tif"]
