import itertools
import multiprocessing
import pickle

import h5py
import numpy as np
import pytest

from hdrpipe.errors import DamagedError, InputError, UsageError
from hdrpipe.files.product import hdf5
from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS, network_frames


def test_what_was_written_is_read(make, kind, arrays_of, attributes_of):
    path, digest = make(kind, scenes=("b", "a"))
    root, scene = attributes_of(kind)
    with open_product(path, kind) as product:
        assert (product.kind, product.scenes, product.content_hash) == (kind, ("a", "b"), digest)
        assert product.attributes == root
        assert product.scene_attributes("a") == scene
        for name, array in arrays_of(kind).items():
            stored = product.read("b", name)
            assert stored.dtype == np.dtype(SCHEMAS[kind].fields[name].dtype)
            if not SCHEMAS[kind].fields[name].clear_bits:
                np.testing.assert_array_equal(stored, array)


def test_the_same_content_gives_the_same_bytes_and_another_gives_another_hash(make, kind):
    (first, digest), (second, again) = make(kind, name="1.h5"), make(kind, name="2.h5")
    assert first.read_bytes() == second.read_bytes()
    assert digest == again
    assert make(kind, scenes=("a", "c"))[1] != digest


def test_the_hash_does_not_depend_on_the_order_of_scenes_or_of_memory(tmp_path, arrays_of, attributes_of):
    arrays, (root, _) = arrays_of("uncertainty"), attributes_of("uncertainty")
    turned = {name: np.asfortranarray(array) for name, array in arrays.items()}
    rows = [("a", arrays, {}), ("b", arrays, {})]
    straight = write_product(tmp_path / "1.h5", SCHEMAS["uncertainty"], rows, root)
    other = write_product(tmp_path / "2.h5", SCHEMAS["uncertainty"], [("b", turned, {}), ("a", turned, {})], root)
    assert straight == other


def test_the_hash_covers_attributes_and_units(tmp_path, monkeypatch, arrays_of, attributes_of):
    schema, arrays, (root, _) = SCHEMAS["uncertainty"], arrays_of("uncertainty"), attributes_of("uncertainty")
    first = write_product(tmp_path / "1.h5", schema, [("a", arrays, {})], root)
    assert write_product(tmp_path / "1.h5", schema, [("a", arrays, {"more": 1})], root) != first
    assert write_product(tmp_path / "1.h5", schema, [("a", arrays, {})], root | {"round": 2}) != first
    monkeypatch.setattr(hdf5.layout, "FORMAT", "other")
    assert write_product(tmp_path / "1.h5", schema, [("a", arrays, {})], root) != first


def test_floats_and_booleans_are_stored_in_the_type_of_their_field(make):
    weight = np.linspace(0, 1, 150 * 140).reshape(150, 140)
    path, _ = make("masks", scenes=("a",), weight=weight, pixel_mask=weight > 0.5)
    with open_product(path, "masks") as product:
        np.testing.assert_allclose(product.read("a", "weight"), weight, rtol=2**-11)
        np.testing.assert_array_equal(product.read("a", "pixel_mask"), weight > 0.5)


def test_sigma_keeps_ten_bits_and_is_rounded(make):
    sigma = np.random.default_rng(0).uniform(1e-3, 1, (150, 140)).astype(np.float32)
    path, _ = make("uncertainty", scenes=("a",), sigma=sigma)
    with open_product(path, "uncertainty") as product:
        stored = product.read("a", "sigma")
    assert not (stored.view(np.uint32) & 0x1FFF).any()
    assert np.abs(stored / sigma - 1).max() <= 2**-11


def test_values_of_half_precision_are_kept_whole(make):
    every = np.arange(0, 0x3C01, dtype=np.uint16).view(np.float16)  # all of 0 to 1
    values = np.resize(every, (3, 150, 140))
    path, _ = make("uncertainty", scenes=("a",), pseudo_label=values)
    with open_product(path, "uncertainty") as product:
        np.testing.assert_array_equal(product.read("a", "pseudo_label"), values)


def test_viewers_find_the_default_picture(make, kind):
    path, _ = make(kind, scenes=("b", "a"))
    schema = SCHEMAS[kind]
    with h5py.File(path) as file:
        scene = file[file.attrs["default"].decode()]
        view = scene[scene.attrs["default"].decode()]
        signal = view[view.attrs["signal"].decode()]
        assert scene.name == "/a"
        assert [x.attrs["NX_class"] for x in (file, scene, view)] == [b"NXroot", b"NXentry", b"NXdata"]
        assert signal == scene[schema.default]
        assert len(view.attrs["axes"]) == signal.ndim
        preview = signal if kind == "truth" else scene.get("preview")
        if preview is not None:
            assert preview.attrs["CLASS"] == b"IMAGE"
            assert preview.attrs["IMAGE_SUBCLASS"] == b"IMAGE_TRUECOLOR"
            assert preview.attrs["INTERLACE_MODE"] == b"INTERLACE_PIXEL"


def test_every_dataset_is_chunked_compressed_checksummed_and_explained(make, kind):
    path, _ = make(kind)
    with h5py.File(path) as file:
        for scene, name in itertools.product(file, SCHEMAS[kind].fields):
            dataset, field = file[scene][name], SCHEMAS[kind].fields[name]
            assert dataset.fletcher32
            assert dataset.shuffle
            assert dataset.compression == "gzip"
            assert max(dataset.chunks) <= 128
            assert dataset.attrs["unit"].decode() == dataset.attrs["units"].decode() == field.unit
            assert dataset.attrs["meaning"].decode() == field.meaning
            assert dataset.attrs["interpretation"] in (b"image", b"rgba-image")


def test_the_file_layout_is_that_of_hdf5_1_8(make, kind):
    data = make(kind)[0].read_bytes()
    superblock, later = 8, (b"FAHD", b"EAHD")
    assert data[superblock] == 2, "superblocks of version 3 came with HDF5 1.10, those below 2 have no checksum"
    assert {data[at + 4] for at in range(len(data)) if data[at : at + 4] == b"OHDR"} == {2}
    assert b"TREE" in data
    assert not [index for index in later if index in data], "indexes of chunks that came with HDF5 1.10"


def test_no_text_lies_where_hdf5_has_no_checksum(make, kind):
    path, _ = make(kind)
    with h5py.File(path) as file:
        holders = [file, *(file[scene] for scene in file)]
        kinds = [h.attrs.get_id(name).dtype.kind for h in holders for name in h.attrs]
    assert "O" not in kinds


@pytest.mark.parametrize("window", [(0, 0, 150, 140), (3, 120, 140, 20), (149, 139, 1, 1)])
def test_a_window_is_that_part_of_the_picture(make, window, arrays_of):
    path, _ = make("scenes", scenes=("a",))
    top, left, height, width = window
    with open_product(path, "scenes") as product:
        for name, cut in (("ldr", np.s_[:, :]), ("preview", ())):
            index = (*cut, slice(top, top + height), slice(left, left + width))
            np.testing.assert_array_equal(product.read("a", name, window), arrays_of("scenes")[name][index])


@pytest.mark.parametrize("window", [(-1, 0, 2, 2), (0, 0, 151, 2), (0, 140, 1, 1), (0, 0, 0, 2)])
def test_a_window_that_leaves_the_picture_is_refused(make, window):
    path, _ = make("scenes", scenes=("a",))
    with open_product(path, "scenes") as product, pytest.raises(UsageError, match="window"):
        product.read("a", "ldr", window)


def test_a_field_reads_like_an_array(make, arrays_of):
    path, _ = make("scenes", scenes=("a",))
    expected = arrays_of("scenes")["ldr"]
    with open_product(path, "scenes") as product:
        field = product.field("a", "ldr")
        assert (field.shape, field.dtype, field.ndim, len(field)) == (expected.shape, expected.dtype, 4, 3)
        np.testing.assert_array_equal(field[1, :, 5:9, ::3], expected[1, :, 5:9, ::3])
        np.testing.assert_array_equal(np.asarray(field), expected)
        with pytest.raises((ValueError, IndexError, TypeError)):
            field[7]


def test_the_network_reads_aligned_frames_where_there_are_some(make, tmp_path, arrays_of, attributes_of):
    path, _ = make("scenes", scenes=("a",))
    with open_product(path, "scenes") as product:
        np.testing.assert_array_equal(network_frames(product, "a")[...], arrays_of("scenes")["aligned"])
    arrays = arrays_of("scenes")
    taken = arrays.pop("aligned")
    write_product(path, SCHEMAS["scenes"], [("a", arrays, attributes_of("scenes")[1])], {})
    with open_product(path, "scenes") as product:
        assert not product.has("a", "aligned")
        assert (network_frames(product, "a")[...] != taken).any()
        np.testing.assert_array_equal(network_frames(product, "a")[...], arrays["ldr"])


def test_unknown_scenes_and_fields_are_the_callers_fault(make):
    path, _ = make("truth")
    with open_product(path, "truth") as product:
        with pytest.raises(UsageError, match="no scene 'c'"):
            product.scene_attributes("c")
        with pytest.raises(UsageError, match="no field 'sigma'"):
            product.read("a", "sigma")


def test_attributes_keep_value_and_type(tmp_path, arrays_of):
    given = {
        "i": 3,
        "f": 0.1,
        "b": True,
        "s": "ü",
        "e": "",
        "is": [1, 2],
        "ss": ["a", "bcd", ""],
        "none": [],
        "n": np.float32(0.5),
    }
    write_product(tmp_path / "t.h5", SCHEMAS["truth"], [("a", arrays_of("truth"), given)], given)
    with open_product(tmp_path / "t.h5", "truth") as product:
        for read in (product.attributes, product.scene_attributes("a")):
            assert read == given
            assert [type(read[name]) for name in "ifbs"] == [int, float, bool, str]
    with open_product(tmp_path / "t.h5", None) as product:
        assert product.kind == "truth"


def test_a_product_may_have_no_scene(tmp_path):
    digest = write_product(tmp_path / "t.h5", SCHEMAS["truth"], [], {})
    with open_product(tmp_path / "t.h5", "truth") as product:
        assert (product.scenes, product.content_hash) == ((), digest)


def _sums(product):
    return [float(product.read(scene, "radiance").sum(dtype=np.float64)) for scene in product.scenes]


def test_workers_read_through_the_product_of_their_parent(make):
    path, _ = make("truth")
    with open_product(path, "truth") as product, multiprocessing.get_context("fork").Pool(2) as pool:
        here = _sums(product)
        assert pool.map(_sums, [product] * 4) == [here] * 4
        assert _sums(product) == here


def test_a_worker_refuses_a_file_that_was_replaced_meanwhile(make):
    path, _ = make("truth")
    with open_product(path, "truth") as product:
        sent = pickle.dumps(product)
        make("truth", scenes=("a", "z"))
        assert len(_sums(product)) == 2
    copy = pickle.loads(sent)
    for _ in range(2):
        with pytest.raises(DamagedError, match="replaced by other content"):
            copy.read("a", "radiance")


def test_a_file_that_grows_too_large_names_the_key_that_spreads_it(make, monkeypatch):
    monkeypatch.setattr(hdf5, "LIMIT", 2**18)
    with pytest.raises(UsageError, match=r"product\.h5: would be larger .* raise teacher\.shards"):
        make("uncertainty", scenes=tuple("abcdef"))


def test_an_error_while_writing_leaves_the_old_product(make):
    path, digest = make("truth")
    with pytest.raises(InputError):
        make("truth", radiance=np.full((3, 150, 140), 2, np.float32))
    assert open_product(path, "truth").content_hash == digest


def test_reading_goes_on_after_close(make):
    path, _ = make("truth")
    product = open_product(path, "truth")
    before = _sums(product)
    product.close()
    assert _sums(product) == before
    product.close()


def test_a_notebook_may_open_the_same_file_with_h5py(make):
    path, _ = make("truth", scenes=("a",))
    with open_product(path, "truth") as product, h5py.File(path) as file:
        np.testing.assert_array_equal(product.read("a", "radiance"), file["a/radiance"])


def test_damage_behind_the_back_of_an_open_product_is_found_when_read(make):
    path, _ = make("truth", scenes=("a",))
    product = open_product(path, "truth")
    with h5py.File(path) as file:
        place = file["a/radiance"].id.get_chunk_info(0).byte_offset
    with open(path, "r+b") as file:
        file.seek(place + 50)
        file.write(b"\xff\x00\xff")
    with pytest.raises(DamagedError, match="rule 'prepare'"):
        product.read("a", "radiance", (0, 0, 8, 8))
    assert open_product(path, "truth", verify=False).scenes == ("a",)
    with pytest.raises(DamagedError, match="scene 'a' field 'radiance' is damaged"):
        open_product(path, "truth")


def test_a_missing_product_or_a_folder_is_bad_input(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        open_product(tmp_path / "none.h5", "truth")
    with pytest.raises(InputError, match="not a regular file"):
        open_product(tmp_path, "truth")


def test_who_opens_any_kind_is_told_the_rule_of_what_a_newer_version_wrote(make):
    path, _ = make("uncertainty")
    with h5py.File(path, "r+") as file:
        file.attrs["version"] = SCHEMAS["uncertainty"].version + 1
    with pytest.raises(DamagedError, match=r"written by a newer hdrpipe .* run the rule 'teacher' again"):
        open_product(path, None)
