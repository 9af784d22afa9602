"""The page of a run in a real browser: opened as a file, looked at wide and narrow, light and dark, and used with the keyboard alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from orchestrator.report.run.model import RunReport
from orchestrator.report.run.page.page import render
from tests.integration import chromium
from tests.unit.report.page import sample

#: Seconds from the navigation to a grid that answers to the keyboard.
BAR = 3.0


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A page, what its console said, and what it asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.running() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("pages")
    reports = {
        "night": sample.night(),
        "green": sample.green(),
        "idle": sample.idle(),
        "many": sample.many(),
        "crowd": crowd(),
    }
    written = {}
    for name, report in reports.items():
        written[name] = directory / f"{name}.html"
        written[name].write_text(render(report), encoding="utf-8")
    return written


def crowd() -> RunReport:
    """The night on eight architectures."""
    report = sample.night()
    more = ("arm32v5", "arm32v7", "i386", "ppc64le", "riscv64", "s390x")
    others = [replace(cell, arch=arch, id=f"{cell.image}-{arch}") for cell in report.cells[::2] for arch in more]
    return replace(report, cells=(*report.cells, *others))


@pytest.fixture
def open_page(browser: Browser, pages: dict[str, Path]) -> Iterator[Open]:
    contexts = []

    def opened(name: str, *, width: int = 1280, height: int = 900, place: str = "", **options: Any) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        result = Opened(page=context.new_page())
        result.page.on("console", lambda message: result.said.append(f"{message.type}: {message.text}"))
        result.page.on("pageerror", lambda error: result.said.append(str(error)))
        result.page.on("request", lambda request: result.asked.append(request.url))
        result.page.goto(f"{pages[name].as_uri()}{place}")
        if options.get("java_script_enabled", True):
            result.page.wait_for_selector("html[data-ready=all]", state="attached")
        return result

    yield opened
    for context in contexts:
        context.close()


def focused(page: Page) -> str:
    return str(
        page.evaluate("(document.activeElement.closest('td,button,input,h2') || document.activeElement).innerText")
    )


def width_of(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


@pytest.mark.parametrize("name", ["night", "green", "idle", "many"])
def test_it_asks_for_nothing_but_itself_and_the_console_stays_empty(open_page: Open, name: str) -> None:
    opened = open_page(name)
    opened.page.locator("td.cell[data-cell]").nth(2).click()
    opened.page.keyboard.press("j")
    opened.page.keyboard.press("Escape")
    opened.page.keyboard.press("?")
    opened.page.keyboard.press("Escape")
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in opened.asked if url.startswith("file:")]) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("place", ["", "#cell-3.7-slim-stretch-amd64", "#cell-3.5-stretch-arm64v8", "keys"])
def test_axe_has_nothing_serious_to_say(open_page: Open, scheme: str, width: int, place: str) -> None:
    # The page's own policy keeps axe-core's script out, too; without motion, as colours in between are no colours of the page.
    opened = open_page(
        "night",
        width=width,
        place=place.removeprefix("keys"),
        color_scheme=scheme,
        bypass_csp=True,
        reduced_motion="reduce",
    )
    if place == "keys":
        opened.page.keyboard.press("?")
    assert opened.page.locator("dialog[open]").count() == bool(place)
    assert chromium.findings(opened.page) == []


@pytest.mark.parametrize("name", ["green", "idle", "many", "crowd"])
def test_axe_has_nothing_serious_to_say_of_other_nights(open_page: Open, name: str) -> None:
    assert chromium.findings(open_page(name, bypass_csp=True, reduced_motion="reduce").page) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1920])
@pytest.mark.parametrize("name", ["night", "many", "crowd"])
def test_the_page_never_scrolls_sideways(open_page: Open, name: str, width: int) -> None:
    opened = open_page(name, width=width)
    assert width_of(opened.page) <= width
    # Nor is anything cut off to keep it so: the kind of a failure alone may end in dots.
    cut = "those => those.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"
    assert opened.page.locator("td.cell p").evaluate_all(cut) == []
    opened.page.locator("td.cell[data-cell]").first.click()
    assert opened.page.evaluate("document.getElementById('details').scrollWidth") <= width
    assert width_of(opened.page) <= width


def test_arrows_move_in_the_grid_enter_opens_and_escape_comes_back(open_page: Open) -> None:
    page = open_page("night").page
    grid = page.get_by_role("grid", name="Cells")
    assert grid.get_attribute("aria-rowcount") == "23"
    assert page.locator("td[tabindex='0']").count() == 1
    page.locator("td[tabindex='0']").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    assert page.locator("td[tabindex='0']").count() == 1
    assert "upstream gone" in focused(page)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="3.7-alpine3.8-arm64v8")
    assert dialog.is_visible()
    assert page.url.endswith("#cell-3.7-alpine3.8-arm64v8")
    assert focused(page) == "3.7-alpine3.8-arm64v8"
    page.keyboard.press("j")
    assert page.get_by_role("dialog", name="3.7-alpine3.7-amd64").is_visible()
    page.keyboard.press("k")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert "#" not in page.url
    assert "upstream gone" in focused(page)
    page.keyboard.press("Control+End")
    assert page.locator("tr[data-row='21'] td[data-column='1']:focus").count() == 1
    page.keyboard.press("Control+Home")
    assert page.locator("tr[data-row='0'] td[data-column='0']:focus").count() == 1


def test_slash_goes_to_the_filter_and_words_states_and_architectures_narrow_the_grid(open_page: Open) -> None:
    page = open_page("night").page
    page.keyboard.press("/")
    assert page.locator("#filter:focus").count() == 1
    page.keyboard.type("alpine failed")
    assert page.locator("#shown").inner_text() == "3 of 44 cells"
    assert page.locator("td.cell[data-cell]").count() == 3
    page.locator("#filter").fill("")
    page.get_by_role("group", name="State").get_by_role("button", name="not tried").click()
    assert page.locator("#shown").inner_text() == "2 of 44 cells"
    page.get_by_role("group", name="Architecture").get_by_role("button", name="amd64").click()
    assert page.locator("#grid-place").inner_text() == "No cell is like that."
    page.locator(".tallies a", has_text="failed").click()
    assert page.locator("#shown").inner_text() == "1 of 44 cells"
    assert page.locator("td.cell[data-cell]").get_attribute("data-state") == "failed"


def test_a_link_to_a_cell_opens_it_with_all_that_is_known_of_it(open_page: Open) -> None:
    page = open_page("night", place="#cell-3.7-slim-stretch-amd64").page
    (cell,) = (one for one in sample.night().cells if one.id == "3.7-slim-stretch-amd64")
    verdicts = Counter(proof.verdict for proof in cell.proofs)
    assert all(verdicts[one] for one in ("failed", "not made", "passed"))
    told = f"{verdicts['failed']} failed, {verdicts['not made']} not made, {verdicts['passed']} passed"
    said = page.get_by_role("dialog").inner_text()
    for word in (
        "new in this run", 'was "libssl1.0-dev', "needs libssl.so.1.0.2", told, "tzdata", "cached",
        "sha256:", "/var/lib/orchestrator/logs/128/3.7-slim-stretch-amd64.log", "PSF-2.0", "COPY --from=build", "as a table",
        "make build VERSION=3.7 VARIANT=slim-stretch ARCH=amd64",
    ):  # fmt: skip
        assert word in said, word
    first = page.get_by_role("region", name="Proofs", exact=True).locator("tbody tr").first
    assert first.get_attribute("data-verdict") == "failed"
    page.get_by_label("Search packages and licences").fill("psf cpython")
    assert page.get_by_role("region", name="Packages", exact=True).locator("tbody tr:visible").count() == 1
    page.get_by_label("Search the proofs").fill("libssl")
    assert page.get_by_role("region", name="Proofs", exact=True).locator("tbody tr:visible").count() == 1


def test_the_command_that_reproduces_is_copied(open_page: Open) -> None:
    page = open_page("night", permissions=["clipboard-read", "clipboard-write"]).page
    button = page.locator("#failed .copy").first
    button.click()
    page.wait_for_function("() => document.querySelector('#failed .copy').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == "make build VERSION=3.7 VARIANT=alpine3.8 ARCH=arm64v8"


def test_the_timeline_is_walked_by_arrows_and_says_what_each_bar_is(open_page: Open) -> None:
    page = open_page("night").page
    bar = page.locator(".gantt [tabindex='0'][data-bar]")
    assert bar.count() == 1
    bar.focus()
    first = page.locator("#tip").inner_text()
    assert "failed (" in first
    assert "UTC" in first
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").inner_text() != first
    page.keyboard.press("ArrowDown")
    told = page.locator("#tip").inner_text()
    wide = page.evaluate("document.querySelector('.gantt .wide').offsetWidth")
    page.keyboard.press("+")
    assert page.evaluate("document.querySelector('.gantt .wide').offsetWidth") > 1.3 * wide
    assert page.locator("#tip").inner_text() == told
    page.keyboard.press("0")
    assert page.evaluate("document.querySelector('.gantt .wide').offsetWidth") == pytest.approx(wide, abs=2)
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog", name=told.split(":")[0]).is_visible()
    page.keyboard.press("Escape")
    assert page.locator("[data-bar]:focus").count() == 1


def test_native_and_emulated_differ_in_pattern_and_failures_are_marked(open_page: Open) -> None:
    page = open_page("night").page
    pattern = "one => getComputedStyle(one).backgroundImage"
    assert "gradient" in page.locator(".span.emulated:not(.thin)").first.evaluate(pattern)
    assert page.locator(".span:not(.emulated)").first.evaluate(pattern) == "none"
    assert page.locator(".span.failed").count() == 5
    assert page.locator(".span.failed .label").first.inner_text().startswith("✕")


def test_the_theme_follows_the_system_until_it_is_chosen_and_is_remembered(open_page: Open) -> None:
    page = open_page("night", color_scheme="dark").page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Theme: System theme").click()
    light = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == light
    page.get_by_role("button", name="Theme: Light").click()
    assert page.evaluate(ground) == dark


def test_moments_are_in_the_readers_time_with_utc_at_hand(open_page: Open) -> None:
    page = open_page("night", timezone_id="Asia/Tokyo", locale="de-DE").page
    moment = page.locator(".facts time").first
    assert "10:30" in moment.inner_text()
    assert "Okt" in moment.inner_text()
    assert moment.get_attribute("title") == "2026-10-07 01:30 UTC"


def test_nothing_moves_for_those_who_want_it_so(open_page: Open) -> None:
    animation = "getComputedStyle(document.getElementById('details')).animationName"
    assert open_page("night", place="#cell-3.7-stretch-amd64").page.evaluate(animation) == "slide"
    calm = open_page("night", place="#cell-3.7-stretch-amd64", reduced_motion="reduce").page
    assert calm.evaluate(animation) == "none"


def test_without_javascript_verdict_failures_and_a_plain_table_are_there(open_page: Open) -> None:
    page = open_page("night", java_script_enabled=False, width=360).page
    assert page.get_by_role("heading", level=1).inner_text() == "5 of 31 cells failed"
    assert page.locator(".cause").count() == 3
    assert page.locator(".plain-cells tbody tr").count() == 44
    assert page.locator(".scripted:visible").count() == 0


def test_on_paper_there_is_no_furniture(open_page: Open) -> None:
    page = open_page("night", color_scheme="dark").page
    page.emulate_media(media="print")
    assert page.locator(".bar").is_hidden()
    assert page.locator("#controls").is_hidden()
    assert page.locator(".cause").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_ten_thousand_cells_open_within_the_bar_and_only_those_in_sight_are_in_the_page(open_page: Open) -> None:
    taken = []
    for _ in range(3):
        page = open_page("many").page
        taken.append(page.evaluate("performance.getEntriesByName('grid')[0].startTime") / 1000)
        if taken[-1] < BAR / 2:
            break
    assert min(taken) < BAR, taken
    assert page.locator("td.cell").count() < 200
    assert page.get_by_role("grid", name="Cells").get_attribute("aria-rowcount") == "5001"
    page.locator("td[tabindex='0']").focus()
    page.keyboard.press("Control+End")
    last = page.locator("td:focus")
    assert last.locator("xpath=..").get_attribute("aria-rowindex") == "5001"
    assert last.evaluate(
        "one => { const box = one.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; }"
    )
    page.keyboard.press("ArrowUp")
    assert page.locator("td:focus").locator("xpath=..").get_attribute("aria-rowindex") == "5000"
    page.keyboard.press("/")
    page.keyboard.type("3.11 failed")
    assert page.locator("#shown").inner_text() == "20 of 10000 cells"
    page.evaluate("scrollTo(0, 0)")
    assert page.locator(".span").count() < 3000


def test_a_row_stands_where_the_scrollbar_says_in_a_long_grid(open_page: Open) -> None:
    page = open_page("many").page
    for share in (0.3, 0.7, 0.05):
        page.evaluate(
            "share => { const box = document.querySelector('.cells').getBoundingClientRect(); scrollTo({ top: box.top + scrollY + box.height * share, behavior: 'instant' }); }",
            share,
        )
        page.wait_for_function(
            "() => { const seen = document.elementFromPoint(innerWidth / 2, innerHeight / 2); return seen && seen.closest('tr[data-row]'); }"
        )
        row = int(page.evaluate("document.elementFromPoint(innerWidth / 2, innerHeight / 2).closest('tr').dataset.row"))
        assert row == pytest.approx(5000 * share, abs=25)
