"""Tone curves: exact for losses, presentable for people."""

import numpy as np
import pytest
import torch

from hdrpipe.imaging.tonemap import display, display_light, heat, inverse_mu_law, luminance, mu_law


def test_mu_law_keeps_the_ends_and_has_its_published_value():
    assert mu_law(np.array([0.0, 1.0])) == pytest.approx([0.0, 1.0])
    assert mu_law(np.array(0.5)) == pytest.approx(np.log(2501) / np.log(5001))


def test_mu_law_of_torch_is_that_of_numpy_and_differentiable():
    radiance = np.linspace(0, 1, 100, dtype=np.float32)
    tensor = torch.from_numpy(radiance).requires_grad_()
    mapped = mu_law(tensor)
    mapped.sum().backward()
    assert mapped.detach().numpy() == pytest.approx(mu_law(radiance), abs=1e-6)
    assert tensor.grad.numpy() == pytest.approx(5000 / (np.log(5001) * (1 + 5000 * radiance)), rel=1e-4)


def test_inverse_mu_law_of_torch_is_that_of_numpy():
    tonemapped = np.linspace(0, 1, 100, dtype=np.float32)
    assert inverse_mu_law(torch.from_numpy(tonemapped)).numpy() == pytest.approx(inverse_mu_law(tonemapped), rel=1e-5)


def test_luminance_of_grey_is_the_grey():
    assert luminance(np.full((3, 2, 2), 0.4, np.float32)) == pytest.approx(0.4)


def test_display_does_not_depend_on_the_scale_of_radiance(texture):
    radiance = texture()
    difference = display(radiance).astype(int) - display(radiance * 0.01).astype(int)
    assert np.abs(difference).max() <= 1


def test_display_brings_the_median_to_middle_grey(texture):
    shown = display(texture()[:1].repeat(3, axis=0))
    assert shown.shape == (128, 128, 3)
    assert shown.dtype == np.uint8
    assert 100 < np.median(shown) < 125


def test_display_keeps_brighter_brighter():
    ramp = np.broadcast_to(np.geomspace(1e-4, 1, 256, dtype=np.float32), (3, 4, 256))
    assert (np.diff(display(ramp).astype(int), axis=1) >= 0).all()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_display_of_a_uniform_picture_is_finite(level):
    assert np.ptp(display(np.full((3, 8, 8), level, np.float32))) == 0


def test_display_does_not_lift_the_noise_of_a_black_picture():
    radiance = np.zeros((3, 64, 64), np.float32)
    radiance[:, :8, :8] = 1.0
    radiance += 1e-6
    assert display(radiance)[32, 32].max() < 16


def test_light_of_an_hdr_display_is_linear_up_to_white_and_ends_at_its_peak(texture):
    radiance = texture() ** 2 / 10
    radiance[:, :9, :9] *= 50
    light = display_light(radiance, 5.0)
    exposed = radiance * np.float32(0.18 / np.median(luminance(radiance)))
    below = exposed.max(axis=0) < 1
    assert np.allclose(light[:, below], exposed[:, below], rtol=1e-4)
    assert (light[:, ~below] <= 1.0001 * exposed[:, ~below]).all()
    assert light.max() == pytest.approx(5.0, rel=1e-5)


def test_light_keeps_brighter_brighter_and_colours():
    ramp = np.geomspace(1e-3, 1, 4096, dtype=np.float32) * np.array([1.0, 0.5, 0.25], np.float32)[:, None]
    light = display_light(ramp[:, None], 5.0)
    assert (np.diff(light, axis=2) > 0).all()
    assert np.allclose(light[0] * 0.5, light[1], rtol=1e-5)
    assert np.allclose(light[0] * 0.25, light[2], rtol=1e-5)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_light_of_a_uniform_picture_is_finite_and_not_bright(level):
    light = display_light(np.full((3, 8, 8), level, np.float32), 5.0)
    assert np.isfinite(light).all()
    assert light.max() < 0.2


def test_heat_runs_from_dark_to_bright_and_stays_there():
    painted = heat(np.linspace(0, 2, 200, dtype=np.float32)[None], top=1.0)[0]
    brightness = painted.astype(int).sum(1)
    assert brightness[0] < 20
    assert (painted[100:] == painted[-1]).all()
    assert brightness[-1] > 500
    assert painted[50, 0] > painted[50, 2], "red before blue: RGB, not BGR"


def test_heat_of_nothing_is_black():
    assert heat(np.zeros((4, 4), np.float32), top=0.0).max() < 10
