"""The way to a launch on a given host, which may lose its power and come back without the launch."""

from __future__ import annotations

import shlex

from recipe_sweep.cluster.backends.reach import LOG_FILE, BySsh, Command

CUT_OFF = "this launch was cut off, perhaps by a power cut; the same command starts the cluster again, and goes on"
"""What is added to the output of a launch that has vanished."""

_ASK = """\
grep . "$1" 2>/dev/null && exit
if [ -e launch.lock ]; then
  flock -n launch.lock sh -c 'grep . "$1" 2>/dev/null || { echo "$3" >>"$2"; echo 1 >"$1"; echo 1; }' sh "$@"
fi
"""
"""Prints the exit code. If the lock is free, no launch lives that could still leave one: then this does it, with 1.

It looks again under the lock, because the launch may just have ended. `node.sh` of an earlier release takes no lock.
"""


class ToGivenHost(BySsh):
    """The launch runs on a host that `node.sh` has prepared."""

    def exit_code(self) -> Command:
        """Return the command that prints the launch's exit code, which is 1 if the launch has vanished."""
        ask = shlex.join(("sh", "-c", _ASK, "sh", self.there.exit_file, LOG_FILE, CUT_OFF))
        return self.run(f"cd {shlex.quote(self.there.sent)} 2>/dev/null && {ask} || true")
