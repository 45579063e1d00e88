"""Manifests of the scenes of a run: those of all shards say what one of a single shard would."""

import json

import pytest
from layouts import own

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.errors import InputError
from hdrpipe.files.manifests import manifests_of, read_manifests
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.stages.job import Job
from hdrpipe.stages.prepare import prepare


def prepared(root, folder, shards):
    scenes = folder / "scenes"
    scenes.mkdir(parents=True)
    (folder / "sources.json").write_text("[]")
    data = {"dataset": "folder", "labelled": 1, "shards": shards, "options": {"root": str(root)}}
    text = stage_spec(check_config({"data": data}), "prepare")
    for shard in range(shards):
        job = Job("prepare", text)
        prepare(parse_spec("prepare", text), folder, folder / "sources.json", scenes, job, {"unlabelled": 1}, shard)
    return folder


def test_shards_that_are_made_apart_are_those_of_one_list(tmp_path):
    own(tmp_path / "data", labelled=2, unlabelled=3)
    whole, cut = (prepared(tmp_path / "data", tmp_path / f"{shards}", shards) for shards in (1, 2))
    one, both = read_manifests(manifests_of(whole)), read_manifests(manifests_of(cut))
    assert [path.name for path in manifests_of(cut)] == ["manifest-00.json", "manifest-01.json"]
    assert {split: sorted(names) for split, names in one["splits"].items()} == {
        split: sorted(names) for split, names in both["splits"].items()
    }
    assert one["files"] == both["files"]
    for shard in range(2):
        said = json.loads((cut / "scenes" / f"manifest-{shard:02d}.json").read_text())["splits"]
        for split, names in said.items():
            with open_product(cut / "scenes" / f"{split}-{shard:02d}.h5", "scenes") as product:
                assert sorted(product.scenes) == sorted(names)


def test_a_missing_manifest_is_named(tmp_path):
    assert manifests_of(tmp_path) == []
    with pytest.raises(InputError, match=r"manifest-00\.json"):
        read_manifests([tmp_path / "manifest-00.json"])
