"""Windows agree with Swin's roll and partition; masks exclude tokens that only the roll put together."""

import torch

from hdrpipe.models.windows import FORBIDDEN, permuted, relative_index, windows

CPU = torch.device("cpu")


def test_a_shifted_window_holds_the_rolled_pixels():
    found = windows(24, 16, 8, 4, CPU)
    rolled = torch.arange(24 * 16).view(24, 16).roll((-4, -4), (0, 1))
    expected = {tuple(rolled[y : y + 8, x : x + 8].flatten().tolist()) for y in (0, 8, 16) for x in (0, 8)}
    assert {tuple(row) for row in found.order.view(-1, 64).tolist()} == expected
    assert torch.equal(found.order[found.back], torch.arange(24 * 16))


def test_masks_separate_exactly_the_tokens_that_were_not_in_one_window():
    found = windows(16, 24, 8, 4, CPU)
    for start, stop, mask in found.groups:
        pixels = found.order.view(-1, 64)[start:stop]
        rows, columns = pixels // 24, pixels % 24
        # in the picture, tokens of one window that the roll did not bring together lie less than a window apart
        near = ((rows[:, :, None] - rows[:, None]).abs() < 8) & ((columns[:, :, None] - columns[:, None]).abs() < 8)
        allowed = torch.ones(64, 64, dtype=torch.bool) if mask is None else mask == 0.0
        assert (near == allowed).all()
        assert mask is None or set(mask.unique().tolist()) == {FORBIDDEN, 0.0}


def test_without_a_shift_there_is_one_group_and_no_mask():
    assert [(start, stop, mask) for start, stop, mask in windows(16, 24, 8, 0, CPU).groups] == [(0, 6, None)]


def test_the_bias_index_depends_on_the_offset_alone():
    index = relative_index(8, CPU)
    assert index[0, 0] == index[63, 63] == 7 * 15 + 7
    assert index[0, 1] == 7 * 15 + 6
    assert index[8, 0] == 8 * 15 + 7


def test_the_gradient_of_a_permutation_is_its_inverse():
    order = torch.tensor([2, 0, 1])
    x = torch.randn(1, 3, 2, requires_grad=True)
    weights = torch.randn(1, 3, 2)
    (permuted(x, order, torch.argsort(order)) * weights).sum().backward()
    assert torch.equal(x.grad[:, order], weights)


def test_an_index_made_in_inference_serves_training():
    with torch.inference_mode():
        found = windows(32, 8, 8, 4, CPU)
    x = torch.randn(1, 256, 2, requires_grad=True)
    permuted(x, found.order, found.back).sum().backward()
    assert (x.grad == 1).all()
