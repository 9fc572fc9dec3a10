"""Looks whether the values of a cluster file are filled in, and whether its store can be asked from here."""

from __future__ import annotations

from collections.abc import Iterator

from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.errors import MissingToolUserError, StoreAddressError, StoreError
from recipe_sweep.sweep.monitoring.doctor import Finding, Severity
from recipe_sweep.sweep.store.addresses import open_store


def check_own_values(cluster: Cluster) -> Iterator[Finding]:
    """Yield what the file names and is not there, or is only an example. If nothing is wrong, ask the store."""
    mistakes = cluster.backend.mistakes_here()
    for mistake in mistakes:
        yield Finding(Severity.PROBLEM, f"{mistake.key}: {mistake.found}", f"write {mistake.expected}")
    if not mistakes:
        yield from _store(cluster)


def _store(cluster: Cluster) -> Iterator[Finding]:
    address = cluster.backend.records()
    if address is None:
        return
    remedy = "see docs/clusters.md for the rights that a launch needs"
    severity = (
        Severity.PROBLEM if cluster.backend.opens_store else Severity.NOTE
    )  # Other machines may have rights of their own.
    try:
        open_store(address).keys("lease/")
    except MissingToolUserError as error:
        if not cluster.backend.opens_store:  # Otherwise the missing account is told already.
            yield Finding(severity, f"the store {address} cannot be asked from here: {error.problems[0].file} is missing")
    except StoreAddressError as error:
        yield Finding(severity, f"the store {address} cannot be used: {error.problems[0].found}", remedy)
    except StoreError as error:
        yield Finding(severity, f"the store {address} cannot be used: {error}", remedy)
    else:
        yield Finding(Severity.OK, f"the store {address} can be listed from here")
