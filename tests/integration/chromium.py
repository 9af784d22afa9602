"""Debian's Chromium, driven by Playwright: what a page is in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from orchestrator.system.apt import install_on_host
from orchestrator.system.progress import Silent

#: Without a font Chromium draws no letters, and nothing has a width.
PACKAGES = {"chromium": "chromium", "fonts-dejavu-core": ""}


@contextmanager
def running() -> Iterator[Browser]:
    """Install it where it is missing, start it, and end it. Playwright's own download is not used."""
    install_on_host(PACKAGES, progress=Silent())
    with sync_playwright() as playwright:
        # Its sandbox wants a user of its own; only pages that these tests made are opened.
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def findings(page: Page) -> list[str]:
    """Ask axe-core what is wrong with a page as it stands; what it holds to be serious or critical, with the place."""
    page.evaluate(_axe())
    found: list[dict[str, Any]] = page.evaluate("axe.run().then((result) => result.violations)")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
