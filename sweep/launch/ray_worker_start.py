"""The script with which Ray starts a worker on this machine. It does what Ray's own script does, without importing Ray.

Ray's script imports Ray, reads environment variables from its command line and becomes the worker, which imports Ray again.
That costs half a second of processor time for each worker. If more than environment variables is set, Ray's script runs.

Ray starts workers before it needs them. So this script also imports what they will need, while the engine still prepares.
"""

from __future__ import annotations

import os
import sys

if sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
    del sys.path[0]  # Python puts a script's directory first, so a file in it could replace a library.

import importlib
import json
import runpy

PREPARE = "RECIPE_SWEEP_PREPARE"
"""Environment variable with the modules, beside Ray Tune, that workers import in advance"""
CONTEXT, LANGUAGE = "--serialized-runtime-env-context=", "--language="


def command(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Make the command that replaces this process, and its environment variables, from the arguments of Ray's script."""
    interpreter = [sys.executable]
    context, language, rest = "{}", "", list[str]()
    for argument in arguments:
        if argument.startswith(CONTEXT):
            context = argument.removeprefix(CONTEXT)
        elif argument.startswith(LANGUAGE):
            language = argument.removeprefix(LANGUAGE)
        else:
            rest.append(argument)
    wanted = json.loads(context)
    variables = wanted.pop("env_vars", {})
    only_variables = wanted.pop("py_executable", sys.executable) == sys.executable and not any(wanted.values())
    if language == "PYTHON" and only_variables and not any("$" in value for value in variables.values()):
        return interpreter + rest, variables
    worker = next(argument for argument in rest if argument.endswith(".py"))
    return [*interpreter, os.path.join(os.path.dirname(worker), "setup_worker.py"), *arguments], {}


def prepare(modules: list[str]) -> None:
    """Import Ray Tune and these modules."""
    from recipe_sweep.sweep.launch.ray_imports import import_tune, without_collection

    import_tune()
    with without_collection():
        for module in modules:
            importlib.import_module(module)


def become(worker: str, arguments: list[str]) -> None:
    """Run Ray's worker in this process, which then is as if Python had been started with it."""
    sys.argv = [worker, *arguments]
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(worker))
    runpy.run_path(worker, run_name="__main__")


def main() -> None:
    """Import what is asked for, and become the worker."""
    words, environment = command(sys.argv[1:])
    wanted = os.environ.pop(PREPARE, None)
    if environment or not words[1].endswith(".py"):
        os.execve(words[0], words, os.environ | environment)  # noqa: S606 (the interpreter and the arguments that Ray gave)
    if wanted is not None:
        try:
            prepare(wanted.split())
        except Exception:  # noqa: BLE001 (It fails again where it is recorded.)
            os.execve(words[0], words, os.environ)  # noqa: S606
    become(words[1], words[2:])


if __name__ == "__main__":
    main()
