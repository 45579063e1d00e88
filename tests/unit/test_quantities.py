"""The numbers that the whole package shares, by what the literature computes with them."""

import math

import numpy as np
import pytest
import torch

from hdrpipe.imaging.camera import expose
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.masking.strategy import patch_means
from hdrpipe.models.judge import Judge


def test_the_mu_law_is_that_of_kalantari_and_ramamoorthi():
    assert float(mu_law(np.float64(0.1))) == pytest.approx(math.log(1 + 5000 * 0.1) / math.log(1 + 5000), rel=1e-12)


def test_the_camera_has_a_gamma_of_2_2():
    assert float(expose(np.float64(0.1), 4.0)) == pytest.approx(0.4 ** (1 / 2.2), rel=1e-12)


def test_patches_have_64_pixels_a_side():
    assert patch_means(np.zeros((128, 129), np.float32)).shape == (2, 3)
    assert patch_means(np.eye(64, dtype=np.float32)) == pytest.approx(1 / 64)


def test_no_sigma_is_below_a_thousandth():
    judge = Judge(2)
    torch.nn.init.constant_(judge.last.bias, -80.0)  # pyright: ignore[reportArgumentType]
    assert judge(torch.zeros(1, 2, 3, 3), (3, 3)).detach().numpy() == pytest.approx(1e-3)
