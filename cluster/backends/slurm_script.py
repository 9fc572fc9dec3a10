"""The scripts for `sbatch`: one job with `ray symmetric-run` inside it, or an array whose elements take packs without Ray."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence

from recipe_sweep.cluster.backends.reach import EXIT_FILE, remembering_exit
from recipe_sweep.cluster.backends.slurm_file import SlurmFile
from recipe_sweep.cluster.host_processes import VARIABLE
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.shipment import Cargo, launch_words

SIGNAL_S = 60
"""Seconds before the time limit at which Slurm says so. It may do it a minute earlier."""
SEEMS_ALIVE_S = 60
"""Seconds for which a launch that lost its machine seems to live."""

_ADDRESS = r"""nodes=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes%%$'\n'*}
# Ray wants an address, because a node may know itself as 127.0.1.1 by its name.
address=$(scontrol show node "$head" --oneliner 2>/dev/null | sed -n 's/.* NodeAddr=\([^ ]*\).*/\1/p') || true
address=$(getent ahostsv4 "${address:-$head}" | awk '$1 !~ /^127\./ {print $1; exit}') || true"""

_WAIT = """# When the launch has ended, so does this script, and Slurm ends Ray on all nodes. Ray itself would take a minute.
while [ ! -e "$ended" ] && kill -0 "$ray" 2>/dev/null; do sleep 1; done
if [ -e "$ended" ]; then exit "$(cat "$ended")"; fi
wait "$ray\""""


def job_text(file: SlurmFile, cargo: Cargo) -> str:
    """Write the script of the one job. Its launch runs inside Ray on all nodes."""
    sent = str(cargo.directory)
    launch = remembering_exit(shlex.join(_launch(file, cargo)), sent)
    options = [
        f"--nodes={file.nodes}",
        "--ntasks-per-node=1",
        f"--cpus-per-task={file.cpus_per_node}",
        f"--mem={file.memory_gb_per_node}G",
        *([f"--gpus-per-node={file.gpus_per_node}"] if file.gpus_per_node else []),
        f"--output={file.directory}/{file.name}-%j.log",
        "--exclusive",
    ]
    notes = [
        f"# budget   at most {file.nodes * file.hours:g} node-hours",
        "# --exclusive: symmetric-run refuses a node on which anybody's Ray is running.",
        "# --requeue: a launch that starts again continues from its checkpoints.",
        "# --signal: before the time limit the launch is asked to stop, so that packs write their checkpoints.",
    ]
    return _script(
        file,
        cargo,
        [*notes, *_sbatch(file, options)],
        [
            "export RAY_SYMMETRIC_RUN_CLUSTER_WAIT_TIMEOUT=300 RAY_USAGE_STATS_ENABLED=0",
            f"ended={shlex.quote(f'{sent}/{EXIT_FILE}')}",
            'rm -f "$ended"',
            'if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then',
            f"  sleep {SEEMS_ALIVE_S} # the launch before seems to live for so long, if its node was lost",
            "fi",
            _ADDRESS,
            "port=$((20000 + SLURM_JOB_ID % 10000))",
            "# Without cgroups Slurm has left Ray of an earlier job on a node, and no other Ray can start there.",
            f"mark={shlex.quote(sent)}",
            f'srun --nodes={file.nodes} --ntasks={file.nodes} "$environment/bin/python" -P \\',
            '  -m recipe_sweep.cluster.host_processes "$mark" || true',
            f'export {VARIABLE}="$mark"',
            f"trap {shlex.quote(shlex.join(('recipe-sweep', 'cancel', str(cargo.grid_file))) + ' || true')} USR1",
            f'srun --nodes={file.nodes} --ntasks={file.nodes} ray symmetric-run --address "${{address:-$head}}:$port" \\',
            f"  --min-nodes {file.nodes} --num-cpus={file.cpus_per_node} --num-gpus={file.gpus_per_node} -- \\",
            f"  sh -c {shlex.quote(launch)} &",
            "ray=$!",
            _WAIT,
            "",
        ],
    )


def array_text(file: SlurmFile, cargo: Cargo, resources: Resources) -> str:
    """Write the script of an array. Each element is a worker that takes packs until none is left."""
    memory_mb = file.memory_gb_per_node * 1024 * file.nodes // resources.slots
    options = [
        f"--array=0-{resources.slots - 1}",
        "--nodes=1",
        "--ntasks=1",
        f"--cpus-per-task={file.cpus_per_pack}",
        f"--mem={memory_mb}M",
        *([f"--gpus={resources.gpu_per_pack:g}"] if resources.gpu_per_pack else []),
        f"--output={file.directory}/{file.name}-%A_%a.log",
        "--open-mode=append",
    ]
    cpu_hours = resources.slots * file.longest_hours * file.cpus_per_pack
    notes = [
        f"# budget   at most {cpu_hours:g} CPU-hours",
        "# --requeue: an element that is preempted, or whose node is lost, goes back into the queue.",
        f"# --signal: at its time limit it writes checkpoints and goes back, at most {file.requeues} times.",
    ]
    words = [str(cargo.grid_file), str(cargo.directory), str(file.requeues), "--", *_launch(file, cargo)]
    return _script(
        file,
        cargo,
        [*notes, *_sbatch(file, options)],
        [
            "# exec: Slurm's signals reach the element itself.",
            f'exec "$environment/bin/python" -P -m recipe_sweep.sweep.launch.element {shlex.join(words)}',
            "",
        ],
    )


def _launch(file: SlurmFile, cargo: Cargo) -> Sequence[str]:
    return launch_words(str(cargo.grid_file), str(cargo.cluster_file), f"{file.directory}/data", cargo.options)


def _sbatch(file: SlurmFile, options: Sequence[str]) -> list[str]:
    all_options = [
        f"--job-name={file.name}",
        *options,
        f"--time={math.ceil(file.hours * 60)}",
        *([f"--partition={file.partition}"] if file.partition else []),
        *([f"--account={file.account}"] if file.account else []),
        f"--chdir={file.directory}",
        "--requeue",
        f"--signal=B:USR1@{SIGNAL_S}",
    ]
    return [f"#SBATCH {option}" for option in all_options]


def _script(file: SlurmFile, cargo: Cargo, head: Sequence[str], body: Sequence[str]) -> str:
    wheel = cargo.wheel
    return "\n".join(
        [
            "#!/bin/bash",
            "# Generated by recipe-sweep for `sbatch`. Change the cluster file instead: a change here is lost.",
            f"# code     {wheel.name}, sha256 {wheel.sha256}",
            *head,
            "",
            "set -euo pipefail",
            *file.setup,
            "",
            "# Install exactly the code that was sent, once, in its own environment.",
            f"cd {shlex.quote(str(wheel.path.parent))}",
            f"echo {shlex.quote(wheel.check)} | sha256sum --check",
            *_install(file, cargo),
            'export PATH="$environment/bin:$PATH"',
            "",
            f"cd {file.directory}",
            *body,
        ]
    )


def _install(file: SlurmFile, cargo: Cargo) -> list[str]:
    """Write the lines that make the environment. Several nodes may reach them at once."""
    wheel, notify = cargo.wheel, file.notify is not None
    if file.packages == "given":
        kind = "-given"
        paths = 'import sysconfig as s; print(*{s.get_path("purelib"), s.get_path("platlib")}, sep="\\n")'
        own = 'import sysconfig; print(sysconfig.get_path("purelib"))'
        install = [
            f"  # The environment sees the packages of {file.python}.",
            f'  own=$("$environment/bin/python" -c {shlex.quote(own)})',
            f'  {file.python} -c {shlex.quote(paths)} > "$own/given.pth"',
            f'  "$environment/bin/pip" install --quiet --no-deps --no-index {shlex.quote(str(wheel.path))}',
        ]
    else:
        kind = "-notify" if notify else ""
        package = f"{wheel.path}[notify]" if notify else str(wheel.path)
        install = [f'  "$environment/bin/pip" install --quiet {shlex.quote(package)}']
    return [
        f"environment={file.directory}/environments/{wheel.sha256[:12]}{kind}",
        f"mkdir -p {file.directory}/environments",
        'exec 9>"$environment.lock"',
        "flock 9",
        'if [ ! -e "$environment/ready" ]; then',
        f'  {file.python} -m venv "$environment"',
        *install,
        '  touch "$environment/ready"',
        "fi",
        "exec 9>&-",
    ]
