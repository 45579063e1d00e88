# Round 0 is the warm-up; round R is the teacher of R, the masks of R, the student of R.

ROUND = "results/{run}/round-{round}/"
TRAINED = ("student", "teacher", "optimizer")


def start_of(name):
    """The file that a student starts from, as `student.init` asks; none for `scratch`."""

    def path(wildcards):
        init = member(wildcards.run).config.student.init
        if init == "continue":
            return before(name)(wildcards)
        return (
            f"{round_folder(wildcards.run, 0)}/{name}.safetensors"
            if init == "warmup" and name == "student"
            else []
        )

    return path


UNCERTAINTY = shards_of("uncertainty", LABEL_SHARDS)
MASKS = [ROUND + file for file in shards_of("masks", LABEL_SHARDS)]


def masks_of(wildcards):
    """The mask products of a round."""
    return [path.format(**wildcards) for path in MASKS]


def asked_by_masks(flag, *names):
    """Scene products that are an input of the masks only if the options of their strategy have a flag."""

    def paths(wildcards):
        asked = getattr(member(wildcards.run).config.masks.options, flag)
        return [p for n in names for p in scenes(n)(wildcards)] if asked else []

    return paths


def teacher_of_fold(wildcards):
    """The teacher that has not learned from a fold, of the round before."""
    name = fold_name(wildcards.fold, wildcards.folds)
    place = round_folder(f"{wildcards.run}/{name}", int(wildcards.round) - 1)
    return f"{place}/teacher.safetensors"


def scenes_of_fold(wildcards):
    """The scenes that a fold holds out."""
    name = fold_name(wildcards.fold, wildcards.folds)
    folder = f"results/{member(wildcards.run).scenes}/scenes/{name}"
    return [f"{folder}/{file}" for file in shards_of("held-out", SCENE_SHARDS)]


def held_out_predictions(wildcards):
    """Products of all folds for a round; none without cross-fitting."""
    folds = member(wildcards.run).config.crossfit.folds
    return labelled_by_teacher(*products(folds))(wildcards)


def unseen_by_judge(wildcards):
    """What the judge learns from beside the labels: held-out predictions of networks trained for as many rounds."""
    number = int(wildcards.get("round", 0)) + 1
    folder = round_folder(wildcards.run, number, labels=True)
    folds = member(wildcards.run).config.loss.judge_folds
    return [f"{folder}/{name}" for name in products(folds)]


def held_option(wildcards, input):
    """The option that names held-out predictions, where there are any."""
    return f"--held-out '{input.held}'" if input.held else ""


def vgg_weights(wildcards):
    """The weights file that L^v reads, if the config names one."""
    return member(wildcards.run).config.loss.vgg_weights or []


rule warmup:
    input:
        vgg=vgg_weights,
        scenes=training_scenes,
        truths=scenes("labelled-truth"),
        held=unseen_by_judge,
    output:
        recorded(*[f"results/{{run}}/round-00/{name}.safetensors" for name in TRAINED]),
        history="results/{run}/round-00/history.csv",
        provenance="results/{run}/round-00/history.csv.json",
    log:
        "results/{run}/logs/warmup.log",
    threads: GPU_THREADS
    resources:
        gpu=CONFIG.devices,
    params:
        spec=spec("warmup"),
        code=code("warmup"),
        folder=subpath(output.history, parent=True),
        held=held_option,
    shell:
        "exec hdrpipe warmup --spec {params.spec:q} --code {params.code} --threads {threads} --devices {resources.gpu}"
        " --scenes '{input.scenes}' --truths '{input.truths}'"
        " {params.held} --out {params.folder} --state results/{wildcards.run}/.state/round-00 --log {log}"


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
        " --round {wildcards.round} --out {output[0]}"
        " --state results/{wildcards.run}/.state/teacher-{wildcards.round}-{wildcards.shard} --log {log}"


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
        spec=spec("teacher_labelled"),
        code=code("teacher"),
    shell:
        "exec hdrpipe teacher --spec {params.spec:q} --code {params.code} --threads {threads} --weights {input.weights}"
        " --scenes '{input.scenes}' --round {wildcards.round} --out {output[0]}"
        " --state results/{wildcards.run}/.state/teacher-{wildcards.round}-labelled --log {log}"


rule crossfit:
    input:
        weights=teacher_of_fold,
        scenes=scenes_of_fold,
    output:
        recorded(ROUND + "crossfit-{fold}-of-{folds}.h5"),
    log:
        "results/{run}/logs/crossfit-{round}-{fold}-of-{folds}.log",
    threads: GPU_THREADS
    resources:
        gpu=1,
    params:
        spec=spec("crossfit"),
        code=code("teacher"),
    shell:
        "exec hdrpipe teacher --spec {params.spec:q} --code {params.code} --threads {threads} --weights {input.weights}"
        " --scenes '{input.scenes}' --round {wildcards.round} --out {output[0]}"
        " --state results/{wildcards.run}/.state/crossfit-{wildcards.round}-{wildcards.fold}-of-{wildcards.folds}"
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
        recorded(*MASKS),
        statistics=ROUND + "masks.json",
        provenance=ROUND + "masks.json.json",
    log:
        "results/{run}/logs/masks-{round}.log",
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
        recorded(*[f"{ROUND}{name}.safetensors" for name in TRAINED]),
        history=ROUND + "history.csv",
        provenance=ROUND + "history.csv.json",
    log:
        "results/{run}/logs/student-{round}.log",
    wildcard_constraints:
        round=r"(?!00)\d{2,3}",
    threads: GPU_THREADS
    resources:
        gpu=CONFIG.devices,
    params:
        spec=spec("student"),
        code=code("student"),
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
        " --state results/{wildcards.run}/.state/round-{wildcards.round} --log {log}"


rule evaluate:
    input:
        student=ROUND + "student.safetensors",
        teacher=ROUND + "teacher.safetensors",
        scenes=scenes("test"),
        truths=scenes("test-truth"),
        uncertainty=if_pseudo_labelled(labelled_by_teacher(*UNCERTAINTY)),
        masks=if_pseudo_labelled(masks_of),
        kept=if_pseudo_labelled(scenes("unlabelled-truth")),
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
