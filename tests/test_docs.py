"""What the documents say must be so: commands, options, links, and the demo's settings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from recipe_sweep.sweep.cli.main import app
from tests.checkout import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
WITH_COMMANDS = [*DOCUMENTS, *sorted(ROOT.glob("search_spaces/grids/*.yaml")), *sorted(ROOT.glob("cluster/*.yaml"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def command_lines(text: str) -> Iterator[str]:
    """Every `recipe-sweep ...` in backticks, in a code block or in a comment, up to the backtick, comment or end of line."""
    for match in re.finditer(r"(?:^|[`(]|  )recipe-sweep +(\S[^`\n#]*)", text, flags=re.MULTILINE):
        yield re.split(r"  +|;|\)$", match.group(1))[0]


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=name_of)
def test_every_command_in_a_document_can_be_typed(path: Path) -> None:
    commands: dict[str, Any] = typer.main.get_command(app).commands
    for line in command_lines(path.read_text(encoding="utf-8")):
        name, *words = shlex.split(line)
        if name.startswith("-"):
            continue
        assert name in commands, f"{name_of(path)}: recipe-sweep {line}: no such command"
        command = commands[name]
        if hasattr(command, "commands") and words:
            assert words[0] in command.commands, f"{name_of(path)}: recipe-sweep {line}: no such command"
            command = command.commands[words[0]]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        known |= {"-h", "--help"}
        for word in (word for word in words if re.match(r"--?[a-z]", word)):
            assert word in known, f"{name_of(path)}: recipe-sweep {line}: no option {word}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_within_the_project_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target.partition("#")[0]).exists(), f"{name_of(path)} links to {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_file_named_in_a_document_exists(path: Path) -> None:
    folders = "sweep|trainers|search_spaces|analysis|cluster|tests|scripts|docs"
    for target in re.findall(rf"`((?:{folders})/[\w/.-]*)`", path.read_text(encoding="utf-8")):
        assert (ROOT / target).exists(), f"{name_of(path)} speaks of {target}"


def test_the_readme_states_the_demo_as_it_is() -> None:
    demo = yaml.safe_load((ROOT / "search_spaces/grids/demo.yaml").read_text(encoding="utf-8"))
    settings = demo["settings"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    said = " ".join(readme.partition("**What the demo trains**")[2].partition("##")[0].split())
    hidden = " and ".join(map(str, settings["hidden"]))
    facts = (
        f"{int(settings['steps']):,} gradient steps",
        f"batch {settings['batch']}",
        f"hidden layers {hidden}",
        f"learning rate {settings['lr']}",
        f"temperature of BRAC is {demo['axes']['alpha']['brac']:g}",
        f"{len(demo['axes']['seed'])} seeds",
    )
    for fact in facts:
        assert fact in said, f"README does not say {fact!r} of the demo"
