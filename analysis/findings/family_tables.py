"""The numbers of Figure 9 as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipe_sweep.analysis.findings.battles import leads
from recipe_sweep.analysis.findings.family_panels import Chosen, FamilyBar, FamilyPanel

if TYPE_CHECKING:
    import pandas as pd

ALL, CLONING = "all", "behaviour cloning"
COLUMNS = (
    *("family", "policy", "task", "dataset", "return", "least", "greatest", "seeds"),
    *("value_learning", "extraction", "alpha", "tau", "other", "wanted", "missing"),
)
LEAD_COLUMNS = ("family", "over", "lead", "low", "high", "seeds")


def family_frame(panels: Sequence[FamilyPanel]) -> pd.DataFrame:
    """Tabulate the bars: a row per dataset, and one for the bar itself with `all` as its task and dataset.

    Behaviour cloning and the reference policies have a row for each panel. Numbers that do not apply are empty.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    for panel in panels:
        family = panel.family.title
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
        for one in leads([block.scores for block in panel.blocks]):
            numbers = (span * number for number in one.mean[:3])
            rows.append((panel.family.title, one.over.value, *numbers, one.mean.seeds))
    return pd.DataFrame(rows, columns=list(LEAD_COLUMNS))
