"""Published checkpoints become weights files; what is none of them is told in one line."""

import pickle

import numpy as np
import pytest
import torch

from hdrpipe.cli.weights import import_ as convert
from hdrpipe.errors import InputError, UsageError
from hdrpipe.inference.load import stored
from hdrpipe.inference.tiles import predict
from hdrpipe.models.network import build
from hdrpipe.tools.weights_import import architectures, import_weights


def published(name):
    torch.manual_seed(7)
    net = build({"backbone": name, "options": {}, "output": "sigmoid", "exposures": 3})
    return net.backbone.state_dict()


@pytest.fixture
def small(tmp_path):
    """A checkpoint of the smallest of the networks."""
    path = tmp_path / "safnet_s.pth"
    torch.save(published("safnet_s"), path)
    return path


def test_four_architectures_have_public_names():
    assert set(architectures()) == {"ahdrnet", "hdr_transformer", "safnet", "safnet_s"}


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: {"epoch": 3, "state_dict": d}, lambda d: {"model": d}])
@pytest.mark.parametrize("prefix", ["", "module.", "module.module.", "_orig_mod.", "module._orig_mod.", "net."])
def test_wrapped_or_bare_with_prefix_or_without(tmp_path, wrap, prefix):
    tensors = published("safnet_s")
    torch.save(wrap({prefix + name: value for name, value in tensors.items()}), tmp_path / "in.pth")
    import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")
    found = stored(tmp_path / "out.safetensors")
    assert all(torch.equal(found.net.backbone.state_dict()[name], value) for name, value in tensors.items())
    assert found.metadata["model"]["output"] == "sigmoid"
    assert found.metadata["judge"] == "untrained"


@pytest.mark.parametrize("key", ["params_ema", "state_dict_ema"])
def test_averaged_weights_are_taken_and_named(tmp_path, key):
    averaged = published("safnet_s")
    others = {name: value + 1 for name, value in averaged.items()}
    torch.save({"params": others, key: averaged, "state_dict": others}, tmp_path / "in.pth")
    assert import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")[1] == key
    imported = stored(tmp_path / "out.safetensors").net.backbone.state_dict()
    assert all(torch.equal(imported[name], value) for name, value in averaged.items())


def test_the_command_says_that_averaged_weights_are_taken(tmp_path, capsys):
    torch.save({"params_ema": published("safnet_s")}, tmp_path / "in.pth")
    convert(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")
    assert "has averaged weights, params_ema: these are taken" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("prefix", ["model.", "net."])
def test_a_checkpoint_of_lightning_may_hold_losses(tmp_path, prefix):
    tensors = published("safnet_s")
    module = {prefix + name: value for name, value in tensors.items()} | {"loss.vgg.weight": torch.ones(3)}
    saved = {"pytorch-lightning_version": "2.4.0", "state_dict": module, "epoch": 3}
    torch.save(saved, tmp_path / "in.pth")
    import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")
    imported = stored(tmp_path / "out.safetensors").net.backbone.state_dict()
    assert all(torch.equal(imported[name], value) for name, value in tensors.items())


@pytest.mark.parametrize("value", [np.float64(38.2), np.float32(1), np.int64(3), np.bool_(True)], ids=repr)
def test_numbers_of_numpy_do_not_hinder(tmp_path, value):
    tensors = published("safnet_s")
    torch.save({"state_dict": tensors, "best": value}, tmp_path / "in.pth")
    import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")
    imported = stored(tmp_path / "out.safetensors").net.backbone.state_dict()
    assert all(torch.equal(imported[name], value) for name, value in tensors.items())


def test_objects_in_arrays_of_numpy_are_refused(tmp_path):
    value = np.array(["text"], dtype=object)
    torch.save({"state_dict": published("safnet_s"), "best": value}, tmp_path / "in.pth")
    with pytest.raises(InputError, match="objects other than tensors"):
        import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")


def test_what_the_published_network_never_uses_is_left_out(tmp_path):
    extra = {"attConv1.weight": torch.zeros(64, 64, 3, 3), "attConv1.bias": torch.zeros(64)}
    torch.save({**published("ahdrnet"), **extra}, tmp_path / "in.pth")
    import_weights(tmp_path / "in.pth", "ahdrnet", tmp_path / "out.safetensors")
    assert not [name for name in stored(tmp_path / "out.safetensors").net.state_dict() if "attConv" in name]


def test_the_same_checkpoint_gives_the_same_bytes(tmp_path, small):
    outs = [tmp_path / f"{k}.safetensors" for k in range(2)]
    assert len({import_weights(small, "safnet_s", out) for out in outs}) == 1
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_imported_weights_fuse(tmp_path, small):
    import_weights(small, "safnet_s", tmp_path / "out.safetensors")
    net = stored(tmp_path / "out.safetensors").net
    frames = np.random.default_rng(0).random((3, 3, 40, 50), np.float32)
    radiance, sigma = predict(net, frames, np.array([1.0, 4.0, 16.0]))
    assert radiance.shape == (3, 40, 50)
    assert np.isfinite(sigma).all()


def test_a_checkpoint_of_another_architecture_names_it(tmp_path, small):
    with pytest.raises(
        InputError, match=r"checkpoint of safnet_s, not of hdr_transformer; import it as --arch safnet_s"
    ):
        import_weights(small, "hdr_transformer", tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_a_checkpoint_of_no_known_architecture_names_what_differs(tmp_path):
    tensors = published("safnet_s")
    tensors["refinenet.conv7.bias"] = torch.zeros(4)
    torch.save(tensors, tmp_path / "in.pth")
    with pytest.raises(InputError, match=r"refinenet.conv7.bias has shape \(4,\), not \(3,\)"):
        import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")


def test_an_unknown_architecture_is_told(tmp_path, small):
    with pytest.raises(UsageError, match=r"did you mean 'safnet'"):
        import_weights(small, "safnett", tmp_path / "out.safetensors")


def test_values_that_are_not_finite_are_refused(tmp_path):
    tensors = published("safnet_s")
    tensors["refinenet.conv7.bias"][0] = float("nan")
    torch.save(tensors, tmp_path / "in.pth")
    with pytest.raises(InputError, match=r"refinenet\.conv7\.bias holds values that are not finite"):
        import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")


class Trap:
    """An object whose unpickling would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("save", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o))], ids=["torch", "pickle"])
def test_code_in_a_checkpoint_never_runs(tmp_path, save):
    save({"state_dict": Trap(tmp_path / "sprung")}, tmp_path / "in.pth")
    with pytest.raises(InputError) as told:
        import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")
    assert "\n" not in str(told.value)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("cut", [0, 10, 5000])
def test_an_empty_or_cut_file_is_told(tmp_path, small, cut):
    short = tmp_path / "short.pth"
    short.write_bytes(small.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"not a checkpoint written by torch"):
        import_weights(short, "safnet_s", tmp_path / "out.safetensors")


def test_a_file_without_a_state_dict_is_told(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "in.pth")
    with pytest.raises(InputError, match="no state dict in this file, only epoch"):
        import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        import_weights(tmp_path / "in.pth", "safnet_s", tmp_path / "out.safetensors")
