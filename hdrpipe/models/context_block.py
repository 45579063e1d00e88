"""The context-aware block of HDR-Transformer (Liu et al., ECCV 2022) on the windows of Swin (Liu et al., ICCV 2021).

Tokens are pixels, stored as rows (B, H W, C), so that convolutions (channels_last), layer norms and linear layers read
the same memory. Without gradients a block processes chunks of windows and adds in place; with gradients attention is
composed of basic operations, because a learnable bias would make torch's fused kernel slow.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrpipe.models.windows import Windows, permuted, relative_index, windows
from hdrpipe.randomness import per_sample

WINDOW = 8
"""Side of an attention window in pixels."""

MLP_RATIO = 2
"""Hidden width of the MLP divided by the width of the tokens."""

REDUCTION = 8
"""Channels divided by those of the local context's bottleneck: 60 -> 7."""

CPU_CHUNK, GPU_CHUNK = 64, 8192
"""Windows in one pass without gradients: fits the cache of a CPU core; fills a GPU."""


def to_picture(tokens: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, H W, C) -> (B, C, H, W), channels_last, without a copy."""
    return tokens.unflatten(1, size).permute(0, 3, 1, 2)


def to_tokens(picture: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, H W, C), without a copy if the picture is channels_last."""
    return picture.permute(0, 2, 3, 1).flatten(1, 2)


class Attention(nn.Module):
    """Multi-head self-attention within windows, with a learned bias for each relative position."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.empty((2 * WINDOW - 1) ** 2, heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def bias(self) -> Tensor:
        """(heads, window^2, window^2)."""
        table = self.relative_position_bias_table
        return table[relative_index(WINDOW, table.device)].permute(2, 0, 1)

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Self-attention among the tokens of each window.

        Args:
            tokens: (windows, window^2, C).
            bias: `bias()`, plus the mask of shifted windows if they have one.

        Returns:
            (windows, window^2, C).
        """
        count, length, channels = tokens.shape
        heads = self.qkv(tokens).view(count, length, 3, self.heads, channels // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        if torch.is_grad_enabled():
            attended = _attention(query, key, value, bias)
        else:
            attended = F.scaled_dot_product_attention(query, key, value, attn_mask=bias[None].to(query.dtype))
        return self.proj(attended.transpose(1, 2).reshape(count, length, channels))


def _attention(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(d) + bias) v."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    return torch.softmax(scores + bias, dim=-1) @ value


class LocalContext(nn.Module):
    """Local branch: a bottleneck of convolutions and a gate a channel (squeeze and excite)."""

    def __init__(self, channels: int):
        super().__init__()
        narrow = max(channels // REDUCTION, 1)
        convolutions = (nn.Conv2d(channels, narrow, 1), nn.Conv2d(narrow, narrow, 3, padding=1))
        self.conv = nn.Sequential(*convolutions, nn.Conv2d(narrow, channels, 1))
        gate = (nn.Linear(channels, narrow, bias=False), nn.ReLU(), nn.Linear(narrow, channels, bias=False))
        self.fc = nn.Sequential(*gate, nn.Sigmoid())

    def forward(self, tokens: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, H W, C) -> the same shape; the gate is computed from means over the picture."""
        narrow, middle, wide = self.conv
        local = _pointwise(to_tokens(middle(to_picture(_pointwise(tokens, narrow), size))), wide)
        local = F.leaky_relu(local, 0.2, inplace=not torch.is_grad_enabled())
        gate = self.fc(local.mean(dim=1))[:, None]
        return local * gate if torch.is_grad_enabled() else local.mul_(gate)


def _pointwise(tokens: Tensor, layer: nn.Module) -> Tensor:
    """1x1 convolution applied to rows, as a linear layer."""
    weight, bias = cast(Tensor, layer.weight), cast(Tensor, layer.bias)
    return F.linear(tokens, weight.flatten(1), bias)


class Mlp(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, channels: int):
        super().__init__()
        self.fc1 = nn.Linear(channels, MLP_RATIO * channels)
        self.fc2 = nn.Linear(MLP_RATIO * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) -> (..., C)."""
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """Context-aware block: window attention and MLP (global context) in parallel with the local context.

    Args:
        channels: C.
        heads: attention heads.
        shift: cyclic shift of the windows in pixels.
        drop: probability of skipping a branch for a sample, in training.
    """

    def __init__(self, channels: int, heads: int, shift: int, drop: float):
        super().__init__()
        self.shift, self.drop = shift, drop
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.attn, self.mlp, self.lce = Attention(channels, heads), Mlp(channels), LocalContext(channels)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, H W, C) -> the same shape; without gradients `x` is changed in place and returned."""
        windowing = windows(*size, WINDOW, self.shift, x.device)
        if torch.is_grad_enabled():
            return self._with_gradients(x, size, windowing)
        for sample in x.split(1):
            self._in_place(sample, size, windowing)
        return x

    def _with_gradients(self, x: Tensor, size: tuple[int, int], windowing: Windows) -> Tensor:
        normed = self.norm1(x)
        batch, _, channels = x.shape
        tokens = permuted(normed, windowing.order, windowing.back).view(batch, -1, WINDOW**2, channels)
        bias, outputs = self.attn.bias(), []
        for start, stop, mask in windowing.groups:
            group = tokens[:, start:stop].reshape(-1, WINDOW**2, channels)
            group = self.attn(group, bias if mask is None else bias + mask)
            outputs.append(group.view(batch, -1, channels))
        x = x + self._dropped(permuted(torch.cat(outputs, dim=1), windowing.back, windowing.order))
        x = x + self._dropped(self.mlp(self.norm2(x)))
        return x + self.lce(normed, size)

    def _dropped(self, branch: Tensor) -> Tensor:
        """The branch, skipped for some samples and scaled up for the others (stochastic depth)."""
        if not self.training or not self.drop:
            return branch
        keep = per_sample(branch.shape[0], branch.device)[:, None, None] >= self.drop
        return branch * (keep / (1.0 - self.drop)).to(branch.dtype)

    def _in_place(self, x: Tensor, size: tuple[int, int], windowing: Windows) -> None:
        """The block on one sample (1, H W, C), in place, in chunks that fit the cache."""
        normed = self.norm1(x)
        attended = self._attended(normed[0], windowing)
        local = self.lce(normed, size)
        del normed
        rows = _chunk(x) * WINDOW**2
        for start in range(0, x.shape[1], rows):
            chunk = x[0, start : start + rows]
            chunk += attended.index_select(0, windowing.back[start : start + rows])
            chunk += self.mlp(self.norm2(chunk))
        x += local

    def _attended(self, tokens: Tensor, windowing: Windows) -> Tensor:
        """Attention of one sample (H W, C); rows of the result are in the order of windows."""
        bias, attended, size = self.attn.bias(), torch.empty_like(tokens), _chunk(tokens)
        for start, stop, mask in windowing.groups:
            added = bias if mask is None else bias + mask
            for first in range(start, stop, size):
                rows = slice(first * WINDOW**2, min(first + size, stop) * WINDOW**2)
                chunk = tokens.index_select(0, windowing.order[rows]).view(-1, WINDOW**2, tokens.shape[-1])
                attended[rows] = self.attn(chunk, added).flatten(0, 1)
        return attended


def _chunk(x: Tensor) -> int:
    return GPU_CHUNK if x.is_cuda else CPU_CHUNK
