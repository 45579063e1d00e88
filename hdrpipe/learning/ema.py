"""Exponential moving average (EMA) of the student's weights: the teacher."""

import torch
from torch import nn


def decay_at(step: int, limit: float) -> float:
    """Decay with warm-up: `min(limit, (1 + t) / (10 + t))`, t = steps averaged before this one."""
    return min(limit, (1 + step) / (10 + step))


@torch.no_grad()
def update(teacher: nn.Module, student: nn.Module, decay: float) -> None:
    """teacher <- decay * teacher + (1 - decay) * student; buffers are copied."""
    for mean, value in zip(teacher.parameters(), student.parameters(), strict=True):
        mean.lerp_(value, 1.0 - decay)
    for old, new in zip(teacher.buffers(), student.buffers(), strict=True):
        old.copy_(new)
