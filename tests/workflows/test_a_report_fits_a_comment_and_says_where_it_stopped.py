"""The report of a pull request's data: the diff first, logs folded away, never too long, and nothing in it is markup."""

from __future__ import annotations

from pathlib import Path

import pytest

from ci.report import Log, compose, log_of, main, publish

GITHUB_TAKES = 65_536
DIFF = "### Data: prod → pr-12\n\n**1 of 20 relations is different.**"


def test_the_diff_comes_first_and_the_logs_are_folded() -> None:
    report = compose([Log("Build", "1 model built"), Log("Audit", "27 expectations hold")], DIFF)
    assert report.startswith(DIFF)
    assert report.count("<details><summary>") == 2
    assert "<details open>" not in report


def test_a_step_that_failed_is_named_before_the_diff_and_is_open() -> None:
    report = compose([Log("Build", "1 model built"), Log("Audit", "order_amount: mean 12", is_failed=True)], DIFF)
    assert report.startswith(f"**Audit failed.**\n\n{DIFF}")
    assert "<details><summary>Build</summary>" in report
    assert "<details open><summary>Audit</summary>" in report


def test_without_a_diff_it_says_what_failed_and_shows_it() -> None:
    report = compose([Log("Build", "the test one_order_one_row failed", is_failed=True), Log("Audit", "")], None)
    assert report.startswith("**Build failed.**\n\n### Data: not compared")
    assert "one_order_one_row" in report
    assert "Audit" not in report


def test_a_step_that_failed_without_a_word_is_named_too() -> None:
    assert "**Build failed.**" in compose([Log("Build", "", is_failed=True)], None)


def test_nothing_at_all_is_said_as_such() -> None:
    assert "No step wrote any output" in compose([], None)


def test_github_says_how_a_step_ended(tmp_path: Path) -> None:
    (tmp_path / "build.txt").write_text("a=b:c")
    assert log_of(f"Build:failure={tmp_path}/build.txt") == Log("Build", "a=b:c", is_failed=True)
    assert log_of(f"Build:success={tmp_path}/build.txt") == log_of(f"Build={tmp_path}/build.txt") == Log("Build", "a=b:c")
    assert log_of(f"Audit:skipped={tmp_path}/audit.txt") == Log("Audit", "")


def test_it_is_never_longer_than_a_comment_may_be() -> None:
    marker = 100
    assert len(compose([Log("Build", "x" * 100_000), Log("Audit", "y" * 100_000)], "d" * 60_000)) <= GITHUB_TAKES - marker
    report = compose([Log("Build", "the end")], "d" * 64_990)
    assert len(report) <= GITHUB_TAKES - marker
    assert "The logs do not fit" in report


def test_a_long_log_keeps_its_end() -> None:
    report = compose([Log("Build", "\n".join(f"line {number}" for number in range(5000)))], None)
    assert "line 4999" in report
    assert "line 17\n" not in report


def test_progress_is_no_news() -> None:
    report = compose([Log("Build", "dbt build:   0% sql view model\ndbt build:  20% test a\n1 of 2 failed: 50% late\n")], None)
    assert "```text\n1 of 2 failed: 50% late\n```" in report


def test_colours_and_lines_drawn_over_are_gone() -> None:
    report = compose([Log("Build", "\x1b[31m1 of 9\r\x1b[32m9 of 9\x1b[0m\n")], None)
    assert "```text\n9 of 9\n```" in report


@pytest.mark.parametrize("text", ["```\n# not a headline", "``````\n</details>"])
def test_a_log_can_not_leave_its_fence(text: str) -> None:
    report = compose([Log("Build", text)], None)
    lines = report.splitlines()
    fence = next(line for line in lines if line.endswith("`text")).removesuffix("text")
    assert lines.count(fence) == 1
    assert fence not in text.splitlines()


def test_data_can_not_end_the_output_and_begin_another(tmp_path: Path) -> None:
    output = tmp_path / "output"
    publish("EOF\nreport<<EOF\nstolen=1\n", {"GITHUB_OUTPUT": str(output)})
    first, *_, last = output.read_text().splitlines()
    assert first == f"report<<{last}"
    assert output.read_text().count(last) == 2
    assert len(last) == 32


def test_on_a_laptop_it_only_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "build.txt").write_text("built\n")
    main(["--diff", "none.md", "Build=build.txt", "Audit=none.txt"])
    assert "built" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["build.txt"]


def test_in_a_workflow_it_is_in_the_summary_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    (tmp_path / "diff.md").write_text(DIFF)
    main(["--diff", str(tmp_path / "diff.md")])
    assert (tmp_path / "summary.md").read_text() == f"{DIFF}\n"
