"""What is in the store must be enough to go on, because the machine of the launch may be lost with its disk."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.travel.arrivals import Landed
from recipe_sweep.sweep.travel.freight import ByGate, ByStore
from recipe_sweep.sweep.travel.gateway import Gateway
from recipe_sweep.sweep.travel.mirror import MirroredPack, _Way

PACK = "0123456789abcdef"
NAME = f"checkpoints/{PACK}/step-000000000001"


class _Taking:
    """A gate that takes everything."""

    def write(self, *_: object) -> None:
        """Take a part."""

    def commit(self, pack_id: str, token: str, name: str, landed: Landed) -> None:
        """Take a file."""


def test_a_checkpoint_is_lost_with_the_launchs_machine_though_its_arrays_are_stored(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path / 'store'}")
    freight = ByStore(store, ByGate(cast(Gateway, _Taking()), PACK, "0" * 32))
    for suffix in (".safetensors", ".json"):
        (tmp_path / f"file{suffix}").write_text(suffix)
        freight.send(f"{NAME}{suffix}", tmp_path / f"file{suffix}")
    assert store.keys("checkpoints/") == {f"{NAME}.safetensors", f"{NAME}.json"}


@pytest.mark.parametrize("by_store", [True, False])
def test_a_worker_without_rights_asks_the_store_for_its_dataset_before_it_asks_the_launch(by_store: bool) -> None:
    nobody: Any = None
    settings: Any = SimpleNamespace(store="s3://results/ann/little")
    by_gate = ByGate(nobody, "a" * 16, "token")
    way = _Way(nobody, "token", ByStore(nobody, by_gate) if by_store else by_gate, nobody)
    origins = [source.origin for source in MirroredPack(settings, "a" * 16, nobody, way).data_sources(nobody, "5" * 64)]
    stored = f"s3://results/ann/little/datasets/{'5' * 64}"
    assert origins == ([stored, "the launch's machine"] if by_store else ["the launch's machine", stored])
