"""Who acts has one name, wherever it is recorded: releases and decisions can be joined by it."""

from __future__ import annotations

import pytest

from sluice.core.actor import actor
from sluice.core.errors import SluiceError

JOB = {"GITHUB_ACTIONS": "true", "GITHUB_WORKFLOW": "close pr"}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"SLUICE_ACTOR": "job:x", "GITHUB_ACTIONS": "true", "GITHUB_WORKFLOW": "y"}, "job:x"),
        ({"SLUICE_ACTOR": "user:ann", "SLUICE_USER": "bob"}, "user:ann"),
        (JOB, "job:close-pr"),
        ({"GITHUB_ACTIONS": "true"}, "job:unknown"),
        ({**JOB, "SLUICE_USER": "bob"}, "job:close-pr"),
        ({"SLUICE_USER": "bob"}, "user:bob"),
        ({"SLUICE_USER": "ann@shop.example"}, "user:ann@shop.example"),
    ],
)
def test_who_acts(variables: dict[str, str], expected: str) -> None:
    assert actor(environment=variables) == expected


def test_a_person_is_the_user_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    assert actor(environment={"GITHUB_WORKFLOW": "no job without GITHUB_ACTIONS"}) == "user:ann"
    assert actor(" ", {}) == "user:ann"
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(KeyError("no name")))
    assert actor(environment={}).startswith("user:")


@pytest.mark.parametrize(
    ("by", "expected"),
    [("ann", "user:ann"), ("user:ann", "user:ann"), ("job:nightly", "job:nightly"), (" Ann Lee ", "user:Ann-Lee")],
)
def test_by_is_an_actor_or_the_name_of_a_user(by: str, expected: str) -> None:
    assert actor(by, {"SLUICE_ACTOR": "user:bob", **JOB}) == expected


def test_an_actor_of_no_kind_is_refused() -> None:
    with pytest.raises(SluiceError, match="'ann' is not a valid actor"):
        actor(environment={"SLUICE_ACTOR": "ann"})
