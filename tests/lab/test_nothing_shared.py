"""Sweeps on machines that share nothing: trained everywhere, with the bits of a local sweep, whatever loses its power."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recipe_sweep.sweep.files.failure_file import read_failures
from tests.lab import telling
from tests.lab.apart import Apart, tell
from tests.lab.conftest import MakeLab
from tests.lab.machines import DISK
from tests.sweep.processes import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.xdist_group("lab")]

FILL_UP = """
until used=$(df --output=used /tmp | tail -n 1) && mount -o remount,size=$((used + 16))k /tmp; do sleep 0.05; done
"""
"""Takes the room from /tmp. Ray's logs may grow between the two commands, and then it is tried again."""
HINDERED = "the disk, the store or the network has failed"


@pytest.fixture
def apart(make_lab: MakeLab, undisturbed: Path) -> Apart:
    """Three machines with a disk each, a Ray of theirs, and the grid on machine 1."""
    apart = Apart(make_lab(3, disks=True), undisturbed)
    apart.prepare()
    apart.start_ray()
    return apart


def test_three_machines_train_what_one_trains_and_two_keep_nothing(apart: Apart) -> None:
    printed = apart.finish(apart.launch())
    assert "lab2, lab3 do not see sweep or its datasets: packs travel through Ray to lab1" in printed
    assert {attempt.process.host for attempt in apart.attempts()} == {"lab1", "lab2", "lab3"}
    tell("undisturbed", apart)
    for machine in (2, 3):
        assert _left_behind(apart, machine) == []


def test_a_power_cut_of_a_worker_machine_loses_no_run_and_doubles_none(apart: Apart) -> None:
    process = apart.launch()
    apart.wait_until_working(process, "lab2")
    cut = apart.working_on("lab2")
    apart.lab.cut_power(2)
    apart.finish(process)
    assert {attempt.pack_id for attempt in apart.attempts() if attempt.number > 1} >= cut
    assert not list(read_failures(apart.sweep)), "a power cut was counted as a failure"
    tell("a worker's power cut", apart)


def test_a_replaced_worker_machine_trains_again_when_it_is_back(apart: Apart) -> None:
    process = apart.launch()
    apart.wait_until_working(process, "lab2")
    before = {attempt.pack_id for attempt in apart.attempts() if attempt.process.host == "lab2"}
    apart.lab.cut_power(2)
    apart.keep_notes()
    apart.lab.replace(2)
    apart.lab.join_ray(2)
    apart.finish(process)
    everything = {attempt.pack_id for attempt in apart.attempts() if attempt.process.host == "lab2"}
    assert everything - before, f"the new machine trained nothing; the old one had {before}"
    tell("a worker replaced", apart)


def test_a_power_cut_of_the_head_loses_no_run_after_the_same_command(apart: Apart) -> None:
    process = apart.launch()
    apart.wait_until_working(process, "lab1", "lab2")
    apart.restart_head(process)
    apart.finish_again()
    assert not list(read_failures(apart.sweep)), "a power cut was counted as a failure"
    tell("the head's power cut", apart)


def test_a_machine_that_lives_in_another_day_loses_nothing_and_shows_no_absurd_age(
    make_lab: MakeLab, undisturbed: Path
) -> None:
    apart = Apart(make_lab(3, disks=True, clocks={2: "+1d"}), undisturbed)
    apart.prepare()
    apart.start_ray()
    process = apart.launch()
    apart.wait_until_working(process, "lab2")
    shown = apart.lab.run(1, "recipe-sweep", "status", "sweep", directory=DISK)
    apart.finish(process)
    print(shown)
    assert not re.search(r"-\d+ ?(s|min|h|d)\b|\b(2[34] h|1 d)", shown), shown
    assert "stuck" not in shown
    assert "no progress" not in shown
    tell("a clock a day off", apart)


def test_a_full_disk_of_a_node_hinders_its_packs_and_fails_none(apart: Apart) -> None:
    process = apart.launch()
    apart.wait_until_working(process, "lab2")
    apart.lab.run(2, "sh", "-c", FILL_UP)
    wait_until(lambda: HINDERED in _engine_log(apart) or process.poll() is not None)
    assert process.poll() is None, "the launch ended before the disk was full"
    apart.lab.run(2, "mount", "-o", "remount,size=50%", "/tmp")
    apart.finish(process)
    assert not [each for each in read_failures(apart.sweep) if not each.hindered]
    tell("a full disk", apart)


def test_a_machine_that_joins_and_sees_nothing_makes_the_launch_begin_again(make_lab: MakeLab, undisturbed: Path) -> None:
    apart = Apart(make_lab(2, disks=True), undisturbed)
    apart.prepare(slots=2)
    apart.start_ray(machines=[1])
    process = apart.launch()
    apart.wait_until_working(process, "lab1")
    apart.lab.join_ray(2)
    printed = apart.finish(process)
    assert "a machine does not see /srv/sweep" in printed
    assert "starting again, so that packs travel to it" in printed
    assert "lab2 does not see sweep or its datasets: packs travel through Ray to lab1" in printed
    assert {attempt.process.host for attempt in apart.attempts()} == {"lab1", "lab2"}
    tell("a machine that joined", apart)


def _engine_log(apart: Apart) -> str:
    return "".join(path.read_text() for path in apart.sweep.logs.glob("engine-*.log"))


def _left_behind(apart: Apart, machine: int) -> list[str]:
    """List the files on a machine that are not Ray's or numba's own, and neither a dataset nor a note that it was compared."""
    places = ["/tmp", "/srv", "/root", "/var/tmp", "/dev/shm"]
    listed = apart.lab.run(machine, "find", *places, "-xdev", "-not", "-type", "d", "-not", "-type", "s").split()
    theirs = ("/tmp/ray/", "/root/.ray/", "/dev/shm/", "/root/.cache/numba/", f"{telling.NOTES}/")
    known = (*theirs, "/tmp/recipe-sweep-data-0/", "/tmp/recipe-sweep-readings-0/")
    return sorted(path for path in listed if not path.startswith(known))
