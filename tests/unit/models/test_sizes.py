"""The published networks have the published sizes, and their options make smaller ones."""

import pytest

from hdrpipe.errors import UsageError
from hdrpipe.models.network import build

UNUSED = 2 * (64 * 64 * 9 + 64)
"""Of AHDRNet's published 1,515,139 parameters: two convolutions that its forward never calls."""

PUBLISHED = {
    "hdr_transformer": 1_222_113,
    "safnet": 1_120_849,
    "safnet_s": 566_713,
    "ahdrnet": 1_515_139 - UNUSED,
}


def network(name, exposures=3, output="sigmoid", **options):
    return build({"backbone": name, "options": options, "output": output, "exposures": exposures})


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("name", "parameters"), PUBLISHED.items())
def test_the_published_size_without_the_judge(name, parameters):
    assert count(network(name).backbone) == parameters


def test_a_small_transformer_is_small():
    small = network("hdr_transformer", channels=12, heads=2, groups=1, blocks=2)
    assert count(small) < 40_000


@pytest.mark.parametrize("exposures", [2, 4])
@pytest.mark.parametrize("name", ["safnet", "safnet_s"])
def test_safnet_takes_three_exposures(name, exposures):
    with pytest.raises(UsageError, match=f"3 exposures, not {exposures}"):
        network(name, exposures)


def test_channels_that_the_heads_do_not_divide_are_refused():
    with pytest.raises(UsageError, match="multiple of heads"):
        network("hdr_transformer", channels=10, heads=4)
