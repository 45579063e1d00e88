"""R31: weights of any size and exposures of any range: every value that is written is finite, or nothing is written."""

import numpy as np
import pytest
import torch
from camera_files import frames, radiance

from hdrpipe.errors import Exit, HdrpipeError, NonFiniteError
from hdrpipe.files.pictures.images import read_picture
from hdrpipe.files.weights import save_weights
from hdrpipe.inference.fuse import Settings, fuse_burst
from hdrpipe.inference.load import stored
from hdrpipe.models.network import build
from hdrpipe.tools.results import Camera, write_result

MODEL = {"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3}
SCALES = [1.0, 1e4, 1e10, 1e19, 1e30, 1e38, -1e38]
FORMATS = ["a.exr", "a.hdr", "a.tif"]


def network(path, scale, name=""):
    torch.manual_seed(0)
    tensors = {
        key: value * scale if value.is_floating_point() and name in key else value
        for key, value in build(MODEL).state_dict().items()
    }
    save_weights(path, tensors, {"model": MODEL})
    return stored(path)


def written(folder, fused, anchor="min-ev"):
    """How many formats were written and hold finite values."""
    held = 0
    for name in FORMATS:
        if anchor != "min-ev" and name.endswith(".tif"):
            continue
        write_result(folder / name, fused, anchor, True, Camera())
        assert np.isfinite(read_picture(folder / name, 10**6)[0]).all()
        held += 1
    return held


def outcome(path, scale, name):
    """What such weights make of a burst, or the fault."""
    try:
        net = network(path, scale, name)
        return fuse_burst(frames(radiance()), (-2.0, 0.0, 2.0), net, Settings(align="none"))
    except HdrpipeError as error:
        return error


@pytest.mark.parametrize("scale", SCALES)
def test_weights_of_any_size_give_finite_files_or_none(tmp_path, scale, count):
    for name in ("", "head"):
        fused = outcome(tmp_path / "w.safetensors", scale, name)
        if isinstance(fused, HdrpipeError):
            assert fused.code in (Exit.NON_FINITE, Exit.DAMAGED)
            assert str(fused).isprintable()
        count("R31", 1 if isinstance(fused, HdrpipeError) else written(tmp_path, fused))


@pytest.mark.parametrize("stops", [4.0, 12.0, 17.0])
@pytest.mark.parametrize("anchor", ["min-ev", "reference"])
def test_exposures_of_any_range_give_finite_files_or_none(tmp_path, stops, anchor, count):
    ev = (-stops, stops)
    fused = fuse_burst(frames(radiance(), (-2.0, 2.0)), ev, None, Settings(align="none", method="triangle"))
    held = written(tmp_path, fused, anchor)
    assert held == len(FORMATS) - (anchor != "min-ev")
    count("R31", held)


def test_a_result_that_is_not_finite_is_refused_before_a_file_is_written(tmp_path, count):
    fused = fuse_burst(frames(radiance()), (-2.0, 0.0, 2.0), None, Settings(align="none", method="triangle"))
    for name in FORMATS:
        for value in (np.nan, np.inf, -np.inf):
            fused.radiance[1, 2, 3] = value
            with pytest.raises(NonFiniteError):
                write_result(tmp_path / name, fused, "min-ev", True, Camera())
            count("R31")
    assert not list(tmp_path.iterdir())
