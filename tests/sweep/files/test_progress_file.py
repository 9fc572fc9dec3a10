from pathlib import Path

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import (
    progress_path,
    read_all_progress,
    read_progress,
    remove_progress,
    write_progress,
)
from tests.sweep.synthetic_results import points, report_progress


def test_what_a_pack_reports_is_what_status_reads(tmp_path: Path) -> None:
    path = report_progress(tmp_path, "aaaa", points(), steps=(100, 200))
    progress = read_progress(path)
    assert progress is not None
    assert path == progress_path(SweepPaths(tmp_path).progress, "aaaa")
    assert (progress.pack_id, progress.step, progress.steps) == ("aaaa", 200, 300)
    assert [run.run_id for run in progress.runs] == [point.run_id for point in points()]
    assert [point.step for point in progress.runs[0].curve] == [100, 200]
    written_again = write_progress(tmp_path / "elsewhere", progress)
    assert read_progress(written_again) == progress


def test_half_written_or_foreign_files_count_as_absent(tmp_path: Path) -> None:
    path = report_progress(tmp_path, "aaaa", points(), steps=(100,))
    text = path.read_text()
    for number, content in enumerate(
        ("", text[: len(text) // 2], "[]", text.replace('"schema_version":1', '"schema_version":99'))
    ):
        (path.parent / f"bad{number}.json").write_text(content)
        assert read_progress(path.parent / f"bad{number}.json") is None
    (path.parent / ".cccc.json.12.tmp").write_text(text)
    assert [progress.pack_id for progress in read_all_progress(path.parent)] == ["aaaa"]


def test_a_published_pack_leaves_no_progress_behind(tmp_path: Path) -> None:
    folder = report_progress(tmp_path, "aaaa", points(), steps=(100,)).parent
    remove_progress(folder, "aaaa")
    remove_progress(folder, "aaaa")
    assert list(read_all_progress(folder)) == []
    assert list(read_all_progress(tmp_path / "never made")) == []
