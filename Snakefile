# The workflow is defined in workflow/Snakefile; `snakemake --cores all` makes results/<run>/report.html.
include: "workflow/Snakefile"


workflow.default_target = "all"  # an included file keeps its default target to itself
