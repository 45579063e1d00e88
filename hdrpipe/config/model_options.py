"""Options of the backbones, by name; `hdrpipe.models` holds the networks themselves."""

from pydantic import Field, model_validator

from hdrpipe.config.spec import Spec


class AhdrnetOptions(Spec):
    """Options of AHDRNet; the defaults are the published network."""

    channels: int = Field(default=64, ge=4, le=256, description="Channels of the features.")
    growth: int = Field(default=32, ge=2, le=128, description="Channels that each layer of a dense block adds.")
    layers: int = Field(default=6, ge=1, le=16, description="Layers of a dense block.")


class HdrTransformerOptions(Spec):
    """Options of the HDR-Transformer; the defaults are the published network (1,222,113 parameters)."""

    channels: int = Field(default=60, ge=8, le=256, description="Channels, a multiple of `heads`.")
    heads: int = Field(default=6, ge=1, le=32, description="Attention heads.")
    groups: int = Field(
        default=3, ge=1, le=8, description="Groups of blocks, each with a dilated convolution at its end."
    )
    blocks: int = Field(
        default=6, ge=1, le=16, description="Transformer blocks in a group; every second one is shifted."
    )

    @model_validator(mode="after")
    def _heads_divide_channels(self) -> "HdrTransformerOptions":
        if self.channels % self.heads:
            raise ValueError(f"channels {self.channels} is not a multiple of heads {self.heads}")
        return self


class MergeNetOptions(Spec):
    """Options of the small merge network."""

    channels: int = Field(default=16, ge=4, le=256, description="Channels of the body.")


class SafnetOptions(Spec):
    """Options of SAFNet; the defaults are the published network (1,120,849 parameters)."""

    channels: int = Field(
        default=40, ge=4, le=128, multiple_of=2, description="Channels of the pyramid; twice in refinement."
    )


class SafnetSOptions(Spec):
    """Options of SAFNet-S; the defaults are the published network (566,713 parameters)."""

    channels: int = Field(default=40, ge=4, le=128, description="Channels of the pyramid.")
    refinement: int = Field(default=32, ge=4, le=128, description="Channels of the refinement.")


MODEL_OPTIONS: dict[str, type[Spec]] = {
    "ahdrnet": AhdrnetOptions,
    "hdr_transformer": HdrTransformerOptions,
    "merge_net": MergeNetOptions,
    "safnet": SafnetOptions,
    "safnet_s": SafnetSOptions,
}
