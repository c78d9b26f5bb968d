"""environments.yml: what is not as it should be is named; who may do what follows from it alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.tiny_releases import POLICY
from sluice.core.dbt_profile import Choice
from sluice.core.errors import RefusedError, SluiceError
from sluice.environments.policy import Policy, load

GOOD = """
environments:
  dev: {kind: file, build: ["user:*"]}
  pr-*: {kind: file, build: ["user:*", "job:pr"], drop: ["job:close-*"], expires_after_days: 3}
  staging: {kind: pointer, publish: ["job:main"]}
  prod: {kind: pointer, publish: ["user:ann"], promote: ["user:ann"], promote_from: [staging],
    target: live, vars: {from: 2024}, sources: raw.duckdb}
  ops: {kind: file, build: ["user:*"], target: seen, select: [+tag:history], after: runs}
prune: {by: ["user:ann"], keep_last: 2, keep_days: 1, keep_weeks: 0, candidate_days: 1}
"""


def read(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "environments.yml"
    path.write_text(text)
    return load(path)


def test_what_stands_there_is_read(tmp_path: Path) -> None:
    policy = read(tmp_path, GOOD)
    assert policy.retention.keep_last == 2
    assert policy.environment("pr-12").expires_after_days == 3
    assert policy.environment("pr-12").file("pr-12", Path("w")) == Path("w/pr/12.duckdb")
    assert policy.environment("dev").file("dev", Path("w")) == Path("w/dev.duckdb")
    prod = policy.environment("prod")
    assert prod.promote_from == ("staging",)
    assert (prod.choice, prod.sources) == (Choice("live", {"from": 2024}), "raw.duckdb")
    assert policy.environment("dev").choice == Choice()
    assert (policy.environment("ops").select, policy.after_runs()) == (("+tag:history",), ("ops",))
    assert [name for name in ("dev", "pr-12", "prod", "ops") if policy.environment(name).is_built_aside] == ["ops"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("kind: file, build", "kind: table, build", "`kind` should be 'file' or 'pointer', not 'table'"),
        ("expires_after_days: 3", "expires_after_days:", "`expires_after_days` has no value"),
        ("kind: file, build", "name: prod, kind: file, build", "unknown key 'name'"),
        ("publish: [", "publishes: [", "unknown key 'publishes'"),
        ('["user:ann"], promote:', '["ann"], promote:', "'ann' is not a valid actor"),
        ('["user:ann"], promote:', '"user:ann", promote:', "should be a list"),
        ("promote_from: [staging]", "promote_from: [prod]", "promote_from: prod"),
        ("promote_from: [staging]", "promote_from: [stagging]", "promote_from: stagging"),
        ("staging: {kind: pointer", "staging: {expires_after_days: 3, kind: pointer", "unknown key 'expires_after_days'"),
        ("expires_after_days: 3", "expires_after_days: soon", "should be a valid integer"),
        ("keep_last: 2", "keep_last: -2", "greater than or equal to 0, not -2"),
        ("keep_last: 2", "keep_last: true", "should be a valid integer"),
        ("keep_last: 2", "keep_fast: 2", "unknown key 'prune.keep_fast'"),
        ("  dev:", "  candidate:", "cannot name an environment"),
        ("  dev:", "  ../dev:", "cannot name an environment"),
        ("pr-*: {kind: file, build", "pr-*: {kind: pointer, build", "a family consists of files"),
        ("expires_after_days: 3", "target: live", "unknown key 'target' for a family"),
        ("expires_after_days: 3", "select: [a]", "unknown key 'select' for a family"),
        ("dev: {kind: file", "dev: {select: [a], kind: file", "unknown key 'select' for dev"),
        ("staging: {kind: pointer", "staging: {after: runs, kind: pointer", "unknown key 'after' for a pointer"),
        ("select: [+tag:history], after", "after", "`after` needs `select`"),
        ("select: [+tag:history]", "select: []", "at least 1 item"),
        ("after: runs", "after: publish", "`after` should be 'runs'"),
        ("target: live", "target: [live]", "`target` should be a valid string"),
        ("environments:", "environment:", "`environments` is missing"),
        ("environments:", "- x:", "not readable as YAML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, before: str, after: str, says: str) -> None:
    assert before in GOOD
    with pytest.raises(SluiceError) as told:
        read(tmp_path, GOOD.replace(before, after, 1))
    assert says in told.value.what
    assert "environments.yml" in told.value.where


@pytest.mark.parametrize("text", ["", "- a", "environments: 3", "environments: {dev: 1}"])
def test_what_is_no_mapping_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(SluiceError, match="mapping"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "action", "actor", "may"),
    [
        ("dev", "build", "user:bob", True),
        ("dev", "build", "job:pr", False),
        ("dev", "drop", "user:bob", False),
        ("pr-7", "build", "job:pr", True),
        ("pr-7", "drop", "job:close-pr", True),
        ("pr-7", "drop", "user:bob", False),
        ("prod", "publish", "user:ann", True),
        ("prod", "publish", "user:annabel", False),
        ("prod", "rollback", "user:ann", False),
    ],
)
def test_who_is_not_named_may_not(tmp_path: Path, name: str, action: str, actor: str, may: bool) -> None:
    policy = read(tmp_path, GOOD)
    if may:
        policy.allow(name, action, actor)
    else:
        with pytest.raises(RefusedError, match=f"{actor} may not {action} {name}"):
            policy.allow(name, action, actor)


@pytest.mark.parametrize(
    ("pattern", "actor", "refused"),
    [
        ("dev", "user:bob", None),
        ("dev", "job:pr", "dev"),
        ("pr-7", "job:pr", None),  # who may build it, where `answer` says nothing
        ("staging", "job:main", None),  # or publish to it
        ("prod", "user:ann", "prod"),
        ("prod", "user:carl", None),
        ("p*", "user:bob", "prod"),  # a silence of several: he may for pr-*
        ("gone", "job:pr", None),
        (None, "user:carl", "staging"),
    ],
)
def test_who_may_answer_an_incident_is_named_or_may_change_its_environment(
    tmp_path: Path, pattern: str | None, actor: str, refused: str | None
) -> None:
    policy = read(tmp_path, GOOD.replace("promote_from: [staging],", 'promote_from: [staging], answer: ["user:carl"],'))
    if refused is None:
        policy.allow_answer(pattern, actor)
    else:
        with pytest.raises(RefusedError, match=f"{actor} may not answer incidents of {refused}"):
            policy.allow_answer(pattern, actor)


def test_an_environment_that_is_not_there_is_named(tmp_path: Path) -> None:
    policy = read(tmp_path, GOOD)
    for name in ("production", "pr-", "pr-../../x", "pr-1/2", "pr-1.2", "DEV"):
        with pytest.raises(SluiceError, match="there is no environment"):
            policy.environment(name)
    with pytest.raises(SluiceError, match="points to no release"):
        policy.pointing("dev")


def test_without_the_file_only_files_are_environments(tmp_path: Path) -> None:
    policy = load(tmp_path / "environments.yml")
    policy.allow("dev", "build", "user:x")
    with pytest.raises(SluiceError, match="there is no environment prod"):
        policy.environment("prod")
    with pytest.raises(RefusedError):
        policy.allow_prune("user:x")


def test_a_fresh_clone_lets_a_person_publish_and_a_pull_request_not() -> None:
    for name in ("staging", "prod"):
        for action in ("build", "publish", "rollback"):
            POLICY.allow(name, action, "user:newcomer")
            with pytest.raises(RefusedError):
                POLICY.allow(name, action, "job:pr")
    POLICY.allow("prod", "promote", "job:promote")
    POLICY.allow_prune("user:newcomer")
