# Archives, scenes, classical baselines.


SCENE_FILES = [
    f"<results>/{{run}}/scenes/{kind}-{{shard}}.h5"
    for split in ("labelled", "unlabelled", "validation", "test")
    for kind in (split, f"{split}-truth")
]
FOLD_FILES = [
    f"<results>/{{run}}/scenes/fold-{{fold}}-of-{{folds}}/{kind}-{{shard}}.h5"
    for kind in ("labelled", "labelled-truth", "held-out")
]


localrules:
    fetch,


rule fetch:
    output:
        sources="<results>/{run}/scenes/sources.json",
        provenance="<results>/{run}/scenes/sources.json.json",
    log:
        "<results>/{run}/logs/fetch.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("fetch"),
        code=code("fetch"),
    shell:
        "exec hdrpipe fetch --spec {params.spec:q} --code {params.code} --out {output.sources} --log {log}"


rule prepare:
    input:
        sources="<results>/{run}/scenes/sources.json",
    output:
        scenes=recorded(*SCENE_FILES),
        manifest="<results>/{run}/scenes/manifest-{shard}.json",
        provenance="<results>/{run}/scenes/manifest-{shard}.json.json",
    log:
        "<results>/{run}/logs/prepare-{shard}.log",
    conda:
        ENVIRONMENT
    resources:  # other than params, a change of these reruns nothing
        labelled_side=lambda wildcards: crops_on(wildcards)[0],
        unlabelled_side=lambda wildcards: crops_on(wildcards)[1],
    params:
        spec=spec("prepare"),
        code=code("prepare"),
        data=data,
        folder=subpath(output.manifest, parent=True),
    shell:
        "exec hdrpipe prepare --spec {params.spec:q} --code {params.code} --sources {input.sources}"
        " --labelled-side {resources.labelled_side} --unlabelled-side {resources.unlabelled_side}"
        " --shard {wildcards.shard} --out {params.folder} --log {log}"


rule match:
    input:
        scenes=scenes("labelled"),
        unlabelled=scenes("unlabelled"),
    output:
        scenes=recorded(
            *[
                f"<results>/{{run}}/round-00/{f}"
                for f in shards_of("matched", SCENE_SHARDS)
            ]
        ),
        noise="<results>/{run}/round-00/noise.json",
        provenance="<results>/{run}/round-00/noise.json.json",
    log:
        "<results>/{run}/logs/match.log",
    priority: BEFORE_TRAINING
    conda:
        ENVIRONMENT
    params:
        spec=spec("match"),
        code=code("match"),
        folder=subpath(output.noise, parent=True),
    shell:
        "exec hdrpipe match --spec {params.spec:q} --code {params.code} --scenes '{input.scenes}'"
        " --unlabelled '{input.unlabelled}' --out {params.folder} --log {log}"


rule fold:
    input:
        scenes="<results>/{run}/scenes/labelled-{shard}.h5",
        truths="<results>/{run}/scenes/labelled-truth-{shard}.h5",
        manifests=manifests,
    output:
        scenes=recorded(*FOLD_FILES),
    log:
        "<results>/{run}/logs/fold-{fold}-of-{folds}-{shard}.log",
    priority: BEFORE_TRAINING
    conda:
        ENVIRONMENT
    params:
        code=code("fold"),
        folder=subpath(output[0], parent=True),
    shell:
        "exec hdrpipe fold --code {params.code} --scenes {input.scenes} --truths {input.truths}"
        " --manifests '{input.manifests}'"
        " --fold {wildcards.fold} --folds {wildcards.folds} --out {params.folder} --log {log}"


rule baselines:
    input:
        scenes=scenes("test"),
        truths=scenes("test-truth"),
    output:
        table="<results>/{run}/baselines.csv",
        provenance="<results>/{run}/baselines.csv.json",
    log:
        "<results>/{run}/logs/baselines.log",
    conda:
        ENVIRONMENT
    params:
        code=code("baselines"),
    shell:
        "exec hdrpipe baselines --code {params.code} --scenes '{input.scenes}' --truths '{input.truths}'"
        " --out {output.table} --log {log}"
