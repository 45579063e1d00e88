"""Networks for other programs answer as they do here."""

import importlib.util
import json

import numpy as np
import pytest
import torch

from hdrpipe.errors import UsageError
from hdrpipe.imaging.tonemap import inverse_mu_law
from hdrpipe.inference.load import SHIPPED, Stored, answer, stored
from hdrpipe.models import network as contract
from hdrpipe.models.network import build
from hdrpipe.tools.export import CONTRACT, export_onnx, export_weights, origin

MISSING = [name for name in ("onnx", "onnxscript", "onnxruntime") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.xdist_group(
    "onnx"
)  # one worker: each would export the network for itself, which takes minutes
needs_onnx = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install '.[onnx]')")


TIMES = np.array([[1.0, 5.0, 21.0]], np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The shipped network and the file of its export, made once: it takes half a minute."""
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    network = stored(SHIPPED)
    export_onnx(network, path)
    return network, path


def _bursts():
    """(1, 3, 3, H, W) each: any size, the smallest, and what a camera gives in light, in the dark and in between."""
    rng = np.random.default_rng(0)
    bursts = {f"{height}x{width}": rng.random((1, 3, 3, height, width)) for height, width in ((32, 48), (66, 130))}
    bursts |= {"smallest": rng.random((1, 3, 3, 6, 4)), "clipped": np.ones((1, 3, 3, 34, 46))}
    bursts |= {"black": np.zeros((1, 3, 3, 34, 46)), "partly": np.clip(2.0 * rng.random((1, 3, 3, 34, 46)), 0.0, 1.0)}
    bursts["partly"][..., 8:20, 8:20] = 1.0
    return {name: burst.astype(np.float32) for name, burst in bursts.items()}


@needs_onnx
@pytest.mark.parametrize(("name", "level"), [*((name, None) for name in _bursts()), ("32x48", 8.0), ("partly", 0.25)])
def test_onnxruntime_answers_as_torch_does(exported, name, level):
    """Clipped: the exporter's optimizer took the 1e-12 that keeps 0 / 0 away for 0."""
    import onnxruntime

    network, path = exported
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    frames = _bursts()[name]
    told = {} if level is None else {"noise_level": np.array([level], np.float32)}  # left out, it is 1
    radiance, sigma = map(np.asarray, session.run(None, {"frames": frames, "times": TIMES, **told}))
    with torch.no_grad():
        wanted = network.net(torch.from_numpy(frames), torch.from_numpy(TIMES), torch.tensor([level or 1.0]))
    assert np.isfinite(radiance).all()
    assert np.isfinite(sigma).all()
    assert np.abs(radiance - inverse_mu_law(wanted.tonemapped.clamp(0, 1)).numpy()).max() <= 1e-4
    assert np.abs(sigma - wanted.sigma.numpy()).max() <= 1e-4


@needs_onnx
def test_the_exported_network_says_what_it_takes_and_gives(exported):
    import onnx

    network, path = exported
    said = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert said["hdrpipe.radiance"] == CONTRACT["radiance"]
    assert said["hdrpipe.content_hash"] == network.metadata["content_hash"]


@needs_onnx
@pytest.mark.parametrize("backbone", ["safnet_s", "hdr_transformer"])
def test_a_backbone_that_cannot_be_exported_with_free_sizes_is_refused(tmp_path, backbone):
    model = {"backbone": backbone, "options": {}, "output": "sigmoid", "exposures": 3}
    with pytest.raises(UsageError, match=f"'{backbone}' cannot be exported with free height and width"):
        export_onnx(Stored(build(model), {"model": model, "content_hash": "sha256:0"}), tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()


@needs_onnx
def test_a_backbone_that_takes_the_traced_size_alone_is_refused(tmp_path):
    """Looser ways of tracing wrote it as if its sizes were free."""

    class Fixed(torch.nn.Module):
        features, multiple = 3, 2

        def forward(self, packed, times):
            rows = packed[:, 0, :3] + torch.zeros(16, 18)
            return rows, rows

    metadata = {"model": {"backbone": "fixed"}, "content_hash": "sha256:0"}
    with pytest.raises(UsageError, match="'fixed' cannot be exported with free height and width"):
        export_onnx(Stored(contract.HdrNet(Fixed(), "sigmoid", 3), metadata), tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("hdrpipe.tools.export.importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'hdrpipe\[onnx\]'"):
        export_onnx(stored(SHIPPED), tmp_path / "net.onnx")


def test_a_weights_file_for_others_tells_its_origin_and_answers_alike(tmp_path):
    torch.manual_seed(1)
    model = {"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3}
    network = Stored(build(model), {"model": model, "content_hash": "sha256:0", "role": "student"})
    weights = tmp_path / "student.safetensors"
    (tmp_path / "student.safetensors.json").write_text(json.dumps({"spec": {"seed": 7}, "code": "abc", "stage": "s"}))
    export_weights(network, tmp_path / "one.safetensors", origin(weights, "0123abc"))
    found = stored(tmp_path / "one.safetensors")
    assert found.metadata["about"] == {"spec": {"seed": 7}, "seed": 7, "code": "abc", "stage": "s", "commit": "0123abc"}
    assert found.metadata["weights"] == "sha256:0"
    assert found.metadata["answer"] == answer(found.net)
    assert "knows_noise" not in found.metadata
    export_weights(network, tmp_path / "two.safetensors", {}, knows_noise=True)
    assert stored(tmp_path / "two.safetensors").metadata["knows_noise"] is True


def test_the_shipped_network_answers_as_when_it_was_exported():
    """Catches weights of another backbone and a backbone that has changed; `make ship` trains and exports it anew."""
    network = stored(SHIPPED)
    about = network.metadata["about"]
    assert about["commit"]
    assert about["seed"] == about["spec"]["seed"]
    assert about["stage"] == "warmup"
    assert np.abs(np.subtract(answer(network.net), network.metadata["answer"])).max() < 1e-3, "run `make ship`"


def test_a_changed_backbone_is_noticed_by_its_answer(monkeypatch):
    network = stored(SHIPPED)
    monkeypatch.setattr(contract, "TRUST", contract.TRUST - 3.0)
    assert np.abs(np.subtract(answer(network.net), network.metadata["answer"])).max() > 2e-3
