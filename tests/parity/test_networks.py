"""Every network and its blocks against float64 NumPy that was written apart from them (`slow_layers`)."""

import math

import numpy as np
import pytest
import slow_layers as slow
import torch

from hdrpipe.models import flow_merge
from hdrpipe.models.context_block import Block, to_picture, to_tokens
from hdrpipe.models.network import build

SIZE = (16, 24)


def seeded(module):
    """Weights that leave nothing near zero or one, biases and slopes included."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in module.parameters():
            fan = parameter[0].numel() if parameter.ndim > 1 else 16
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(fan))
    return module.eval()


def weights(module):
    return {name: value.double().numpy() for name, value in module.state_dict().items()}


def frames(size=SIZE, count=3):
    return np.random.default_rng(5).random((count, 6, *size))


def network(name, **options):
    return seeded(build({"backbone": name, "options": options, "output": "sigmoid", "exposures": 3}))


def published(net, x):
    """The published output of a network for packed frames, in float32."""
    with torch.inference_mode():
        packed = torch.from_numpy(x[None].astype(np.float32))
        return net.radiance(net.backbone(packed, torch.ones(1, 3))[0])[0].numpy()


def block(x, w, name, heads, shift):
    normed = slow.layer_norm(x, w, f"{name}.norm1")
    found = x + slow.window_attention(normed, w, f"{name}.attn", heads, shift)
    rows = slow.layer_norm(found, w, f"{name}.norm2").reshape(x.shape[0], -1).T
    rows = slow.linear(slow.gelu(slow.linear(rows, w, f"{name}.mlp.fc1")), w, f"{name}.mlp.fc2")
    return found + rows.T.reshape(x.shape) + slow.local_context(normed, w, f"{name}.lce")


def attend(x, reference, w, first, second):
    hidden = slow.leaky(slow.conv(np.concatenate([x, reference]), w, first))
    return x * slow.sigmoid(slow.conv(hidden, w, second))


def hdr_transformer(x, w, groups, blocks, heads):
    f = [slow.conv(frame, w, f"conv_f{i}") for i, frame in enumerate(x, 1)]
    short = attend(f[0], f[1], w, "att_module_h.att1", "att_module_h.att2")
    long = attend(f[2], f[1], w, "att_module_l.att1", "att_module_l.att2")
    first = slow.conv(np.concatenate([short, f[1], long]), w, "conv_first")
    found = slow.layer_norm(first, w, "patch_embed.norm")
    for g in range(groups):
        body = found
        for b in range(blocks):
            body = block(body, w, f"layers.{g}.residual_group.blocks.{b}", heads, 4 * (b % 2))
        found = found + slow.conv(body, w, f"layers.{g}.dilated_conv", dilation=2)
    found = slow.conv(slow.layer_norm(found, w, "norm") + first, w, "conv_after_body")
    return slow.sigmoid(slow.conv(found + f[1], w, "conv_last"))


def ahdrnet(x, w):
    f = [slow.leaky(slow.conv(frame, w, "conv1")) for frame in x]
    short, long = attend(f[0], f[1], w, "att11", "att12"), attend(f[2], f[1], w, "att31", "att32")
    found, kept = slow.conv(np.concatenate([short, f[1], long]), w, "conv2"), []
    for name in ("RDB1", "RDB2", "RDB3"):
        dense = found
        for layer in range(6):
            more = np.maximum(slow.conv(dense, w, f"{name}.dense_layers.{layer}.conv", dilation=2), 0.0)
            dense = np.concatenate([dense, more])
        found = found + slow.conv(dense, w, f"{name}.conv_1x1")
        kept.append(found)
    fused = slow.conv(slow.conv(np.concatenate(kept), w, "GFF_1x1"), w, "GFF_3x3") + f[1]
    return slow.sigmoid(slow.conv(slow.conv(fused, w, "conv_up"), w, "conv3"))


def cp(x, w, name, **more):
    return slow.prelu(slow.conv(x, w, f"{name}.0", **more), w, f"{name}.1")


def decode(features, state, w):
    flow0, flow2, mask0, mask2 = state
    hidden = [slow.warp(features[0], flow0), features[1], slow.warp(features[2], flow2)]
    hidden = cp(np.concatenate([*hidden, flow0, flow2, mask0, mask2]), w, "decoder.conv1")
    for name in ("conv2", "conv3", "conv4"):
        hidden = slow.shuffle(cp(hidden, w, f"decoder.{name}", groups=3), 3)
    change = slow.deconv(cp(hidden, w, "decoder.conv5"), w, "decoder.conv6")
    up = [slow.resize(part, *change.shape[1:]) for part in state]
    return [2 * up[0] + change[:2], 2 * up[1] + change[2:4], up[2] + change[4:5], up[3] + change[5:6]]


def flows_and_merge(x, w):
    height, width = x.shape[-2:]
    small = [math.ceil(side / 32) * 16 for side in (height, width)]
    pyramids = []
    for frame in x:
        level, levels = slow.resize(frame, *small), []
        for i in range(1, 5):
            level = cp(cp(level, w, f"encoder.pyramid{i}.0", stride=2), w, f"encoder.pyramid{i}.1")
            levels.append(level)
        pyramids.append(levels)
    coarse = pyramids[0][3].shape[1:]
    state = [np.zeros((channels, *coarse)) for channels in (2, 2, 1, 1)]
    for i in (3, 2, 1, 0):
        state = decode([levels[i] for levels in pyramids], state, w)
    ratio = np.array([width / small[1], height / small[0]])[:, None, None]
    flows = [slow.resize(flow, height, width) * ratio for flow in state[:2]]
    masks = [slow.sigmoid(slow.resize(mask, height, width)) for mask in state[2:]]
    warped = [slow.warp(x[0], flows[0]), slow.warp(x[2], flows[1])]
    merged = np.empty((3, height, width))
    for place in np.ndindex(*merged.shape):
        pixel = place[1:]
        short, middle, long = slow.hat(x[1, 3 + place[0]][pixel])
        m0, m2 = masks[0][0][pixel], masks[1][0][pixel]
        middle += short * (1 - m0) + long * (1 - m2)
        parts = ((short * m0, warped[0]), (middle, x[1]), (long * m2, warped[1]))
        merged[place] = sum(weight * frame[place] for weight, frame in parts) / sum(weight for weight, _ in parts)
    return flows, masks, warped, merged


def safnet(x, w):
    flows, masks, _, merged = flows_and_merge(x, w)
    known = np.concatenate([x[1], flows[0] / 20, flows[1] / 20, *masks, merged])
    parts = {"conv0": x[0], "conv1": known, "conv2": x[2]}
    f = [cp(cp(part, w, f"refinenet.{name}.0"), w, f"refinenet.{name}.1") for name, part in parts.items()]
    found = np.concatenate([slow.warp(f[0], flows[0]), f[1], slow.warp(f[2], flows[1])])
    for i, dilation in enumerate((1, 2, 4, 2, 1), 1):
        name = f"refinenet.resblock{i}"
        inner = slow.conv(cp(found, w, f"{name}.conv1", dilation=dilation), w, f"{name}.conv2", dilation=dilation)
        found = slow.prelu(found + inner, w, f"{name}.prelu")
    return np.clip(merged + slow.conv(found, w, "refinenet.conv3"), 0, 1)


def safnet_s(x, w):
    flows, masks, warped, merged = flows_and_merge(x, w)
    found = np.concatenate([warped[0], x[1], warped[1], flows[0] / 20, flows[1] / 20, *masks, merged])
    for i, dilation in enumerate((1, 1, 2, 4, 2, 1), 1):
        found = cp(found, w, f"refinenet.conv{i}", dilation=dilation)
    return np.clip(merged + slow.conv(found, w, "refinenet.conv7"), 0, 1)


@pytest.mark.parametrize("shift", [0, 4])
@pytest.mark.parametrize("learning", [False, True], ids=["inference", "learning"])
def test_context_aware_block(shift, learning):
    found = seeded(Block(12, 3, shift, 0.1))
    x = np.random.default_rng(1).standard_normal((12, *SIZE))
    with torch.set_grad_enabled(learning):
        fast = to_picture(found(to_tokens(torch.from_numpy(x[None]).float()).clone(), SIZE), SIZE)[0]
    named = {f"b.{name}": value for name, value in weights(found).items()}
    assert np.abs(fast.detach().numpy() - block(x, named, "b", 3, shift)).max() < 2e-5


def test_warp_beyond_the_border_and_between_pixels():
    rng = np.random.default_rng(2)
    x, flow = rng.random((3, 9, 13)), 6.0 * rng.standard_normal((2, 9, 13))
    fast = flow_merge.warp(torch.from_numpy(x[None]).float(), torch.from_numpy(flow[None]).float())[0].numpy()
    assert np.abs(fast - slow.warp(x, flow)).max() < 2e-5


def test_hdr_transformer():
    net = network("hdr_transformer", channels=12, heads=3, groups=2, blocks=2)
    expected = hdr_transformer(frames(), weights(net.backbone), 2, 2, 3)
    assert np.ptp(expected) > 0.1
    assert np.abs(published(net, frames()) - expected).max() < 1e-5


def test_ahdrnet():
    net = network("ahdrnet")
    expected = ahdrnet(frames(), weights(net.backbone))
    assert np.ptp(expected) > 0.1
    assert np.abs(published(net, frames()) - expected).max() < 1e-5


@pytest.mark.parametrize(("name", "reference"), [("safnet", safnet), ("safnet_s", safnet_s)])
@pytest.mark.parametrize("size", [(32, 32), (27, 45)], ids=str)
def test_safnet(name, reference, size):
    net = network(name)
    x, w = frames(size), weights(net.backbone)
    flows = flows_and_merge(x, w)[0]
    assert np.abs(flows[0]).max() > 0.5, "the test must move something"
    assert np.abs(published(net, x) - reference(x, w)).max() < 1e-5
