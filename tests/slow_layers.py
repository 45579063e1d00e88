"""Layers of the networks in float64 NumPy, as their definitions say and as slowly as that is: no torch, no reshapes.

Pictures are (C, H, W), without a batch; `w` maps names to arrays, as a state dict does.
"""

from math import erf

import numpy as np


def conv(x, w, name, stride=1, dilation=1, groups=1):
    """Correlation with zeros around, padded so that stride 1 keeps the size."""
    kernel, bias = w[f"{name}.weight"], w[f"{name}.bias"]
    outputs, inputs, size, _ = kernel.shape
    reach = dilation * (size // 2)
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
    height, width = -(-x.shape[1] // stride), -(-x.shape[2] // stride)
    found = np.tile(bias[:, None, None], (1, height, width))
    for group in range(groups):
        outs = slice(group * outputs // groups, (group + 1) * outputs // groups)
        ins = slice(group * inputs, (group + 1) * inputs)
        for i in range(size):
            for j in range(size):
                y, z = i * dilation, j * dilation
                seen = padded[ins, y : y + stride * height : stride, z : z + stride * width : stride]
                found[outs] += np.tensordot(kernel[outs, :, i, j], seen, 1)
    return found


def deconv(x, w, name):
    """Transposed 4x4 convolution, stride 2: every input pixel stamps the kernel; one pixel is cut off all around."""
    kernel, bias = w[f"{name}.weight"], w[f"{name}.bias"]
    _, height, width = x.shape
    found = np.zeros((kernel.shape[1], 2 * height + 2, 2 * width + 2))
    for i in range(height):
        for j in range(width):
            found[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += np.tensordot(x[:, i, j], kernel, 1)
    return found[:, 1:-1, 1:-1] + bias[:, None, None]


def prelu(x, w, name):
    return np.where(x > 0, x, w[f"{name}.weight"][:, None, None] * x)


def leaky(x, slope=0.01):
    return np.where(x > 0, x, slope * x)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


gelu = np.vectorize(lambda x: 0.5 * x * (1.0 + erf(x / 2**0.5)))


def linear(rows, w, name):
    bias = w.get(f"{name}.bias", 0.0)
    return rows @ w[f"{name}.weight"].T + bias


def layer_norm(x, w, name):
    """Over the channels of every pixel."""
    mean, variance = x.mean(0), x.var(0)
    scaled = (x - mean) / np.sqrt(variance + 1e-5)
    return scaled * w[f"{name}.weight"][:, None, None] + w[f"{name}.bias"][:, None, None]


def window_attention(x, w, name, heads, shift, side=8):
    """Window by window, pair by pair: the roll is arithmetic on coordinates, forbidden pairs get -100."""
    channels, height, width = x.shape
    depth = channels // heads
    found = np.zeros_like(x)
    table = w[f"{name}.relative_position_bias_table"]
    for top in range(0, height, side):
        for left in range(0, width, side):
            places = [(top + i, left + j) for i in range(side) for j in range(side)]
            pixels = [((y + shift) % height, (z + shift) % width) for y, z in places]
            rows = np.array([x[:, y, z] for y, z in pixels])
            query, key, value = np.split(linear(rows, w, f"{name}.qkv"), 3, axis=1)
            mixed = np.zeros_like(rows)
            for head in range(heads):
                part = slice(head * depth, (head + 1) * depth)
                scores = query[:, part] @ key[:, part].T / depth**0.5
                for a, (y, z) in enumerate(places):
                    for b, (v, u) in enumerate(places):
                        scores[a, b] += table[(y - v + side - 1) * (2 * side - 1) + z - u + side - 1, head]
                        far = max(abs(pixels[a][i] - pixels[b][i]) for i in (0, 1))
                        scores[a, b] -= 100.0 if far >= side else 0.0
                weights = np.exp(scores - scores.max(1, keepdims=True))
                mixed[:, part] = weights / weights.sum(1, keepdims=True) @ value[:, part]
            for (y, z), row in zip(pixels, linear(mixed, w, f"{name}.proj"), strict=True):
                found[:, y, z] = row
    return found


def local_context(x, w, name):
    found = conv(conv(conv(x, w, f"{name}.conv.0"), w, f"{name}.conv.1"), w, f"{name}.conv.2")
    found = leaky(found, 0.2)
    gate = np.maximum(linear(found.mean((1, 2)), w, f"{name}.fc.0"), 0.0)
    return found * sigmoid(linear(gate, w, f"{name}.fc.2"))[:, None, None]


def resize(x, height, width):
    """Bilinear, pixel centres at halves, the border repeated."""

    def along(size, total):
        matrix = np.zeros((total, size))
        for i in range(total):
            place = min(max((i + 0.5) * size / total - 0.5, 0.0), size - 1.0)
            low = int(place)
            matrix[i, low] += 1.0 - (place - low)
            matrix[i, min(low + 1, size - 1)] += place - low
        return matrix

    return np.einsum("ai,cij,bj->cab", along(x.shape[1], height), x, along(x.shape[2], width))


def warp(x, flow):
    """x at (column + flow[0], row + flow[1]), bilinear, the border repeated."""
    _, height, width = x.shape
    found = np.empty_like(x)
    for i in range(height):
        for j in range(width):
            y = min(max(i + flow[1, i, j], 0.0), height - 1.0)
            z = min(max(j + flow[0, i, j], 0.0), width - 1.0)
            top, left = int(y), int(z)
            low, right = min(top + 1, height - 1), min(left + 1, width - 1)
            down, over = y - top, z - left
            upper = (1 - over) * x[:, top, left] + over * x[:, top, right]
            lower = (1 - over) * x[:, low, left] + over * x[:, low, right]
            found[:, i, j] = (1 - down) * upper + down * lower
    return found


def shuffle(x, groups):
    """Channel k of group g goes to place k * groups + g."""
    each = x.shape[0] // groups
    found = np.empty_like(x)
    for group in range(groups):
        for k in range(each):
            found[k * groups + group] = x[group * each + k]
    return found


def hat(r):
    """Weights of short, middle and long frame for a reference value (the triangle of the field)."""
    return (2 * r - 1, 2 - 2 * r, 0.0) if r >= 0.5 else (0.0, 2 * r, 1 - 2 * r)
