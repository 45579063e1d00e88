"""A warm-up starts from fresh weights or from a file that fits its config."""

import pytest
import torch

from hdrpipe.config.load import check_config
from hdrpipe.errors import UsageError
from hdrpipe.stages.training import starting_network
from hdrpipe.tools.weights_import import import_weights


@pytest.fixture
def weights(tmp_path):
    """Imported weights of the smallest published network."""
    from hdrpipe.models.network import build

    net = build({"backbone": "safnet_s", "options": {}, "output": "sigmoid", "exposures": 3})
    torch.save(net.backbone.state_dict(), tmp_path / "in.pth")
    import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")
    return tmp_path / "out.safetensors", net


def config(path, **model):
    return check_config({"run": "x", "model": model, "warmup": {"weights": str(path)}})


def test_the_weights_of_the_file_are_taken(weights):
    path, net = weights
    found = starting_network(config(path, backbone="safnet_s", output="sigmoid"), 3)
    for name, value in net.backbone.state_dict().items():
        assert torch.equal(found.net.backbone.state_dict()[name].cpu(), value)
    assert found.content_hash.startswith("sha256:")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (
            {"backbone": "merge_net", "output": "sigmoid"},
            "these weights have backbone 'safnet_s', the config has 'merge_net'",
        ),
        ({"backbone": "safnet_s", "output": "merge"}, "these weights have output 'sigmoid', the config has 'merge'"),
        ({"backbone": "safnet_s", "output": "sigmoid", "options": {"refinement": 8}}, "these weights have options"),
    ],
)
def test_weights_of_another_network_are_refused_in_one_line(weights, model, told):
    with pytest.raises(UsageError, match=told):
        starting_network(config(weights[0], **model), 3)
