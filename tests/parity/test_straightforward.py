"""What the benchmark compares is one function: the rival under `benchmarks/` and the package agree."""

import importlib.util
from pathlib import Path

import torch

from hdrpipe.models.network import build

FILE = Path(__file__).parents[2] / "benchmarks" / "straightforward.py"


def rival(**sizes):
    found = importlib.util.spec_from_file_location("straightforward", FILE)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.Straightforward(**sizes)


def test_output_feature_and_gradient_are_the_same():
    torch.manual_seed(0)
    options = {"channels": 12, "heads": 3, "groups": 2, "blocks": 2}
    ours = (
        build({"backbone": "hdr_transformer", "options": options, "output": "sigmoid", "exposures": 3}).eval().backbone
    )
    plain = rival(dim=12, heads=3, groups=2, blocks=2).eval()
    plain.load_state_dict(ours.state_dict())
    frames = torch.rand(2, 3, 6, 24, 16)
    expected, feature = plain(frames)
    head, found = ours(frames, torch.ones(2, 3))
    assert (torch.sigmoid(head) - expected).abs().max() < 1e-5
    assert (found - feature).abs().max() < 1e-5
    expected.square().mean().backward()
    torch.sigmoid(head).square().mean().backward()
    slow = dict(plain.named_parameters())
    for name, parameter in ours.named_parameters():
        scale = slow[name].grad.abs().max()
        assert (parameter.grad - slow[name].grad).abs().max() <= 1e-3 * scale + 1e-8, name
