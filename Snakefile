# hdrpipe: warm-up -> (teacher -> masks -> student) x rounds -> report. `snakemake --cores all` makes results/<run>/report.html.
from snakemake.utils import min_version

min_version("9.18")


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/round.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        [f"results/{run}/report.html" for run in RUNS],


onstart:
    if not any(Path("/dev").glob("nvidia[0-9]*")):
        print(
            "No NVIDIA GPU on this machine: training and inference run on the CPU, one job at a time.",
            file=sys.stderr,
        )


onsuccess:
    for folder in [Path("results", run) for run in RUNS]:
        if (
            folder / "summary.md"
        ).exists():  # a call for a single stage ends here too
            print((folder / "summary.md").read_text())
            print(f"Report: {folder}/report.html")
