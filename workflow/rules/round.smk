# Round 0 is the warm-up; round R is the teacher of R, the masks of R, the student of R.

ROUND = "results/{run}/round-{round}/"
TRAINED = ("student", "teacher", "optimizer")


def start_of(name):
    """The file that a student starts from, as `student.init` asks; none for `scratch`."""

    def path(wildcards):
        init = RUNS[wildcards.run].student.init
        if init == "continue":
            return before(name)(wildcards)
        return (
            f"results/{wildcards.run}/round-00/{name}.safetensors"
            if init == "warmup" and name == "student"
            else []
        )

    return path


def labels_of(pattern):
    """Files of a round that only rounds with pseudo labels have."""
    return lambda wildcards: (
        [path.format(**wildcards) for path in pattern] if int(wildcards.round) else []
    )


rule warmup:
    input:
        scenes=scenes("labelled"),
        truths=scenes("labelled-truth"),
    output:
        recorded(*[f"results/{{run}}/round-00/{name}.safetensors" for name in TRAINED]),
        history="results/{run}/round-00/history.csv",
        provenance="results/{run}/round-00/history.csv.json",
    log:
        "results/{run}/logs/warmup.log",
    threads: GPU_THREADS
    resources:
        gpu=1,
    params:
        spec=spec("warmup"),
        code=code("warmup"),
        folder=subpath(output.history, parent=True),
    shell:
        "exec hdrpipe warmup --spec {params.spec:q} --code {params.code} --threads {threads}"
        " --scenes '{input.scenes}' --truths '{input.truths}'"
        " --out {params.folder} --state results/{wildcards.run}/.state/round-00 --log {log}"


rule teacher:
    input:
        weights=before("teacher"),
        scenes=scenes("unlabelled"),
    output:
        recorded(ROUND + "uncertainty-{shard}.h5"),
    log:
        "results/{run}/logs/teacher-{round}-{shard}.log",
    threads: GPU_THREADS
    resources:
        gpu=1,
    params:
        spec=spec("teacher"),
        code=code("teacher"),
        shards=len(LABEL_SHARDS),
    shell:
        "exec hdrpipe teacher --spec {params.spec:q} --code {params.code} --threads {threads}"
        " --weights {input.weights} --scenes '{input.scenes}' --shard {wildcards.shard} --shards {params.shards}"
        " --round {wildcards.round} --out {output[0]} --log {log}"


rule teacher_labelled:
    input:
        weights=before("teacher"),
        scenes=scenes("labelled"),
    output:
        recorded(ROUND + "labelled.h5"),
    log:
        "results/{run}/logs/teacher-{round}-labelled.log",
    threads: GPU_THREADS
    resources:
        gpu=1,
    params:
        code=code("teacher"),
    shell:
        "exec hdrpipe teacher --code {params.code} --threads {threads} --weights {input.weights}"
        " --scenes '{input.scenes}' --round {wildcards.round} --out {output[0]} --log {log}"


rule masks:
    input:
        uncertainty=labels("uncertainty"),
        labelled=ROUND + "labelled.h5",
        truths=scenes("labelled-truth"),
    output:
        recorded(*labels("masks")),
        statistics=ROUND + "masks.json",
        provenance=ROUND + "masks.json.json",
    log:
        "results/{run}/logs/masks-{round}.log",
    params:
        spec=spec("masks"),
        code=code("masks"),
        folder=subpath(output.statistics, parent=True),
    shell:
        "exec hdrpipe masks --spec {params.spec:q} --code {params.code} --uncertainty '{input.uncertainty}'"
        " --labelled {input.labelled} --truths '{input.truths}' --out {params.folder}"
        " --statistics {output.statistics} --log {log}"


rule student:
    input:
        scenes=scenes("labelled"),
        truths=scenes("labelled-truth"),
        unlabelled=scenes("unlabelled"),
        uncertainty=labels("uncertainty"),
        masks=labels("masks"),
        teacher=before("teacher"),
        start=start_of("student"),
        optimizer=start_of("optimizer"),
    output:
        recorded(*[f"{ROUND}{name}.safetensors" for name in TRAINED]),
        history=ROUND + "history.csv",
        provenance=ROUND + "history.csv.json",
    log:
        "results/{run}/logs/student-{round}.log",
    wildcard_constraints:
        round=r"(?!00)\d{2}",
    threads: GPU_THREADS
    resources:
        gpu=1,
    params:
        spec=spec("student"),
        code=code("student"),
        folder=subpath(output.history, parent=True),
        start=lambda wildcards, input: " ".join(
            f"--{n} {input[n]}" for n in ("start", "optimizer") if input.get(n)
        ),
    shell:
        "exec hdrpipe student --spec {params.spec:q} --code {params.code} --threads {threads}"
        " --scenes '{input.scenes}' --truths '{input.truths}' --unlabelled '{input.unlabelled}'"
        " --uncertainty '{input.uncertainty}' --masks '{input.masks}' --teacher {input.teacher} {params.start}"
        " --round {wildcards.round} --out {params.folder}"
        " --state results/{wildcards.run}/.state/round-{wildcards.round} --log {log}"


rule evaluate:
    input:
        student=ROUND + "student.safetensors",
        teacher=ROUND + "teacher.safetensors",
        scenes=scenes("test"),
        truths=scenes("test-truth"),
        uncertainty=labels_of(labels("uncertainty")),
        masks=labels_of(labels("masks")),
        kept=labels_of(scenes("unlabelled-truth")),
    output:
        recorded(ROUND + "metrics.csv", ROUND + "test.h5"),
        means=ROUND + "metrics.json",
        provenance=ROUND + "metrics.json.json",
    log:
        "results/{run}/logs/evaluate-{round}.log",
    threads: GPU_THREADS
    resources:
        gpu=1,
    params:
        code=code("evaluate"),
        folder=subpath(output.means, parent=True),
    shell:
        "exec hdrpipe evaluate --code {params.code} --threads {threads} --student {input.student}"
        " --teacher {input.teacher} --scenes '{input.scenes}' --truths '{input.truths}'"
        " --uncertainty '{input.uncertainty}' --masks '{input.masks}' --kept-truths '{input.kept}'"
        " --round {wildcards.round} --out {params.folder} --log {log}"
