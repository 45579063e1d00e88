"""Cards in Markdown for publishing: of a network, from its weights file and its run, and of the data of a run."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tabulate import tabulate

import hdrpipe
from hdrpipe.datasets.credits import CREDITS
from hdrpipe.datasets.panorama import SHA256, TEST, TRAIN, file_of
from hdrpipe.errors import InputError
from hdrpipe.files.manifests import manifests_of, read_manifests
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.rows import read_rows
from hdrpipe.inference.load import Stored
from hdrpipe.terminal import one_line
from hdrpipe.tools.export import CONTRACT, origin
from hdrpipe.tools.run_folder import run_name

HEAD = """\
---
library_name: hdrpipe
tags:
  - hdr
  - exposure-fusion
  - uncertainty-estimation
  - semi-supervised-learning
---
"""
"""Front matter that model hubs read; whoever publishes a network adds its licence."""

MEASURES = {
    "psnr_mu": "PSNR-mu (dB)",
    "psnr_l": "PSNR-L (dB)",
    "pu21_psnr": "PU21-PSNR (dB)",
    "ssim_mu": "SSIM-mu",
    "ssim_l": "SSIM-L",
}
"""Column of a table of scores -> heading."""

LIMITS = """\
- Radiance is relative: the shortest exposure clips at 1. It is no measurement of light in physical units.
- Content that is clipped, hidden or moving in all useful frames is estimated; sigma marks where to doubt it.
- Only the data named here were seen in training and scored. Other cameras and scenes need a test of one's own.
"""

AUTHORS = """\
The authors are those that the texts below name: viser's wheel names none, and Poly Haven's own pages were not read.
"""

SPLITS = ("labelled", "unlabelled", "validation", "test")


def model_card(network: Stored, weights: Path, commit: str | None = None) -> str:
    """Card of a network: what it is, how it is called, how it was trained, on what, and its scores.

    Data and scores come from the run that the weights file lies in; without one, or if the scores there are those of
    other weights, these sections are left out.

    Args:
        weights: file that the network was trained to, in the folder of its round.
        commit: of the code that trained it; None for the one in the weights file.
    """
    metadata = network.metadata
    trained = {**origin(weights, commit), **metadata.get("about", {})}
    sections = [
        f"{HEAD}\n# {title(metadata)}\n",
        "Fuses a burst of differently exposed photographs into one HDR picture, with a map of its uncertainty.\n",
        "## Network\n",
        markdown(network_rows(network)),
        "## Input and output\n",
        markdown([[f"`{name}`", text] for name, text in CONTRACT.items()]),
        "```\nhdrpipe fuse BURST --weights FILE -o fused.exr\n```\n",
        "## Training\n",
        markdown([[key, trained[key]] for key in ("stage", "seed", "commit", "code") if key in trained]),
        block({"settings": trained.get("spec", {}), "versions": trained.get("versions", {})}),
    ]
    manifests, metrics = manifests_of(weights.parents[1]), weights.with_name("metrics.csv")
    if manifests:
        sections += ["## Data\n", *data_sections(manifests)]
    scored = sidecar(metrics).get("inputs", {}).get("student")
    if scored and scored in (metadata["content_hash"], metadata.get("weights")):
        rows = [row for row in read_rows(metrics, "evaluate") if row["method"] == "student"]
        sections += ["## Scores\n", "Means over test scenes, whose truth no training reads.\n", markdown(*scores(rows))]
    return "\n".join([*sections, "## Limits\n", LIMITS, "## Citation\n", citation()])


def dataset_card(folder: Path) -> str:
    """Card of the data of a run: scenes of each split, sources with licences and hashes, authors, settings.

    Args:
        folder: of the run.

    Raises:
        InputError, DamagedError: its manifest or a scene product is missing, damaged or altered.
    """
    manifests = manifests_of(folder)
    if not manifests:
        raise InputError("has no scenes yet", folder, "`snakemake` prepares them")
    hashes = [f"`{sidecar(manifest).get('content_hash', 'not recorded')}`" for manifest in manifests]
    return "\n".join(
        [
            f"# Data of the run {run_name(folder)}\n",
            *data_sections(manifests),
            *panorama_sections(manifests),
            "## Settings\n",
            block(sidecar(manifests[0]).get("spec", {})),
            f"Content hashes of the manifests, which name every scene, shard by shard: {', '.join(hashes)}.\n",
            "## Citation\n",
            citation(),
        ]
    )


def title(metadata: Mapping[str, Any]) -> str:
    """Role, round and backbone of a network as a heading."""
    role, number = metadata.get("role", "network"), metadata.get("round")
    return f"hdrpipe: {role}{'' if number is None else f' of round {number}'} ({metadata['model']['backbone']})"


def network_rows(network: Stored) -> list[list[object]]:
    """Rows (name, value) about architecture and identity of a network."""
    model = network.metadata["model"]
    return [
        ["backbone", model["backbone"]],
        ["options", json.dumps(model["options"])],
        ["output", model["output"]],
        ["exposures", network.net.exposures],
        ["parameters", f"{sum(p.numel() for p in network.net.parameters()):,}"],
        ["height and width", f"multiples of {network.net.multiple}; `hdrpipe fuse` pads"],
        ["content hash", network.metadata["content_hash"]],
    ]


def data_sections(manifests: Sequence[Path]) -> list[str]:
    """Sections on splits and sources of the data that the manifests of a run list."""
    content = read_manifests(manifests)
    splits = [
        [split, len(content["splits"].get(split, [])), ", ".join(sorted(_panoramas(manifests[0].parent, split)))]
        for split in SPLITS
    ]
    files = sum(len(digests) for digests in content["files"].values())
    archives = [
        [row["requirement"], row["licence"], row["filename"], f"`{row['sha256']}`"] for row in content["sources"]
    ]
    if archives:
        sections = [markdown(splits, ["split", "scenes", "rendered from"])]
        sections.append(markdown(archives, ["source", "licence", "file", "sha256"]))
    else:
        sections = [markdown([row[:2] for row in splits], ["split", "scenes"])]
    if files:
        sections.append(f"{files} files of one's own; `{manifests[0].name}` and its like have the sha256 of each.\n")
    return sections


def panorama_sections(manifests: Sequence[Path]) -> list[str]:
    """Section on the panoramas that the scenes of a run show; none where they come from other archives."""
    archives = {row["sha256"] for row in read_manifests(manifests)["sources"]}
    names = set[str]().union(*(_panoramas(manifests[0].parent, split) for split in SPLITS))
    sources = TRAIN | TEST
    pinned = [name for name in sorted(names) if name in sources and sources[name].sha256 in archives]
    return ["## Panoramas\n", *panorama_table(pinned)] if pinned else []


def panorama_table(names: Sequence[str]) -> list[str]:
    """Table of panoramas of the dataset `panorama`, and a numbered list of the texts that name their authors."""
    sources = TRAIN | TEST
    texts = list(dict.fromkeys(CREDITS[name].stated for name in names))
    rows = [
        [
            name,
            f"{CREDITS[name].author} ({texts.index(CREDITS[name].stated) + 1})",
            sources[name].licence,
            CREDITS[name].page,
            f"{sources[name].requirement}: {file_of(name)}",
            f"`{SHA256[name]}`",
        ]
        for name in names
    ]
    numbered = "".join(f"{number}. {text}\n" for number, text in enumerate(texts, 1))
    headings = ["panorama", "author", "licence", "page of the original", "file", "sha256"]
    return [markdown(rows, headings), AUTHORS, numbered]


def scores(rows: Sequence[Mapping[str, Any]]) -> tuple[list[list[object]], list[str]]:
    """Rows and headings of a table of means: one row for each difficulty, and one for all scenes."""
    kinds = sorted({row["difficulty"] for row in rows})
    groups = [("all", list(rows)), *((kind, [row for row in rows if row["difficulty"] == kind]) for kind in kinds)]
    means = [
        [name, len(group), *(f"{np.mean([row[key] for row in group]):.4g}" for key in MEASURES)]
        for name, group in groups
        if group
    ]
    return means, ["scenes", "number", *MEASURES.values()]


def citation() -> str:
    """Sentences about citing and licence."""
    return (
        f"Made with hdrpipe {hdrpipe.__version__}, Apache-2.0 (CITATION.cff); the method is that of arXiv 2511.12939,"
        " written anew.\n"
    )


def markdown(rows: Iterable[Sequence[object]], headings: Sequence[str] = ("", "")) -> str:
    """A Markdown table that ends in a newline, each cell on one line."""
    cells = [[one_line(str(cell)).replace("|", "\\|") for cell in row] for row in rows]
    return tabulate(cells, list(headings), tablefmt="github", disable_numparse=True) + "\n"


def block(value: Mapping[str, Any]) -> str:
    """A Markdown block of YAML."""
    return f"```yaml\n{yaml.safe_dump(dict(value))}```\n"


def _panoramas(folder: Path, split: str) -> set[str]:
    """Names of the panoramas that the scenes of a split show."""
    sources: set[str] = set()
    for path in sorted(folder.glob(f"{split}-[0-9]*.h5")):
        with open_product(path, "scenes") as product:
            for scene in product.scenes:
                sources |= set(json.loads(product.scene_attributes(scene)["sources"]))
    return sources
