"""Every kind of store by the scheme of its addresses."""

from __future__ import annotations

from collections.abc import Mapping

from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.folder import FolderStore
from recipe_sweep.sweep.store.s3 import S3Store

STORES: Mapping[str, type[Store]] = {
    "s3": S3Store,
    "file": FolderStore,
}
