"""Searches of syntax trees: each says of a node whether it does a thing that has an owner (`test_owners.py`)."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

from tests.test_architecture import FILES

UNITS = {24, 60, 3600, 86400, 1e3, 1e6, 1e9, 1e12, 1024, 1024**2, 1024**3}
"""By what seconds and bytes are divided to be shown."""
EN_DASH = "\N{EN DASH}"


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


def found_in(tree: ast.AST, finds: Callable[[ast.AST], bool]) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if finds(node))


def name_of(node: ast.AST) -> str:
    """Name or attribute, without what stands before the dot."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def calls(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and name_of(node.func) in names


def dotted(node: ast.AST, *names: str) -> bool:
    """Whether this is one of `module.name`, or imports it by itself."""
    if isinstance(node, ast.ImportFrom):
        return any(f"{node.module}.{alias.name}" in names for alias in node.names)
    return isinstance(node, ast.Attribute) and ast.unparse(node) in names


def reads_parquet(node: ast.AST) -> bool:
    return name_of(node) in ("ParquetFile", "ParquetDataset", "read_table", "read_parquet", "read_schema", "read_metadata")


def knows_results_by_name(node: ast.AST) -> bool:
    literal = isinstance(node, ast.Call) and [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
    return calls(node, "endswith", "glob", "rglob", "match") and any(str(text).endswith(".parquet") for text in literal or ())


def ranks_rows(node: ast.AST) -> bool:
    """An epoch, then a pack id: the order by which of several rows one counts."""
    if not isinstance(node, ast.Tuple | ast.List):
        return False
    words = [_word(element) for element in node.elts]
    return ("epoch", "pack_id") in pairwise(words)


def _word(node: ast.AST) -> object:
    node = node.slice if isinstance(node, ast.Subscript) else node
    return node.value if isinstance(node, ast.Constant) else name_of(node)


def writes_whole_files(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and name_of(node.func) in ("replace", "rename") and isinstance(node.func, ast.Attribute):
        return ast.unparse(node.func.value) == "os" or (len(node.args) == 1 and not node.keywords)
    return dotted(node, "os.link", "os.fsync", "tempfile.mkstemp", "tempfile.NamedTemporaryFile")


def writes_over(node: ast.AST) -> bool:
    """Writes a file under its name and not under a temporary one."""
    return (
        calls(node, "write_text", "write_bytes")
        and isinstance(node.func, ast.Attribute)
        and name_of(node.func.value) not in ("temporary", "unfinished")
    )


def reads_json(node: ast.AST) -> bool:
    return dotted(node, "json.loads", "json.load") or name_of(node) in ("validate_json", "model_validate_json")


def writes_json(node: ast.AST) -> bool:
    return dotted(node, "json.dumps", "json.dump") or name_of(node) in ("dump_json", "model_dump_json")


def says_in_units(node: ast.AST) -> bool:
    """Text in which seconds or bytes are divided, or a moment or a percent sign is laid out."""
    if calls(node, "replace") and isinstance(node, ast.Call) and node.args and _word(node.args[0]) == "%":
        return True
    if not isinstance(node, ast.FormattedValue):
        return False
    divided = (
        part for part in ast.walk(node.value) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div | ast.FloorDiv)
    )
    layout = "" if node.format_spec is None else ast.unparse(node.format_spec)
    return "%Y" in layout or any(_word(part.right) in UNITS for part in divided)


def says_missing_or_interval(node: ast.AST) -> bool:
    """A dash for no number, a rounded number without minus zero, or `[low, high]` with digits."""
    if isinstance(node, ast.FormattedValue):
        return ast.unparse(node.value).endswith("+ 0.0")
    if isinstance(node, ast.JoinedStr):
        parts = node.values
        return any(
            isinstance(first, ast.FormattedValue)
            and first.format_spec
            and _word(comma) == ", "
            and str(_word(end)).startswith("]")
            for first, comma, _, end in zip(parts, parts[1:], parts[2:], parts[3:], strict=False)
        )
    return isinstance(node, ast.Constant) and node.value == EN_DASH


def hears_stop(node: ast.AST) -> bool:
    handlers = ("signal.signal", "signal.set_wakeup_fd", "signal.pthread_sigmask", "faulthandler.register")
    return dotted(node, *handlers) or name_of(node) in ("stop_file", "add_signal_handler")


def removes_checkpoints(node: ast.AST) -> bool:
    """Removes a whole folder, or whatever a checkpoint's path leads to."""
    removes = calls(node, "unlink", "rmdir", "remove", "removedirs") and "checkpoint" in ast.unparse(node)
    return removes or calls(node, "rmtree")


def looks_into_ray(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(re.match(r"ray\.(_|util)", alias.name) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return any(re.match(r"ray\.(_|util)", f"{node.module}.{alias.name}") for alias in node.names)
    return isinstance(node, ast.Attribute) and re.match(r"ray\.(_[a-z]|util\b)", ast.unparse(node)) is not None
