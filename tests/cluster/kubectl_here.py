"""A `kubectl` for tests: the pod is a folder of this machine. `write` puts it on a PATH.

It knows what we ask for: `create`, `get pod`, `get rayjob`, `exec` and `delete`. Paths of the pod lead into the folder.
A file there changes what it does: `no-pod`, `waiting` and `silent`; `state` has what KubeRay says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

LAUNCHED_WITH = "schema_version: 1\nbackend: inline\nmax_lanes: 2\n"
_INSIDE = ("/mnt/recipe-sweep", "/opt/recipe-sweep", "/etc/recipe-sweep")


def write(programs: Path, pod: Path) -> None:
    """Write the program. `pod` is the folder of the pod."""
    for folder in (programs, *(pod / inside[1:] for inside in _INSIDE)):
        folder.mkdir(parents=True, exist_ok=True)
    root = Path(__file__).parents[2]
    program = programs / "kubectl"
    call = f'exec env PYTHONPATH={root} {sys.executable} -m tests.cluster.kubectl_here {pod} "$@"'
    program.write_text(f'#!/bin/sh\necho "$*" >> {pod}/calls\n{call}\n')
    program.chmod(0o755)


def main(pod: Path, words: list[str]) -> int:
    if words[0] == "--namespace":
        words = words[2:]
    if (pod / "silent").exists():
        print("Unable to connect to the server", file=sys.stderr)
        return 1
    match words[:2]:
        case ["create", _]:
            _create(pod, [Path(words[place + 1]) for place, word in enumerate(words) if word == "-f"])
        case ["get", "pod"]:
            print(json.dumps({"items": _pods(pod)}))
        case ["get", "rayjob"]:
            print((pod / "state").read_text() if (pod / "state").exists() else f"{words[2]}=Running", end="")
        case ["exec", _]:
            os.chdir(pod)
            os.execvp("env", ["env", *_environment(), *(_moved(pod, word) for word in words[words.index("--") + 1 :])])
        case ["delete", _]:
            (pod / "deleted").touch()
        case _:
            print(f"unknown: {words}", file=sys.stderr)
            return 1
    return 0


def _environment() -> list[str]:
    """The pod's own Python is ours."""
    return [f"PATH={Path(sys.executable).parent}:{os.environ['PATH']}"]


def _pods(pod: Path) -> list[dict[str, object]]:
    if (pod / "no-pod").exists():
        return []

    def one(name: str, made: str, running: bool = True, **more: str) -> dict[str, object]:
        state = {"running": {}} if running else {"waiting": {"reason": "ImagePullBackOff"}}
        statuses = [{"name": "ray-head", "state": state}]
        return {
            "metadata": {"name": name, "creationTimestamp": made, **more},
            "status": {"phase": "Running" if running else "Pending", "containerStatuses": statuses},
        }

    waiting = (pod / "waiting").exists()
    return [
        one("ended-head", "2026-01-03T00:00:00Z", deletionTimestamp="2026-01-03T00:00:01Z"),
        one("head", "2026-01-02T00:00:00Z", running=not waiting),
    ]


def _create(pod: Path, files: list[Path]) -> None:
    """Lay the files of the config map where a pod would see them, and start the job as KubeRay would."""
    import yaml

    documents = [document for file in files for document in yaml.safe_load_all(file.read_text())]
    files_there = pod / "etc/recipe-sweep/files"
    files_there.mkdir(parents=True, exist_ok=True)
    for name, text in next(each["data"] for each in documents if "data" in each).items():
        (files_there / name).write_text(_moved(pod, text))
    (files_there / "cluster.yaml").write_text(LAUNCHED_WITH)
    for name in ("begin", "launch.exit", "launch.log"):  # An emptyDir is new in every pod.
        (pod / "opt/recipe-sweep" / name).unlink(missing_ok=True)
    command = ["env", *_environment(), "sh", str(files_there / "launch.sh")]
    with (pod / "job.log").open("wb") as log:
        subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)


def _moved(pod: Path, text: str) -> str:
    for inside in _INSIDE:
        text = text.replace(inside, f"{pod}{inside}")
    return text


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
