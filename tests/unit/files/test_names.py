import pytest

from hdrpipe.errors import InputError
from hdrpipe.files.names import confined, file_name, natural, scene_name


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


@pytest.mark.parametrize(
    "name", ["Кухня", "客厅", "Ku\u0308che", "Küche", "रसोई", "خانه\u200cها", "部屋\u30001", "my room", "a.b-c+d"]
)
def test_letters_of_any_script_are_kept(name):
    assert (scene_name(name), file_name(name)) == (name, name)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a/b", "a_b"),
        ("a\\b", "a_b"),
        ("new\nline", "new_line"),
        ("turned\u202exe", "turned_xe"),
        ('12:30 <"x">?*|', "12_30 __x_____"),
        ("..", "__"),
        (" a. ", "a"),
        ("", "burst"),
        ("nul", "nul_"),
        ("COM1.x", "COM1.x_"),
        ("\udcff", "_"),
    ],
)
def test_what_file_systems_refuse_is_replaced(name, written):
    assert file_name(name) == written


@pytest.mark.parametrize("name", ["客" * 300, "n" * 300, "ñ" * 99])
def test_names_leave_room_for_endings(name):
    assert len((file_name(name) + ".sigma.png").encode()) < 215
    assert name.startswith(file_name(name))
    assert scene_name(scene_name(name)) == scene_name(name)
