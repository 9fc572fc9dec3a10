"""What can be wrong with a description of machines.

ClusterError          the cluster file asks for something that cannot be    exit code 2
"""

from __future__ import annotations


class ClusterError(Exception):
    """The cluster file asks for something that cannot be; the message says what was found and what to do."""

    exit_code = 2
