# Round 0 is the warm-up; round R is the teacher of R, the masks of R, the student of R.

TRAINED = ("student", "teacher", "optimizer")


rule warmup:
    input:
        vgg=vgg_weights,
        scenes=training_scenes,
        truths=scenes("labelled-truth"),
        held=unseen_by_judge,
    output:
        weights=recorded(
            *[f"<results>/{{run}}/round-00/{name}.safetensors" for name in TRAINED]
        ),
        history="<results>/{run}/round-00/history.csv",
        provenance="<results>/{run}/round-00/history.csv.json",
    log:
        "<results>/{run}/logs/warmup.log",
    priority: TRAINING
    conda:
        ENVIRONMENT
    threads: gpu_threads
    resources:
        gpu=training_gpus,
    params:
        spec=spec("warmup"),
        code=code("warmup"),
        run=subpath(output.history, ancestor=2),
        folder=subpath(output.history, parent=True),
        held=held_option,
    shell:
        "exec hdrpipe warmup --spec {params.spec:q} --code {params.code} --threads {threads} --devices {resources.gpu}"
        " --scenes '{input.scenes}' --truths '{input.truths}'"
        " {params.held} --out {params.folder} --state {params.run}/.state/round-00 --log {log}"


rule teacher:
    input:
        weights=teacher_weights,
        scenes=scenes_to_label,
    output:
        product="<results>/{run}/round-{round}/uncertainty-{shard}.h5",
        provenance="<results>/{run}/round-{round}/uncertainty-{shard}.h5.json",
    log:
        "<results>/{run}/logs/teacher-{round}-{shard}.log",
    priority: BEFORE_TRAINING
    conda:
        ENVIRONMENT
    threads: gpu_threads
    resources:
        gpu=GPU,
    params:
        spec=spec("teacher"),
        code=code("teacher"),
        run=subpath(output.product, ancestor=2),
        turn=lambda wildcards: share_of(wildcards.shard)[1],
        sharing=lambda wildcards: share_of(wildcards.shard)[2],
        weights=weights_option,
    shell:
        "exec hdrpipe teacher --spec {params.spec:q} --code {params.code} --threads {threads}"
        " {params.weights} --scenes '{input.scenes}' --shard {params.turn} --shards {params.sharing}"
        " --round {wildcards.round} --out {output.product}"
        " --state {params.run}/.state/teacher-{wildcards.round}-{wildcards.shard} --log {log}"


rule teacher_labelled:
    input:
        weights=teacher_weights,
        scenes=scenes("labelled"),
    output:
        product="<results>/{run}/round-{round}/labelled.h5",
        provenance="<results>/{run}/round-{round}/labelled.h5.json",
    log:
        "<results>/{run}/logs/teacher-{round}-labelled.log",
    priority: BEFORE_TRAINING
    conda:
        ENVIRONMENT
    threads: gpu_threads
    resources:
        gpu=GPU,
    params:
        spec=spec("teacher_labelled"),
        code=code("teacher"),
        run=subpath(output.product, ancestor=2),
        weights=weights_option,
    shell:
        "exec hdrpipe teacher --spec {params.spec:q} --code {params.code} --threads {threads} {params.weights}"
        " --scenes '{input.scenes}' --round {wildcards.round} --out {output.product}"
        " --state {params.run}/.state/teacher-{wildcards.round}-labelled --log {log}"


rule crossfit:
    input:
        weights=teacher_of_fold,
        scenes=scenes_of_fold,
    output:
        product="<results>/{run}/round-{round}/crossfit-{fold}-of-{folds}.h5",
        provenance="<results>/{run}/round-{round}/crossfit-{fold}-of-{folds}.h5.json",
    log:
        "<results>/{run}/logs/crossfit-{round}-{fold}-of-{folds}.log",
    priority: BEFORE_TRAINING
    conda:
        ENVIRONMENT
    threads: gpu_threads
    resources:
        gpu=GPU,
    params:
        spec=spec("crossfit"),
        code=code("teacher"),
        run=subpath(output.product, ancestor=2),
    shell:
        "exec hdrpipe teacher --spec {params.spec:q} --code {params.code} --threads {threads} --weights {input.weights}"
        " --scenes '{input.scenes}' --round {wildcards.round} --out {output.product}"
        " --state {params.run}/.state/crossfit-{wildcards.round}-{wildcards.fold}-of-{wildcards.folds}"
        " --log {log}"


rule masks:
    input:
        uncertainty=labelled_by_teacher(*UNCERTAINTY),
        labelled=labelled_by_teacher("labelled.h5"),
        held=held_out_predictions,
        truths=scenes("labelled-truth"),
        kept=asked_by_masks("needs_truth", "unlabelled-truth"),
        scenes=asked_by_masks("needs_frames", "unlabelled", "labelled"),
    output:
        products=recorded(*MASKS),
        statistics="<results>/{run}/round-{round}/masks.json",
        provenance="<results>/{run}/round-{round}/masks.json.json",
    log:
        "<results>/{run}/logs/masks-{round}.log",
    priority: BEFORE_TRAINING
    conda:
        ENVIRONMENT
    params:
        spec=spec("masks"),
        code=code("masks"),
        folder=subpath(output.statistics, parent=True),
        kept=lambda wildcards, input: (
            f"--kept-truths '{input.kept}'" if input.kept else ""
        ),
        scenes=lambda wildcards, input: (
            f"--scenes '{input.scenes}'" if input.scenes else ""
        ),
        held=held_option,
    shell:
        "exec hdrpipe masks --spec {params.spec:q} --code {params.code} --uncertainty '{input.uncertainty}'"
        " --labelled {input.labelled} --truths '{input.truths}' --out {params.folder}"
        " --statistics {output.statistics} {params.kept} {params.scenes} {params.held} --log {log}"


rule student:
    input:
        vgg=vgg_weights,
        scenes=training_scenes,
        truths=scenes("labelled-truth"),
        unlabelled=if_pseudo_labelled(scenes("unlabelled")),
        uncertainty=if_pseudo_labelled(labelled_by_teacher(*UNCERTAINTY)),
        masks=if_pseudo_labelled(masks_of),
        teacher=before("teacher"),
        start=start_of("student"),
        optimizer=start_of("optimizer"),
        held=unseen_by_judge,
    output:
        weights=recorded(
            *[
                f"<results>/{{run}}/round-{{round}}/{name}.safetensors"
                for name in TRAINED
            ]
        ),
        history="<results>/{run}/round-{round}/history.csv",
        provenance="<results>/{run}/round-{round}/history.csv.json",
    log:
        "<results>/{run}/logs/student-{round}.log",
    wildcard_constraints:
        round=r"(?!00)\d{2,3}",
    priority: TRAINING
    conda:
        ENVIRONMENT
    threads: gpu_threads
    resources:
        gpu=training_gpus,
    params:
        spec=spec("student"),
        code=code("student"),
        run=subpath(output.history, ancestor=2),
        folder=subpath(output.history, parent=True),
        start=lambda wildcards, input: " ".join(
            f"--{n} {input[n]}" for n in ("start", "optimizer") if input.get(n)
        ),
        held=held_option,
    shell:
        "exec hdrpipe student --spec {params.spec:q} --code {params.code} --threads {threads} --devices {resources.gpu}"
        " --scenes '{input.scenes}' --truths '{input.truths}' --unlabelled '{input.unlabelled}'"
        " --uncertainty '{input.uncertainty}' --masks '{input.masks}' --teacher {input.teacher} {params.start}"
        " {params.held} --round {wildcards.round} --out {params.folder}"
        " --state {params.run}/.state/round-{wildcards.round} --log {log}"


rule evaluate:
    input:
        student="<results>/{run}/round-{round}/student.safetensors",
        teacher="<results>/{run}/round-{round}/teacher.safetensors",
        scenes=scenes("test"),
        truths=scenes("test-truth"),
        uncertainty=if_pseudo_labelled(labelled_by_teacher(*UNCERTAINTY)),
        masks=if_pseudo_labelled(masks_of),
        kept=if_pseudo_labelled(scenes("unlabelled-truth")),
    output:
        tables=recorded(
            "<results>/{run}/round-{round}/metrics.csv",
            "<results>/{run}/round-{round}/test.h5",
        ),
        means="<results>/{run}/round-{round}/metrics.json",
        provenance="<results>/{run}/round-{round}/metrics.json.json",
    log:
        "<results>/{run}/logs/evaluate-{round}.log",
    conda:
        ENVIRONMENT
    threads: gpu_threads
    resources:
        gpu=GPU,
    params:
        code=code("evaluate"),
        folder=subpath(output.means, parent=True),
    shell:
        "exec hdrpipe evaluate --code {params.code} --threads {threads} --student {input.student}"
        " --teacher {input.teacher} --scenes '{input.scenes}' --truths '{input.truths}'"
        " --uncertainty '{input.uncertainty}' --masks '{input.masks}' --kept-truths '{input.kept}'"
        " --round {wildcards.round} --out {params.folder} --log {log}"
