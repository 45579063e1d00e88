"""What is computed on one window of a burst: by a network, by a classical merge, or by both."""

from collections.abc import Sequence

import numpy as np
import torch

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.camera import radiance_from_ldr
from hdrpipe.imaging.denoise import mean_around, non_local_means
from hdrpipe.imaging.merge import MERGES, WINDOW, measured
from hdrpipe.imaging.passers import without_passers
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law, mu_law_slope
from hdrpipe.inference.tiles import Inference
from hdrpipe.models.guide import start
from hdrpipe.models.network import HdrNet
from hdrpipe.quantities import MU, Frames, Picture, Plane

BLEND_WIDTH = 2.0
"""The blend begins at the given sigma and is complete at this multiple of it."""

UNSEEN = 1.0 / MU
"""Radiance, the shortest frame of the network clipping at 1, up to which a network is believed nothing where the merge
measured; from twice that on it is believed all. Wide brackets alone measure there; training had none, and after the
mu-law its loss hardly feels a relative error there."""

CLEAR = (2.0, 3.0)
"""Radiance over its noise, in one pixel of the merge, from which a shadow begins to count as measured, and does."""


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

    It never overrides what longer frames measured: of each value it changes only the part that its own frames tell, and
    shadows below `UNSEEN` stay as the merge measured them. Passers in its longer frames are taken out before it reads.

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
        self.ev, self.reference = tuple(ev), reference

    def __call__(self, window: Frames) -> tuple[Picture, Plane]:
        read = np.ascontiguousarray(window[list(self.chosen)]) if self.carries else window
        read = without_passers(read, self.times[0].numpy(), len(self.chosen) // 2)
        radiance, sigma = self.inference(read)
        noisy, variance = measured(Burst(window, self.ev, self.reference))
        trust = _trust(noisy, variance, self.time)
        if not self.carries and self.blend is None and (trust == 1.0).all():
            return radiance, sigma
        merged = non_local_means(noisy, variance).clip(0.0, 1.0)
        if self.carries:
            change = mu_law(radiance / self.time) - mu_law(self._begun(read) / self.time)
            sigma, trust = _rescaled(sigma, radiance, self.time), trust * self._part(window, variance)
            radiance = inverse_mu_law((mu_law(merged) + trust * change).clip(0.0, 1.0))
        else:
            toned = mu_law(merged) + trust * (mu_law(radiance) - mu_law(merged))
            radiance = np.where(trust == 1.0, radiance, inverse_mu_law(toned))
        if self.blend is not None:
            radiance = radiance + blend_share(sigma, self.blend) * (merged - radiance)
        return np.asarray(radiance, np.float32), np.asarray(sigma, np.float32)

    def _begun(self, read: Frames) -> Picture:
        """The classical merge of the frames that the network reads, which may hold one of them twice."""
        ldr = torch.from_numpy(read)[None]
        return inverse_mu_law(start(radiance_from_ldr(ldr, self.times), ldr, self.times).denoised)[0].numpy()

    def _part(self, window: Frames, variance: Picture) -> Picture:
        """Part of what is known of each value that the frames which the network reads tell, in [0, 1]."""
        own = sorted(set(self.chosen))
        ev = tuple(self.ev[index] for index in own)
        _, alone = measured(Burst(window[own], ev, own.index(self.reference)))
        part = mean_around(variance, WINDOW) / (mean_around(alone, WINDOW) / np.float32(self.time**2))
        return part.clip(0.0, 1.0)


def _trust(radiance: Picture, variance: Picture, time: float) -> Picture:
    """How far a network is believed, (3, H, W) in [0, 1]: not in shadows that it never saw and that were measured.

    Args:
        radiance: the merge, (3, H, W).
        variance: of its noise, same shape.
        time: exposure time of the shortest frame that the network reads, relative to the shortest of all.
    """
    level = mean_around(radiance, WINDOW)
    low, high = CLEAR
    clear = (level / np.sqrt(mean_around(variance, WINDOW)) - low) / (high - low)
    unseen = 2.0 - level * np.float32(time / UNSEEN)
    return np.asarray(1.0 - clear.clip(0.0, 1.0) * unseen.clip(0.0, 1.0), np.float32)


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
