from __future__ import annotations

from recipe_sweep.cluster.backends.reach import exit_code_in, says_empty

BY_RAY = """\
2026-11-30 17:23:10,169\tVWARN commands.py:388 -- Loaded cached provider configuration from /tmp/ray-config-5065bb09d8
2026-11-30 17:23:10,173\tINFO command_runner.py:234 -- Fetched IP: 127.0.0.1
2026-11-30 17:23:10,173\tVINFO command_runner.py:399 -- Running `test -d sweeps/little || echo empty`
"""
"""What `ray exec` of Ray 2.60 prints before the output of the command."""


def test_the_end_of_a_launch_is_lost_among_the_lines_of_ray() -> None:
    assert exit_code_in(f"{BY_RAY}130\r\n") == 130
    assert exit_code_in("0\n") == 0
    assert exit_code_in(BY_RAY) is None
    assert exit_code_in("") is None


def test_a_sweep_that_never_began_looks_as_if_it_could_not_be_brought() -> None:
    assert says_empty(f"{BY_RAY}empty\r\n")
    assert not says_empty(BY_RAY), "Ray repeats the command"
