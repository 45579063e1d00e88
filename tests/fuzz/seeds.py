"""Small files that each reader reads, where the corpus began; products lie in tests/golden.

`PYTHONPATH=tests python -m fuzz.seeds` writes those that are not there yet; what is there is never written again.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pillow_heif
import torch
from camera_files import frames, radiance, write_dng, write_frame, write_radiance
from fuzz.readers import CORPUS, MODEL
from PIL import Image

from hdrpipe.files.weights import save_weights

SIDE = 8
LOG = """2026-01-01 10:00:00,000 INFO warmup spec {}
2026-01-01 10:00:02,000 INFO warmup  30/60  50 %  ETA 0:00:02  loss 0.1
2026-01-01 10:01:02,000 DEBUG finished
"""

TEXTS = {
    "exposures": {
        "ev": "-2\n0\n2\n",
        "times": "1/60 s # dark\n1/15 s\n",
        "commas": "-2,5; 0,0; 2,5",
    },
    "table-csv": {
        "ev": "burst,file,ev\na,1.png,-2\na,2.png,0\n",
        "times": "file,seconds,iso,aperture\r\n1.png,1/60,100,2.8\r\n",
        "quoted": 'burst,file\r"a b","1,2.png"\r',
    },
    "table-yaml": {
        "ev": "- {burst: a, file: 1.png, ev: -2}\n- {burst: a, file: 2.png, ev: 0}\n",
        "times": "- &a\n  file: 1.png\n  seconds: 1/60\n- {<<: *a, file: 2.png}\n",
    },
    "config": {
        "small": "run: tiny\ndata:\n  dataset: procedural\n  labelled: 2\n  options: {pool: 6, size: 64}\n",
        "loop": "rounds: 3\nmasks: {strategy: quantile, options: {quantile_pixel: 0.5}}\nstudent: {lr: 1e-3}\n",
    },
    "network": {"merge_net": json.dumps({"role": "student", "model": MODEL})},
    "state": {"step": json.dumps({"key": "k", "step": 3, "history": [{"step": 1, "loss": 0.5}]})},
    "rows": {"scores": "scene,difficulty,psnr_mu\na,tripod,30.5\n'=1,handheld,\n"},
    "sidecar": {"stage": json.dumps({"stage": "teacher", "content_hash": "sha256:0", "inputs": {}})},
    "log": {"done": LOG},
}


def pictures(folder: Path) -> dict[str, dict[str, bytes]]:
    """Pictures of each format, with EXIF where it has any."""
    scene = radiance(1, SIDE, SIDE)
    exif = {"seconds": 1 / 60, "iso": 200, "aperture": 2.8, "taken": 1.25, "orientation": 6, "model": "X"}
    for name in ("png", "tif", "jpg"):
        write_frame(folder / f"exif.{name}", frames(scene)[1], **exif)
    write_frame(folder / "deep.tif", frames(scene)[1], 16)
    for name in ("hdr", "exr"):
        write_radiance(folder / f"radiance.{name}", scene)
    picture = Image.open(folder / "exif.jpg")
    picture.save(folder / "exif.avif", exif=picture.getexif())
    pillow_heif.from_pillow(picture).save(folder / "exif.heic")
    headers = {path.name: path.read_bytes() for path in folder.iterdir()}
    # LibRaw takes no smaller ones
    write_dng(folder / "bayer.dng", np.full((3, 4 * SIDE, 4 * SIDE), 0.5))
    return {
        "header": headers,
        "metadata": {name: data for name, data in headers.items() if name.startswith("exif")},
        "raw": {"bayer.dng": (folder / "bayer.dng").read_bytes()},
    }


def networks(folder: Path) -> dict[str, dict[str, bytes]]:
    """Weights, and checkpoints of torch in both of its formats."""
    save_weights(folder / "small", {"a": torch.arange(3.0)}, {"round": 1, "model": MODEL})
    torch.save({"state_dict": {"module.a": torch.arange(3.0)}, "epoch": 3}, folder / "checkpoint")
    torch.save({"a": torch.arange(3.0)}, folder / "legacy", _use_new_zipfile_serialization=False)
    checkpoints = {name: (folder / name).read_bytes() for name in ("checkpoint", "legacy")}
    return {"weights": {"small": (folder / "small").read_bytes()}, "checkpoint": checkpoints}


def main() -> None:
    texts = {reader: {name: text.encode() for name, text in files.items()} for reader, files in TEXTS.items()}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        for reader, files in {**texts, **pictures(Path(one)), **networks(Path(other))}.items():
            (CORPUS / reader).mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                path = CORPUS / reader / name
                if not path.exists():
                    path.write_bytes(data)


if __name__ == "__main__":
    main()
