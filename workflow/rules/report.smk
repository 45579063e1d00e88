# What people read.


localrules:
    choose,


rule choose:
    input:
        statistics=if_pseudo_labelled(of_rounds("masks.json", first=1)),
        students=of_rounds("student.safetensors"),
    output:
        chosen="<results>/{run}/chosen.json",
        provenance="<results>/{run}/chosen.json.json",
    log:
        "<results>/{run}/logs/choose.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("choose"),
        code=code("choose"),
    shell:
        "exec hdrpipe choose --spec {params.spec:q} --code {params.code} --statistics '{input.statistics}'"
        " --out {output.chosen} --log {log}"


rule report:
    input:
        baselines="<results>/{run}/baselines.csv",
        tables=of_rounds("metrics.csv"),
        metrics=of_rounds("metrics.json"),
        histories=of_rounds("history.csv"),
        statistics=of_rounds("masks.json", first=1),
        chosen="<results>/{run}/chosen.json",
        manifests=manifests,
        scenes=scenes("test"),
        truths=scenes("test-truth"),
        predicted=of_candidates("test.h5"),
        unlabelled=scenes("unlabelled"),
        uncertainty=of_candidates(*shards_of("uncertainty", LABEL_SHARDS)),
        masks=of_candidates(*shards_of("masks", LABEL_SHARDS)),
        noise=matched_noise,
        compared=compared_scores,
    output:
        pages=recorded(
            "<results>/{run}/summary.json",
            "<results>/{run}/summary.md",
            report(
                "<results>/{run}/report.html",
                caption="../report/page.rst",
                category="{run}",
                labels={"what": "report to read"},
            ),
            report(
                "<results>/{run}/summary.csv",
                caption="../report/table.rst",
                category="{run}",
                labels={"what": "all methods"},
            ),
            report(
                "<results>/{run}/figure.png",
                caption="../report/figure.rst",
                category="{run}",
                labels={"what": "one unlabelled scene"},
            ),
        ),
    log:
        "<results>/{run}/logs/report.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("report"),
        code=code("report"),
        folder=subpath(output[0], parent=True),
    shell:
        "exec hdrpipe report --spec {params.spec:q} --code {params.code} --baselines {input.baselines}"
        " --tables '{input.tables}' --metrics '{input.metrics}' --histories '{input.histories}'"
        " --statistics '{input.statistics}' --chosen {input.chosen} --manifests '{input.manifests}'"
        " --scenes '{input.scenes}' --truths '{input.truths}' --predicted '{input.predicted}'"
        " --unlabelled '{input.unlabelled}' --uncertainty '{input.uncertainty}' --masks '{input.masks}'"
        " --noise '{input.noise}' --compared '{input.compared}' --out {params.folder} --log {log}"
