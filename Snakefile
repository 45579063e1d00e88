# hdrpipe: warm-up -> (teacher -> masks -> student) x rounds -> report. `snakemake --cores all` makes results/<run>/report.html.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.18")


# of this file, though another Snakefile may include it
MAIN_CONFIG = Path(workflow.current_basedir.join("config.yaml"))


configfile: str(MAIN_CONFIG)


# a config.yaml of the working directory is laid over it; `--configfile` over both
if Path("config.yaml").exists() and not Path("config.yaml").samefile(MAIN_CONFIG):

    configfile: "config.yaml"


report: "workflow/report/overview.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/round.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/study.smk"


rule all:
    default_target: True
    input:
        # the report shows pseudo labels and masks; without them the scores of all rounds are what there is
        f"results/{CONFIG.run}/report.html"
        if CONFIG.pseudo_labelled
        else [
            f"results/{CONFIG.run}/round-{r:02d}/metrics.json"
            for r in range(CONFIG.rounds + 1)
        ],


onstart:
    if workflow.is_main_process:
        try:
            hold(CONFIG.run)
        except HdrpipeError as error:
            raise WorkflowError(str(error)) from None
    # through SLURM the jobs run elsewhere, and there is no limit of GPUs here
    if GPUS is not None and not any(Path("/dev").glob("nvidia[0-9]*")):
        print(
            "No NVIDIA GPU on this machine: training and inference run on the CPU, one job at a time.",
            file=sys.stderr,
        )


onerror:
    if kills() > KILLED:
        print(
            "The kernel of this machine ended a process for lack of memory in this run: lower `batch` or `crop`,"
            " or run fewer jobs at a time (--cores); the run goes on from its saved state.",
            file=sys.stderr,
        )


onsuccess:
    for summary, page in SUMMARIES.items():
        # a call for other targets leaves them as they were
        if Path(summary).exists() and Path(summary).stat().st_mtime >= STARTED:
            print(Path(summary).read_text())
            print(f"Report: {page}")
