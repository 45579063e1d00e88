"""HDR-Transformer: Liu et al., "Ghost-free High Dynamic Range Imaging with Context-aware Transformer", ECCV 2022.

The paper's backbone. Modules have the names of the public state dict, so that published weights can be loaded.
"""

import torch
from torch import Tensor, nn

from hdrpipe.config.model_options import HdrTransformerOptions as Options
from hdrpipe.models.context_block import WINDOW, Block, to_picture, to_tokens
from hdrpipe.models.exposure_attention import others_of, weigh
from hdrpipe.models.network import full_precision, reference_of, soften

DEEPEST_DROP = 0.1
"""Stochastic depth: probability of skipping a branch of the last block; 0 at the first, linear between."""


PUBLIC_EXTRAS = r"\.(attn_mask|relative_position_index)$"
"""Pattern of names in public state dicts that are not weights: masks of the training size, an index."""


class Blocks(nn.Module):
    """The blocks of one group."""

    def __init__(self, options: Options, drops: list[float]):
        super().__init__()
        shifts = [WINDOW // 2 * (index % 2) for index in range(len(drops))]
        made = (Block(options.channels, options.heads, s, d) for s, d in zip(shifts, drops, strict=True))
        self.blocks = nn.ModuleList(made)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, H W, C) -> the same shape."""
        for block in self.blocks:
            x = block(x, size)
        return x


class Group(nn.Module):
    """Blocks, a dilated convolution, and a residual around both."""

    def __init__(self, options: Options, drops: list[float]):
        super().__init__()
        self.residual_group = Blocks(options, drops)
        self.dilated_conv = nn.Conv2d(options.channels, options.channels, 3, padding=2, dilation=2)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, H W, C) -> the same shape; without gradients `x` is changed in place."""
        with_gradients = torch.is_grad_enabled()
        body = self.residual_group(x if with_gradients else x.clone(), size)
        change = to_tokens(self.dilated_conv(to_picture(body, size)))
        return x + change if with_gradients else x.add_(change)


class PatchEmbed(nn.Module):
    """Layer norm of the tokens, under the name in the public weights."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H W, C) -> the same shape."""
        return self.norm(x)


class AttentionModule(nn.Module):
    """Weighs an exposure by comparison to the reference."""

    def __init__(self, channels: int):
        super().__init__()
        self.att1 = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1)
        self.att2 = nn.Conv2d(2 * channels, channels, 3, padding=1)

    def forward(self, feature: Tensor, reference: Tensor) -> Tensor:
        """(B, C, H, W) twice -> (B, C, H, W)."""
        return weigh(feature, reference, self.att1, self.att2)


class Backbone(nn.Module):
    """The network; see `hdrpipe.models.network` for inputs and outputs. The feature is F_att.

    Args:
        options: sizes.
        exposures: frames of a burst, 2 or more; the published network has 3.
        out_channels: channels of the head.
    """

    multiple = WINDOW

    def __init__(self, options: Options, exposures: int, out_channels: int):
        super().__init__()
        channels, self.features, self.others = options.channels, options.channels, others_of(exposures)
        for index in range(exposures):
            self.add_module(f"conv_f{index + 1}", nn.Conv2d(6, channels, 3, padding=1))
        for index in self.others:
            self.add_module(attention_name(index, exposures), AttentionModule(channels))
        self.conv_first = nn.Conv2d(exposures * channels, channels, 3, padding=1)
        self.patch_embed = PatchEmbed(channels)
        drops = torch.linspace(0.0, DEEPEST_DROP, options.groups * options.blocks).view(options.groups, -1).tolist()
        self.layers = nn.ModuleList(Group(options, group_drops) for group_drops in drops)
        self.norm = nn.LayerNorm(channels)
        self.conv_after_body = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_last = soften(nn.Conv2d(channels, out_channels, 3, padding=1))
        self.apply(_initialise)

    def forward(self, frames: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, 6, H, W), (B, N) -> head (B, out, H, W), feature (B, C, H, W)."""
        size, exposures = (frames.shape[-2], frames.shape[-1]), frames.shape[1]
        with full_precision(frames):  # bf16 has too few bits for radiance
            stems = [self.get_submodule(f"conv_f{i + 1}") for i in range(exposures)]
            features = [stem(_channels_last(frames[:, i])) for i, stem in enumerate(stems)]
        reference = features[reference_of(exposures)]
        for index in self.others:
            features[index] = self.get_submodule(attention_name(index, exposures))(features[index], reference)
        feature = self.conv_first(torch.cat(features, dim=1))
        del features
        tokens = self.patch_embed(to_tokens(feature))
        for layer in self.layers:
            tokens = layer(tokens, size)
        body = to_picture(self.norm(tokens), size) + feature
        body = self.conv_after_body(body) + reference
        with full_precision(frames):
            return self.conv_last(body.float()), feature


def attention_name(index: int, exposures: int) -> str:
    """Name of an exposure's attention module: public names for three (h: short, l: long), numbers for others."""
    return {0: "att_module_h", 2: "att_module_l"}[index] if exposures == 3 else f"att_module_{index + 1}"


def _initialise(module: nn.Module) -> None:
    """Linear layers as in Swin Transformer; convolutions keep torch's default."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
