"""Hundreds of shards: more files than a process may have open at first, paths that fill a command."""

import subprocess

import pytest

from hdrpipe.errors import UsageError
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.tools.project import check_shards


def test_a_job_reads_more_shards_than_the_soft_limit_of_open_files(tmp_path):
    lists = {}
    for kind, name in (("scenes", "test"), ("truth", "test-truth")):
        lists[kind] = [tmp_path / f"{name}-{shard:02d}.h5" for shard in range(60)]
        for shard, path in enumerate(lists[kind]):
            write_product(path, SCHEMAS[kind], [], {"split": "test", "shard": shard, "align": "none"})
    scenes, truths = (" ".join(map(str, lists[kind])) for kind in ("scenes", "truth"))
    command = f"ulimit -Sn 80; exec hdrpipe baselines --scenes '{scenes}' --truths '{truths}' --out {tmp_path}/t.csv"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "t.csv").read_text().startswith("scene,")


@pytest.mark.parametrize("folder", ["results/demo", "results/" + "long/" * 20])
def test_the_most_shards_fit_into_a_command(folder):
    with pytest.raises(UsageError, match=r"set at most (\d+), or cut") as refused:
        check_shards(1000, folder)
    most = int(str(refused.value).split("at most ")[1].split(",")[0])
    check_shards(most, folder)
    with pytest.raises(UsageError):
        check_shards(most + 1, folder)
    names = ("scenes/labelled", "scenes/labelled-truth", "scenes/unlabelled", "round-00/uncertainty", "round-00/masks")
    command = " ".join(f"{folder}/{name}-{shard:03d}.h5" for name in names for shard in range(most))
    assert subprocess.run(["bash", "-c", f": '{command}'"]).returncode == 0
