"""L^v against an independent SSIM, and against VGG16's layout."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch.nn import functional

from hdrpipe.errors import InputError
from hdrpipe.learning.perceptual import difference, perceptual, ssim, structure_loss


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


def test_structure_loss_is_the_difference_of_edges_in_both_directions_and_the_lack_of_similarity():
    first, second = pictures()
    edges = [np.abs(np.diff(second, axis=axis) - np.diff(first, axis=axis)).mean() for axis in (1, 2)]
    dissimilarity = 1.0 - ssim(*tensors()).item()
    assert structure_loss(*tensors()).item() == pytest.approx(sum(edges) + dissimilarity, rel=1e-9)
    shapes = [difference(tensors()[0], axis).shape for axis in (-2, -1)]
    assert shapes == [(1, 3, 47, 48), (1, 3, 48, 47)]


def test_equal_pictures_cost_nothing():
    first, _ = tensors()
    assert structure_loss(first, first).item() == pytest.approx(0.0, abs=1e-9)


def test_blur_costs_more_than_a_shift_of_brightness():
    first, _ = tensors()
    blurred = torch.nn.functional.avg_pool2d(first, 5, stride=1, padding=2, count_include_pad=False)
    offset = (first - blurred).abs().mean()
    assert structure_loss(blurred, first) > 3 * structure_loss(first + offset, first)


SHAPES = {0: (64, 3), 2: (64, 64), 5: (128, 64), 7: (128, 128), 10: (256, 128), 12: (256, 256), 14: (256, 256)}
"""Number of each convolution in the public file of VGG16 up to relu3_3 -> its output and input channels."""


def vgg_state():
    """Weights of random filters and small biases, under their public names."""
    drawn = torch.Generator().manual_seed(0)
    state = {}
    for number, shape in SHAPES.items():
        deviation = (2 / (9 * shape[1])) ** 0.5  # keeps the size of the features
        state[f"features.{number}.weight"] = deviation * torch.randn(*shape, 3, 3, generator=drawn)
        state[f"features.{number}.bias"] = 0.1 * torch.randn(shape[0], generator=drawn)
    return state


@pytest.fixture
def vgg(tmp_path):
    """The path of a file of `vgg_state`."""
    torch.save(vgg_state(), tmp_path / "vgg16.pth")
    return str(tmp_path / "vgg16.pth")


def features(picture, state):
    """relu1_2, relu2_2 and relu3_3 of a picture (B, 3, H, W), one layer after the other."""
    x = (picture - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[
        :, None, None
    ]
    for number in SHAPES:
        if number in (5, 10):
            x = functional.max_pool2d(x, 2)
        weight, bias = (state[f"features.{number}.{name}"] for name in ("weight", "bias"))
        x = functional.conv2d(x, weight, bias, padding=1).clamp_min(0.0)
        if number in (2, 7, 14):
            yield x


def test_vgg_loss_is_the_mean_difference_of_three_features(vgg):
    first, second = (picture.float()[..., :20, :20] for picture in tensors())
    pairs = zip(features(first, vgg_state()), features(second, vgg_state()), strict=True)
    expected = sum(float((a - b).abs().mean()) for a, b in pairs)
    measure = perceptual(vgg)
    assert measure(first, second).item() == pytest.approx(expected, rel=1e-4)
    assert measure(second, first).item() == pytest.approx(expected, rel=1e-4)
    assert measure(first, first).item() == 0.0


def test_vgg_moves_the_prediction_and_is_not_trained_itself(vgg):
    measure, (first, second) = perceptual(vgg), (picture.float() for picture in tensors())
    measure(first.requires_grad_(), second).backward()
    assert first.grad.abs().sum() > 0
    assert not any(weight.requires_grad for group in measure.groups for weight in group.parameters())


def test_vgg_follows_the_pictures_to_their_device(vgg):
    measure = perceptual(vgg)
    loss = measure(*(picture.float().to("meta") for picture in tensors()))
    weights = [weight for group in measure.groups for weight in group.parameters()]
    assert {tensor.device.type for tensor in (loss, *weights)} == {"meta"}


class Runs:
    """An object whose file runs a function when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("ran"),)


def test_a_file_of_weights_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({**vgg_state(), "more": Runs()}, "vgg16.pth")
    with pytest.raises(InputError, match="cannot be read as VGG16 weights"):
        perceptual("vgg16.pth")
    assert not Path("ran").exists()


def without(name):
    return {key: value for key, value in vgg_state().items() if key != name}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, "cannot be read as VGG16 weights"),
        ({"features.0.weight": torch.zeros(1)}, "features.0 is missing or not that of VGG16"),
        (without("features.12.bias"), "features.12 is missing or not that of VGG16"),
        (
            vgg_state() | {"features.7.weight": torch.zeros(128, 128, 5, 5)},
            "features.7 is missing or not that of VGG16",
        ),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, state, message):
    path = tmp_path / "vgg16.pth"
    if state:
        torch.save(state, path)
    else:
        path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"vgg16\.pth") as caught:
        perceptual(str(path))
    assert message in str(caught.value)
