"""Composes every path inside a sweep's directory. No other module does.

    sweeps/demo/
      sweep.json            the sweep's lock file: grid, what is kept, pinned dataset hashes
      on_cluster.json       the cluster on which it runs, from `cluster up` until `cluster down`
      results/<pack>.parquet            one immutable file per complete pack
      weights/<pack>.<epoch>-<attempt>.safetensors   its final weights, written just before it
      failures/<pack>/<attempt>.json    why an attempt failed; <attempt>.hindered.json if the system did
      lease/                which launch may write, now and before
      launches/<epoch>.json the plan of each launch; beside it the estimate and the outcome
      search/<round>.json   what each round of an adaptive search asks for, before it starts
      code/<version>.tar.gz  the exact source of each version that a launch ran with
      calibration.json      how fast this machine trains its packs, measured by a probe
      packs/<pack>.json     packs that were started; later launches adopt them
      attempts/<pack>/<attempt>.json    when, where and how each attempt began and ended
      checkpoints/<pack>/   written by the trainer, removed once nothing can resume from them
      progress/<pack>.json  live view of running packs
      logs/                 one log per attempt of a pack, and Ray's
      index/ report/ episodes/ mlflow.db ray/     derived, may be deleted

The results are the truth about which runs are done.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HINDERED_SUFFIX = ".hindered.json"


@dataclass(frozen=True)
class SweepPaths:
    """The files of the sweep in directory `root`."""

    root: Path

    @property
    def lock_file(self) -> Path:
        return self.root / "sweep.json"

    @property
    def on_cluster(self) -> Path:
        """Return the file that says on which cluster the sweep runs."""
        return self.root / "on_cluster.json"

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def weights(self) -> Path:
        return self.root / "weights"

    @property
    def failures(self) -> Path:
        return self.root / "failures"

    @property
    def lease(self) -> Path:
        return self.root / "lease"

    @property
    def packs(self) -> Path:
        return self.root / "packs"

    @property
    def attempts(self) -> Path:
        return self.root / "attempts"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def progress(self) -> Path:
        return self.root / "progress"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def ray(self) -> Path:
        return self.root / "ray"

    @property
    def index(self) -> Path:
        return self.root / "index"

    @property
    def done_index(self) -> Path:
        return self.index / "done.json"

    @property
    def stored_index(self) -> Path:
        """List of the files that are the same here as in the sweep's store."""
        return self.index / "stored.txt"

    @property
    def report(self) -> Path:
        return self.root / "report"

    def episode(self, run_id: str, number: int) -> Path:
        """Return the picture that `play` makes of an episode."""
        return self.root / "episodes" / f"{run_id}-{number}.gif"

    @property
    def mlflow_db(self) -> Path:
        return self.root / "mlflow.db"

    @property
    def calibration(self) -> Path:
        return self.root / "calibration.json"

    @property
    def set_aside(self) -> Path:
        return self.root / "set_aside"

    @property
    def search(self) -> Path:
        return self.root / "search"

    @property
    def code(self) -> Path:
        return self.root / "code"

    def code_archive(self, version: str) -> Path:
        """Return the archive with the source of a version, as results name it."""
        return self.code / f"{version}.tar.gz"

    def search_round(self, number: int) -> Path:
        return self.search / f"{number:06d}.json"

    def launch_file(self, epoch: int) -> Path:
        return self.root / "launches" / f"{epoch:06d}.json"

    def estimate_file(self, epoch: int) -> Path:
        """Return the file with the estimate of a launch."""
        return self.root / "launches" / f"{epoch:06d}.estimate.json"

    def outcome_file(self, epoch: int) -> Path:
        """Return the file with what a launch really took."""
        return self.root / "launches" / f"{epoch:06d}.outcome.json"

    def way_file(self, epoch: int) -> Path:
        """Return the file that says how packs travel in a launch."""
        return self.root / "launches" / f"{epoch:06d}.way"

    def offers_file(self, epoch: int) -> Path:
        """Return the file with the packs that processes may take in a launch."""
        return self.root / "launches" / f"{epoch:06d}.offers"

    def stop_file(self, epoch: int) -> Path:
        """Return the file that asks every pack of a launch to checkpoint and stop, if it exists."""
        return self.root / "launches" / f"{epoch:06d}.stop"

    def engine_log(self, epoch: int) -> Path:
        return self.logs / f"engine-{epoch:06d}.log"

    def pack_record(self, pack_id: str) -> Path:
        return self.packs / f"{pack_id}.json"

    def pack_result(self, pack_id: str) -> Path:
        return self.results / f"{pack_id}.parquet"

    def pack_weights(self, pack_id: str, epoch: int, attempt: int) -> Path:
        """Return the weights file of one attempt.

        Its name has the launch and the attempt. So a leftover process can never replace the weights of a published result.
        """
        return self.weights / f"{pack_id}.{epoch}-{attempt}.safetensors"

    def pack_checkpoint(self, pack_id: str) -> Path:
        return self.checkpoints / pack_id

    def pack_claim(self, pack_id: str) -> Path:
        """Return the file that the process which trains the pack locks while it lives."""
        return self.attempts / pack_id / "claim"

    def pack_attempt(self, pack_id: str, attempt: int) -> Path:
        return self.attempts / pack_id / f"{attempt:04d}.json"

    def pack_failure(self, pack_id: str, attempt: int, hindered: bool = False) -> Path:
        """Return the file of a failure. Names show which attempts were hindered, so that counting failures opens no file."""
        return self.failures / pack_id / f"{attempt:04d}{HINDERED_SUFFIX if hindered else '.json'}"

    def pack_log(self, pack_id: str, attempt: int) -> Path:
        return self.logs / pack_id / f"{attempt:04d}.log"
