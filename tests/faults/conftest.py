"""The sweep and data directories of the control plane's tests."""

from __future__ import annotations

from tests.sweep.conftest import data_root, paths

__all__ = ["data_root", "paths"]
