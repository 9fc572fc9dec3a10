"""Errors of this folder. They belong to the tree in `search_spaces/errors.py`.

    RecipeSweepError
    ├── LeaseLostError       another launch has taken over this sweep, so this process must not write  exit code 1
    ├── AlreadyPublishedError  the pack's results are already published                               exit code 1
    ├── EngineError          Ray could not be started, or died repeatedly                             exit code 1
    ├── ProbeError           nothing could be timed                                                   exit code 1
    ├── ClusterCommandError  another program (ray, sbatch, kubectl) ended with an error               exit code 1
    ├── StoreError           the store gave no valid answer for too long                              exit code 1
    ├── TravelError          a worker asked for a file that is none of its pack                       exit code 1
    ├── TrackingError        MLflow's server or database could not be reached, or refused a request   exit code 1
    └── UserInputError
        ├── SweepDirectoryError   the directory is no sweep, or one of its files cannot be read       exit code 2
        │   └── DamagedFileError  one file of a sweep is not what was written there                   exit code 2
        ├── LeaseHeldError        another launch is working on this sweep                             exit code 2
        ├── ClusterFileError      the cluster file has mistakes, or its machines are not suitable     exit code 2
        ├── PriceFileError        the user's own file of prices has mistakes, or cannot be refreshed   exit code 2
        ├── ClusterStateError     the cluster is already up, or was never brought up from here        exit code 2
        ├── MissingToolUserError  a program, a package or credentials are not on this machine         exit code 2
        ├── StoreAddressError     a store's address is not valid, or its content is not ours          exit code 2
        │   └── StoreKeyError     a store has a name in our folders that we never write               exit code 2
        ├── ProjectionBusyError   another process is writing this sweep's MLflow runs                 exit code 2
        ├── UnknownRunError       no run has that id                                                  exit code 2
        └── UnknownLogError       no such pack, attempt or log                                        exit code 2

Each class below says more.
"""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem, RecipeSweepError, UserInputError


class LeaseLostError(RecipeSweepError):
    """Another launch has taken over this sweep, so this process must not write."""


class AlreadyPublishedError(RecipeSweepError):
    """The pack's results are already published. The first publisher won, and the results of this one are dropped."""


class EngineError(RecipeSweepError):
    """Ray could not be started, or died repeatedly without a finished pack."""


class ClusterCommandError(RecipeSweepError):
    """Another program ended with an error."""


class StoreError(RecipeSweepError):
    """The store gave no valid answer for longer than this program waits."""


class TravelError(RecipeSweepError):
    """A worker asked for a file, or sent one, that is none of its pack. Our own workers never do."""


class TrackingError(RecipeSweepError):
    """The tracking server or its database could not be reached, or refused a request."""


class ProbeError(RecipeSweepError):
    """Nothing could be timed."""


class SweepDirectoryError(UserInputError):
    """The directory is no sweep, or one of its files cannot be read."""


class DamagedFileError(SweepDirectoryError):
    """One file of a sweep is not what was written there.

    `follows` says what happens when a reader continues without the file. `remedy` says what the user can do.
    """

    def __init__(self, path: Path, found: str, expected: str, follows: str, remedy: str) -> None:
        super().__init__(Problem(str(path), found=found, expected=expected, hint=remedy))
        self.path, self.found, self.follows, self.remedy = path, found, follows, remedy
        self.expected = expected

    @property
    def sentence(self) -> str:
        """The error and its consequence, in one sentence."""
        return f"{self.path} is not {self.expected} but {self.found}: {self.follows}; {self.remedy}"


class LeaseHeldError(UserInputError):
    """Another launch is working on this sweep."""


class ClusterFileError(UserInputError):
    """The cluster file has mistakes, or describes machines that are not suitable for what was asked."""


class PriceFileError(UserInputError):
    """The user's own file of prices has mistakes, or AWS gave no prices to refresh it with."""


class ClusterStateError(UserInputError):
    """The cluster is already up, or was never brought up from here."""


class MissingToolUserError(UserInputError):
    """A program, a package or credentials that this command needs are not on this machine."""


class StoreAddressError(UserInputError):
    """The address of a store is not valid, or what it names does not exist or is not ours."""


class StoreKeyError(StoreAddressError):
    """A store has a name in one of our folders that we never write."""


class ProjectionBusyError(UserInputError):
    """Another process is writing this sweep's MLflow runs."""


class UnknownRunError(UserInputError):
    """No run of this grid or sweep has that id."""


class UnknownLogError(UserInputError):
    """This sweep has no such pack, attempt or log."""
