"""What is computed on one window of a burst: by a network, by a classical merge, or by both."""

from collections.abc import Sequence

import numpy as np
import torch

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.camera import radiance_from_ldr
from hdrpipe.imaging.merge import MERGES
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law, mu_law_slope
from hdrpipe.inference.tiles import Inference
from hdrpipe.models.guide import start
from hdrpipe.models.network import HdrNet
from hdrpipe.quantities import Frames, Picture, Plane

FILL = "denoised"
"""The merge that fills and blends: it takes any number of frames and any reference, leaves out what moved, and is
what networks start from."""

BLEND_WIDTH = 2.0
"""The blend begins at the given sigma and is complete at this multiple of it."""


class Classical:
    """A classical merge on windows; its sigma is 0 everywhere and means nothing."""

    def __init__(self, name: str, ev: Sequence[float], reference: int):
        self.merge, self.ev, self.reference = MERGES[name], tuple(ev), reference

    def __call__(self, window: Frames) -> tuple[Picture, Plane]:
        found = self.merge(Burst(window, self.ev, self.reference)).clip(0.0, 1.0)
        return found, np.zeros(window.shape[-2:], np.float32)


class Learned:
    """A network on windows of a burst of any length.

    A network takes a fixed number of frames. In a burst of just these it is on its own. In any other it reads
    `chosen_frames`, and what it changes in the classical merge of these (after the mu-law) is carried over to the
    classical merge of the whole burst: so no frame is lost, and one that stands in for a missing one adds nothing.

    Attributes:
        chosen: indices of the frames that the network reads.
        carries: whether the burst is another than the network takes.
    """

    def __init__(self, net: HdrNet, ev: Sequence[float], reference: int, blend: float | None):
        self.chosen = chosen_frames(len(ev), reference, net.exposures)
        self.carries, self.blend = self.chosen != tuple(range(len(ev))), blend
        self.time = 2.0 ** (ev[self.chosen[0]] - ev[0])
        self.times = torch.tensor([[2.0 ** (ev[index] - ev[self.chosen[0]]) for index in self.chosen]])
        self.inference = Inference(net, self.times[0])
        self.classical = Classical(FILL, ev, reference)

    def __call__(self, window: Frames) -> tuple[Picture, Plane]:
        read = np.ascontiguousarray(window[list(self.chosen)]) if self.carries else window
        radiance, sigma = self.inference(read)
        merged = self.classical(window)[0] if self.carries or self.blend is not None else radiance
        if self.carries:
            sigma = _rescaled(sigma, radiance, self.time)
            change = mu_law(radiance / self.time) - mu_law(self._begun(read) / self.time)
            radiance = inverse_mu_law((mu_law(merged) + change).clip(0.0, 1.0))
        if self.blend is not None:
            radiance = radiance + blend_share(sigma, self.blend) * (merged - radiance)
        return np.asarray(radiance, np.float32), np.asarray(sigma, np.float32)

    def _begun(self, read: Frames) -> Picture:
        """The classical merge of the frames that the network reads, which may hold one of them twice."""
        ldr = torch.from_numpy(read)[None]
        return inverse_mu_law(start(radiance_from_ldr(ldr, self.times), ldr, self.times).denoised)[0].numpy()


def _rescaled(sigma: Plane, radiance: Picture, time: float) -> Plane:
    """Sigma of a picture that becomes `time` times darker: the mu-law is no power law."""
    level = radiance.mean(0)
    return sigma * mu_law_slope(level / time) / (mu_law_slope(level) * time)


def chosen_frames(count: int, reference: int, exposures: int) -> tuple[int, ...]:
    """Indices of the frames that a network of `exposures` frames reads out of a burst of `count`, ascending.

    The reference is its middle one, between the frames next to it, which moved least. Where there are none, the
    reference itself stands in: it adds nothing, and nothing moves in it.
    """
    before = exposures // 2
    wanted = range(reference - before, reference - before + exposures)
    return tuple(sorted(index if 0 <= index < count else reference for index in wanted))


def blend_share(sigma: Plane, start: float) -> Plane:
    """Share of the classical merge in each pixel: 0 up to `start`, 1 from `BLEND_WIDTH` times that, linear between."""
    return ((sigma - start) / ((BLEND_WIDTH - 1.0) * start)).clip(0.0, 1.0)
