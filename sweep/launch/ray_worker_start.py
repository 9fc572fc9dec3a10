"""What Ray runs to start a worker on this machine: the same as its own script, without importing all of Ray to do it.

Ray's imports Ray, reads a few environment variables from its command line and replaces itself by the worker, which imports Ray
again: half a second of processor time for each worker. What is not just environment variables is left to Ray's script.
"""

from __future__ import annotations

import os
import sys

if sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
    del sys.path[0]  # Python puts a script's directory first; nothing in it may stand for a library.

import json

CONTEXT, LANGUAGE = "--serialized-runtime-env-context=", "--language="


def command(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """What to run in place of this process, and which environment variables to set, for what Ray's script was given."""
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


if __name__ == "__main__":
    words, environment = command(sys.argv[1:])
    os.execve(words[0], words, os.environ | environment)  # noqa: S606 (the interpreter and the arguments that Ray gave)
