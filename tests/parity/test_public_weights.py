"""Published weights under their public names give the published network's output."""

from pathlib import Path

import numpy as np
import pytest
import torch

from hdrpipe.inference.load import stored
from hdrpipe.tools.weights_import import import_weights

SHARED = Path(__file__).parents[3] / "shared" / "data" / "parity"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/parity beside the checkout")


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """The public checkpoint as a weights file of ours."""
    out = tmp_path_factory.mktemp("weights") / "hdr_transformer.safetensors"
    import_weights(SHARED / "hdr_transformer_public_names.pth", "hdr_transformer", out)
    return out


@pytest.mark.parametrize("learning", [False, True], ids=["inference", "learning"])
def test_hdr_transformer(imported, learning):
    net = stored(imported).net.eval()
    data = np.load(SHARED / "hdr_transformer_io.npz")
    frames = torch.from_numpy(data["x"]).transpose(0, 1)
    with torch.set_grad_enabled(learning):
        radiance = net.radiance(net.backbone(frames, torch.ones(1, 3))[0])
    assert np.abs(radiance.detach().numpy() - data["y"]).max() < 1e-5
