"""Radiance and sigma of one window of a burst: by a network, by a classical merge, or by both."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.camera import ldr_from_linear, radiance_from_ldr
from hdrpipe.imaging.merge import CLIPPING, MERGES, WINDOW, level_of
from hdrpipe.imaging.passers import without_passers
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law, mu_law_slope
from hdrpipe.inference.tiles import Inference, check_finite
from hdrpipe.models.guide import Start, merge, start
from hdrpipe.models.means import mean_around
from hdrpipe.models.network import HdrNet
from hdrpipe.quantities import MU, Frames, Picture, Plane

BLEND_WIDTH = 2.0
"""The blend begins at the given sigma and is complete at this multiple of it."""

UNSEEN = 1.0 / MU
"""Radiance, the shortest frame of the network clipping at 1, up to which a network has no weight where the merge
measured; from twice that on it is believed all. Wide brackets alone measure there; training had none, and after the
mu-law its loss hardly feels a relative error there."""

CLEAR = (2.0, 3.0)
"""Radiance over its noise, in one pixel of the merge, from which a shadow begins to count as measured, and does."""

LEFT, LEFT_COMPRESSED = 0.45, 1.0
"""Part of the merge's noise, as a standard deviation, that is taken to be left in the error of a network whose own
sigma knows the noise of its training alone; and in that of any network where compression hides the noise
(docs/decisions/0017-noise-in-sigma.md)."""

DARKER = 2.0
"""Noise deviations of the merge by which a network may darken what the reference has clipped."""

FADING = 2.0
"""Weight of the classical merge over that of a network's correction, for each standard camera's noise that is grey and
beyond level 1. Detail is grey and the noise of trainings is not, so networks put a part of grey noise back
(docs/decisions/0023-grey-noise.md)."""

PUT_BACK = 0.2
"""That part of grey noise, as a fraction of its variance, on flat pictures: 0.12 to 0.22 of shadows."""


class Classical:
    """A classical merge on windows; its sigma is 0 everywhere and means nothing."""

    def __init__(self, name: str, burst: Burst):
        self.merge, self.burst = MERGES[name], burst

    def __call__(self, window: Frames) -> tuple[Picture, Plane]:
        merged = self.merge(self.burst.replace_ldr(window)).clip(0.0, 1.0)
        return merged, np.zeros(window.shape[-2:], np.float32)


class Learned:
    """A network on windows of a burst of any length.

    A network takes a fixed number of frames. In a burst of just these it is on its own. In any other it reads
    `chosen_frames`, and what it changes in the classical merge of these (after the mu-law) is carried over to the
    classical merge of the whole burst: so no frame is lost, and one that stands in for a missing one adds nothing.

    Sigma is the network's and a part of the noise of the whole burst's merge (`LEFT`), added as variances.

    It dims no light that the reference has clipped (`DARKER`), and never overrides what longer frames measured: of each
    value it changes only the part that its own frames tell, and shadows below `UNSEEN` stay as the merge measured them.
    Passers in its longer frames are taken out before it reads.

    A correction of the classical merge fades as grey noise grows (`FADING`). Around clipped values of the reference the
    network has more to tell than detail from noise: there what exceeds the noise that it puts back does not fade.

    Attributes:
        chosen: indices of the frames that the network reads.
        carries: whether the burst is another than the network takes.
    """

    def __init__(self, net: HdrNet, burst: Burst, blend: float | None, knows_noise: bool = False):
        ev, reference = burst.ev, burst.reference
        self.chosen = chosen_frames(len(ev), reference, net.exposures)
        self.carries, self.blend = self.chosen != tuple(range(len(ev))), blend
        self.time = 2.0 ** (ev[self.chosen[0]] - ev[0])
        self.times = torch.tensor([[2.0 ** (ev[index] - ev[self.chosen[0]]) for index in self.chosen]])
        self.all_times = torch.tensor([[2.0 ** (value - ev[0]) for value in ev]])
        self.level = level_of(burst)
        self.inference = Inference(net, self.times[0], self.level)
        self.net, self.reference = net, reference
        self.left = LEFT_COMPRESSED if burst.quality else 0.0 if knows_noise else LEFT
        grey = burst.grey if net.output == "merge" else 0.0
        self.correction = 1.0 / (1.0 + FADING * grey * max((burst.noise_level or self.level) - 1.0, 0.0))

    @torch.inference_mode()
    def __call__(self, window: Frames) -> tuple[Picture, Plane]:
        frames = np.ascontiguousarray(window[list(self.chosen)]) if self.carries else window
        read = without_passers(frames, self.times[0].numpy(), len(self.chosen) // 2, self.level)
        seen = self.inference.tensor(read)
        prediction, classical = self.net.fuse(seen, self.inference.times, self.inference.level)
        check_finite(prediction)
        if classical is None:
            classical = start(*self._tensors(read, self.times))
        same = read is window or not (self.carries or self.blend)  # passers are bright, and only shadows are as merged
        whole = classical if same else start(*self._tensors(window, self.all_times), self.reference)
        tonemapped, sigma = prediction.tonemapped.clamp(0.0, 1.0), prediction.sigma
        if self.net.output == "merge":
            tonemapped = _lit(tonemapped, classical, seen[:, len(self.chosen) // 2])
        trust = _trust(whole, self.time)
        if self.correction < 1.0:
            trust = trust * self._correction(tonemapped - classical.denoised, classical.deviation, whole)
        if self.carries:
            radiance = inverse_mu_law(tonemapped)
            change = mu_law(radiance / self.time) - mu_law(inverse_mu_law(classical.denoised) / self.time)
            tonemapped = (whole.denoised + trust * self._precision_fraction(window, whole) * change).clamp(0.0, 1.0)
            sigma = _rescaled(sigma, radiance, self.time)
        else:
            tonemapped = torch.lerp(whole.denoised.clamp(0.0, 1.0), tonemapped, trust)
        radiance = inverse_mu_law(tonemapped)
        left = self.left * whole.deviation.mean(dim=1, keepdim=True)
        sigma = (sigma.square() + left.square()).sqrt().clamp_max(1.0)
        if self.blend is not None:
            merged = inverse_mu_law(whole.denoised.clamp(0.0, 1.0))
            radiance = torch.lerp(radiance, merged, blend_share(sigma, self.blend))
        return radiance[0].cpu().numpy(), sigma[0, 0].cpu().numpy()

    def _tensors(self, window: Frames, times: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Radiance, frames, times and noise level as `guide.start` reads them."""
        ldr, times = self.inference.tensor(window), times.to(self.inference.device)
        return radiance_from_ldr(ldr, times), ldr, times, self.inference.level

    def _correction(self, change: Tensor, deviation: Tensor, whole: Start) -> Tensor:
        """Weight of the network's correction, (1, 1, H, W) in [0, 1].

        Args:
            change: the correction, after the mu-law, (1, 3, H, W).
            deviation: of the noise in what it corrects, same shape.
            whole: merge of the whole burst.
        """
        light = inverse_mu_law(whole.denoised) * float(self.all_times[0, self.reference])
        low, high = CLIPPING
        clipped = ((ldr_from_linear(light.clamp(0.0, 1.0)) - low) / (high - low)).clamp(0.0, 1.0)
        around = F.max_pool2d(clipped.amax(dim=1, keepdim=True), WINDOW, stride=1, padding=WINDOW // 2)
        power, noise = (mean_around(x.square(), WINDOW).mean(dim=1, keepdim=True) for x in (change, deviation))
        beyond = (1.0 - PUT_BACK * noise / power.clamp_min(1e-12)).clamp_min(0.0)
        return self.correction + (1.0 - self.correction) * around * beyond

    def _precision_fraction(self, window: Frames, whole: Start) -> Tensor:
        """Fraction of a pixel's precision (inverse variance) that comes from the frames of the network, in [0, 1]."""
        read = sorted(set(self.chosen))  # a frame that stands in for a missing one adds no information
        radiance, ldr, times, _ = self._tensors(np.ascontiguousarray(window[read]), self.all_times[:, read])
        _, variance = merge(radiance, ldr, times, whole.level, read.index(self.reference))
        return (mean_around(whole.variance, WINDOW) / mean_around(variance, WINDOW)).clamp(0.0, 1.0)


def _lit(tonemapped: Tensor, merge: Start, reference: Tensor) -> Tensor:
    """A prediction (1, 3, H, W) without lights that it dims: small ones of pure colours became half as bright.

    What the reference (1, 3, H, W) has clipped only shorter frames tell, and nothing contradicts them.
    """
    low, high = CLIPPING
    least = torch.maximum(tonemapped, merge.denoised - DARKER * merge.deviation)
    return torch.lerp(tonemapped, least, ((reference - low) / (high - low)).clamp(0.0, 1.0))


def _trust(merge: Start, time: float) -> Tensor:
    """Weight of a network, (1, 3, H, W) in [0, 1]: none in shadows that it never saw and that were measured.

    Args:
        merge: of the whole burst.
        time: exposure time of the shortest frame that the network reads, relative to the shortest of all.
    """
    level = mean_around(inverse_mu_law(merge.merged), WINDOW)
    low, high = CLEAR
    clear = (level / mean_around(merge.variance, WINDOW).sqrt() - low) / (high - low)
    unseen = 2.0 - level * (time / UNSEEN)
    return 1.0 - clear.clamp(0.0, 1.0) * unseen.clamp(0.0, 1.0)


def _rescaled(sigma: Tensor, radiance: Tensor, time: float) -> Tensor:
    """Sigma (1, 1, H, W) of a picture that becomes `time` times darker: the mu-law is no power law."""
    level = radiance.mean(dim=1, keepdim=True)
    return sigma * mu_law_slope(level / time) / (mu_law_slope(level) * time)


def chosen_frames(count: int, reference: int, exposures: int) -> tuple[int, ...]:
    """Indices of the frames that a network of `exposures` frames reads out of a burst of `count`, ascending.

    The reference is its middle one, between the frames next to it, which moved least. Where there are none, the
    reference itself stands in: it adds nothing, and nothing moves in it.
    """
    before = exposures // 2
    neighbours = range(reference - before, reference - before + exposures)
    return tuple(sorted(index if 0 <= index < count else reference for index in neighbours))


def blend_share(sigma: Any, start: float) -> Any:
    """Share of the classical merge: 0 up to a sigma of `start`, 1 from `BLEND_WIDTH` times that, linear between.

    `sigma` is an array or a tensor; the result is of its kind and shape.
    """
    return ((sigma - start) / ((BLEND_WIDTH - 1.0) * start)).clip(0.0, 1.0)
