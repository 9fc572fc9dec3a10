"""Who may import whom, read from the syntax trees: one-way arrows, and heavy libraries in the files that own them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("search_spaces", "trainers", "cluster", "sweep", "analysis")

MAY_IMPORT = {
    "search_spaces": set(),
    "trainers": {"search_spaces"},
    "cluster": set(),
    "sweep": {"search_spaces", "trainers", "cluster"},
    "analysis": {"search_spaces"},
}

EXCEPTIONS = {
    # The command line is the one place that sees every folder; it imports the report inside its commands.
    ("recipe_sweep.sweep.cli.report_commands", "analysis"),
    ("recipe_sweep.sweep.cli.show.data", "analysis"),
    # Figures 1, 2 and 8 are drawn from weights, which only the control plane can find.
    ("recipe_sweep.sweep.results.game", "analysis"),
    ("recipe_sweep.sweep.results.trained", "analysis"),
}

READ_BY_ANALYSIS = {"recipe_sweep.sweep.results.schema"}

OWNERS = {
    "ray": {"recipe_sweep.sweep.launch.ray_engine"},
    "typer": {
        "recipe_sweep.sweep.cli.main",
        "recipe_sweep.sweep.cli.exit_codes",
        "recipe_sweep.sweep.cli.cluster_commands",
        "recipe_sweep.sweep.cli.data_commands",
        "recipe_sweep.sweep.cli.launch_commands",
        "recipe_sweep.sweep.cli.options",
        "recipe_sweep.sweep.cli.report_commands",
        "recipe_sweep.sweep.cli.watch_commands",
    },
    "mlflow": {
        "recipe_sweep.sweep.tracking.client",
        "recipe_sweep.sweep.tracking.projection",
        "recipe_sweep.sweep.tracking.recorder",
        "recipe_sweep.sweep.tracking.sqlite_recorder",
    },
    "safetensors": {
        "recipe_sweep.sweep.results.weights",
        "recipe_sweep.trainers.checkpoint",
        "recipe_sweep.trainers.behaviour",
    },
    "matplotlib": {"analysis"},
    "pandas": {"analysis"},
    "torch": {"trainers", "recipe_sweep.sweep.worker.device"},
    "yaml": {"recipe_sweep.search_spaces.yaml_file", "recipe_sweep.cluster.yaml_text"},
    "pydantic": {"search_spaces", "recipe_sweep.cluster.schema", "trainers"},
    "tensorstore": {"trainers"},
    "mujoco": {"trainers"},
    "numba": {"recipe_sweep.trainers.fused"},
    "boto3": {"recipe_sweep.cluster.aws_account", "recipe_sweep.sweep.store.s3"},
    "jsonschema": {"recipe_sweep.cluster.ray_up"},
    "jinja2": {"recipe_sweep.analysis.report.markup"},
    "PIL": {"recipe_sweep.analysis.report.markup"},
    "optuna": {"recipe_sweep.search_spaces.studies"},
}
"""A library and the modules, or whole packages, that may import it."""


class Import(NamedTuple):
    """One import statement: where it stands and what it names."""

    module: str
    line: int
    target: str
    at_start: bool
    """Whether importing the module runs it (it is neither inside a function nor only for the type checker)."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports() -> Iterator[Import]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node, at_start in _walk(tree, at_start=True):
                if isinstance(node, ast.Import):
                    for name in node.names:
                        yield Import(module_name(path), node.lineno, name.name, at_start)
                elif isinstance(node, ast.ImportFrom):
                    assert node.level == 0, f"{path}:{node.lineno}: a relative import"
                    for name in node.names:
                        yield Import(module_name(path), node.lineno, f"{node.module}.{name.name}", at_start)


def _walk(node: ast.AST, at_start: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        lazy = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _is_type_checking(child)
        yield child, at_start
        yield from _walk(child, at_start and not lazy)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


IMPORTS = tuple(imports())


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way(package: str) -> None:
    wrong = []
    for found in IMPORTS:
        source, target = found.module.split(".")[0], found.target.split(".")[0]
        if source != package or target not in PACKAGES or target == source or target in MAY_IMPORT[package]:
            continue
        excused = (found.module, target) in EXCEPTIONS and not found.at_start
        excused |= package == "analysis" and ".".join(found.target.split(".")[:2]) in READ_BY_ANALYSIS
        if not excused:
            wrong.append(f"{found.module}:{found.line} imports {found.target}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    owners = OWNERS[library]
    wrong = [
        f"{found.module}:{found.line} imports {found.target}"
        for found in IMPORTS
        if found.target.split(".")[0] == library
        and not any(found.module == owner or found.module.startswith(f"{owner}.") for owner in owners)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_owner_still_uses_its_library() -> None:
    """A list of exceptions that nobody needs is a list nobody reads."""
    for library, owners in OWNERS.items():
        users = {found.module for found in IMPORTS if found.target.split(".")[0] == library}
        idle = {owner for owner in owners if not any(user == owner or user.startswith(f"{owner}.") for user in users)}
        assert not idle, f"{library}: {idle}"
    used = {(found.module, found.target.split(".")[0]) for found in IMPORTS}
    assert used >= EXCEPTIONS, f"unused: {EXCEPTIONS - used}"


@pytest.mark.parametrize("library", ["torch", "ray", "mlflow", "pandas", "matplotlib", "scipy"])
def test_heavy_libraries_are_imported_when_needed_and_not_before(library: str) -> None:
    """Which modules of the control plane cost seconds to import is known, and the command line is none of them."""
    heavy = {"recipe_sweep.sweep.tracking.client", "recipe_sweep.sweep.tracking.projection"}
    wrong = [
        f"{found.module}:{found.line} imports {found.target}"
        for found in IMPORTS
        if found.target.split(".")[0] == library and found.at_start and found.module.startswith("sweep.")
        if found.module not in heavy
    ]
    assert not wrong, "\n".join(wrong)
