"""What the network carried for a pack is counted, and a user finds it at the end of the attempt's log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.sweep.travel.test_contract import scene

NUMBERS = r"travelled: (\d+) requests, ([\d,]+) bytes sent, ([\d,]+) received"


@pytest.mark.parametrize("way", ["gate", "store"])
def test_the_log_of_an_attempt_ends_with_what_the_network_carried(tmp_path: Path, way: str) -> None:
    with scene(tmp_path, way) as each:
        code, printed = each.work()
        assert code == 0, printed
        paths, pack_id = each.paths, each.pack.pack_id
        last = paths.pack_log(pack_id, 1).read_text().splitlines()[-1]
        rows, weights = paths.pack_result(pack_id).stat().st_size, paths.pack_weights(pack_id, 1, 1).stat().st_size
        record = paths.pack_record(pack_id).stat().st_size
    found = re.match(NUMBERS, last)
    assert found, last
    _, sent, received = (int(number.replace(",", "")) for number in found.groups())
    assert received >= record
    if way == "store":
        stored = re.search(r"; the store: ([\d,]+) sent, 0 received$", last)
        assert stored, last
        assert rows < sent < rows + 50_000
        assert int(stored[1].replace(",", "")) > weights, "a checkpoint's record and the weights"
    else:
        assert sent > rows + weights


def test_a_sweep_in_a_shared_folder_says_nothing_of_a_network(tmp_path: Path) -> None:
    with scene(tmp_path, "folder") as each:
        assert each.work()[0] == 0
        assert "travelled" not in each.paths.pack_log(each.pack.pack_id, 1).read_text()
