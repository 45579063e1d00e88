#!/usr/bin/env bash
# The tiny workflow through sbatch, on a SLURM of one node that lives as long as the test. Skipped where it cannot live.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
here=tests/slurm
code=0
reason=$($here/one-node.sh start "$folder") || code=$?
if [ $code = 77 ]; then
  echo "SLURM tests skipped: $reason"
  exit 0
fi
[ $code = 0 ]
trap '$here/one-node.sh stop "$folder"; rm -rf "$folder"' EXIT
# apart from the environment: Snakemake imports every executor that it finds, on every call
python -m pip install --quiet --disable-pip-version-check --no-deps --target "$folder/plugins" \
  --constraint constraints.txt snakemake-executor-plugin-slurm snakemake-executor-plugin-slurm-jobstep \
  || { echo "skipped: the SLURM plug-in of Snakemake cannot be installed"; exit 0; }
PYTHONPATH="$folder/plugins${PYTHONPATH:+:$PYTHONPATH}" HDRPIPE_TEST_SLURM=1 pytest -p no:cacheprovider $here
