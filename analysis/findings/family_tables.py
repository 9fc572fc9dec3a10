"""The numbers of Figure 9 as tables."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipe_sweep.analysis.findings.battles import leads
from recipe_sweep.analysis.findings.family_panels import Chosen, FamilyBar, FamilyPanel
from recipe_sweep.analysis.results.scores import configured_runs

if TYPE_CHECKING:
    import pandas as pd

ALL, CLONING = "all", "behaviour cloning"
COLUMNS = (
    *("family", "policy", "task", "dataset", "return", "least", "greatest", "seeds"),
    *("value_learning", "extraction", "alpha", "tau", "other", "wanted", "missing"),
)
WIN_COLUMNS = ("family", "policy", "task", "dataset", "win_rate", "seeds")
LEAD_COLUMNS = ("family", "over", "lead", "low", "high", "seeds")


def family_frame(panels: Sequence[FamilyPanel]) -> pd.DataFrame:
    """Tabulate the bars: a row per dataset, and one for the bar itself with `all` as its task and dataset.

    Behaviour cloning and the reference policies have a row for each panel. Numbers that do not apply are empty.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    for panel in panels:
        family = panel.title
        for bar in panel.bars:
            policy = bar.decomposition.value
            rows.append({"family": family, "policy": policy, **_bar_row(bar)})
            rows += [{"family": family, "policy": policy, **_dataset_row(one)} for one in bar.chosen]
        for name, value in ((CLONING, panel.cloning), *panel.marks):
            rows.append({"family": family, "policy": name, "task": ALL, "dataset": ALL, "return": value})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _bar_row(bar: FamilyBar) -> dict[str, object]:
    reach = {"least": min(bar.values), "greatest": max(bar.values)} if bar.values else {}
    counts = {name: sum(getattr(one, name) for one in bar.chosen) for name in ("wanted", "missing")}
    return {"task": ALL, "dataset": ALL, "return": bar.value, **reach, **counts}


def _dataset_row(one: Chosen) -> dict[str, object]:
    row: dict[str, object] = {
        "task": one.task,
        "dataset": one.dataset,
        "return": one.value,
        "seeds": one.seeds,
        "wanted": one.wanted,
        "missing": one.missing,
    }
    if one.configuration is not None and one.value_learning is not None and one.extraction is not None:
        row |= {"value_learning": one.value_learning.value, "extraction": one.extraction.value, **one.configuration._asdict()}
    return row


def leads_frame(panels: Sequence[FamilyPanel]) -> pd.DataFrame:
    """Tabulate the leads of Mix in returns, with their 95 % intervals, each alone."""
    import pandas as pd

    rows = []
    for panel in panels:
        span = panel.scale.maximum - panel.scale.minimum
        for one in leads(panel.tasks):
            numbers = (span * number for number in one.mean[:3])
            rows.append((panel.title, one.over.value, *numbers, one.mean.seeds))
    return pd.DataFrame(rows, columns=list(LEAD_COLUMNS))


def wins_frame(panels: Sequence[FamilyPanel], runs: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the share of episodes that the runs behind each bar won, by dataset. Empty where no win is stored.

    `runs` are rows of the results, `wanted` the table of `points_table`.
    """
    import pandas as pd

    if "win_rate" not in runs or runs["win_rate"].isna().all():
        return pd.DataFrame(columns=list(WIN_COLUMNS))
    rates = dict(zip(runs["run_id"], runs["win_rate"], strict=True))
    placed = configured_runs(wanted)
    found: defaultdict[tuple[object, ...], list[float]] = defaultdict(list)
    for row in wanted.itertuples(index=False):
        if row.run_id in placed and row.run_id in rates:
            design = str(row.decomposition), str(row.value_learning), str(row.extraction)
            found[*placed[str(row.run_id)], *design].append(rates[row.run_id])
    rows = []
    for panel in panels:
        for bar in panel.bars:
            for one in bar.chosen:
                design = bar.decomposition.value, str(one.value_learning), str(one.extraction)
                won = found[one.task, one.dataset, one.configuration, *design]
                mean = sum(won) / len(won) if won else math.nan
                rows.append((panel.title, bar.decomposition.value, one.task, one.dataset, mean, len(won)))
    return pd.DataFrame(rows, columns=list(WIN_COLUMNS))
