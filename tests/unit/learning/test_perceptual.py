"""L^v against an independent SSIM, and against VGG16's layout."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from hdrpipe.errors import InputError
from hdrpipe.learning.perceptual import VGG16, perceptual, ssim, structure_loss


def pictures():
    rng = np.random.default_rng(0)
    first = np.kron(rng.random((3, 8, 8)), np.ones((6, 6)))
    return first, np.clip(first + rng.normal(0, 0.1, first.shape), 0, 1)


def tensors():
    return [torch.from_numpy(picture)[None] for picture in pictures()]


def test_ssim_is_that_of_scikit_image_over_inner_windows():
    whole = [
        structural_similarity(
            a, b, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
        )[1][5:-5, 5:-5].mean()
        for a, b in zip(*pictures(), strict=True)
    ]
    assert ssim(*tensors()).item() == pytest.approx(np.mean(whole), abs=1e-6)


def test_equal_pictures_cost_nothing():
    first, _ = tensors()
    assert structure_loss(first, first).item() == pytest.approx(0.0, abs=1e-9)


def test_blur_costs_more_than_a_shift_of_brightness():
    first, _ = tensors()
    blurred = torch.nn.functional.avg_pool2d(first, 5, stride=1, padding=2, count_include_pad=False)
    offset = (first - blurred).abs().mean()
    assert structure_loss(blurred, first) > 3 * structure_loss(first + offset, first)


def vgg_state():
    torch.manual_seed(0)
    state, before, place = {}, 3, 0
    for group in VGG16:
        for channels in group:
            state[f"features.{place}.weight"] = 0.1 * torch.randn(channels, before, 3, 3)
            state[f"features.{place}.bias"] = torch.zeros(channels)
            before, place = channels, place + 2
        place += 1
    return state


def test_vgg_layers_have_their_public_numbers(tmp_path):
    assert [name for name in vgg_state() if name.endswith("weight")] == [
        f"features.{n}.weight" for n in (0, 2, 5, 7, 10, 12, 14)
    ]
    torch.save(vgg_state(), tmp_path / "vgg16.pth")
    measure = perceptual(str(tmp_path / "vgg16.pth"))
    first, second = (picture.float().requires_grad_() for picture in tensors())
    assert measure(first, first).item() == 0.0
    loss = measure(first, second)
    loss.backward()
    assert loss.item() > 0
    assert first.grad.abs().sum() > 0


@pytest.mark.parametrize("content", [b"nonsense", None])
def test_a_wrong_file_is_one_line(tmp_path, content):
    path = tmp_path / "vgg16.pth"
    if content:
        path.write_bytes(content)
    else:
        torch.save({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(InputError, match=r"vgg16\.pth"):
        perceptual(str(path))
