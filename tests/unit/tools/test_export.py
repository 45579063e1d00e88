"""Networks for other programs answer as they do here."""

import importlib.util
import json

import numpy as np
import pytest
import torch

from hdrpipe.errors import UsageError
from hdrpipe.imaging.tonemap import inverse_mu_law
from hdrpipe.models import contract
from hdrpipe.models.contract import build
from hdrpipe.models.stored import SHIPPED, Stored, answer, stored
from hdrpipe.tools.export import CONTRACT, export_onnx, export_weights, origin

MISSING = [name for name in ("onnx", "onnxscript", "onnxruntime") if importlib.util.find_spec(name) is None]
needs_onnx = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install '.[onnx]')")


@needs_onnx
def test_onnxruntime_answers_as_torch_does_at_any_size(tmp_path):
    import onnx
    import onnxruntime

    network = stored(SHIPPED)
    export_onnx(network, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for height, width in ((32, 48), (66, 130), (6, 4)):
        frames = rng.random((1, network.net.exposures, 3, height, width), np.float32)
        times = np.array([[1.0, 5.0, 21.0]], np.float32)
        radiance, sigma = session.run(None, {"frames": frames, "times": times})
        with torch.no_grad():
            wanted = network.net(torch.from_numpy(frames), torch.from_numpy(times))
        assert np.abs(radiance - inverse_mu_law(wanted.tonemapped.clamp(0, 1)).numpy()).max() <= 1e-4
        assert np.abs(sigma - wanted.sigma.numpy()).max() <= 1e-4
    said = {entry.key: entry.value for entry in onnx.load(tmp_path / "net.onnx").metadata_props}
    assert said["hdrpipe.radiance"] == CONTRACT["radiance"]
    assert said["hdrpipe.content_hash"] == network.metadata["content_hash"]


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


def test_the_shipped_network_answers_as_when_it_was_exported():
    """Catches weights of another backbone and a backbone that has changed; `make ship` trains and exports it anew."""
    network = stored(SHIPPED)
    about = network.metadata["about"]
    assert about["commit"]
    assert about["seed"] == about["spec"]["seed"]
    assert about["stage"] == "student"
    assert np.abs(np.subtract(answer(network.net), network.metadata["answer"])).max() < 1e-3, "run `make ship`"


def test_a_changed_backbone_is_noticed_by_its_answer(monkeypatch):
    network = stored(SHIPPED)
    monkeypatch.setattr(contract, "TRUST", contract.TRUST - 3.0)
    assert np.abs(np.subtract(answer(network.net), network.metadata["answer"])).max() > 2e-3
