"""The network of docs/own-backbone.md keeps the contract of backbones, learns, and is planned as the page says."""

import re
import shlex
from pathlib import Path

import pytest
import torch

from hdrpipe.config.load import check_config
from hdrpipe.errors import UsageError
from hdrpipe.models.network import OUTPUTS, build
from hdrpipe.quantities import SIGMA_MIN

PAGE = (Path(__file__).parents[2] / "docs" / "own-backbone.md").read_text(encoding="utf-8")
FILE = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
TRAININGS = [line for line in PAGE.splitlines() if line.startswith("snakemake ")]
TIMES = torch.tensor([[1.0, 4.0, 16.0]])


@pytest.fixture
def my_net(tmp_path):
    path = tmp_path / "my_net.py"
    path.write_text(FILE)
    return str(path)


def network(path, output):
    torch.manual_seed(0)
    return build({"backbone": path, "options": {"channels": 8}, "output": output, "exposures": 3})


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("size", [(32, 40), (33, 41), (7, 5)])
def test_any_size_goes_in_and_comes_out(my_net, output, size):
    frames = torch.rand((1, 3, 3, *size), generator=torch.Generator().manual_seed(1))
    found = network(my_net, output).eval()(frames, TIMES)
    assert found.tonemapped.shape == (1, 3, *size)
    assert found.sigma.shape == (1, 1, *size)
    assert found.sigma.min() >= SIGMA_MIN


@pytest.mark.parametrize("output", OUTPUTS)
def test_it_learns(my_net, output):
    net = network(my_net, output).train()
    frames = torch.rand((2, 3, 3, 16, 24), generator=torch.Generator().manual_seed(1))
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    errors = []
    for _ in range(20):
        found = net(frames, TIMES.expand(2, 3))
        error = (found.tonemapped - 0.5).abs().mean()
        optimizer.zero_grad()
        (error + 0.1 * found.sigma.mean()).backward()
        assert not [name for name, value in net.named_parameters() if value.grad is None or not value.grad.any()]
        optimizer.step()
        errors.append(float(error.detach()))
    assert errors[-1] < 0.7 * errors[0]


def test_its_options_are_checked(my_net):
    assert check_config({"model": {"backbone": my_net}}).model.options.channels == 24
    with pytest.raises(UsageError, match=r"model.options.chanels: unknown key \(did you mean 'channels'\?\)"):
        check_config({"model": {"backbone": my_net, "options": {"chanels": 8}}})


@pytest.mark.parametrize("line", TRAININGS)
def test_the_commands_of_the_page_are_planned(finished, line):
    (finished.path / "my_net.py").write_text(FILE)
    words = shlex.split(line)
    assert words[:3] == ["snakemake", "--cores", "all"]
    done = finished.fork(*words, "-n")
    assert done.returncode == 0, done.stderr
    compared = "configs/" not in line  # the main job trains what it is compared with, too
    assert re.search(rf"^warmup +{3 if compared else 1}$", done.stdout, re.MULTILINE)
    assert re.search(rf"^student +{8 if compared else 2}$", done.stdout, re.MULTILINE)
