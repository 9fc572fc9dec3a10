"""Plain Ray Tune as its documentation shows it, one trivial trial per run: `python -m benchmarks.plain_tune TRIALS REUSE`.

Prints the seconds per trial. They include everything from `ray.init` to the last result.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time


def main() -> None:
    trials, reuse = int(sys.argv[1]), sys.argv[2] == "reuse"
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AIR_NEW_OUTPUT": "0"}
    began = time.monotonic()

    import ray
    from ray import tune

    with tempfile.TemporaryDirectory(prefix="rs-plain-") as directory:
        ray.init(address="local", num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False, _temp_dir=directory)
        tuner = tune.Tuner(
            lambda config: {"score": config["run"]},
            param_space={"run": tune.grid_search(list(range(trials)))},
            tune_config=tune.TuneConfig(reuse_actors=reuse),
            run_config=tune.RunConfig(storage_path=f"{directory}/results", verbose=0),
        )
        results = tuner.fit()
        assert len(results) == trials
        assert not results.num_errors
        ray.shutdown()
    print(f"\nseconds per trial: {(time.monotonic() - began) / trials}")


if __name__ == "__main__":
    main()
