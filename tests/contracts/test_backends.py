"""What every backend promises. The cases come from the registry, so a new backend is held to all of it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import Result
from typer.testing import CliRunner

from recipe_sweep.cluster import backends
from recipe_sweep.cluster.backends.base import Backend, Started
from recipe_sweep.cluster.backends.registry import BACKENDS, FOREIGN, launchable, starting
from recipe_sweep.cluster.errors import ClusterError, StartsNothingError
from recipe_sweep.cluster.shipment import Cargo, Wheel
from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.clusters.machines import Cluster, load_cluster
from tests.checkout import ROOT
from tests.cluster.golden_files import GRID, NOW, filled_in
from tests.sweep.cli.test_bad_input import GRID as LITTLE

ALL: Mapping[str, type[Backend[Any]]] = {**BACKENDS, **{backend.name: backend for backend in FOREIGN}}
STARTING = [name for name, backend in ALL.items() if backend.starts_machines]
SHIPPING = [name for name, backend in ALL.items() if backend.ships_code]
OTHERS = [name for name in ALL if name not in STARTING]
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HF_TOKEN", "RAY_AUTH_TOKEN")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "little.yaml").write_text(GRID)
    return tmp_path


def example(name: str, folder: Path) -> Cluster:
    """The backend's own example, read as a user's file would be."""
    path = folder / "c.yaml"
    path.write_text(filled_in(ALL[name].example()), encoding="utf-8")
    return load_cluster(path)


def cargo(name: str) -> Cargo | None:
    if not ALL[name].ships_code:
        return None
    directory = Path("/home/me/c.generated")
    return Cargo(directory, Wheel(directory / "recipe_sweep-0.1.0-py3-none-any.whl", "5" * 64), GRID, b"not really a wheel")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [*words])


@pytest.mark.parametrize("name", ALL)
def test_a_backends_own_example_is_refused_or_taken_for_another_backend(name: str, tmp_path: Path) -> None:
    cluster = example(name, tmp_path)
    assert type(cluster.backend) is ALL[name]


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_goes_by_two_names(name: str) -> None:
    backend = BACKENDS[name]
    assert backend.name == name
    assert get_args(backend.schema.model_fields["backend"].annotation) == (name,)


def test_a_backend_is_written_and_no_file_can_name_it() -> None:
    for module in pkgutil.iter_modules(backends.__path__):
        found = vars(importlib.import_module(f"{backends.__name__}.{module.name}")).values()
        classes = [each for each in found if isinstance(each, type) and issubclass(each, Backend)]
        for each in (each for each in classes if not getattr(each, "__abstractmethods__", None)):
            assert each in ALL.values(), f"{each.__name__} has no line in cluster/backends/registry.py"


@pytest.mark.parametrize("name", BACKENDS)
def test_a_misspelt_key_or_a_version_of_the_future_passes(name: str, tmp_path: Path) -> None:
    kept = [line for line in BACKENDS[name].example().splitlines() if not line.startswith("schema_version:")]
    for line in ("cpus_per_pak: 1", "schema_version: 2"):
        (tmp_path / "c.yaml").write_text("\n".join([*kept, line, ""]))
        with pytest.raises(UserInputError) as raised:
            load_cluster(tmp_path / "c.yaml")
        [problem] = raised.value.problems
        assert problem.line == len(kept) + 1


@pytest.mark.parametrize("name", ALL)
def test_a_plan_counts_no_machine_or_another_number_the_second_time(name: str, tmp_path: Path) -> None:
    cluster = example(name, tmp_path)
    resources = cluster.resources
    counts = (resources.cpus, resources.cpus_per_pack, resources.threads, resources.slots, resources.max_lanes)
    assert all(isinstance(count, int) and count > 0 for count in counts)
    assert resources.checkpoint_minutes > 0
    assert resources.gpus >= 0
    assert resources.gpu_per_pack >= 0
    assert resources.bytes_per_pack is None or resources.bytes_per_pack > 0
    assert resources.stuck_after_minutes is None or resources.stuck_after_minutes > 0
    assert cluster.backend.resources() == resources


@pytest.mark.parametrize("name", BACKENDS)
def test_a_pack_larger_than_every_machine_is_planned(name: str, tmp_path: Path) -> None:
    """Where the machines are counted. The size of a Ray that runs already, and of one process, is taken at its word."""
    cluster = example(name, tmp_path)
    if not cluster.backend.starts_machines:
        return
    file = cluster.backend.file.model_copy(update={"cpus_per_pack": 10_000})
    with pytest.raises(ClusterError, match="cpus_per_pack"):
        BACKENDS[name](file).resources()


@pytest.mark.parametrize("name", ALL)
def test_a_price_is_no_number_and_nobody_says_why(name: str, tmp_path: Path) -> None:
    cost = example(name, tmp_path).backend.cost()
    assert cost.text
    assert "\n" not in cost.text
    if cost.spending is not None:
        assert 0 < cost.spending.spot_per_hour <= cost.spending.most_per_hour
        assert cost.spending.hours * cost.spending.most_per_hour == pytest.approx(cost.spending.budget_usd)
        assert cost.spending.source


@pytest.mark.parametrize("name", [name for name in BACKENDS if "store" in BACKENDS[name].schema.model_fields])
def test_two_sweeps_of_a_file_share_one_store_or_backends_take_it_for_something_else(name: str, tmp_path: Path) -> None:
    file = example(name, tmp_path).backend.file.model_copy(update={"store": "s3://results/ann"})
    backend = BACKENDS[name](file)
    assert backend.store_of("little") == "s3://results/ann/little"
    assert backend.records() == f"s3://results/ann/_clusters/{file.name}"
    assert BACKENDS[name](file.model_copy(update={"store": None})).records() is None


@pytest.mark.parametrize("name", SHIPPING)
def test_machines_that_we_start_run_for_ever(name: str, tmp_path: Path) -> None:
    assert example(name, tmp_path).backend.budget(), "what ends them, in a few words for `cluster validate`"


@pytest.mark.parametrize("name", STARTING)
def test_the_same_file_starts_other_machines_the_second_time(name: str, tmp_path: Path) -> None:
    first = example(name, tmp_path).backend.up(cargo(name), NOW)
    second = example(name, tmp_path).backend.up(cargo(name), NOW)
    assert (first.files, first.commands, first.ends_at) == (second.files, second.commands, second.ends_at)
    assert first.commands
    assert first.ends_at is None or first.ends_at > NOW
    names = [file.name for file in first.files]
    assert len(set(names)) == len(names)
    assert all(Path(each).name == each for each in names), "a file outside the directory of generated files"
    assert bool(names) == ALL[name].ships_code


@pytest.mark.parametrize("name", SHIPPING)
def test_machines_train_with_other_code_than_was_sent(name: str, tmp_path: Path) -> None:
    start = example(name, tmp_path).backend.up(cargo(name), NOW)
    assert any("5" * 64 in file.text for file in start.files), "the wheel's sum, which every node has to check"
    assert any(f"name: {GRID.split('name: ')[1].strip()}" in file.text for file in start.files), "the grid"


@pytest.mark.parametrize("name", STARTING)
def test_a_secret_of_this_machine_is_written_down(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in SECRETS:
        monkeypatch.setenv(variable, f"{variable}-in-the-open")
    backend = example(name, tmp_path).backend
    start, started = backend.up(cargo(name), NOW), Started(tmp_path, "4711")
    words = [word for command in (*start.commands, backend.status(started), *backend.down(started)) for word in command]
    assert not [text for text in (*words, *(file.text for file in start.files)) if "in-the-open" in text]


@pytest.mark.parametrize("name", STARTING)
def test_what_was_started_cannot_be_shown_or_ended(name: str, tmp_path: Path) -> None:
    backend, started = example(name, tmp_path).backend, Started(tmp_path, "4711")
    for command in (backend.status(started), *backend.down(started)):
        assert command
        assert all(isinstance(word, str) and word for word in command)
    assert backend.down(started)


@pytest.mark.parametrize("name", STARTING)
def test_a_check_before_the_launch_does_not_look_for_a_program_that_is_run(name: str, tmp_path: Path) -> None:
    backend, started = example(name, tmp_path).backend, Started(tmp_path, "4711")
    commands = (*backend.up(cargo(name), NOW).commands, backend.status(started), *backend.down(started))
    assert {command[0] for command in commands} - {sys.executable} <= set(backend.tools)


@pytest.mark.parametrize("name", STARTING)
def test_a_launch_starts_machines_unasked_or_does_not_say_how_to_reach_them(name: str, here: Path) -> None:
    backend = example(name, here).backend
    (here / "little.yaml").write_text(LITTLE)
    result = run("launch", "little.yaml", "--cluster", "c.yaml", "--no-mlflow")
    assert result.exit_code == ExitCode.BAD_INPUT
    if backend.ships_code:
        assert "--yes" in result.stderr
        return
    assert "recipe-sweep cluster up c.yaml" in result.stderr
    assert all(other in result.stderr for other in launchable())


@pytest.mark.parametrize("name", OTHERS)
def test_machines_that_run_already_are_started_again(name: str, here: Path) -> None:
    backend = example(name, here).backend
    asked = [
        lambda: backend.up(cargo(name), NOW),
        lambda: backend.status(Started(here, None)),
        lambda: backend.down(Started(here, None)),
    ]
    for ask in asked:
        with pytest.raises(StartsNothingError, match=r"^\S+ starts no machines, because [^.\n]+$"):
            ask()
    for command in ("up", "status", "down"):
        result = run("cluster", command, "c.yaml")
        assert result.exit_code == ExitCode.BAD_INPUT
        assert all(each in result.stderr for each in (name, *starting(), "start nothing")), result.stderr


@pytest.mark.parametrize("name", ALL)
def test_the_command_that_checks_a_file_fails_on_the_example(name: str, here: Path) -> None:
    example(name, here)
    result = run("cluster", "validate", "c.yaml")
    assert result.exit_code == ExitCode.OK, result.output
    assert result.stdout.startswith(f"c.yaml: {name}, ")


@pytest.mark.parametrize("name", ALL)
def test_a_backend_is_missing_in_the_documentation(name: str) -> None:
    rows = [line for line in (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert any(f"`{name}`" in row.split("|")[1] for row in rows), f"docs/clusters.md has no row for {name}"


WORDS = BACKENDS.keys() - {"ray"}
"""What no other code may compare with. `ray` is also the name of a library."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("cluster", "sweep", "scripts"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.parent != ROOT / "cluster" / "backends":
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def test_a_backend_is_asked_for_outside_of_its_class() -> None:
    """Then a further backend would have to be added there too."""
    wrong = []
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(backends.__name__):
                if node.module not in {f"{backends.__name__}.{name}" for name in ("base", "reach", "registry")}:
                    wrong.append(f"{name}:{node.lineno} imports {node.module}")
            elif isinstance(node, ast.Compare | ast.MatchValue):
                words = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
                wrong += [f"{name}:{node.lineno} compares with {word!r}" for word in words if word in WORDS]
    assert not wrong, "\n".join(wrong)
