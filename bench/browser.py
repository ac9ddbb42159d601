"""What a person waits for: the first row of the list in Chromium, and what crosses the wire."""

from __future__ import annotations

import shutil
import statistics

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
ROW = "table tbody tr"
RUNS = 5


def bench_first_row(port: int) -> None:
    """Print milliseconds until the first row is visible, cold and warm, and the KB transferred."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("first row in the browser: not measured, there is no Chromium here")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        cold, warm, sizes = zip(*(_visit(browser, port) for _ in range(RUNS)), strict=True)
        browser.close()
    print(
        f"first row in the browser: {statistics.median(cold):.0f} ms cold "
        f"({min(cold):.0f}-{max(cold):.0f}), {statistics.median(warm):.0f} ms warm "
        f"({min(warm):.0f}-{max(warm):.0f}); {max(sizes):.0f} KB transferred at first"
    )


def _visit(browser: Browser, port: int) -> tuple[float, float, float]:
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    transferred: list[float] = []
    session.on("Network.loadingFinished", lambda e: transferred.append(e["encodedDataLength"]))
    cold = _open(page, port)
    page.wait_for_load_state("networkidle")
    size = sum(transferred) / 1024
    warm = _open(page, port)
    context.close()
    return cold, warm, size


def _open(page: Page, port: int) -> float:
    page.goto(f"http://127.0.0.1:{port}/catalog", wait_until="commit")
    page.wait_for_selector(ROW)
    return float(page.evaluate("performance.now()"))
