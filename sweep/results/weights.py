"""Final weights with a pack's results: one safetensors file, arrays named `<run_id>/<parameter>`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.atomic import publishing, replacing
from recipe_sweep.sweep.files.kinds import WEIGHTS
from recipe_sweep.sweep.files.reading import check_regular
from recipe_sweep.trainers.arrays_file import refused_by_the_system

if TYPE_CHECKING:
    from recipe_sweep.trainers.outcome import Arrays


def publish_weights(path: Path, weights: Mapping[str, Arrays], keep: Keep) -> None:
    """Write a pack's weights under a name that must be new. Raises FileExistsError."""
    arrays = {f"{run}/{name}": array for run, named in weights.items() for name, array in named.items()}
    with publishing(path) as temporary, refused_by_the_system():
        save_file(arrays, temporary, metadata={"schema_version": "1", "keep": keep.value})


def run_weights(path: Path, run_id: str, framework: str = "pt") -> dict[str, Any]:
    """Read the kept arrays of one run, by their names without the run's prefix: PyTorch's, or with `np` NumPy's.

    Raises FileNotFoundError, and DamagedFileError if the file is torn or holds no array of the run.
    """
    prefix = f"{run_id}/"
    with _opened(path, framework) as file:
        names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 (safe_open is no mapping)
        if not names:
            raise WEIGHTS.damaged(path, f"a file without arrays of run {run_id}")
        return {name.removeprefix(prefix): file.get_tensor(name) for name in names}


def check_weights(path: Path) -> None:
    """Raise DamagedFileError if a file of weights is torn or not ours, FileNotFoundError if there is none."""
    with _opened(path, "np") as file:
        if "keep" not in (file.metadata() or {}):
            raise WEIGHTS.damaged(path, "a file that does not say which weights were kept")


@contextmanager
def _opened(path: Path, framework: str) -> Iterator[Any]:
    """Open a file of weights. Its reader checks that nothing is missing in it."""
    if check_regular(path, WEIGHTS) == 0:
        raise WEIGHTS.damaged(path, "an empty file")
    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except FileNotFoundError:
        raise
    except SafetensorError as error:
        raise WEIGHTS.damaged(path, f"a file that cannot be read ({' '.join(str(error).split())[:200]})") from error
    except OSError as error:
        raise WEIGHTS.refused(path, error) from error


def export_run(source: Path, run_id: str, target: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Copy one run's arrays into a separate file. Returns their names."""
    arrays = run_weights(source, run_id, "np")
    with replacing(target) as temporary, refused_by_the_system():
        save_file(arrays, temporary, metadata=dict(metadata))
    return tuple(arrays)
