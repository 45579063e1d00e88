# Files that jobs read, as functions of their wildcards: scenes, weights and products of the round before, folds, scores.


def shards_of(name, shards):
    return [f"{name}-{shard}.h5" for shard in shards]


def scenes(name, shards=SCENE_SHARDS):
    """The scene products of a split (or its truth) from the run that holds them; labelled ones by fold."""

    def paths(wildcards):
        shared, split = member(wildcards.run), name.format(**wildcards)
        part = f"{shared.fold}/" if shared.fold and split.startswith("labelled") else ""
        return [
            f"<results>/{shared.scenes}/scenes/{part}{file}"
            for file in shards_of(split, shards)
        ]

    return paths


def manifests(wildcards):
    """The manifests of a run, one a shard."""
    folder = f"<results>/{wildcards.run}/scenes"
    return [f"{folder}/manifest-{shard}.json" for shard in SCENE_SHARDS]


def share_of(shard):
    """Which scene shards a shard of labels is of, and the turn and number of the label shards that share them.

    None reads a file more than it must: a label shard is of several scene shards, or several are of one.
    """
    label, labels, files = int(shard), len(LABEL_SHARDS), len(SCENE_SHARDS)
    if labels <= files:
        return SCENE_SHARDS[label::labels], 0, 1
    return (
        [SCENE_SHARDS[label % files]],
        label // files,
        -(-(labels - label % files) // files),
    )


def scenes_to_label(wildcards):
    """The unlabelled scenes of a shard of labels."""
    return scenes("unlabelled", share_of(wildcards.shard)[0])(wildcards)


def training_scenes(wildcards):
    """The labelled scenes that a training reads: matched to the unlabelled ones where the config asks for it."""
    shared = member(wildcards.run)
    if shared.config.match.strategy == "none":
        return scenes("labelled")(wildcards)
    folder = f"<results>/{shared.start}/round-00"
    return [f"{folder}/{file}" for file in shards_of("matched", SCENE_SHARDS)]


def matched_noise(wildcards):
    """`noise.json` of matched labels; none where the config matches nothing."""
    shared = member(wildcards.run)
    if shared.config.match.strategy == "none":
        return []
    return f"<results>/{shared.start}/round-00/noise.json"


def round_folder(run, number, labels=False):
    """The folder of a round, which for the first files of a study's arm is that of the run which shares them."""
    shared = member(run)
    owner = (
        shared.start
        if number == 0
        else shared.labels if labels and number == 1 else run
    )
    return f"<results>/{owner}/round-{number:02d}"


def labelled_by_teacher(*names):
    """Products of the teacher for a round."""
    return lambda wildcards: [
        f"{round_folder(wildcards.run, int(wildcards.round), labels=True)}/{name}"
        for name in names
    ]


def before(name):
    """A weights file of the round before."""
    return (
        lambda wildcards: f"{round_folder(wildcards.run, int(wildcards.round) - 1)}/{name}.safetensors"
    )


def teacher_weights(wildcards):
    """The weights of the teacher that labels for a round; none where a classical merge does."""
    source = member(wildcards.run).config.teacher.source
    return before("teacher")(wildcards) if source == "average" else []


def weights_option(wildcards, input):
    """The option that names the teacher's weights, where there are any."""
    return f"--weights {input.weights}" if input.weights else ""


def rounds(wildcards, first=0):
    """Numbers of the rounds of a run."""
    return range(first, member(wildcards.run).config.rounds + 1)


def of_rounds(name, first=0):
    """One file of every round from `first`."""
    return lambda wildcards: [
        f"{round_folder(wildcards.run, r)}/{name}" for r in rounds(wildcards, first)
    ]


def if_pseudo_labelled(files):
    """Files that only rounds with pseudo labels have; none in the warm-up and where students learn from labels alone."""
    return lambda wildcards: (
        files(wildcards)
        if int(wildcards.get("round", 1))
        and member(wildcards.run).config.pseudo_labelled
        else []
    )


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
MASKS = [
    f"<results>/{{run}}/round-{{round}}/{file}"
    for file in shards_of("masks", LABEL_SHARDS)
]


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
    folder = f"<results>/{member(wildcards.run).scenes}/scenes/{name}"
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


def of_candidates(*names):
    """Files of the rounds that may be chosen: the last one, or all that `choose.rule` picks from."""

    def paths(wildcards):
        last_only = member(wildcards.run).config.choose.rule == "last"
        numbers = rounds(wildcards, first=1)[-1 if last_only else 0 :]
        return [
            f"{round_folder(wildcards.run, number, name.startswith('uncertainty'))}/{name}"
            for number in numbers
            for name in names
        ]

    return paths


@cache
def tell_cost():
    """Say once what the study costs; a dry run says it too."""
    print(costs.summary(study_config(), RESULTS), file=sys.stderr)


def study_scores(wildcards):
    """One table for each arm, pair and regime, in the order in which the stage counts them."""
    base = study_config()
    names = [cell.run(base.run) for cell in checked(cells, base.study)]
    if not names:
        raise WorkflowError(
            "config: study.core: no arm or no pair to run; see configs/study.yaml"
        )
    tell_cost()
    return [
        f"<results>/{scored(run, member(run).config)}/scores-{base.study.split}.csv"
        for run in names
    ]


def compared_scores(wildcards):
    """One table for each arm of `compare`: the scores of its last student on the test scenes."""
    return [
        f"<results>/{run}/round-{other.config.rounds:02d}/scores-test.csv"
        for run, other in COMPARED.items()
    ]
