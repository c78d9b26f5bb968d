"""A mistake in alerts.yml is named with its line, and no secret that was written into it is repeated."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from tests.helpers.project import REPOSITORY

from sluice.alerts import settings
from sluice.core.errors import SluiceError

CHANNELS = "channels: {team: {kind: slack, url: {env: HOOK}}}\n"
ROUTES = "routes: [{to: [team]}]\n"
PAGE = (REPOSITORY / "docs" / "incidents.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.partition("```yaml\n")[2].partition("```")[0]


def written(folder: Path, text: str) -> Path:
    path = folder / "alerts.yml"
    path.write_text(text)
    return path


def test_without_the_file_nothing_is_sent(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "alerts.yml") == settings.Settings()


def test_the_example_of_the_docs_is_valid(tmp_path: Path) -> None:
    found = settings.load(written(tmp_path, EXAMPLE))
    assert set(found.channels) == {"log", "team", "on_call", "mail", "issues", "other"}
    assert (len(found.routes), found.seconds) == (4, settings.SECONDS)


@pytest.mark.parametrize(
    ("text", "what", "where", "hint"),
    [
        (CHANNELS, "`routes` is missing", "alerts.yml:1", ""),
        (CHANNELS + "routes: [{to: [tem]}]\n", "unknown channel 'tem'", "alerts.yml:2", "did you mean team?"),
        ("channels: {team: {kind: slak}}\n" + ROUTES, "unknown kind 'slak'", "alerts.yml:1", "did you mean slack?"),
        ("channels: {team: {url: x}}\n" + ROUTES, "`kind` is missing", "alerts.yml:1", "one of: file, webhook"),
        (
            CHANNELS + "routes: [{to: [team], serverity: warn}]\n",
            "unknown key 'routes.0.serverity'",
            "alerts.yml:2",
            "did you mean severity",
        ),
        (
            CHANNELS + "routes: [{to: [team], severity: bad}]\n",
            "`routes.0.severity` should be 'error', 'warn'",
            "alerts.yml:2",
            "",
        ),
        (CHANNELS + ROUTES + "seconds: 0\n", "`seconds` should be greater than or equal to 1", "alerts.yml:3", ""),
    ],
    ids=["no routes", "channel", "kind", "no kind", "key", "severity", "seconds"],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, what: str, where: str, hint: str) -> None:
    with pytest.raises(SluiceError) as error:
        settings.load(written(tmp_path, text))
    assert what in error.value.what
    assert error.value.where.endswith(where)
    assert hint in error.value.hint


@pytest.mark.parametrize(
    "entry",
    ["{kind: slack, url: 'https://hooks.example/s3cret'}", "{kind: pagerduty, routing_key: s3cret}"],
    ids=["address", "key"],
)
def test_a_secret_that_was_written_into_it_is_an_error_that_does_not_repeat_it(tmp_path: Path, entry: str) -> None:
    with pytest.raises(SluiceError) as error:
        settings.load(written(tmp_path, f"channels: {{team: {entry}}}\n{ROUTES}"))
    assert "s3cret" not in f"{error.value.what} {error.value.hint}"
    assert "should be a mapping" in error.value.what


def test_a_password_goes_only_through_an_encrypted_connection(tmp_path: Path) -> None:
    mail = "{kind: smtp, host: mail.shop.example, sender: a@b.example, to: [c@d.example], password: {env: P}, security: none}"
    with pytest.raises(SluiceError, match="a password is sent only with security: starttls or tls"):
        settings.load(written(tmp_path, f"channels: {{team: {mail}}}\n{ROUTES}"))


def test_the_schema_for_editors_is_that_of_the_code_and_takes_the_example() -> None:
    stored = (REPOSITORY / "docs" / "schemas" / "alerts.schema.json").read_text()
    made = settings.json_schema()
    assert stored == made, "run: .venv/bin/python -m sluice.alerts.settings > docs/schemas/alerts.schema.json"
    jsonschema.Draft202012Validator(json.loads(stored)).validate(yaml.safe_load(EXAMPLE))
