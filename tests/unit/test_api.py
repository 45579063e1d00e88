"""The package from a notebook."""

import json
import shutil

import numpy as np
import pytest
from camera_files import EV, frames, radiance, write_burst, write_dng

import hdrpipe.api as hdr
from hdrpipe.errors import DamagedError, InputError, UsageError
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.inference.load import SHIPPED


def test_arrays_folders_and_lists_of_files_fuse_alike(tmp_path):
    folder, model = write_burst(tmp_path / "shots", radiance(0)), hdr.load_model()
    wanted = hdr.fuse(np.rint(frames(radiance(0)) * 65535).astype(np.uint16), model, ev=EV)
    assert wanted.radiance.shape == (3, 48, 64)
    assert wanted.sigma.shape == (48, 64)
    assert np.array_equal(hdr.fuse(folder, model).radiance, wanted.radiance)
    assert np.array_equal(hdr.fuse([folder / f"{k}.png" for k in (1, 2, 3)]).radiance, wanted.radiance)


def test_the_model_of_a_run_a_file_and_the_package(tmp_path):
    (tmp_path / "round-02").mkdir()
    shutil.copy(SHIPPED, tmp_path / "round-02" / "student.safetensors")
    (tmp_path / "chosen.json").write_text(json.dumps({"round": 2}))
    hashes = {
        hdr.load_model(source).metadata["content_hash"]
        for source in (None, tmp_path, str(tmp_path / "round-02" / "student.safetensors"))
    }
    assert len(hashes) == 1


def test_a_run_that_is_not_finished_or_damaged_is_told(tmp_path):
    with pytest.raises(InputError, match="finish the run first"):
        hdr.load_model(tmp_path)
    (tmp_path / "chosen.json").write_text("{")
    with pytest.raises(DamagedError, match="chosen"):
        hdr.load_model(tmp_path)


def test_frames_need_exposures_and_files_bring_theirs(tmp_path):
    with pytest.raises(UsageError, match="one value in stops for each frame"):
        hdr.fuse(frames(radiance(0)))
    with pytest.raises(UsageError, match=r"exposure\.txt"):
        hdr.fuse(write_burst(tmp_path / "shots"), ev=EV)
    assert hdr.fuse(frames(radiance(0)), ev=EV, method="triangle").sigma is None


def test_a_product_of_any_kind_is_read(tmp_path):
    fields = {"radiance": radiance(0), "preview": np.zeros((48, 64, 3), np.uint8)}
    write_product(tmp_path / "t.h5", SCHEMAS["truth"], [("a", fields, {})], {})
    with hdr.read_product(tmp_path / "t.h5") as product:
        assert product.scenes == ("a",)
        assert np.array_equal(product.read("a", "radiance"), fields["radiance"])
    with pytest.raises(InputError):
        hdr.read_product(tmp_path / "none.h5")


def test_the_reference_asked_for_gives_raw_frames_their_white_balance(tmp_path):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    for index, seconds in enumerate((0.01, 0.04, 0.16)):
        linear = np.full((3, 48, 64), 0.05 * 4**index)
        write_dng(tmp_path / f"{index}.dng", linear, seconds=seconds, neutral=(0.4 + 0.2 * index, 1, 1))
    red = [
        np.median(hdr.fuse(tmp_path, method="triangle", align="none", reference=asked).radiance[0]) for asked in (0, 2)
    ]
    assert red[0] > 1.3 * red[1]
