"""The manual where it is read: man pages by groff and mandoc, the site in a real browser."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from orchestrator.manual.writing import Form, files, write
from orchestrator.system.apt import install_on_host
from orchestrator.system.progress import Silent
from tests.integration import chromium

ROOT = Path(__file__).resolve().parents[2]

#: Pages that differ in what is on them: prose with tables and blocks, a command, a file's keys, a catalogue, many headings.
PAGES = ("index", "maintainer", "reference/list", "reference/versions.json", "reference/proofs", "project/readme")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    install_on_host({"groff": "groff", "mandoc": "mandoc", "man-db": "man"}, progress=Silent())
    directory = tmp_path_factory.mktemp("man")
    write(files(Form.MAN), directory)
    return directory


def test_groff_has_nothing_to_warn_of(pages: Path) -> None:
    for page in sorted(pages.glob("man*/*")):
        done = _ran("groff", "-man", "-Tutf8", "-ww", "-rLL=80n", str(page))
        assert done.stderr == "", page.name
        # Bold is a letter printed twice.
        assert "NAME" in re.sub(".\b", "", done.stdout)


def test_mandoc_has_nothing_to_warn_of(pages: Path) -> None:
    for page in sorted(pages.glob("man*/*")):
        said = _ran("mandoc", "-Tlint", "-Wwarning", str(page)).stdout.splitlines()
        # A page that is the same every day has no date.
        assert [line for line in said if "missing date" not in line] == [], page.name


def test_man_finds_the_pages_and_shows_what_can_be_typed(pages: Path) -> None:
    shown = _ran(
        "env", f"MANPATH={pages}", "MANWIDTH=100", "LC_ALL=C.UTF-8", "man", "-P", "cat", "orchestrator-build"
    ).stdout
    assert "orchestrator build --version 3.7 --variant slim --arch arm64v8" in shown
    assert "--keep-going / --fail-fast" in shown
    assert (
        "best_effort_architectures"
        in _ran("env", f"MANPATH={pages}", "LC_ALL=C.UTF-8", "man", "-P", "cat", "5", "versions.json").stdout
    )


def _ran(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site")
    write(files(Form.SITE), directory)
    return directory


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.running() as found:
        yield found


def opened(browser: Browser, file: Path, *, width: int = 1280, scheme: str = "light", bypass: bool = False) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=bypass,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", PAGES)
def test_axe_has_nothing_serious_to_say(browser: Browser, site: Path, name: str, width: int, scheme: str) -> None:
    page = opened(browser, site / f"{name}.html", width=width, scheme=scheme, bypass=True)
    assert chromium.findings(page) == []
    page.context.close()


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1920])
def test_no_page_scrolls_sideways(browser: Browser, site: Path, width: int) -> None:
    page = opened(browser, site / "index.html", width=width)
    for file in sorted(site.rglob("*.html")):
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, file.name
    page.context.close()


def test_every_link_between_pages_leads_to_a_page_and_a_place_on_it(browser: Browser, site: Path) -> None:
    page = opened(browser, site / "index.html")
    links: set[str] = set()
    anchors: dict[str, set[str]] = {}
    for file in sorted(site.rglob("*.html")):
        page.goto(file.as_uri())
        links |= set(page.evaluate("[...document.links].map((one) => one.href)"))
        anchors[file.as_uri()] = set(page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)"))
    within = {link for link in links if link.startswith("file:")}
    assert len(within) > 100
    for link in within:
        target, _, anchor = link.partition("#")
        if target in anchors:
            assert not anchor or anchor in anchors[target], link
        else:
            assert Path(target.removeprefix("file://")).is_file(), link
    page.context.close()


def test_pages_ask_for_nothing_and_the_console_stays_empty(browser: Browser, site: Path) -> None:
    said: list[str] = []
    asked: list[str] = []
    page = opened(browser, site / "index.html")
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    for name in PAGES:
        page.goto((site / f"{name}.html").as_uri())
    assert said == []
    assert [url for url in asked if not url.endswith(".html") and not url.startswith("data:")] == []
    page.context.close()


def test_the_menu_is_beside_the_text_and_on_a_phone_below_it(browser: Browser, site: Path) -> None:
    page = opened(browser, site / "developer.html")
    assert page.locator(".menu a[aria-current='page']").inner_text() == "Building one image"
    text, menu = page.locator("article").bounding_box(), page.locator(".menu").bounding_box()
    assert text is not None
    assert menu is not None
    assert menu["x"] + menu["width"] <= text["x"]
    page.set_viewport_size({"width": 360, "height": 800})
    page.get_by_role("link", name="Menu").click()
    assert page.locator(".menu a", has_text="Publishing").is_visible()
    text, menu = page.locator("article").bounding_box(), page.locator(".menu").bounding_box()
    assert text is not None
    assert menu is not None
    assert menu["y"] >= text["y"] + text["height"]
    page.get_by_role("link", name="Publishing").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Publishing"
    page.context.close()


def test_the_keyboard_skips_the_menu_and_dark_is_dark(browser: Browser, site: Path) -> None:
    page = opened(browser, site / "index.html", scheme="dark")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
    ground = "getComputedStyle(document.body).backgroundColor"
    light = opened(browser, site / "index.html")
    assert page.evaluate(ground) != light.evaluate(ground)
    page.context.close()
    light.context.close()
