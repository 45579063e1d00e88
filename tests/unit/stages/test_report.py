"""The report of a small run: what it writes, and what its page keeps to."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import pandas as pd
import pytest
from small_run import job, make_run, spec

from hdrpipe.config.load import check_config
from hdrpipe.errors import InputError
from hdrpipe.report.page import changed_settings
from hdrpipe.stages.report import report

VOID = {"meta", "link", "img", "br", "path", "use", "rect", "input"}
OUTPUTS = {"summary.csv", "summary.json", "summary.md", "report.html", "figure.png"}


class Page(HTMLParser):
    """Elements of a page; complains of one that is closed and not open."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def all(self, attribute):
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    files = make_run(folder)
    report(spec(), files, folder / "out", job())
    return files, folder / "out"


@pytest.fixture(scope="module")
def page(made):
    return Page((made[1] / "report.html").read_text(encoding="utf-8"))


def test_every_output_has_its_provenance(made):
    assert {path.name for path in made[1].iterdir()} == OUTPUTS | {f"{name}.json" for name in OUTPUTS}


def test_the_same_files_give_the_same_report(made, tmp_path):
    report(spec(), made[0], tmp_path, job())
    for name in OUTPUTS:
        assert (tmp_path / name).read_bytes() == (made[1] / name).read_bytes(), name


def test_csv_and_json_hold_the_same_rows(made):
    rows = json.loads((made[1] / "summary.json").read_text())["methods"]
    table = pd.read_csv(made[1] / "summary.csv")
    assert table["method"].tolist() == [row["method"] for row in rows]
    assert table["psnr_mu"].tolist() == pytest.approx([row["psnr_mu"] for row in rows])
    assert table.loc[table["chosen"], "method"].tolist() == ["round 1 student"]


def test_elements_are_closed_in_order(page):
    assert page.open == []


def test_page_asks_nothing_of_the_network(page, made):
    text = (made[1] / "report.html").read_text(encoding="utf-8")
    assert page.all("src")
    assert all(address.startswith("data:image/") for address in page.all("src"))
    assert all(address.startswith(("#", "data:,")) for address in page.all("href") + page.all("xlink:href"))
    assert not re.findall(r"@import|url\((?!#)", text)
    assert "default-src 'none'" in text
    assert len(text) < 8e6


def test_links_within_the_page_lead_somewhere(page):
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    targets = [address[1:] for address in page.all("href") + page.all("xlink:href") if address.startswith("#")]
    assert targets
    assert set(targets) <= set(ids)


def test_every_picture_says_what_it_shows(page):
    viewer, pictures = [a for a in page.of("img") if "src" not in a], [a for a in page.of("img") if "src" in a]
    assert len(viewer) == 1 + 2 * 9  # the viewer, and two of each slider, which borrow the pictures of their card
    assert all("alt" in attributes for attributes in viewer)
    assert all(attributes["alt"] for attributes in pictures)


def test_galleries_show_nine_test_scenes_and_six_unlabelled_ones(page, made):
    assert len([a for a in page.of("article") if a["class"] == "card"]) == 9 + 6
    text = (made[1] / "report.html").read_text(encoding="utf-8")
    assert text.count("Mertens fusion</span>") == 9
    assert text.count("Pixel mask</span>") == 6


def test_test_scenes_come_worst_first(made):
    text = (made[1] / "report.html").read_text(encoding="utf-8")
    scores = [float(value) for value in re.findall(r"<li>PSNR-μ ([\d.]+) dB</li>", text)]
    assert len(scores) == 9
    assert scores == sorted(scores)


def test_sliders_are_ranges_with_a_name(page):
    ranges = [attributes for attributes in page.of("input") if attributes["type"] == "range"]
    assert len(ranges) == 9
    assert len({attributes["aria-label"] for attributes in ranges}) >= 3


def test_page_tells_settings_other_than_the_default(made):
    text = (made[1] / "report.html").read_text(encoding="utf-8")
    changed = text[text.index("Settings that differ from the default") :]
    assert "<code>rounds</code></th><td>2</td><td>1</td>" in changed
    assert "<code>seed</code>" not in changed


def test_page_names_config_sources_and_licences(made):
    text = (made[1] / "report.html").read_text(encoding="utf-8")
    for word in ("dataset: procedural", "CC0-1.0", "some==1.0", "snakemake"):
        assert word in text


def test_figure_is_a_wide_picture(made):
    height, width, _ = cv2.imread(str(made[1] / "figure.png")).shape
    assert width == 1600
    assert height < width / 3


def test_of_the_products_of_several_rounds_those_of_the_chosen_one_are_shown(made, tmp_path):
    later = tmp_path / "round-02"
    later.mkdir()
    parts = {name: list(getattr(made[0], name)) for name in ("predicted", "uncertainty", "masks")}
    for paths in parts.values():
        paths.append(later / paths[0].name)
        paths[-1].write_bytes(b"of another round, not to be opened")
    (tmp_path / "out").mkdir()
    report(spec(), replace(made[0], **parts), tmp_path / "out", job())
    assert (tmp_path / "out" / "figure.png").read_bytes() == (made[1] / "figure.png").read_bytes()


def test_a_product_of_another_round_is_refused(made, tmp_path):
    chosen = tmp_path / "chosen.json"
    chosen.write_text('{"round": 0}')
    files = replace(made[0], chosen=chosen)
    with pytest.raises(InputError, match="belongs to round 1, but round 0 is chosen"):
        report(spec(), files, tmp_path / "out", job())
    assert not (tmp_path / "out").exists()


def test_settings_that_need_each_other_are_compared_one_by_one():
    """The plug-in of a run has its own defaults, also where it needs another setting of the run."""
    run = check_config({"teacher": {"risk": True}, "masks": {"strategy": "measured", "options": {"rmse_pixel": 0.1}}})
    assert sorted(row for row in changed_settings(run) if row[0] != "masks.strategy") == [
        ("masks.options.rmse_pixel", 0.04, 0.1),
        ("teacher.risk", False, True),
    ]


def test_the_noise_of_matched_labels_has_a_chart(tmp_path):
    files = make_run(tmp_path)
    quiet, noisy = {"shot": 4e-4, "read": 4e-6}, {"shot": 4e-3, "read": 4e-5, "quality": 92}
    noise = {"strategy": "noise", "source": quiet, "targets": [noisy] * 3, "copies": {"a~00": noisy, "a~01": noisy}}
    (tmp_path / "noise.json").write_text(json.dumps(noise))
    report(spec(), files, tmp_path, job())
    assert "Noise of the labels" not in (tmp_path / "report.html").read_text(encoding="utf-8")
    report(spec(), replace(files, noise=[tmp_path / "noise.json"]), tmp_path, job())
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Noise of the labels" in html
    assert "That of compressed frames is what they had before." in html
    assert all(name in html for name in ("labels", "unlabelled", "copies", "standard camera = 1"))
