"""Mistakes in cluster files and in options beside them, and what is said about each. `test_bad_clusters.py` makes them."""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """A good file, a line of it and what stands there instead (or is added at its end), and what the complaint must say."""

    kind: str
    old: str
    new: str
    says: tuple[str, ...]
    command: str = "cluster validate c.yaml"


def aws(old: str, new: str, *says: str) -> Mistake:
    return Mistake("aws", old, new, says)


def ssh(old: str, new: str, *says: str) -> Mistake:
    return Mistake("ssh", old, new, says, "plan little.yaml --cluster c.yaml")


def slurm(old: str, new: str, *says: str) -> Mistake:
    return Mistake("slurm", old, new, says)


def kubernetes(old: str, new: str, *says: str) -> Mistake:
    return Mistake("kubernetes", old, new, says)


def raw(old: str, new: str, *says: str) -> Mistake:
    return Mistake("raw", old, new, says)


def local(old: str, new: str, *says: str) -> Mistake:
    return Mistake("local", old, new, says)


def ray(old: str, new: str, *says: str) -> Mistake:
    return Mistake("ray", old, new, says)


def whole(text: str, *says: str) -> Mistake:
    """A file with nothing but this text."""
    return Mistake("nothing", "", text, says)


def to_start(mistake: Mistake) -> Mistake:
    """Only a launch takes it for a mistake: what it names is not there."""
    return mistake._replace(command="launch little.yaml --cluster c.yaml --yes")


def command(kind: str, words: str, *says: str) -> Mistake:
    return Mistake(kind, "", "", says, words)


TOLD_IN_FOUR_PARTS = {
    "a way that needs a claim": kubernetes(
        "claim: shared",
        "travel: folder",
        "c.yaml:3: travel",
        "folder, without a claim",
        "a claim that all pods",
        "`travel: ray` needs",
    ),
    "a way that needs a store": kubernetes(
        "claim: shared",
        "travel: store",
        "c.yaml:3: travel",
        "store, without a store",
        "s3://BUCKET/PATH",
        "`travel: ray` needs",
    ),
    "two claims": kubernetes(
        "claim: shared",
        "claim: shared\nhead_claim: mine",
        "c.yaml:4: head_claim",
        "mine, beside claim: shared",
        "one of the two",
        "remove head_claim",
    ),
    "no way, and two more mistakes": kubernetes(
        "claim: shared\nworkers: 2",
        "secret: A b\nworkers: -2",
        "c.yaml:3: secret",
        "'A b'",
        "c.yaml:4: workers",
        "explains `workers`",
    ),
    "a secret in the file": kubernetes(
        "", "secret: {AWS_ACCESS_KEY_ID: AKIA}\n", "c.yaml:8: secret", "AWS_ACCESS", "small letters", "explains `secret`"
    ),
    "a store by https": kubernetes(
        "", "store: https://bucket.s3.amazonaws.com\n", "c.yaml:8: store", "'https://", "s3://bucket/sweeps", "explains `store`"
    ),
    "a claim by its path": kubernetes(
        "claim: shared", "claim: /mnt/shared", "c.yaml:3: claim", "'/mnt/shared'", "small letters", "explains `claim`"
    ),
    "a pod without processors": kubernetes(
        "cpus_per_worker: 8", "cpus_per_worker: 0", "c.yaml:5: cpus_per_worker", "0", "at least 1", "explains `cpus_per_worker`"
    ),
    "a year and a day": kubernetes("hours: 2", "hours: 8784", "c.yaml:7: hours", "8784", "at most 8,760", "explains `hours`"),
    "a selector of numbers": kubernetes(
        "", "node_selector: {zone: 1}\n", "c.yaml:8: node_selector.zone", "1", "one word", "explains `node_selector`"
    ),
    "a backend by its nickname": whole(
        "backend: k8s\n", "c.yaml:1: backend", "'k8s'", "one of local", "did you mean kubernetes?"
    ),
    "a backend by the name of its machines": whole(
        "backend: ec2\n", "c.yaml:1: backend", "'ec2'", "one of local", "did you mean aws?"
    ),
    "a backend that is far from every word": whole(
        "backend: condor\n", "c.yaml:1: backend", "'condor'", "one of local", "`recipe-sweep cluster init BACKEND`"
    ),
    "a backend left open": whole("backend:\n", "c.yaml:1: backend", "nothing", "one of local", "hint"),
    "keys of a job without its backend": whole(
        "nodes: 3\n",
        "c.yaml:1: nodes",
        "the unknown key 'nodes'",
        "one of schema_version",
        "it is a key of slurm; this file is for local, because it has no key `backend`",
    ),
    "a key of another backend in a job": slurm(
        "",
        "budget_usd: 60\n",
        "c.yaml:7: budget_usd",
        "the unknown key 'budget_usd'",
        "one of schema_version",
        "it is a key of aws; this file is for slurm",
    ),
    "a key that no backend has": slurm(
        "",
        "colour: red\n",
        "c.yaml:7: colour",
        "the unknown key 'colour'",
        "one of schema_version",
        "`recipe-sweep cluster init slurm` shows every key",
    ),
    "a key by another program's word": slurm(
        "nodes: 2", "num_nodes: 2", "c.yaml:3: num_nodes", "the unknown key", "one of", "did you mean nodes?"
    ),
    "a key in capitals": slurm(
        "hours: 2", "Hours: 2", "c.yaml:6: Hours", "the unknown key 'Hours'", "one of", "did you mean hours?"
    ),
    "a number as a key": slurm("", "1: 2\n", "c.yaml:7: 1", "the unknown key '1'", "one of", "shows every key"),
    "a key twice, with other values": slurm(
        "", "hours: 3\n", "c.yaml:7: hours", "first on line 6", "each key once", "delete one of them"
    ),
    "a key twice in a host": ssh(
        "10.0.0.2, cpus: 8",
        "10.0.0.2, cpus: 8, cpus: 4",
        "c.yaml:6: hosts[1].cpus",
        "this key again",
        "each key once",
        "delete one",
    ),
    "a list for one number": slurm("nodes: 2", "nodes: [2]", "c.yaml:3: nodes", "[2]", "a whole number", "explains `nodes`"),
    "a mapping for a list": ssh(
        "hosts:\n", "hosts: {a: 1}\nothers:\n", "c.yaml:4: hosts", "{'a': 1}", "a list", "explains `hosts`"
    ),
    "a word for a list": slurm(
        "", "setup: module load python\n", "c.yaml:7: setup", "'module load python'", "a list", "explains `setup`"
    ),
    "a number in quotes": slurm(
        "cpus_per_node: 16", "cpus_per_node: '16'", "c.yaml:4: cpus_per_node", "'16'", "a whole number", "explains"
    ),
    "yes for true": aws("", "spot: yes\n", "c.yaml:8: spot", "'yes'", "true or false", "explains `spot`"),
    "a switch for a number": aws(
        "workers: 4", "workers: true", "c.yaml:6: workers", "true", "a whole number", "explains `workers`"
    ),
    "not a number": aws("budget_usd: 60", "budget_usd: .nan", "c.yaml:7: budget_usd", "nan", "a finite number", "explains"),
    "dollars with their sign": aws(
        "budget_usd: 60", "budget_usd: $60", "c.yaml:7: budget_usd", "'$60'", "a finite number", "explains"
    ),
    "threads below one": local(
        "", "threads: 0\n", "c.yaml:3: threads", "0", "auto, or a whole number", "cluster init local` explains `threads`"
    ),
    "threads of a job below one": slurm(
        "", "threads: -1\n", "c.yaml:7: threads", "-1", "auto, or a whole number", "cluster init local` explains `threads`"
    ),
    "checkpoints without pause": local(
        "", "checkpoint_minutes: 0\n", "c.yaml:3: checkpoint_minutes", "0", "above 0", "explains"
    ),
    "stuck at once": local(
        "", "stuck_after_minutes: 0\n", "c.yaml:3: stuck_after_minutes", "0", "none, or minutes", "explains"
    ),
    "half of a pack's runs": local("", "max_lanes: 3.5\n", "c.yaml:3: max_lanes", "3.5", "auto, or a whole number", "explains"),
    "one and a half GPUs": local("", "gpu_per_pack: 1.5\n", "c.yaml:3: gpu_per_pack", "1.5", "a part of one GPU", "explains"),
    "a device of another name": local(
        "", "device: gpu\n", "c.yaml:3: device", "'gpu'", "one of auto, cpu, cuda", "did you mean cpu?"
    ),
    "a way of another name": local(
        "", "travel: carrier\n", "c.yaml:3: travel", "'carrier'", "one of auto, folder, ray, store", "explains `travel`"
    ),
    "an address of apprise in clear": slurm(
        "", "notify: ntfy://topic\n", "c.yaml:7: notify", "it is not repeated here", "env:NAME", "would travel to every machine"
    ),
    "a variable that begins with a digit": slurm(
        "", "notify: env:1X\n", "c.yaml:7: notify", "not env:NAME", "env:NAME", "would travel"
    ),
    "a variable in the shell's words": slurm(
        "", "notify: $TELL\n", "c.yaml:7: notify", "not env:NAME", "env:NAME", "would travel"
    ),
    "a Ray without a port": ray(
        "auto", "10.0.0.1", "c.yaml:2: address", "'10.0.0.1'", "auto, or a host and a port", "on a node of that cluster"
    ),
    "a port above all": ray(
        "auto", "10.0.0.1:99999", "c.yaml:2: address", "'10.0.0.1:99999'", "auto, or a host and a port", "`auto` finds it"
    ),
    "port zero": ray(
        "auto", "10.0.0.1:0", "c.yaml:2: address", "'10.0.0.1:0'", "auto, or a host and a port", "`auto` finds it"
    ),
    "the dashboard's address": ray(
        "auto", "http://10.0.0.1:8265", "c.yaml:2: address", "'http://", "auto, or a host and a port", "`auto` finds it"
    ),
    "a Ray at a number": ray("auto", "6379", "c.yaml:2: address", "6379", "auto, or a host and a port", "`auto` finds it"),
    "a Ray with a shell in its address": ray(
        "auto", "$(hostname):6379", "c.yaml:2: address", "'$(hostname):6379'", "a host and a port", "`auto`"
    ),
    "no address and no slots": whole(
        "backend: ray\n", "c.yaml:1: address", "found     nothing", "it has no default", "c.yaml:1: slots", "explains `slots`"
    ),
    "processors for one process": Mistake(
        "inline",
        "",
        "cpus: 4\n",
        ("c.yaml:3: cpus", "the unknown key 'cpus'", "one of", "it is a key of local; this file is for inline"),
    ),
    "a host of IPv6": ssh(
        "10.0.0.2", "'::1'", "c.yaml:6: hosts[1].host", "'::1'", "a host's name or its address", "explains `hosts`"
    ),
    "a port as a word": ssh("", "port: ssh\n", "c.yaml:9: port", "'ssh'", "a whole number", "explains `port`"),
    "an empty file": whole(
        "", "c.yaml", "an empty file", "a mapping of keys to values", "`recipe-sweep cluster init BACKEND` prints"
    ),
    "only a comment": whole("# aws\n", "c.yaml", "an empty file", "a mapping of keys to values", "prints a file to start from"),
    "a list at the top": whole(
        "- backend: aws\n", "c.yaml:1", "a list at the top level", "a mapping of keys to values", "prints a file to start from"
    ),
    "a word at the top": whole(
        "aws\n", "c.yaml:1", "a single value at the top level", "a mapping", "prints a file to start from"
    ),
    "a tab": slurm("", "\tname: x\n", "c.yaml:7", "a tab character", "YAML", "indent with spaces"),
    "a colon in a word": slurm(
        "", "notify: env:\n", "c.yaml:7", "mapping values are not allowed", "YAML", "prints a file to start from"
    ),
    "an open list": slurm("", "setup: [a, b\n", "c.yaml:8", "did not find expected", "YAML", "prints a file to start from"),
    "an open quote": slurm("", 'name: "x\n', "c.yaml:8", "unexpected end of stream", "YAML", "prints a file to start from"),
    "an alias of nothing": slurm(
        "", "name: *x\n", "c.yaml:7", "the undefined alias *x", "the name of a value", "name a value with &x"
    ),
    "an object of Python": slurm(
        "", "name: !!python/name:os.system x\n", "c.yaml:7: name", "the YAML tag", "a plain value", "prints a file"
    ),
    "a list as a key": slurm("", "? [a]\n: 1\n", "c.yaml:7", "a list as a key", "a plain word", "prints a file to start from"),
    "two documents": slurm(
        "", "---\nbackend: local\n", "c.yaml:7", "another document", "one YAML document", "prints a file to start from"
    ),
    "a sample's file system": to_start(
        aws(
            "fs-0a1b2c3d4e5f60718",
            "fs-0123456789abcdef0",
            "c.yaml:4: file_system",
            "'fs-0123456789abcdef0', a placeholder",
            "your own",
            "filled in",
        )
    ),
    "a sample's image and a mistake": to_start(
        aws(
            "ami-0a1b2c3d4e5f60718",
            "ami-0123456789abcdef0\nworker: 1",
            "2 problems",
            "c.yaml:3: image",
            "a placeholder",
            "c.yaml:4: worker",
            "did you mean workers?",
        )
    ),
    "a sample's subnet": to_start(
        aws(
            "",
            "subnets: [subnet-0123abcd, subnet-0123456789abcdef0]\n",
            "c.yaml:8: subnets[1]",
            "a placeholder",
            "your own",
            "filled in",
        )
    ),
    "a sample's registry": to_start(
        kubernetes(
            "registry.lab.org",
            "registry.example",
            "c.yaml:2: image",
            "'registry.example/base:1', a placeholder",
            "your own",
            "filled in",
        )
    ),
    "a sample's bucket": to_start(
        kubernetes(
            "claim: shared",
            "store: s3://bucket/sweeps",
            "c.yaml:3: store",
            "'s3://bucket/sweeps', a placeholder",
            "your own",
            "filled in",
        )
    ),
    "a word to be replaced": to_start(
        slurm("", "account: your-account\n", "c.yaml:7: account", "'your-account', a placeholder", "your own", "filled in")
    ),
    "brackets to be filled in": to_start(
        slurm("", "setup: [module load <python>]\n", "c.yaml:7: setup[0]", "a placeholder", "your own", "filled in")
    ),
    "a placeholder where the cluster is brought up": Mistake(
        "kubernetes",
        "registry.lab.org",
        "registry.example",
        ("c.yaml:2: image", "a placeholder", "your own", "filled in"),
        "cluster up c.yaml --grid little.yaml",
    ),
    "a placeholder in a check before the launch": Mistake(
        "slurm",
        "",
        "account: change-me\n",
        ("c.yaml:7: account", "a placeholder", "your own", "filled in"),
        "doctor --cluster c.yaml",
    ),
    "a launch to a file that is not there": command(
        "local", "launch little.yaml --cluster nowhere.yaml", "nowhere.yaml", "no such file", "a YAML file", "check the path"
    ),
    "a launch to a directory": command(
        "local", "launch little.yaml --cluster .", ".\n", "a directory", "a YAML file", "prints a file to start from"
    ),
    "a grid for a cluster": command(
        "local",
        "launch little.yaml --cluster little.yaml",
        "little.yaml:4: axes",
        "what looks like a grid",
        "a cluster file",
        "name the grid first",
    ),
    "a cluster for a grid": command(
        "local",
        "launch c.yaml --cluster c.yaml",
        "c.yaml:1: backend",
        "what looks like a cluster file",
        "a grid",
        "name it with --cluster",
    ),
    "both in the other's place": command(
        "local",
        "launch c.yaml --cluster little.yaml",
        "2 problems",
        "little.yaml:4: axes",
        "c.yaml:1: backend",
        "name it with --cluster",
    ),
    "a grid to be validated": command(
        "local",
        "cluster validate little.yaml",
        "little.yaml:4: axes",
        "what looks like a grid",
        "a cluster file",
        "name the grid first",
    ),
    "a cluster sent for a grid": command(
        "slurm", "cluster up c.yaml --grid c.yaml", "c.yaml:1: backend", "what looks like a cluster file", "a grid", "hint"
    ),
    "over a budget that is not there": command(
        "local",
        "launch little.yaml --cluster c.yaml --over-budget",
        "--over-budget",
        "starts no machines",
        "ssh, aws, slurm or kubernetes",
        "leave it out",
    ),
    "left where nothing is started": command(
        "inline", "launch little.yaml --cluster c.yaml --detach", "--detach", "starts no machines", "a cluster file of", "tmux"
    ),
    "left, and over no budget, without a cluster": command(
        "local", "launch little.yaml --detach --over-budget", "2 problems", "--detach", "--over-budget", "leave it out"
    ),
    "an end that nobody sees": command(
        "slurm",
        "launch little.yaml --cluster c.yaml --yes --detach --at-end true",
        "--at-end",
        "beside --detach",
        "one of the two",
        "notify: env:NAME",
    ),
    "a notice that nobody sees": command(
        "slurm", "launch little.yaml --cluster c.yaml --yes --detach --notify env:HOME", "--notify", "hint"
    ),
    "a notice in clear": command(
        "slurm",
        "launch little.yaml --cluster c.yaml --yes --notify ntfy://topic",
        "--notify",
        "it is not repeated here",
        "env:NAME",
        "can be read by every user",
    ),
    "a notice to nobody": command(
        "slurm",
        "launch little.yaml --cluster c.yaml --yes --notify env:NOT_SET",
        "env:NOT_SET",
        "no such variable",
        "an address",
        "export NOT_SET=",
    ),
    "a store without a scheme": command(
        "slurm", "launch little.yaml --cluster c.yaml --yes --store /scratch/x", "/scratch/x", "no scheme", "s3://", "hint"
    ),
    "a store by ftp": command(
        "slurm", "launch little.yaml --cluster c.yaml --yes --store ftp://x", "ftp://x", "the scheme 'ftp'", "s3://", "hint"
    ),
    "a way by a store that there is not": Mistake(
        "local",
        "",
        "travel: store\n",
        ("c.yaml:3: travel", "store, and no store", "a sweep with a bucket", "`travel: ray`"),
        "launch little.yaml --cluster c.yaml",
    ),
    "a part of no axis": command(
        "slurm",
        "launch little.yaml --cluster c.yaml --yes --only sed=0",
        "--only sed=0",
        "the unknown axis 'sed'",
        "one of task",
        "did you mean seed?",
    ),
    "a change of no key": command(
        "slurm",
        "launch little.yaml --cluster c.yaml --yes --set axes.sed=[1]",
        "--set axes.sed=[1]",
        "the unknown key",
        "a key of a grid",
        "did you mean axes.seed?",
    ),
    "prices of no region": command(
        "aws", "cluster prices --region mars", "--region", "'mars'", "a region such as us-east-1", "hint"
    ),
    "the end of a file that is not there": command(
        "aws", "cluster down nowhere.yaml", "nowhere.yaml", "no such file", "a YAML file", "check the path"
    ),
}
"""Each complaint in four parts: where, what was found, what was expected, what to do."""
