"""Small scenes and a network that trains in a blink."""

import pytest
import torch
from small_scenes import make_scene

from hdrpipe.models.contract import build


@pytest.fixture
def scenes():
    return [make_scene(f"s{index}", index) for index in range(3)]


@pytest.fixture
def net():
    torch.manual_seed(0)
    return build({"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3})
