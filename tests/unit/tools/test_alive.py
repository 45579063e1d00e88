"""Going on with the last run of a folder."""

import json
import subprocess
import sys


def test_a_command_that_snakemake_refuses_by_now_is_one_line(tmp_path):
    (tmp_path / ".snakemake").mkdir()
    (tmp_path / "Snakefile").write_text("rule all:\n    input: []\n")
    words = ["--cores", "1", "--configfile", "gone.yaml"]
    (tmp_path / ".snakemake" / "hdrpipe-last.json").write_text(json.dumps(words))
    command = [sys.executable, "-m", "hdrpipe", "resume"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "gone.yaml" in done.stderr
    assert done.stderr.count("\n") == 1
