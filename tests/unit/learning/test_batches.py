"""Batches are a pure function of the step; augmentation moves everything together."""

import signal
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from small_scenes import make_scene

from hdrpipe.config.batch_share import Share
from hdrpipe.errors import InputError, UsageError
from hdrpipe.files import stops
from hdrpipe.learning import augment
from hdrpipe.learning import batches as module
from hdrpipe.learning.batches import Batch, Batches, Sampling, SceneArrays, loader


def batches(scenes, seed=0, count=2, crop=16, augmentation="weak"):
    return Batches(seed, crop, [Sampling("labelled", tuple(scenes), count, augmentation)])


def test_a_step_is_the_same_in_any_order_of_access(scenes):
    first, again = batches(scenes), batches(scenes)
    for step in (5, 0, 17):
        one, other = first[step], again[step]
        assert one.names == other.names
        assert torch.equal(one.frames, other.frames)
        assert torch.equal(one.target, other.target)


def test_steps_and_seeds_differ(scenes):
    assert not torch.equal(batches(scenes)[0].frames, batches(scenes)[1].frames)
    assert not torch.equal(batches(scenes)[0].frames, batches(scenes, seed=1)[0].frames)


def test_every_scene_comes_once_before_any_comes_again(scenes):
    made = batches(scenes, count=1)
    for start in (0, 3, 6):
        assert {made[step].names[0] for step in range(start, start + 3)} == {"s0", "s1", "s2"}


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_change_nothing(scenes, workers):
    plain = batches(scenes)
    for step, batch in zip(range(3, 7), loader(batches(scenes), 3, 7, workers), strict=True):
        assert torch.equal(batch.frames, plain[step].frames)
        assert torch.equal(batch.weight, plain[step].weight)


@pytest.mark.parametrize("room", [0, 10_000, None])
def test_without_room_in_shared_memory_one_process_makes_all_batches_and_it_is_said(
    scenes, monkeypatch, caplog, room, count
):
    monkeypatch.setattr(module, "shared_memory", lambda: room)
    monkeypatch.setattr(module, "DataLoader", lambda *_, num_workers, **__: [num_workers])
    assert list(loader(batches(scenes), 3, 7, 2)) == [2 if room is None else 0]
    assert ("/dev/shm" in caplog.text) == (room is not None)
    count("R40")


@pytest.mark.parametrize("enough", [True, False])
@pytest.mark.parametrize(("processes", "workers"), [(1, 1), (1, 2), (2, 2)])
def test_shared_memory_must_hold_what_the_workers_of_all_processes_have_ready(
    scenes, monkeypatch, enough, processes, workers
):
    """Two batches of each worker, and the one that is in use."""
    made = Batches(0, 16, [Sampling("labelled", tuple(scenes), 2, "weak")], Share(0, processes))
    tensors = (getattr(made[3], field.name) for field in fields(Batch))
    size = sum(tensor.nbytes for tensor in tensors if isinstance(tensor, torch.Tensor))
    room = (2 * workers + 1) * size * processes - (not enough)
    monkeypatch.setattr(module, "shared_memory", lambda: room)
    monkeypatch.setattr(module, "DataLoader", lambda *_, num_workers, **__: [num_workers])
    assert list(loader(made, 3, 7, workers)) == [workers if enough else 0]


def test_workers_and_pinned_memory_are_for_those_who_ask_for_them_and_have_steps(scenes, monkeypatch):
    monkeypatch.setattr(module, "shared_memory", lambda: None)
    monkeypatch.setattr(module, "DataLoader", lambda *_, num_workers, pin_memory, **__: [(num_workers, pin_memory)])
    made = batches(scenes)
    assert list(loader(made, 3, 7)) == [(0, False)]
    assert list(loader(made, 3, 7, 2, pinned=True)) == [(2, True)]
    assert list(loader(made, 7, 7, 2)) == [(0, False)]


def test_scenes_without_weights_weigh_one_everywhere(scenes):
    assert torch.equal(batches(scenes)[0].weight, torch.ones(2, 16, 16))


def test_workers_leave_the_signals_of_a_terminal_to_the_training():
    module._leave_stops(0)
    assert {signal.getsignal(number) for number in stops.TYPED} == {signal.SIG_IGN}
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


class Nominal:
    """Pixels of 16 bits, so many that they are better not read at once."""

    def __init__(self, side):
        self.shape, self.dtype, self.whole = (3, 3, side, side), np.dtype(np.uint16), 0

    def __getitem__(self, window):
        assert window is ...
        self.whole += 1
        return np.broadcast_to(np.uint16(0), self.shape)


@pytest.mark.parametrize(("side", "whole"), [(4230, 1), (4231, 0)])
def test_scenes_of_more_than_a_gigabyte_are_not_read_at_once(side, whole):
    """Two scenes of nine values of two bytes and three of four for each pixel."""
    assert (2 * 30 * side**2 <= 2**30) == bool(whole)
    frames, target = [Nominal(side), Nominal(side)], np.broadcast_to(np.float32(0.5), (3, side, side))
    made = batches([SceneArrays("s", pixels, np.ones(3), 1, target) for pixels in frames])
    assert [pixels.whole for pixels in frames] == [whole] * 2
    assert [scene.frames is pixels for scene, pixels in zip(made.groups[0].scenes, frames, strict=True)] == [
        not whole
    ] * 2


def test_target_and_weight_move_with_the_frames(scenes):
    """The longest frame is a function of the truth, pixel by pixel: it stays so after any crop and move."""
    marked = [
        SceneArrays(s.name, s.frames, s.times, 1, s.target, (np.asarray(s.target)[0] > 0.1).astype(np.float32))
        for s in scenes
    ]
    for step in range(6):
        batch = batches(marked, augmentation="strong", count=3)[step]
        shown = batch.frames[:, 0].double() ** 2.2
        assert torch.allclose(shown, batch.target.double(), atol=1e-3)
    batch = batches(marked, augmentation="weak", count=3)[0]
    assert torch.equal(batch.weight, (batch.target[:, 0] > 0.1).float())


def test_pixels_of_training_scenes_do_not_share_their_noise(scenes, monkeypatch):
    """Unlike those of cameras; see `imaging.noise_level`."""
    asked = []
    monkeypatch.setattr(module, "noise_level", lambda crops, times, *others: asked.append((times, others)) or 1.0)
    assert scenes[0].noise_level == 1.0
    assert asked[0][0].tolist() == [1.0, 4.0, 16.0]
    assert asked[0][1] == (1, None, False)


def test_networks_are_told_of_compression_but_where_bursts_are_taken_anew(scenes):
    jpeg = replace(scenes[0], quality=90)
    shown = batches([scenes[0]])[0].noise_level
    assert torch.allclose(batches([jpeg])[0].noise_level, shown + 0.7)
    assert torch.equal(batches([jpeg], augmentation="rerendered")[0].noise_level, shown)


def test_held_out_predictions_move_with_the_target_and_only_labelled_samples_have_them(scenes):
    half = [replace(s, held_out=np.asarray(s.target)[...] * np.float32(0.5)) for s in scenes]
    groups = [Sampling("labelled", tuple(half), 2, "strong"), Sampling("unlabelled", tuple(scenes), 3, "strong")]
    for workers in (0, 2):
        for batch in loader(Batches(0, 16, groups), 0, 4, workers):
            assert torch.equal(batch.held_out, batch.target[:2] * 0.5)
    assert batches(scenes)[0].held_out is None
    with pytest.raises(InputError, match="held_out"):
        replace(scenes[0], held_out=np.zeros((3, 8, 8), np.float32))


def test_labelled_draws_do_not_depend_on_the_unlabelled_group(scenes):
    alone = batches(scenes)[3]
    both = Batches(
        0, 16, [Sampling("labelled", tuple(scenes), 2, "weak"), Sampling("unlabelled", tuple(scenes), 4, "strong")]
    )[3]
    assert both.names[:2] == alone.names
    assert torch.equal(both.frames[:2], alone.frames)


@pytest.mark.parametrize("workers", [0, 2])
def test_shares_unite_to_the_whole_batch(scenes, workers):
    labelled = tuple(replace(scene, held_out=scene.target + 1.0) for scene in scenes)
    groups = [Sampling("labelled", labelled, 2, "corrupted"), Sampling("unlabelled", tuple(scenes), 4, "corrupted")]
    whole = Batches(0, 16, groups)
    parts = [Batches(0, 16, groups, Share(rank, 2)) for rank in range(2)]
    assert whole.positions == ([0, 1, 2, 3, 4, 5], 6)
    assert [part.positions for part in parts] == [([0, 2, 3], 6), ([1, 4, 5], 6)]
    order = [0, 2, 3, 1, 4, 5]
    for step, *shares in zip(range(3, 7), *(loader(part, 3, 7, workers) for part in parts), strict=True):
        batch = whole[step]
        assert {(share.names, share.labelled) for share in shares} == {(batch.names, 1)}
        for name in ("frames", "times", "target", "weight"):
            assert torch.equal(torch.cat([getattr(share, name) for share in shares]), getattr(batch, name)[order]), name
        assert torch.equal(torch.cat([share.held_out for share in shares]), batch.held_out)


def test_a_share_reads_its_own_windows_alone(scenes, monkeypatch):
    read = []

    class Noted:
        def __init__(self, array):
            self.array, self.shape, self.dtype = array, array.shape, array.dtype

        def __getitem__(self, window):
            read.append(window)
            return self.array[window]

    monkeypatch.setattr(module, "RESIDENT_BYTES", 0)
    noted = [replace(scene, frames=Noted(scene.frames)) for scene in scenes]
    made = Batches(0, 16, [Sampling("labelled", tuple(noted), 4, "weak")], Share(1, 4))
    assert all(scene.noise_level > 0 for scene in noted)  # read once a scene, from parts of all of it
    read.clear()
    made[0]
    assert len(read) == 1


def test_batches_that_processes_cannot_divide_are_refused(scenes):
    with pytest.raises(UsageError, match="3 crops cannot be shared equally by 2 devices"):
        Batches(0, 16, [Sampling("labelled", tuple(scenes), 3, "weak")], Share(0, 2))


def test_unusable_scenes_are_refused(scenes):
    with pytest.raises(UsageError, match="smaller than the crop"):
        batches(scenes, crop=64)
    with pytest.raises(UsageError, match="no labelled scenes"):
        batches([])
    blind = SceneArrays("blind", scenes[0].frames, scenes[0].times, 1)
    with pytest.raises(InputError, match="blind"):
        batches([blind])


def test_transforms_are_undone_by_their_inverse():
    x = torch.arange(48.0).reshape(3, 4, 4)
    for turns in range(4):
        moved = augment.transform_picture(augment.Transform(turns=turns), x)
        assert torch.equal(augment.transform_picture(augment.Transform(turns=-turns % 4), moved), x)
    assert torch.equal(augment.transform_picture(augment.Transform(channels=(2, 0, 1)), x), x[[2, 0, 1]])


def test_draws_are_those_of_the_paper():
    rng = np.random.default_rng(0)
    weak = [augment.weak(rng) for _ in range(64)]
    strong = [augment.strong(rng) for _ in range(64)]
    assert {m.vertical for m in weak} == {True, False}
    assert {m.horizontal for m in weak} == {False}
    assert {m.channels for m in weak} == {(0, 1, 2)}
    assert {m.vertical for m in strong} == {False}
    assert len({m.channels for m in strong}) == 6


def test_flips_and_turns_are_what_they_are_called():
    plane = torch.tensor([[1, 2], [3, 4]])
    moved = {name: augment.transform_plane(augment.Transform(**{name: 1}), plane) for name in FLIPPED}
    assert {name: result.tolist() for name, result in moved.items()} == FLIPPED


FLIPPED = {"vertical": [[3, 4], [1, 2]], "horizontal": [[2, 1], [4, 3]], "turns": [[2, 4], [1, 3]]}
"""[[1, 2], [3, 4]] upside down, mirrored, and turned counter-clockwise."""


@pytest.mark.parametrize(("draw", "flip"), [(augment.weak, "vertical"), (augment.strong, "horizontal")])
def test_every_flip_and_turn_is_as_likely(draw, flip):
    rng = np.random.default_rng(1)
    drawn = [draw(rng) for _ in range(800)]
    assert np.mean([getattr(transform, flip) for transform in drawn]) == pytest.approx(0.5, abs=0.08)
    turns = np.bincount([transform.turns for transform in drawn]) / 800
    assert turns == pytest.approx(np.full(4, 0.25), abs=0.07)


def test_every_scene_of_an_epoch_comes_once_in_batches_of_two(scenes):
    made = batches(scenes, count=2)
    for start in (0, 3):
        names = [name for step in range(start, start + 3) for name in made[step].names]
        assert set(names[:3]) == set(names[3:]) == {"s0", "s1", "s2"}


def test_crops_reach_every_border():
    rows, columns = np.mgrid[0:20, 0:24].astype(np.float32)
    target = np.stack([rows, columns, 0 * rows])
    scene = SceneArrays("s", np.zeros((3, 3, 20, 24), np.uint16), np.ones(3), 1, target)
    made = [batches([scene], crop=18, count=1)[step].target[0] for step in range(120)]
    assert {int(crop[0].min()) for crop in made} == {0, 1, 2}
    assert {int(crop[1].min()) for crop in made} == set(range(7))


def test_a_scene_may_be_as_small_as_the_crop_on_both_sides():
    assert batches([make_scene("s", 0)], crop=48)[0].frames.shape[-2:] == (48, 48)
    for shape in ((3, 3, 40, 16), (3, 3, 16, 40)):
        with pytest.raises(UsageError, match="smaller than the crop"):
            batches([SceneArrays("s", np.zeros(shape, np.uint16), np.ones(3), 1, np.zeros(shape[1:]))], crop=17)


def test_corrupted_samples_differ_and_keep_their_targets(scenes):
    made = {name: [batches(scenes, augmentation=name)[step] for step in range(4)] for name in ("strong", "corrupted")}
    pairs = list(zip(*made.values(), strict=True))
    assert all(torch.equal(strong.target, corrupted.target) for strong, corrupted in pairs)
    assert any(not torch.equal(strong.frames, corrupted.frames) for strong, corrupted in pairs)


@pytest.mark.parametrize(("exposures", "reference"), [(3, 1), (5, 2), (4, 2)])
def test_the_reference_is_the_middle_exposure(exposures, reference):
    frames = np.zeros((exposures, 3, 8, 8), np.uint16)
    assert SceneArrays("s", frames, np.ones(exposures), reference).reference == reference
    with pytest.raises(InputError, match="not the middle one"):
        SceneArrays("s", frames, np.ones(exposures), reference - 1)


def test_a_weight_of_another_shape_is_refused():
    with pytest.raises(InputError, match="weight of shape"):
        SceneArrays("s", np.zeros((3, 3, 8, 8), np.uint16), np.ones(3), 1, weight=np.ones((8, 9), np.float32))


def test_a_batch_stays_on_the_cpu_or_moves_as_a_whole(scenes):
    batch = batches(scenes)[0]
    assert batch.to(torch.device("cpu")) is batch
    moved = batch.to(torch.device("meta"))
    assert {getattr(moved, name).device.type for name in ("frames", "times", "target", "weight")} == {"meta"}
    assert moved.held_out is None
