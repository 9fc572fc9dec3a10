"""Who may import whom, read from the syntax trees: floors from the ground up, no circles, libraries where they belong.

Every import counts: those inside functions and those for the type checker too. There are no exceptions.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from tests.checkout import ROOT, TAKEN_BY_USERS

NAME = "recipe_sweep"
FOLDERS = TAKEN_BY_USERS
"""Folders at the top of the repository; what stands for them in `recipe_sweep/` are links."""

FLOORS = (
    "search_spaces",
    "cluster",
    "cluster.backends",
    "trainers",
    "sweep.errors",
    "sweep.units",
    "sweep.files",
    "sweep.clusters",
    "sweep.locks",
    "sweep.results",
    "analysis.errors",
    "analysis.files",
    "analysis.number_text",
    "analysis.estimators",
    "analysis.results",
    "analysis.findings",
    "analysis.figures",
    "analysis.report",
    "sweep.store",
    "sweep.travel",
    "sweep.planning",
    "sweep.tracking",
    "sweep.worker",
    "sweep.estimates",
    "sweep.monitoring",
    "sweep.launch",
    "sweep.cli.folding",
    "sweep.cli.streams",
    "sweep.cli.exit_codes",
    "sweep.cli.options",
    "sweep.cli.shared",
    "sweep.cli.show",
    "sweep.cli.actions",
    "sweep.interface",
    "sweep.cli",
)
"""From the ground up: each may import what stands before it, if MAY_IMPORT allows that at all."""

DATA_FLOORS = (
    "trainers.data.errors",
    "trainers.data.stored",
    "trainers.data.homegrown",
    "trainers.data.catalogue",
    "trainers.data.comparison",
    "trainers.data.published",
    "trainers.data.inspection",
    "trainers.data.inventory",
    "trainers.data.verify",
)
"""The same inside trainers/data."""

MAY_IMPORT = {
    "search_spaces": set[str](),
    "cluster": set[str](),
    "trainers": {"search_spaces"},
    "analysis": {"search_spaces", "sweep.results"},
    "analysis.estimators": set[str](),
    "sweep": {"search_spaces", "trainers", "cluster"},
    "sweep.cli": {"search_spaces", "trainers", "cluster", "analysis"},
    "sweep.interface": {"search_spaces", "trainers", "cluster", "analysis"},
}
"""What a folder may import besides its own; the longest name that fits counts."""

MOST_ENTRIES = {"sweep": 17, "analysis": 9}
"""Files and folders directly in a folder: as many as a newcomer takes in at a look."""

MOST_PARAMETERS = 6
"""Of a function that is no command; what a dataclass is made of does not count."""

TO_BE_SHORTENED = {
    "analysis.figures.training_curves.draw_training",
    "analysis.report.page.write_page",
    "analysis.report.report.write_report",
    "trainers.diagnostics.measure",
    "trainers.evaluation.evaluate",
}
"""Functions that still take more. Nothing is added here, and whoever works on one removes it."""

OWNERS = {
    "ray": {"sweep.launch", "sweep.travel.ray_gate", "cluster.backends.ray_local_head"},
    "typer": {"sweep.cli"},
    "rich": {"sweep.cli"},
    "mlflow": {"sweep.tracking"},
    "sqlalchemy": {"sweep.tracking"},
    "safetensors": {"sweep.results.weights", "trainers.arrays_file", "trainers.behaviour", "trainers.checkpoint"},
    "matplotlib": {"analysis.figures", "sweep.interface"},
    "pandas": {"analysis", "sweep.interface"},
    "scipy": {"analysis"},
    "torch": {"trainers", "sweep.worker.device"},
    "yaml": {"search_spaces.yaml_nodes", "cluster.yaml_text"},
    "pydantic": {
        "search_spaces",
        "cluster.schema",
        "cluster.price_file",
        "cluster.backends",
        "trainers",
        "sweep.files.reading",
    },
    "tensorstore": {"trainers.data.published"},
    "mujoco": {"trainers.environments"},
    "gymnasium_robotics": {"trainers.play.robotics_process"},
    "numba": {"trainers.fused"},
    "apprise": {"sweep.launch.notices"},
    "boto3": {"cluster.aws_account", "sweep.store.s3"},
    "jsonschema": {"cluster.backends.ray_up"},
    "jinja2": {"analysis.report.markup"},
    "IPython": {"sweep.cli.show.notebook"},
    "PIL": {"analysis.report.markup", "trainers.play"},
    "optuna": {"search_spaces.studies"},
}
"""A library and the modules, or whole folders, that may import it."""

Node = TypeVar("Node", bound=Hashable)


class Import(NamedTuple):
    """One import statement: where it stands and what it names; of ours without `recipe_sweep`."""

    module: str
    line: int
    target: str
    ours: bool
    at_start: bool
    """Whether importing the module runs it (it is neither inside a function nor only for the type checker)."""

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))}


def imports() -> Iterator[Import]:
    for module, path in FILES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node, at_start in _walk(tree, at_start=True):
            if isinstance(node, ast.Import):
                for name in node.names:
                    yield _import(module, node.lineno, name.name, at_start)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}:{node.lineno}: a relative import"
                for name in node.names:
                    yield _import(module, node.lineno, f"{node.module}.{name.name}", at_start)


def _import(module: str, line: int, target: str, at_start: bool) -> Import:
    if target.split(".")[0] != NAME:
        return Import(module, line, target, False, at_start)
    parts = target.split(".")[1:]
    known = [".".join(parts[:length]) for length in range(len(parts), 0, -1) if ".".join(parts[:length]) in FILES]
    return Import(module, line, known[0] if known else NAME, True, at_start)


def _walk(node: ast.AST, at_start: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        lazy = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _is_type_checking(child)
        yield child, at_start
        yield from _walk(child, at_start and not lazy)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


IMPORTS = tuple(imports())
OURS = tuple(found for found in IMPORTS if found.ours)


def lies_in(module: str, place: str) -> bool:
    return module == place or module.startswith(f"{place}.")


def floor(module: str, floors: tuple[str, ...] = FLOORS) -> int | None:
    """The floor of a module: of several names that fit, the longest."""
    fitting = [place for place in floors if lies_in(module, place)]
    return floors.index(max(fitting, key=len)) if fitting else None


def room(module: str) -> str:
    """The folder that a module lies in, and a file that lies beside folders for itself."""
    parts = module.split(".")
    deeper = parts[:2] in (["trainers", "data"], ["sweep", "cli"])
    return ".".join(parts[: 3 if deeper else 2])


def circles(arrows: Mapping[Node, set[Node]]) -> list[list[Node]]:
    """Groups of nodes that reach each other, by removing what nothing or nobody leads to until only they are left."""
    left = {node: set(targets) for node, targets in arrows.items()}
    while True:
        left = {node: targets & left.keys() for node, targets in left.items()}
        reached = set().union(*left.values()) if left else set[Node]()
        kept = {node: targets for node, targets in left.items() if targets and node in reached}
        if len(kept) == len(left):
            return [sorted(left, key=str)] if left else []
        left = kept


def test_every_module_stands_on_a_floor() -> None:
    for module in FILES.keys() - {"sweep", "analysis", "trainers.data"}:
        assert floor(module) is not None, f"{module} lies in no folder of FLOORS: name its floor"
        if lies_in(module, "trainers.data"):
            assert floor(module, DATA_FLOORS) is not None, f"{module} lies in no folder of DATA_FLOORS: name its floor"


@pytest.mark.parametrize("floors", [FLOORS, DATA_FLOORS], ids=["all", "data"])
def test_no_import_leads_upwards(floors: tuple[str, ...]) -> None:
    wrong = []
    for found in OURS:
        source, target = floor(found.module, floors), floor(found.target, floors)
        if source is not None and target is not None and target > source:
            wrong.append(f"{found}, which stands above it")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    wrong = []
    for found in OURS:
        if not lies_in(found.module, folder):
            continue
        own = max((place for place in MAY_IMPORT if lies_in(found.module, place)), key=len)
        allowed = MAY_IMPORT[own] | {"sweep" if lies_in(own, "sweep") else own}
        if not any(lies_in(found.target, place) for place in allowed):
            wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_nothing_goes_in_circles() -> None:
    modules, rooms = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for found in OURS:
        modules[found.module].add(found.target)
        if room(found.module) != room(found.target):
            rooms[room(found.module)].add(room(found.target))
    assert circles(modules) == []
    assert circles(rooms) == []


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]


@pytest.mark.parametrize("folder", MOST_ENTRIES)
def test_a_folder_is_taken_in_at_a_look(folder: str) -> None:
    entries = sorted(path.name for path in (ROOT / folder).iterdir() if path.name != "__pycache__")
    assert len(entries) <= MOST_ENTRIES[folder], entries


def test_no_module_hides_one_of_the_standard_library() -> None:
    wrong = [module for module in FILES if module.rpartition(".")[2] in sys.stdlib_module_names]
    assert not wrong, wrong


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    for module, path in FILES.items():
        if path.name == "__init__.py":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            told = len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
            assert told, f"{module}/__init__.py: a docstring that says what the folder is about, and no code"


def test_every_folder_is_one_package() -> None:
    """A folder without `__init__.py` would be left out of the wheel."""
    for path in FILES.values():
        assert (path.parent / "__init__.py").exists(), path.parent


def test_the_package_is_links_to_the_folders_and_two_files() -> None:
    entries = {path.name: path for path in (ROOT / NAME).iterdir() if path.name != "__pycache__"}
    assert sorted(entries) == sorted(["__init__.py", "py.typed", *FOLDERS])
    for folder in FOLDERS:
        assert entries[folder].readlink() == Path("..") / folder


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    wrong = [
        str(found)
        for found in IMPORTS
        if found.target.split(".")[0] == library and not any(lies_in(found.module, owner) for owner in OWNERS[library])
    ]
    assert not wrong, "\n".join(wrong)


def test_every_owner_still_uses_its_library() -> None:
    """A list of owners that are none is a list nobody reads."""
    for library, owners in OWNERS.items():
        users = {found.module for found in IMPORTS if found.target.split(".")[0] == library}
        idle = {owner for owner in owners if not any(lies_in(user, owner) for user in users)}
        assert not idle, f"{library}: {idle}"


@pytest.mark.parametrize("library", ["torch", "ray", "mlflow", "pandas", "matplotlib", "scipy"])
def test_heavy_libraries_are_imported_when_needed_and_not_before(library: str) -> None:
    wrong = [
        str(found)
        for found in IMPORTS
        if found.target.split(".")[0] == library and found.at_start and lies_in(found.module, "sweep")
    ]
    assert not wrong, "\n".join(wrong)


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many a caller may give."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return sum(parameter.arg not in {"self", "cls"} for parameter in every)


def is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("app." in ast.unparse(decorator) for decorator in function.decorator_list)


COMPILED = frozenset(module for module in FILES if module.startswith("trainers.fused."))
"""Files of compiled functions. They take arrays and places in them one by one, because numba counts references to tuples."""


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_call_has_more_arguments_than_a_reader_keeps_apart(folder: str) -> None:
    wrong = []
    for module, path in FILES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if lies_in(module, folder) else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_command(node) and module not in COMPILED:
                count = parameters(node)
                if count > MOST_PARAMETERS and f"{module}.{node.name}" not in TO_BE_SHORTENED:
                    wrong.append(f"{module}:{node.lineno} {node.name} takes {count}: make a dataclass of what belongs together")
    assert not wrong, "\n".join(wrong)


def test_arguments_are_counted_as_a_caller_gives_them() -> None:
    method, command = ast.parse("def f(self, a, /, b, *rest, c=1, **more): ...\n@app.command()\ndef g(): ...").body
    assert isinstance(method, ast.FunctionDef)
    assert isinstance(command, ast.FunctionDef)
    assert (parameters(method), is_command(method), is_command(command)) == (3, False, True)
