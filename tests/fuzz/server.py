"""`python -m tests.fuzz.server`: runs commands as a user types them, each in a process of its own, without its imports' time.

It reads one JSON object a line, `{"words": [...], "home": DIR}`, and answers with one: exit code, signal, processor time,
what was printed. A child is a fork of this process, which has imported the command line and the libraries behind it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

CPU_S = 4
"""For a command, beside its imports, which take about one second more."""

WALL_S = 60.0
_PUT_ASIDE = 64 * 2**20
"""No file may grow beyond this, so that a fault does not fill the disk."""


def imported() -> None:
    """Import what commands import, once."""
    import matplotlib.pyplot  # noqa: F401
    import mlflow.tracking  # noqa: F401
    import pandas  # noqa: F401
    import torch

    from recipe_sweep.analysis.report import report  # noqa: F401
    from recipe_sweep.sweep.cli.main import app  # noqa: F401
    from recipe_sweep.sweep.launch import launch  # noqa: F401
    from recipe_sweep.sweep.monitoring import doctor  # noqa: F401

    torch.set_num_threads(1)


def child(words: list[str], home: str, printed: Path) -> None:
    """Be the command; never returns."""
    code = 99
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_PUT_ASIDE, _PUT_ASIDE))
        os.chdir(home)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        output = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        sys.argv = ["recipe-sweep", *words]
        from recipe_sweep.sweep.cli.main import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 (that is what is looked for)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def answer(case: dict[str, object]) -> dict[str, object]:
    """Run one command."""
    printed = Path(f"{case['home']}.printed")
    pid = os.fork()
    if pid == 0:
        child([str(word) for word in case["words"]], str(case["home"]), printed)  # type: ignore[attr-defined]
    deadline, hung = time.monotonic() + WALL_S, False
    while True:
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline and not hung:
            hung = True
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.005)
    said = printed.read_bytes() if printed.exists() else b""
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "hung": hung, "cpu_s": used.ru_utime + used.ru_stime, "said": said.decode("utf-8", "replace")}


def main() -> None:
    imported()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
