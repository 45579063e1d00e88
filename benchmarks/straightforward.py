"""HDR-Transformer as one would write it at first: what `hdr_transformer.py` beside this file measures against.

The same function under the same names, so that weights load from one into the other. Pictures are (B, C, H, W) for
convolutions and are turned into tokens and back for attention; windows are cut by roll, view and permute; attention is
written out; each shifted block makes its mask when it is called, as the public code does at a size that is not that of
its training. Nothing here is slow on purpose. The package never imports it.
"""

import torch
from torch import nn
from torch.nn import functional as F

SIDE = 8


def cut(x):
    """(B, H, W, C) -> (B windows, 64, C)."""
    b, h, w, c = x.shape
    x = x.view(b, h // SIDE, SIDE, w // SIDE, SIDE, c).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(-1, SIDE * SIDE, c)


def joined(x, h, w):
    """The inverse of `cut`."""
    x = x.view(-1, h // SIDE, w // SIDE, SIDE, SIDE, x.shape[-1]).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(-1, h, w, x.shape[-1])


def shift_mask(h, w, shift, device):
    """(windows, 64, 64): -100 between tokens of different regions."""
    regions = torch.zeros(1, h, w, 1, device=device)
    spans = (slice(0, -SIDE), slice(-SIDE, -shift), slice(-shift, None))
    for i, rows in enumerate(spans):
        for j, columns in enumerate(spans):
            regions[:, rows, columns] = 3 * i + j
    regions = cut(regions).squeeze(-1)
    return (regions[:, None] != regions[:, :, None]).float() * -100.0


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * SIDE - 1) ** 2, heads))
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        places = torch.stack(torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")).flatten(1)
        apart = places[:, :, None] - places[:, None, :] + SIDE - 1
        self.register_buffer("index", apart[0] * (2 * SIDE - 1) + apart[1], persistent=False)

    def forward(self, x, mask):
        n, length, c = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1)
        scores = scores + self.relative_position_bias_table[self.index].permute(2, 0, 1)
        if mask is not None:
            scores = scores.view(-1, len(mask), self.heads, length, length) + mask[None, :, None]
            scores = scores.view(n, self.heads, length, length)
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, c))


class Mlp(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class LocalContext(nn.Module):
    def __init__(self, dim):
        super().__init__()
        few = dim // 8
        self.conv = nn.Sequential(
            nn.Conv2d(dim, few, 1), nn.Conv2d(few, few, 3, padding=1), nn.Conv2d(few, dim, 1), nn.LeakyReLU(0.2)
        )
        self.fc = nn.Sequential(
            nn.Linear(dim, few, bias=False), nn.ReLU(), nn.Linear(few, dim, bias=False), nn.Sigmoid()
        )

    def forward(self, x):
        x = self.conv(x)
        return x * self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))[:, :, None, None]


class Block(nn.Module):
    def __init__(self, dim, heads, shift, drop):
        super().__init__()
        self.shift, self.drop = shift, drop
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn, self.mlp, self.lce = Attention(dim, heads), Mlp(dim), LocalContext(dim)

    def dropped(self, x):
        if not self.training or not self.drop:
            return x
        return x * (torch.rand(len(x), 1, 1, device=x.device) >= self.drop) / (1 - self.drop)

    def forward(self, x, size):
        h, w = size
        b, _, c = x.shape
        normed = self.norm1(x).view(b, h, w, c)
        local = self.lce(normed.permute(0, 3, 1, 2).contiguous()).flatten(2).transpose(1, 2)
        mask = shift_mask(h, w, self.shift, x.device) if self.shift else None
        rolled = torch.roll(normed, (-self.shift, -self.shift), (1, 2)) if self.shift else normed
        found = joined(self.attn(cut(rolled), mask), h, w)
        found = torch.roll(found, (self.shift, self.shift), (1, 2)) if self.shift else found
        x = x + self.dropped(found.reshape(b, h * w, c))
        x = x + self.dropped(self.mlp(self.norm2(x)))
        return x + local


class Blocks(nn.Module):
    def __init__(self, dim, heads, drops):
        super().__init__()
        self.blocks = nn.ModuleList(Block(dim, heads, SIDE // 2 * (i % 2), drop) for i, drop in enumerate(drops))


class Group(nn.Module):
    def __init__(self, dim, heads, drops):
        super().__init__()
        self.residual_group = Blocks(dim, heads, drops)
        self.dilated_conv = nn.Conv2d(dim, dim, 3, padding=2, dilation=2)

    def forward(self, x, size):
        body = x
        for block in self.residual_group.blocks:
            body = block(body, size)
        body = self.dilated_conv(body.transpose(1, 2).reshape(len(x), -1, *size))
        return x + body.flatten(2).transpose(1, 2)


class ExposureAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.att1 = nn.Conv2d(2 * dim, 2 * dim, 3, padding=1)
        self.att2 = nn.Conv2d(2 * dim, dim, 3, padding=1)

    def forward(self, x, reference):
        hidden = F.leaky_relu(self.att1(torch.cat([x, reference], 1)))
        return x * torch.sigmoid(self.att2(hidden))


class Embed(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)

    def forward(self, x):
        return self.norm(x.flatten(2).transpose(1, 2))


class Straightforward(nn.Module):
    """(B, 3, 6, H, W) -> radiance (B, 3, H, W), F_att (B, 60, H, W)."""

    def __init__(self, dim=60, heads=6, groups=3, blocks=6):
        super().__init__()
        for i in (1, 2, 3):
            setattr(self, f"conv_f{i}", nn.Conv2d(6, dim, 3, padding=1))
        self.att_module_h, self.att_module_l = ExposureAttention(dim), ExposureAttention(dim)
        self.conv_first = nn.Conv2d(3 * dim, dim, 3, padding=1)
        self.patch_embed = Embed(dim)
        drops = torch.linspace(0, 0.1, groups * blocks).view(groups, blocks).tolist()
        self.layers = nn.ModuleList(Group(dim, heads, part) for part in drops)
        self.norm = nn.LayerNorm(dim)
        self.conv_after_body = nn.Conv2d(dim, dim, 3, padding=1)
        self.conv_last = nn.Conv2d(dim, 3, 3, padding=1)

    def forward(self, frames):
        short, middle, long = (getattr(self, f"conv_f{i + 1}")(frames[:, i]) for i in range(3))
        short, long = self.att_module_h(short, middle), self.att_module_l(long, middle)
        first = self.conv_first(torch.cat([short, middle, long], 1))
        size, x = first.shape[-2:], self.patch_embed(first)
        for layer in self.layers:
            x = layer(x, size)
        x = self.norm(x).transpose(1, 2).reshape(first.shape)
        x = self.conv_after_body(x + first) + middle
        return torch.sigmoid(self.conv_last(x)), first
