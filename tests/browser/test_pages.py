"""The pages in a real browser: drawn, filtered, walked through, readable, and silent towards the network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from recipe_sweep.analysis.report.report import write_report
from recipe_sweep.analysis.report.two_sweeps_files import load_side, write_comparison
from recipe_sweep.search_spaces.vocabulary import Decomposition
from recipe_sweep.sweep.results.schema import REHEARSAL
from tests.analysis import synthetic
from tests.analysis.synthetic import synthetic_points, write_sweep

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1280, 900), (390, 844)
POINTS = synthetic_points(
    tasks=("2ant", "simple_spread"),
    datasets=("expert", "medium"),
    seeds=range(4),
    brac_alphas=(0.1, 1.0),
    awr_alphas=(1.0, 3.0),
)
SCREENSHOTS = "RECIPE_SWEEP_SCREENSHOTS"
"""A directory: pictures of the pages are left there to look at."""

CONTRASTS = """() => {
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const rgba = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const poor = [];
  for (const element of document.querySelectorAll("main *, header *, .made-up *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest("noscript, script") || !element.getClientRects().length) continue;
    const style = getComputedStyle(element), ink = rgba(element instanceof SVGElement ? style.fill : style.color);
    const [light, dark] = [luminance(ink), luminance(behind(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName} ${element.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


class Opened(NamedTuple):
    """A page in the browser, what its console said, and all that it asked for."""

    page: Any
    said: list[str]
    asked: list[str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[browser]'")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed, and `apt-get install chromium` did not work here")
    with playwright.sync_playwright() as driver:
        # Its sandbox wants privileges that containers lack; the pages are our own files.
        opened = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sweep_dir = write_sweep(tmp_path_factory.mktemp("some") / "sweep", POINTS)
    page = write_report(sweep_dir, POINTS, 0, sweep_dir / "report").page
    assert page is not None
    return page


def visit(browser: Any, path: Path, size: tuple[int, int] = DESKTOP, scheme: str = "light") -> Opened:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    return Opened(page, said, asked)


def picture(opened: Opened, name: str) -> None:
    folder = os.environ.get(SCREENSHOTS)
    if folder:
        opened.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def outward(opened: Opened, path: Path) -> list[str]:
    return [url for url in opened.asked if url != path.as_uri() and not url.startswith("data:")]


@pytest.mark.parametrize(("name", "size"), [("desktop", DESKTOP), ("phone", PHONE)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_is_drawn_without_errors_requests_or_sideways_scrolling(
    browser: Any, report: Path, name: str, size: tuple[int, int], scheme: str
) -> None:
    opened = visit(browser, report, size, scheme)
    picture(opened, f"report-{name}-{scheme}")
    assert opened.said == []
    assert outward(opened, report) == []
    assert opened.page.locator("#figure7 .panel").count() == 2 * 11
    assert opened.page.locator("#figure7 .bar").count() == 2 * 11 * 4
    assert opened.page.locator("#alpha .panel").count() == 2 * 2 * 2
    assert opened.page.locator("#curves .panel").count() == 2 * 2
    assert opened.page.locator("#profiles .panel h5").all_inner_texts() == ["decomposition", "value learning", "extraction"]
    assert opened.page.locator("#choices tbody tr").count() == 4 + 3 + 2
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert opened.page.evaluate(CONTRASTS) == []
    opened.page.close()


def test_filters_leave_what_they_say(browser: Any, report: Path) -> None:
    opened = visit(browser, report)
    page = opened.page
    page.select_option("#f-task", label="MPE - simple spread")
    assert page.locator("#figure7 .panel").count() == 11
    page.select_option("#f-value", label="IQL")
    page.select_option("#f-extraction", label="AWR")
    assert page.locator("#figure7 .panel h5").all_inner_texts() == ["IQL · AWR"]
    page.uncheck("#f-decomposition input[value='0']")
    assert page.locator("#figure7 .bar").count() == 3
    assert page.locator("#alpha .panel").count() == 2
    page.select_option("#f-dataset", label="expert")
    assert page.locator("#curves .panel").count() == 1
    wanted = [point for point in POINTS if (point.task, point.dataset) == ("simple_spread", "expert")]
    wanted = [point for point in wanted if (point.value_learning, point.extraction) == ("iql", "awr")]
    left = {point.config_id for point in wanted if point.decomposition is not Decomposition.CEN}
    assert page.locator("#configuration-count").inner_text().startswith(f"{len(left)} of ")
    page.fill("#f-text", "mix 0.9 3")
    assert page.locator("#configuration-table tbody tr").count() == 1
    page.fill("#f-text", "")
    page.click("#filters button[type=reset]")
    page.locator("#figure7 .panel").nth(21).wait_for(state="attached")  # Not by a script of ours: the page's policy refuses it.
    assert page.locator("#figure7 .panel").count() == 22
    assert opened.said == []
    page.close()


def test_bars_of_a_dataset_alone_are_marked_though_nothing_was_tested(browser: Any, report: Path) -> None:
    page = visit(browser, report).page
    page.select_option("#f-task", label="MPE - simple spread")
    page.select_option("#f-dataset", label="expert")
    assert page.locator("#figure7 .panel").count() == 6
    for panel in page.locator("#figure7 .panel").all():
        assert panel.locator(".bar").count() == 4
        assert panel.locator(".bar.best, .bar.tied").count() == 0
    page.close()


def test_a_panel_is_walked_through_with_the_arrow_keys(browser: Any, report: Path) -> None:
    page = visit(browser, report).page
    page.locator("#figure7 .panel").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").is_visible()
    assert page.locator("#spoken").inner_text().startswith("Cen: ")
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").inner_text().startswith("Mix: ")
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()
    page.close()


def test_pointing_at_a_bar_tells_its_numbers(browser: Any, report: Path) -> None:
    page = visit(browser, report).page
    page.locator("#figure7 .panel", has_text="SARSA · AWR").first.locator(".bar").nth(1).hover()
    text = page.locator("#tip").inner_text()
    assert "Mix: " in text
    assert "as in the paper" in text
    assert "expert: " in text
    page.close()


def test_walking_through_a_profile_tells_the_share_and_the_score(browser: Any, report: Path) -> None:
    page = visit(browser, report).page
    page.locator("#profiles .panel").first.focus()
    page.keyboard.press("ArrowRight")
    text = page.locator("#tip").inner_text()
    assert text.startswith("Cen: ")
    assert " of its runs score above " in text
    assert "95 % interval" in text
    page.close()


def test_tables_sort_by_number_and_back(browser: Any, report: Path) -> None:
    page = visit(browser, report).page
    head = page.locator("#configuration-table th", has_text="mean").locator("button")
    head.click()
    means = [float(text) for text in page.locator("#configuration-table tbody td:nth-child(8)").all_inner_texts()]
    assert means == sorted(means)
    head.click()
    means = [float(text) for text in page.locator("#configuration-table tbody td:nth-child(8)").all_inner_texts()]
    assert means == sorted(means, reverse=True)
    page.close()


def test_everything_that_can_be_used_can_be_reached_and_has_a_name(browser: Any, report: Path) -> None:
    page = visit(browser, report).page
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("select, input, button, [tabindex], img, [role=img]")]
          .filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute("aria-label") || one.alt))
          .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert nameless == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.close()


def test_a_rehearsal_says_so_on_every_screen_and_claims_nothing(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = synthetic.result_row
    monkeypatch.setattr(synthetic, "result_row", lambda point, **where: {**plain(point, **where), "data_hash": REHEARSAL})
    write_sweep(tmp_path / "sweep", POINTS[:300])
    path = write_report(tmp_path / "sweep", POINTS, 0, tmp_path / "report").page
    assert path is not None
    opened = visit(browser, path)
    picture(opened, "rehearsal")
    for share in (0, 0.5, 1):
        opened.page.evaluate(f"window.scrollTo(0, {share} * document.documentElement.scrollHeight)")
        box = opened.page.locator(".made-up").bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 100
    assert opened.page.locator("#recipe, #claims").count() == 0
    assert opened.said == []
    opened.page.close()


@pytest.mark.parametrize(("name", "size"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_two_sweeps_side_by_side_in_the_browser(browser: Any, tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    first, second = (
        load_side(one, write_sweep(tmp_path / one, points), points, 0)
        for one, points in (("before", POINTS), ("after", POINTS[: len(POINTS) // 2]))
    )
    path = write_comparison(first, second, tmp_path / "out").page
    opened = visit(browser, path, size)
    picture(opened, f"comparison-{name}")
    assert opened.said == []
    assert outward(opened, path) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert opened.page.evaluate(CONTRASTS) == []
    assert opened.page.locator("#designs tbody tr").count() == 24
    opened.page.close()
