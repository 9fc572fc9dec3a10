"""Why there can be no laboratory on this host."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys

PROGRAMS = ("bash", "ip", "unshare", "nsenter", "setpriv", "mount")
NAMESPACES = ("unshare", "--net", "--uts", "--ipc", "--mount", "--pid", "--fork")
NETWORK = "mount -t tmpfs tmpfs /mnt && ip link add try type bridge && ip link add one type veth peer name other"


SSH_PROGRAMS = ("sshd", "ssh", "ssh-keygen", "rsync")


def why_no_ssh() -> str | None:
    """Say why machines cannot be opened with ssh; None if they can."""
    missing = [program for program in SSH_PROGRAMS if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    return f"not installed: {', '.join(missing)} (on Debian: apt install openssh-server rsync)" if missing else None


@functools.cache
def why_not() -> str | None:
    """Say in one sentence what a laboratory lacks here. Return None if it lacks nothing."""
    if sys.platform != "linux":
        return "machines are made with namespaces, which only Linux has"
    if os.geteuid() != 0:
        return "only root may make machines; run the tests as root, for example in a container with --privileged"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (on Debian: apt install iproute2 util-linux)"
    # Tried in namespaces of its own, so nothing of it stays.
    tried = subprocess.run([*NAMESPACES, "sh", "-c", NETWORK], capture_output=True, text=True, check=False, timeout=60)
    if tried.returncode != 0:
        return f"this root may not make namespaces and networks: {tried.stderr.strip()}"
    return None
