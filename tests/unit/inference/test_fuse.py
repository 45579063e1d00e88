"""Fusing arrays: any type, size, order and number of frames, within a budget."""

from dataclasses import replace

import numpy as np
import psutil
import pytest
from camera_files import EV, frames, radiance

from hdrpipe.errors import CapacityError, InputError, UsageError
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.coding import Coding
from hdrpipe.imaging.compression import compressed
from hdrpipe.imaging.merge import MERGES
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.inference import fuse
from hdrpipe.inference.fuse import Settings, fuse_burst, window_merge
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.inference.tiles import in_tiles

STILL = Settings(align="none")


@pytest.fixture(scope="module")
def network():
    return stored(SHIPPED)


def db(one, other):
    return -10 * np.log10(np.square(mu_law(one) - mu_law(other), dtype=np.float64).mean() + 1e-20)


@pytest.mark.parametrize(("height", "width"), [(48, 64), (33, 47), (64, 9), (5, 5)])
def test_a_still_scene_comes_back(network, height, width):
    scene = radiance(0, height, width)
    fused = fuse_burst(frames(scene), EV, network, STILL)
    assert fused.radiance.shape == (3, height, width)
    assert fused.sigma.shape == (height, width)
    assert db(fused.radiance, scene) > 40
    assert fused.read == (0, 1, 2)
    assert fused.blended is None


@pytest.mark.parametrize(("noise", "quality", "gain"), [(0.25, 92, 0.02), (1.0, 85, 0.05)])
def test_the_network_does_better_where_it_is_told_that_frames_were_compressed(network, noise, quality, gain):
    """Finely textured, as compression changes nothing else."""
    scene = 0.2 * radiance(3, 128, 128) * np.random.default_rng(1).uniform(0.7, 1.3, (1, 128, 128)).astype(np.float32)
    linear = scene * 2.0 ** (np.array(EV) - EV[0])[:, None, None, None]
    seen = np.random.default_rng(0).standard_normal(linear.shape) * np.sqrt(noise * (4e-4 * linear + 4e-6))
    jpegs = compressed(((linear + seen).clip(0, 1) ** (1 / 2.2)).astype(np.float32), quality)
    untold, told = (fuse_burst(jpegs, EV, network, STILL, coding=Coding(quality=each)) for each in (0, quality))
    assert db(told.radiance, scene) > db(untold.radiance, scene) + gain
    assert told.noise_level == untold.noise_level


@pytest.mark.parametrize("ev", [EV, (-4.0, -2.0, 0.0, 2.0)])
def test_noisy_jpegs_are_fused_as_well_as_by_the_merge_that_the_network_corrects(network, ev):
    scene = 0.2 * radiance(3, 128, 128)
    rng = np.random.default_rng(0)
    linear = scene * 2.0 ** (np.array(ev) - ev[0])[:, None, None, None]
    linear = linear + rng.standard_normal(linear.shape) * np.sqrt(16.0 * (4e-4 * linear + 4e-6))
    jpegs = compressed((linear.clip(0, 1) ** (1 / 2.2)).astype(np.float32), 90)
    fused, merged = (
        fuse_burst(jpegs, ev, network, Settings(align="none", method=method)) for method in (None, "denoised")
    )
    assert db(fused.radiance, scene) > db(merged.radiance, scene) - 0.1


@pytest.mark.parametrize("ev", [(-2.0, 0.0), EV, (-4.0, -2.0, 0.0, 2.0)])
@pytest.mark.parametrize("method", [None, *MERGES])
def test_no_picture_is_too_small(network, method, ev):
    """Windows of 3 and 5 pixels look beyond such pictures on every side."""
    for height, width in ((1, 1), (1, 2), (2, 2), (1, 40), (40, 2), (3, 3)):
        scene = np.full((3, height, width), 0.05, np.float32)
        fused = fuse_burst(frames(scene, ev), ev, None if method else network, Settings(method=method))
        assert fused.radiance.shape == scene.shape
        assert np.abs(fused.radiance - scene).max() < 0.01


@pytest.mark.parametrize("ev", [(-2, 0), (-3, 0), (-4, -2, 0, 2, 4), (-2, -1, 0, 1, 2, 3), (-1.3, 0.0, 1.7)])
def test_any_number_of_frames_and_any_steps(network, ev):
    scene = radiance(1)
    fused = fuse_burst(frames(scene, ev), ev, network, STILL)
    assert db(fused.radiance, scene) > 38
    assert (len(ev) == 3) == (not fused.notes)


@pytest.mark.parametrize(("knows", "left"), [(True, 0.0), (False, 0.45)])
def test_the_weights_file_says_whether_sigma_knows_the_noise(network, knows, left):
    told = replace(network, metadata={**network.metadata, "knows_noise": knows})
    assert network.metadata["knows_noise"] is True
    assert window_merge(Burst(frames(radiance(0)), EV, 1), told, STILL).left == left


@pytest.mark.parametrize("reference", [0, 1, 2])
def test_any_reference(network, reference):
    scene = radiance(2)
    fused = fuse_burst(frames(scene), EV, network, Settings(reference, "none"))
    assert fused.reference == reference
    assert db(fused.radiance, scene) > 38


def test_integers_floats_and_any_order_are_one_burst(network):
    ldr = frames(radiance(3))
    levels = np.rint(ldr * 65535).astype(np.uint16)
    wanted = fuse_burst(levels, EV, network, STILL).radiance
    kept = levels.copy()
    assert np.array_equal(fuse_burst(levels[::-1], EV[::-1], network, STILL).radiance, wanted)
    assert np.array_equal(fuse_burst(levels / 65535, EV, network, STILL).radiance, wanted)
    assert np.array_equal(levels, kept)
    bytes_ = np.rint(ldr * 255).astype(np.uint8)
    assert db(fuse_burst(bytes_, EV, network, STILL).radiance, wanted) > 35


def test_tiles_show_no_seam(network):
    """The bar is 90 dB to the whole picture."""
    rng = np.random.default_rng(0)
    ldr = (frames(radiance(4, 300, 420)) + rng.normal(size=(3, 3, 300, 420)) * 0.01).clip(0, 1)
    whole = fuse_burst(ldr, EV, network, Settings(align="none", tile=512))
    told = []
    tiled = fuse_burst(
        ldr, EV, network, Settings(align="none", tile=128), lambda done, total, _: told.append((done, total))
    )
    assert db(tiled.radiance, whole.radiance) > 90
    assert np.square(tiled.sigma - whole.sigma).mean() < 1e-9, "90 dB"
    assert told == [(k, 12) for k in range(1, 13)]


def test_a_neutral_scene_stays_neutral(network):
    """Channel ratios within 1 %, over the whole range from shadows to clipping."""
    ramp = np.exp2(np.linspace(-7, 0, 256, dtype=np.float32))
    scene = np.broadcast_to(ramp, (3, 64, 256)).copy()
    found = fuse_burst(frames(scene), EV, network, STILL).radiance
    means = found.reshape(3, 64, 32, 8).mean((1, 3))
    assert np.abs(means / means.mean(0) - 1).max() < 0.01


def test_classical_merges_fuse_without_a_network():
    scene = radiance(5)
    for name, least in (("rejecting", 40), ("triangle", 40), ("debevec", 25)):  # OpenCV's has 8 bits
        fused = fuse_burst(frames(scene), EV, None, Settings(align="none", method=name))
        assert db(fused.radiance, scene) > least, name
        assert fused.sigma is None
        assert fused.maker == name


def test_a_blend_tells_its_share(network):
    fused = fuse_burst(frames(radiance(6)), EV, network, Settings(align="none", blend=1e-4))
    assert fused.blended == pytest.approx(1.0)
    assert fuse_burst(frames(radiance(6)), EV, network, Settings(align="none", blend=0.9)).blended == 0.0


def test_a_frame_that_cannot_be_aligned_is_told(network):
    ldr = frames(radiance(7))
    ldr[0] = 0.0
    fused = fuse_burst(ldr, EV, network, Settings())
    assert any("frame 0 stayed unaligned" in note for note in fused.notes)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"ev": (0, 2)}, InputError, "2 exposure values for 3 frames"),
        ({"ev": (0, 0, 2)}, InputError, "strictly ascending"),
        ({"ev": (0, float("nan"), 2)}, InputError, "finite"),
        ({"ldr": np.zeros((3, 8, 8, 3))}, InputError, r"wanted \(N, 3, H, W\)"),
        ({"ldr": np.full((3, 3, 8, 8), np.nan)}, InputError, "finite floats"),
        ({"ldr": np.full((3, 3, 8, 8), 2.0)}, InputError, r"in \[0, 1\]"),
        ({"ldr": np.zeros((3, 3, 8, 8), np.int32)}, InputError, "type int32"),
        ({"settings": Settings(3)}, InputError, "reference 3 is no frame"),
        ({"settings": Settings(-1)}, InputError, "reference -1 is no frame"),
        ({"settings": Settings(align="magic")}, UsageError, "unknown alignment"),
        ({"settings": Settings(method="magic")}, UsageError, "--method: unknown classical merge 'magic'"),
        ({"settings": Settings(method="triangle", blend=0.1)}, UsageError, "no sigma to blend by"),
        ({"settings": Settings(blend=0.0)}, UsageError, "--blend"),
        ({"settings": Settings(memory=0.01)}, CapacityError, "--memory"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(network, change, error, message):
    asked = {"ldr": frames(radiance(0)), "ev": EV, "settings": STILL} | change
    with pytest.raises(error, match=message):
        fuse_burst(asked["ldr"], asked["ev"], network, asked["settings"])


def test_a_smaller_budget_makes_smaller_tiles_of_the_same_picture(network):
    ldr = frames(radiance(8, 400, 500))
    wanted = fuse_burst(ldr, EV, network, STILL)
    base = psutil.Process().memory_info().rss / 1e9
    told = []
    small = Settings(align="none", memory=base + 0.075)
    found = fuse_burst(ldr, EV, network, small, lambda done, total, _: told.append(total))
    assert told[0] > 1
    assert db(found.radiance, wanted.radiance) > 90


@pytest.mark.parametrize(("room", "workers"), [(3.0, 4), (0.075, 1)])
def test_as_many_tiles_at_a_time_as_threads_and_budget_allow(network, monkeypatch, room, workers):
    asked = []
    compute = in_tiles

    def watched(merge, levels, tiling, progress):
        asked.append(tiling.workers)
        return compute(merge, levels, tiling, progress)

    monkeypatch.setattr(fuse, "in_tiles", watched)
    monkeypatch.setattr(fuse.torch, "get_num_threads", lambda: 4)
    memory = psutil.Process().memory_info().rss / 1e9 + room
    fuse_burst(frames(radiance(8, 400, 500)), EV, network, Settings(align="none", memory=memory))
    assert asked == [workers]


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_floats_of_any_width_are_the_same_picture(kind):
    ldr = frames(radiance(0)).astype(np.float16).astype(np.float32)
    wanted = fuse_burst(ldr, EV, None, Settings(align="none", method="triangle"))
    found = fuse_burst(ldr.astype(kind), EV, None, Settings(align="none", method="triangle"))
    assert wanted.radiance.max() > 0.5
    assert np.array_equal(found.radiance, wanted.radiance)
