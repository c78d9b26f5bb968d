"""The rules in monitoring/ are valid, are about metrics that exist, and each has a test that sees it fire."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.helpers.debian import program
from tests.helpers.project import REPOSITORY

from sluice.metrics.families import BUILD_INFO, MEASURED_AT, PARTS, PREFIX, SUCCESS

MONITORING = REPOSITORY / "monitoring"
KNOWN = {PREFIX + one.name for one in (BUILD_INFO, MEASURED_AT, SUCCESS, *(one for part in PARTS for one in part.metrics))}


def rules() -> list[dict[str, str]]:
    document = yaml.safe_load((MONITORING / "prometheus" / "rules.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def promtool_on(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [program("promtool", "prometheus"), "test", "rules", str(folder / "rules_test.yml")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_is_about_metrics_that_exist(rule: dict[str, str]) -> None:
    named = set(re.findall(r"\bsluice_\w+", rule["expr"]))
    assert named
    assert named <= KNOWN


def test_each_alert_has_a_test_that_sees_it_fire() -> None:
    document = yaml.safe_load((MONITORING / "prometheus" / "rules_test.yml").read_text())
    fired = {case["alertname"] for test in document["tests"] for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules()}


def test_alerts_fire_as_their_tests_say_and_a_wrong_rule_is_noticed(tmp_path: Path) -> None:
    right = promtool_on(MONITORING / "prometheus")
    assert right.returncode == 0, right.stdout + right.stderr
    shutil.copytree(MONITORING / "prometheus", tmp_path / "wrong")
    text = (tmp_path / "wrong" / "rules.yml").read_text()
    (tmp_path / "wrong" / "rules.yml").write_text(text.replace('{severity="error"}', '{severity="warn"}', 1))
    wrong = promtool_on(tmp_path / "wrong")
    assert wrong.returncode == 1
    assert "alertname: StaleFeed" in wrong.stdout + wrong.stderr


def test_the_settings_are_valid() -> None:
    for name, package, verb, file in (
        ("promtool", "prometheus", ["check", "config"], "prometheus/prometheus.yml"),
        ("amtool", "prometheus-alertmanager", ["check-config"], "alertmanager/alertmanager.yml"),
    ):
        done = subprocess.run([program(name, package), *verb, str(MONITORING / file)], capture_output=True, check=False)
        assert done.returncode == 0, done
