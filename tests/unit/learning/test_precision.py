"""Training in bf16 keeps what needs all bits, and ends near training in fp32."""

from dataclasses import replace

import pytest
import torch
from small_training import SETTINGS, make_net, run

from hdrpipe.learning.state import StateStore
from hdrpipe.learning.train import _Learner


@pytest.mark.parametrize(("precision", "body"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_body_alone_has_fewer_bits(tmp_path, precision, body):
    net, seen = make_net(), {}
    for name, module in net.named_modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda m, i, out, name=name: seen.__setitem__(name, out.dtype))
    learner = _Learner(net, None, replace(SETTINGS, precision=precision), StateStore(tmp_path, "k"))
    tonemapped, sigma = learner._predict(torch.rand(2, 3, 3, 16, 16), torch.tensor([[1.0, 4.0, 16.0]] * 2), None)
    assert tonemapped.dtype == sigma.dtype == torch.float32
    exact = {name: kind for name, kind in seen.items() if name.startswith("judge") or name == "backbone.head"}
    assert len(exact) == 4
    assert set(exact.values()) == {torch.float32}
    assert {kind for name, kind in seen.items() if name not in exact} == {body}


def test_bf16_ends_near_fp32_and_is_no_execution_choice(tmp_path):
    exact = run(tmp_path / "a")
    coarse = run(tmp_path / "b", settings=replace(SETTINGS, precision="bf16"))
    pairs = list(zip(exact.student.parameters(), coarse.student.parameters(), strict=True))
    assert all(value.dtype == torch.float32 for _, value in pairs)
    assert any(not torch.equal(one, other) for one, other in pairs)
    last = [trained.history[-1]["labelled_reconstruction"] for trained in (exact, coarse)]
    assert abs(last[0] - last[1]) < 0.1 * last[0] + 1e-3
