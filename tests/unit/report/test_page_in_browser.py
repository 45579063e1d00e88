"""The report in a real headless Chromium, at the width of a laptop and of a phone, by keyboard alone."""

from itertools import combinations

import pytest
from browser import Browser, executable
from small_run import job, make_run, spec

from hdrpipe.stages.report import report

pytestmark = [
    pytest.mark.skipif(executable() is None, reason="no Chromium on this machine (apt-get install chromium)"),
    pytest.mark.xdist_group("browser"),
]
WIDTHS = {"laptop": (1280, 800), "phone": (375, 812)}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    report(spec(), make_run(folder), folder / "out", job())
    return (folder / "out" / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    opened = Browser(executable())
    yield opened
    opened.close()


@pytest.fixture(params=WIDTHS)
def page(browser, address, request):
    browser.open(address, *WIDTHS[request.param])
    return browser


def test_console_is_silent_and_nothing_is_asked_of_the_network(page, address):
    assert page.complaints() == []
    outside = [url for url in page.requests() if not url.startswith("data:") and url != address]
    assert outside == []


def test_the_page_is_no_wider_than_the_window(page):
    assert page.run("document.documentElement.scrollWidth") <= page.run("window.innerWidth")


def test_text_is_large_enough_and_stands_out(page):
    sizes = page.run(
        "[...document.querySelectorAll('p, li, td, th, dd, dt, button')].filter(e => e.innerText.trim())"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert len(sizes) > 100
    assert min(sizes) >= 12


def test_every_picture_is_drawn(page):
    broken = "[...document.querySelectorAll('main img')].filter(i => !i.complete || !i.naturalWidth).length"
    assert page.run(broken) == 0
    assert page.run("document.querySelectorAll('.compare:not([hidden]) img').length") == 2 * 9


def test_the_slider_moves_by_the_arrow_keys(page):
    page.run("document.querySelector('.compare input').focus()")
    cut = "getComputedStyle(document.querySelector('.compare')).getPropertyValue('--cut')"
    assert page.run(cut).strip() == "50%"
    for _ in range(3):
        page.press("ArrowRight", 39)
    assert page.run(cut).strip() == "53%"
    page.press("Home", 36)
    assert page.run(cut).strip() == "0%"


def test_a_picture_is_enlarged_walked_and_closed_by_keyboard(page):
    page.run("document.querySelector('.panel').focus()")
    page.press("Enter", 13, "\r")
    assert page.run("document.getElementById('viewer').open")
    first = page.run("document.querySelector('#viewer figcaption').textContent")
    page.press("ArrowRight", 39)
    assert page.run("document.querySelector('#viewer figcaption').textContent") != first
    page.press("Escape", 27)
    assert not page.run("document.getElementById('viewer').open")
    assert page.run("document.activeElement.className") == "panel"


def test_the_tab_key_reaches_the_skip_link_first_and_every_region_later(page):
    page.run("document.activeElement.blur()")
    page.press("Tab", 9, "\t")
    assert page.run("document.activeElement.className") == "skip"
    reachable = page.run("[...document.querySelectorAll('.scroll, pre')].every(e => e.tabIndex === 0)")
    assert reachable
    page.press("Tab", 9, "\t")
    assert page.run("document.activeElement.closest('nav') !== null")


CHART_TEXTS = """
[...document.querySelectorAll('.chart svg')].flatMap((chart, k) => {
  const edge = chart.getBoundingClientRect(), scale = edge.width / chart.viewBox.baseVal.width;
  return [...chart.querySelectorAll('text')].map(text => {
    const box = text.getBoundingClientRect();
    return {
      chart: k, words: text.textContent, x: [box.left, box.right], y: [box.top, box.bottom],
      whole: box.left >= edge.left - 1 && box.right <= edge.right + 1,
      size: scale * parseFloat(getComputedStyle(text).fontSize),
    };
  });
})
"""


def test_texts_of_charts_are_whole_and_apart_and_large_enough(page):
    texts = page.run(CHART_TEXTS)
    assert len(texts) > 100
    assert [text["words"] for text in texts if not text["whole"]] == []
    assert min(text["size"] for text in texts) >= 9
    assert [(a["words"], b["words"]) for a, b in combinations(texts, 2) if _overlap(a, b)] == []


def _overlap(a, b):
    """Whether two texts of one chart share more than a rim of one pixel."""
    shared = (min(a[axis][1], b[axis][1]) - max(a[axis][0], b[axis][0]) for axis in "xy")
    return a["chart"] == b["chart"] and all(length > 1 for length in shared)
