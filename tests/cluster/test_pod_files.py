"""The copy of a directory through a pipe."""

from __future__ import annotations

import os
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from recipe_sweep.cluster import pod_files
from recipe_sweep.cluster.pod_files import IncompleteCopyError, as_line, listed, of_line, pack, unpack


@pytest.fixture
def there(tmp_path: Path) -> Path:
    there = tmp_path / "there"
    for name in ("sweep.json", "results/a.parquet", "results/b.parquet", "checkpoints/x/1", "logs/x.log", "weights/a"):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_text(f"content of {name}\n")
        os.utime(there / name, ns=(10**18 + 7, 10**18 + 7))
    return there


def copied(there: Path, here: Path, *without: str) -> tuple[int, bytes]:
    stream = BytesIO()
    pack(there, listed(here, without), without, stream)
    return unpack(here, BytesIO(stream.getvalue())), stream.getvalue()


def test_a_file_is_lost_changed_or_copied_again(there: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    assert copied(there, here)[0] == 0
    assert listed(here) == listed(there)
    assert (here / "results/a.parquet").read_text() == "content of results/a.parquet\n"
    assert b"content of" not in copied(there, here)[1]
    (there / "logs/x.log").write_text("more\n")
    assert copied(there, here)[1].count(b"RECIPE_SWEEP.mtime_ns") == 1
    assert listed(here) == listed(there)


def test_what_is_left_out_comes_or_hides_what_has_the_same_name_further_below(there: Path, tmp_path: Path) -> None:
    (there / "logs/weights").write_text("")
    copied(there, tmp_path / "here", "weights", "checkpoints", "sweep.json")
    names = ["logs/weights", "logs/x.log", "results/a.parquet", "results/b.parquet"]
    assert sorted(listed(tmp_path / "here")) == names


def test_results_arrive_before_the_weights_that_they_speak_of(there: Path) -> None:
    stream = BytesIO()
    pack(there, {}, (), stream)
    with tarfile.open(fileobj=BytesIO(stream.getvalue())) as tar:
        names = tar.getnames()
    assert names[-3:] == ["results/a.parquet", "results/b.parquet", ".end"]


def test_one_copy_has_no_bound(there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pod_files, "MOST_BYTES", 40)
    lefts = []
    while not lefts or lefts[-1]:
        lefts.append(copied(there, tmp_path / "here")[0])
    assert lefts == [4, 2, 0]
    assert listed(tmp_path / "here") == listed(there)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.8, 1.0])
def test_a_copy_that_was_cut_off_looks_whole_or_leaves_half_a_file(there: Path, tmp_path: Path, share: float) -> None:
    here, stream = tmp_path / "here", BytesIO()
    pack(there, {}, (), stream)
    whole = stream.getvalue()
    with pytest.raises(IncompleteCopyError):
        unpack(here, BytesIO(whole[: int(whole.index(b".end") * share)]))
    assert listed(here).items() <= listed(there).items()
    assert not list(tmp_path.rglob("*.incoming"))
    assert copied(there, here)[0] == 0
    assert listed(here) == listed(there)


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out"])
def test_a_copy_writes_beside_the_sweep(tmp_path: Path, name: str) -> None:
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.pax_headers = {"RECIPE_SWEEP.mtime_ns": "1"}
        tar.addfile(info, BytesIO())
    with pytest.raises(IncompleteCopyError, match="no file of a sweep"):
        unpack(tmp_path / "here", BytesIO(stream.getvalue()))


def test_words_of_another_program_are_taken_for_a_list(there: Path) -> None:
    assert of_line(as_line(listed(there))) == listed(there)
    for line in ("", "No module named recipe_sweep\n", "[1]", '{"a": 1}'):
        with pytest.raises(IncompleteCopyError):
            of_line(line)


def test_a_log_that_grows_while_it_is_read_breaks_the_copy(
    there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pod_files.listed

    def then_more(root: Path, without: tuple[str, ...] = ()) -> dict[str, pod_files.Stamp]:
        found = real(root, without)
        with (there / "logs/x.log").open("a") as log:
            log.write("a later line\n")
        (there / "weights/a").unlink()
        return found

    monkeypatch.setattr(pod_files, "listed", then_more)
    stream = BytesIO()
    pack(there, {}, (), stream)
    assert unpack(tmp_path / "here", BytesIO(stream.getvalue())) == 0
    assert (tmp_path / "here/logs/x.log").read_text().endswith("a later line\n")
    assert not (tmp_path / "here/weights/a").exists()
