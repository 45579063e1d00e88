"""A network and a training state of every version of the weights' format, kept in tests/golden.

`PYTHONPATH=tests python -m golden_training` writes those of the version in force that are not there yet; what is there
is never written again.
"""

import contextlib
import json
from pathlib import Path

from golden_products import GOLDEN
from small_training import INTERVAL, SETTINGS, Killed, kill_after, make_net, run

from hdrpipe.files.weights import VERSION, save_weights
from hdrpipe.inference.load import answer

NET = ("merge_net", {"channels": 4})
MODEL = {"backbone": NET[0], "options": NET[1], "output": "merge", "exposures": 3}
KEY = "k"
SAVED = INTERVAL * 3
"""Steps done in the newer of the two slots."""


def state(version: int) -> Path:
    """Folder of a training state."""
    return GOLDEN / f"state-{version}"


def network(version: int) -> Path:
    """Weights of a network; what it answers stands beside it."""
    return GOLDEN / f"network-{version}.safetensors"


def train(folder: Path, **more):
    """The training that the state is of."""
    return run(folder, key=KEY, net=NET, settings=SETTINGS, **more)


def main() -> None:
    if not state(VERSION).exists():
        with contextlib.suppress(Killed):
            train(state(VERSION), progress=kill_after(SAVED + 1))
        state(VERSION).with_suffix(".lock").unlink()
    if not network(VERSION).exists():
        net = make_net(*NET)
        save_weights(network(VERSION), net.state_dict(), {"role": "student", "model": MODEL})
        network(VERSION).with_suffix(".json").write_text(json.dumps(answer(net)) + "\n")


if __name__ == "__main__":
    main()
