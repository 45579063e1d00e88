# Arms x (label draw, seed) x regimes: `snakemake --cores all study`. Every arm is a run of its own, made by the rules of
# any run; here they are scored and compared.


rule score:
    input:
        student="<results>/{run}/round-{round}/student.safetensors",
        scenes=scenes("{split}"),
        truths=scenes("{split}-truth"),
    output:
        table="<results>/{run}/round-{round}/scores-{split}.csv",
        provenance="<results>/{run}/round-{round}/scores-{split}.csv.json",
    log:
        "<results>/{run}/logs/score-{round}-{split}.log",
    conda:
        ENVIRONMENT
    threads: gpu_threads
    resources:
        gpu=GPU,
    params:
        code=code("score"),
    shell:
        "exec hdrpipe score --code {params.code} --threads {threads} --student {input.student}"
        " --scenes '{input.scenes}' --truths '{input.truths}' --out {output.table} --log {log}"


rule score_chosen:
    input:
        students=of_rounds("student.safetensors", first=1),
        chosen="<results>/{run}/chosen.json",
        scenes=scenes("{split}"),
        truths=scenes("{split}-truth"),
    output:
        table="<results>/{run}/chosen/scores-{split}.csv",
        provenance="<results>/{run}/chosen/scores-{split}.csv.json",
    log:
        "<results>/{run}/logs/score-chosen-{split}.log",
    conda:
        ENVIRONMENT
    threads: gpu_threads
    resources:
        gpu=GPU,
    params:
        code=code("score"),
    shell:
        "exec hdrpipe score --code {params.code} --threads {threads} --student '{input.students}'"
        " --chosen {input.chosen} --scenes '{input.scenes}' --truths '{input.truths}' --out {output.table} --log {log}"


rule compare:
    input:
        study_scores,
    output:
        pages=recorded(
            *[
                f"<results>/{{run}}/study.{end}"
                for end in ("csv", "json", "md", "html")
            ]
        ),
    log:
        "<results>/{run}/logs/study.log",
    wildcard_constraints:
        run=re.escape(STUDY_RUN),
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: stage_spec(study_config(), "study"),
        code=lambda wildcards: fingerprint("study", ()),
        folder=subpath(output[0], parent=True),
    shell:
        "exec hdrpipe study --spec {params.spec:q} --code {params.code} --scores '{input}'"
        " --out {params.folder} --log {log}"


rule study:
    input:
        f"<results>/{STUDY_RUN}/study.html",


localrules:
    study,


SUMMARIES = {
    RESULTS / CONFIG.run / "summary.md": RESULTS / CONFIG.run / "report.html",
    RESULTS / STUDY_RUN / "study.md": RESULTS / STUDY_RUN / "study.html",
}
