"""The documentation site: built without a warning, whole, and readable without a network."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import browser
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    ROOT / "config" / "README.md",
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "docs").rglob("*.ipynb"),
]
LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""Attribute of an element whose file a browser loads with the page."""

FOUND = """new Promise(done => {
  const titles = () => [...document.querySelectorAll("#search-results li a")].map(item => item.textContent)
  const look = () => titles().includes("Fusing a burst") ? done() : setTimeout(look, 50)
  look()
})"""
"""Script that ends once the search has found the page about `fuse`."""

pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folder of the site, built as `make docs` does."""
    pytest.importorskip("sphinx_external_toc", reason="needs the extra [docs]; `make docs` installs it")
    folder = tmp_path_factory.mktemp("site")
    strict = ("--quiet", "--fail-on-warning", "--keep-going")
    command = [sys.executable, "-m", "sphinx", *strict, "-c", "docs", "-d", folder / "doctrees", ".", folder / "html"]
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / "html"


class Loaded(HTMLParser):
    """Addresses of what a page loads."""

    def __init__(self, page):
        super().__init__()
        self.addresses = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        address = dict(attrs).get(LOADING.get(tag, ""))
        if address:
            self.addresses.append(address)


def test_every_page_is_in_the_site(site):
    made = {path.relative_to(site) for path in site.rglob("*.html")}
    assert {page.relative_to(ROOT).with_suffix(".html") for page in PAGES} <= made


def test_pages_load_nothing_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    loaded = {address for page in pages for address in Loaded(page.read_text(encoding="utf-8")).addresses}
    assert any(address.endswith(".js") for address in loaded)
    assert not [address for address in loaded if re.match(r"(\w+:)?//", address)]
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.findall(r"@import[^;]*//|url\(\s*[\"']?(?:\w+:)?//[^)]*", styles)


def test_references_are_made_from_the_code(site):
    commands = (site / "docs" / "cli.html").read_text(encoding="utf-8")
    assert 'id="hdrpipe-fuse"' in commands
    assert "--blend" in commands
    assert "hdrpipe.api.read_product" in (site / "docs" / "api.html").read_text(encoding="utf-8")
    plugins = (site / "docs" / "plugins.html").read_text(encoding="utf-8")
    assert "hdrpipe.config.mask_options.MaskOptions" in plugins
    assert "dtype" not in plugins


@pytest.mark.skipif(browser.executable() is None, reason="needs Chromium")
def test_the_search_works_in_pages_opened_as_files(site):
    page = browser.Browser(browser.executable())
    try:
        page.open(f"{(site / 'search.html').as_uri()}?q=gain+map", 1200, 900)
        page.run(FOUND)
        assert all(address.startswith(("file:", "data:")) for address in page.requests())
        assert not page.complaints()
    finally:
        page.close()
