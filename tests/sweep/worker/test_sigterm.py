"""What a process makes of SIGTERM while it trains: it hears of it, finishes what it must, and dies of it."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.sweep.processes import ROOT

HEARING = """
import os, signal, threading
from recipe_sweep.sweep.worker.sigterm import told_to_end

def train():
    with told_to_end(True, print) as told:
        assert not told()
        for _ in range(200):
            os.kill(os.getpid(), signal.SIGTERM)
        while not told():  # The kernel may take its time to wake the main thread for it.
            pass
        assert told()
        print("checkpoint written", flush=True)

thread = threading.Thread(target=train)
thread.start()
thread.join()
threading.Event().wait(60)
"""


def test_a_worker_told_to_end_goes_on_until_its_checkpoint_is_written_and_then_dies_of_it() -> None:
    done = subprocess.run([sys.executable, "-c", HEARING], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.splitlines() == ["asked to end (SIGTERM)", "checkpoint written"]
    assert done.returncode == -signal.SIGTERM, done.stderr
