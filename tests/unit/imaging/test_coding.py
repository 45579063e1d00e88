"""Reference values refined within their codes by longer exposures."""

import numpy as np
import pytest

from hdrpipe.evaluation.metrics import psnr_mu
from hdrpipe.imaging.coding import Coding, refine
from hdrpipe.imaging.equalise import as_recorded
from hdrpipe.imaging.response import KNOTS, Response
from hdrpipe.inference.fuse import Settings, fuse_burst

EV = (0.0, 2.0, 4.0)
TIMES = np.array([1.0, 4.0, 16.0])
LIGHT = np.exp2(np.linspace(-16.0, 0.0, 4001))


def steep(linear):
    """Codes in [0, 1] of a camera whose shadows have few codes: a power law of 0.6, against 2.2 of the field."""
    return np.clip(linear, 0.0, 1.0) ** (1.0 / 0.6)


RESPONSE = Response("steep", np.log2(np.interp(KNOTS, steep(LIGHT), LIGHT)))


def shot(radiance):
    """8-bit frames (3, 3, H, W) of a scene that may differ between frames."""
    exposed = np.stack([np.asarray(frame) * time for frame, time in zip(radiance, TIMES, strict=True)])
    return np.rint(255 * steep(exposed)).astype(np.uint8)


def ramp():
    """Radiance (3, 16, 256) from 2 ** -7 to 2 ** -4.5: dark in all frames but the longest."""
    return np.broadcast_to(np.exp2(np.linspace(-7.0, -4.5, 256)), (3, 16, 256))


@pytest.fixture
def made():
    return as_recorded(RESPONSE, EV)


def test_edges_enclose_what_a_code_becomes(made):
    codes = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16).repeat(3, axis=1).repeat(3, axis=0)
    edges, levels = made.edges(1, 255), made.equal(codes)[1].reshape(3, 256)
    assert edges.shape == (3, 257)
    assert (edges[:, :-1] <= levels).all()
    assert (levels <= edges[:, 1:]).all()
    assert (np.diff(edges.astype(int), axis=1) >= 0).all()
    assert (np.diff(edges.astype(int), axis=1)[:, 1:250] > 0).all()


def test_a_lower_white_code_stretches_the_edges(made):
    edges = made.edges(1, 240)
    assert (edges[:, 241:] == 65535).all()
    assert (edges[:, 239] < 65535).all()


def test_shadows_are_those_of_the_longest_exposure(made):
    frames = shot([ramp()] * 3)
    edges, levels = made.edges(1, 255), made.equal(frames)
    before = levels.copy()
    refine(levels, TIMES, 1, edges)
    assert (levels[[0, 2]] == before[[0, 2]]).all(), "other frames stay"
    light, coarse = (4.0**-1 * (frame / 65535.0) ** 2.2 for frame in (levels[1], before[1]))
    truth = ramp()
    assert np.abs(np.log2(coarse / truth)).max() > 0.3
    assert np.abs(np.log2(light / truth)).max() < 0.12


def test_what_moved_shows_at_most_within_a_code(made):
    moved = np.array(ramp())
    moved[:, 4:12, 50:200] = 2.0**-4.5
    frames = shot([ramp(), ramp(), moved])
    edges, levels = made.edges(1, 255), made.equal(frames)
    code, before = frames[1], levels[1].copy()
    refine(levels, TIMES, 1, edges)
    for channel in range(3):
        assert (levels[1, channel] >= edges[channel][code[channel]]).all()
        assert (levels[1, channel] <= edges[channel][code[channel].astype(int) + 1]).all()
    assert (levels[1] != before).any()


def test_clipped_and_missing_longer_exposures_change_nothing(made):
    bright = np.full((3, 16, 16), 0.2)
    levels = made.equal(shot([bright] * 3))
    before = levels.copy()
    refine(levels, TIMES, 1, made.edges(1, 255))
    assert (levels == before).all(), "the longest exposure clips"
    refine(levels, TIMES, 2, made.edges(2, 255))
    assert (levels == before).all(), "none is longer"


def test_a_fused_picture_keeps_its_shadows(made):
    scene = np.array(ramp())
    levels, edges = made.equal(shot([scene] * 3)), made.edges(1, 255)
    settings = Settings(align="none", method="rejecting")
    coarse, refined = (fuse_burst(levels.copy(), EV, None, settings, coding=Coding(given)) for given in (None, edges))
    gained = psnr_mu(refined.radiance, scene.astype(np.float32)) - psnr_mu(coarse.radiance, scene.astype(np.float32))
    assert gained > 6.0
