"""R23: names of scenes are data: from the folder to the report, the study and `compare` they stay as they are."""

import csv
import glob
import json
import unicodedata
from html.parser import HTMLParser

from camera_files import radiance, write_burst
from campaign import dice, parts

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.files.names import scene_name
from hdrpipe.stages.baselines import baselines
from hdrpipe.stages.choose import choose
from hdrpipe.stages.evaluate import LabelsOfRound, evaluate
from hdrpipe.stages.job import Job
from hdrpipe.stages.masks import MaskInputs, masks
from hdrpipe.stages.prepare import prepare
from hdrpipe.stages.report import ReportInputs, report
from hdrpipe.stages.score import score
from hdrpipe.stages.student import StudentInputs, student
from hdrpipe.stages.study import study
from hdrpipe.stages.teacher import teacher
from hdrpipe.stages.warmup import warmup
from hdrpipe.tools.compare import compared, scored
from hdrpipe.tools.inspect_pictures import scene_png
from hdrpipe.tools.label_next import picks

NAMES = [
    *("NA", "N-A", "nan", "NaN", "-nan", "null", "Null", "None", "true", "True", "no", "off", "~", "-", "inf", "#N!A"),
    *("001", "1", "1e5", "0x10", "1_000", "12:30", "2025-11-26", "-5", "+3", "1,5", ".5e"),
    *("=1+1", "@SUM(A1)", "+1+cmd|' !A0", "'quoted'", "'=2", '"twice"', 'say "hi"', "a,b;c", "a\tb", "two\nlines"),
    *("<script>alert(1)<", "<img src=x onerror=alert(1)>", "&amp;&lt;", "{{ 7*7 }}", "{% raw %}", "]]>", "--><b>"),
    *("$x^2$", "$\\frac{a$", "a$b", "`id`", "$(id)", "%s {0}", "| pipe | *bold* |", "[link](x)", "a[1]", "!important"),
    *("שלום עולם", "مرحبا", "日本語", "🙂 👨‍👩‍👧", "é", "e\u0301", "a\u202eb", "ﷺ", "nul", "x" * 200, "字" * 200),
]
"""Words of YAML, CSV and pandas, numbers, formulas, quotes, markup, templates, other scripts, great lengths."""

LETTERS = "abNA01.-=+@'\"<>&$%{}[]|*#~`,;:!?() éßשאم日🙂\u0301\u200d\n\t"


def drawn(numbers):
    """Names by chance; the number keeps each from being the name of another."""
    for number in numbers:
        random = dice("name", number)
        text = "".join(random.choices(LETTERS, k=random.randrange(1, 40)))
        yield f"{text}{number}" if random.random() < 0.5 else f"{number}{text}"


def folders_of(names, root):
    """A burst with truth for each name that is no other's, as test scenes; three more for the pool."""
    made = {}
    for number, name in enumerate(names):
        folder = name.replace("/", "_")[: 200 // max(len(mark.encode()) for mark in name)]
        scene = scene_name(folder)
        if folder.startswith(".") or scene in made or unicodedata.normalize("NFC", scene) in made:
            continue
        write_burst(root / folder, radiance(number, 32, 32), truth="HDRImg.hdr")
        made[scene] = glob.escape(scene)
    for number, name in enumerate(("Yes", "=pool")):
        write_burst(root / name, radiance(1000 + number, 32, 32))
    write_burst(root / "0.0", radiance(2000, 32, 32), truth="HDRImg.hdr")
    return made


class Stages:
    """A run of one round, stage by stage in this process."""

    def __init__(self, root, tests, out):
        training = {"steps": 1, "batch": 1, "crop": 16}
        self.out, self.round = out, out / "round-01"
        self.config = check_config(
            {
                "run": "names",
                "rounds": 1,
                "data": {
                    "dataset": "folder",
                    "labelled": ["0.0"],
                    "align": "none",
                    "options": {"root": str(root), "test": list(tests.values())},
                },
                "model": {"options": {"channels": 4}},
                "warmup": training,
                "student": {**training, "unlabelled_batch": 1},
                "study": {
                    "arms": {"supervised": {}, "NA": {}},
                    "core": {"arms": ["supervised", "NA"], "pairs": [[0, 0]]},
                },
            }
        )
        for folder in (out / "scenes", out / "round-00", self.round):
            folder.mkdir(parents=True)
        (out / "scenes" / "sources.json").write_text("[]")

    def of(self, stage):
        text = stage_spec(self.config, stage)
        return parse_spec(stage, text), Job(stage, text)

    def scenes(self, split):
        return [self.out / "scenes" / f"{split}-00.h5"]

    def train(self):
        """Everything up to the weights of round 1."""
        before, state = self.out / "round-00", self.out / "state"
        spec, job = self.of("prepare")
        prepare(spec, self.out, self.out / "scenes" / "sources.json", self.out / "scenes", job)
        labelled, truths = self.scenes("labelled"), self.scenes("labelled-truth")
        spec, job = self.of("warmup")
        warmup(spec, labelled, truths, before, state, job)
        spec, job = self.of("teacher")
        for bursts, out in ((self.scenes("unlabelled"), "uncertainty-00.h5"), (labelled, "labelled.h5")):
            teacher(spec, before / "teacher.safetensors", bursts, (0, 1), 1, self.round / out, state, job)
        spec, job = self.of("masks")
        self.labels = [self.round / "uncertainty-00.h5"]
        masks(
            spec,
            MaskInputs(self.labels, self.round / "labelled.h5", truths),
            self.round,
            self.round / "masks.json",
            job,
        )
        self.masks = [self.round / "masks-00.h5"]
        weights = (before / f"{name}.safetensors" for name in ("teacher", "student", "optimizer"))
        start = StudentInputs(labelled, truths, self.scenes("unlabelled"), self.labels, self.masks, *weights)
        spec, job = self.of("student")
        student(spec, start, 1, self.round, state, job)

    def judge(self):
        """Scores, choice and report."""
        test = self.scenes("test"), self.scenes("test-truth")
        baselines(*test, self.out / "baselines.csv", Job("baselines"))
        rounds = [self.out / "round-00", self.round]
        for number, folder in enumerate(rounds):
            labels = (
                LabelsOfRound(self.labels, self.masks, self.scenes("unlabelled-truth")) if number else LabelsOfRound()
            )
            weights = {name: folder / f"{name}.safetensors" for name in ("student", "teacher")}
            evaluate(weights, *test, labels, number, folder, Job("evaluate"))
        score(self.round / "student.safetensors", *test, self.out / "scores.csv", Job("score"))
        spec, job = self.of("choose")
        choose(spec, [self.round / "masks.json"], self.out / "chosen.json", job)
        spec, job = self.of("report")
        report(spec, self.report_inputs(rounds, *test), self.out, job)
        spec, job = self.of("study")
        study(spec, [self.out / "scores.csv"] * 2, self.out / "study", job)

    def report_inputs(self, rounds, scenes, truths):
        return ReportInputs(
            baselines=self.out / "baselines.csv",
            tables=[folder / "metrics.csv" for folder in rounds],
            metrics=[folder / "metrics.json" for folder in rounds],
            histories=[folder / "history.csv" for folder in rounds],
            statistics=[self.round / "masks.json"],
            chosen=self.out / "chosen.json",
            manifests=[self.out / "scenes" / "manifest-00.json"],
            scenes=scenes,
            truths=truths,
            predicted=[self.round / "test.h5"],
            unlabelled=self.scenes("unlabelled"),
            uncertainty=self.labels,
            masks=self.masks,
        )


class Page(HTMLParser):
    """Elements of a page, and the text of its row headings."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.rows, self.heading = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.heading = tag == "th" and ("scope", "row") in attrs
        self.rows += [""] if self.heading else []

    def handle_endtag(self, tag):
        self.heading = False

    def handle_data(self, data):
        if self.heading:
            self.rows[-1] += data


def assert_inert(path):
    """One script, that of the page itself; nothing that runs, loads or leads elsewhere."""
    page = Page(path.read_text(encoding="utf-8"))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") <= 1
    assert not {"iframe", "object", "b", "base", "form"} & set(tags)
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert all(attributes.get(name, "#").startswith(("#", "data:")) for name in ("src", "href")), (tag, attributes)
    return page


def assert_no_formula(path):
    for row in csv.reader(path.read_text(encoding="utf-8").splitlines()):
        for cell in row:
            if cell.startswith(("=", "+", "-", "@")):
                float(cell)


@parts(20, 230)
def test_names_stay_as_they_are(tmp_path, numbers, count):
    names = sorted(NAMES, key=lambda name: NAMES.index(name) % 3)  # some of every kind come first
    names = [*names[numbers.start : numbers.stop], *drawn(range(max(len(names), numbers.start), numbers.stop))]
    tests = folders_of(names, tmp_path / "data")
    run = Stages(tmp_path / "data", tests, tmp_path / "run")
    run.train()
    run.judge()
    wanted = sorted(tests)

    manifest = json.loads((run.out / "scenes" / "manifest-00.json").read_text())
    assert sorted(manifest["splits"]["test"]) == wanted
    assert sorted(manifest["splits"]["unlabelled"]) == ["=pool", "Yes"]
    assert sorted(scored(run.out).rows) == wanted
    assert f"{len(wanted)} test scenes in {len(wanted)} groups" in compared(run.out, run.out)
    for path in (run.out / "baselines.csv", run.round / "metrics.csv", run.out / "summary.csv", run.out / "scores.csv"):
        assert_no_formula(path)
    assert json.loads((run.out / "summary.json").read_text())["scenes"] == len(wanted)
    assert json.loads((run.out / "study" / "study.json").read_text())["arms"][1]["arm"] == "NA"
    page = assert_inert(run.out / "report.html")
    assert sorted(name for name in page.rows if name in tests) == wanted
    assert_inert(run.out / "study" / "study.html")
    assert {pick.scene for pick in picks(run.out, 2)[0]} == {"=pool", "Yes"}
    for name in wanted[:: 1 + len(wanted) // 3]:
        assert scene_png(run.round / "test.h5", name).startswith(b"\x89PNG")
    count("R23", len(wanted))
