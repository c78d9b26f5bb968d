"""openlineage.yml and the variables mean what they mean for OpenLineage's own client; a mistake is reported by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.core.errors import SluiceError
from sluice.openlineage.settings import Auth, File, Http, Settings, load

URL = {"OPENLINEAGE_URL": "http://marquez:5000/", "HOME": "/nowhere"}


def test_nothing_is_sent_unless_somebody_says_where(tmp_path: Path) -> None:
    assert load({"HOME": "/nowhere"}, tmp_path) is None


def test_the_url_is_enough(tmp_path: Path) -> None:
    found = load(URL, tmp_path)
    assert found == Settings(Http("http://marquez:5000/"))
    assert isinstance(found.transport, Http)
    assert found.transport.address == "http://marquez:5000/api/v1/lineage"
    assert found.transport.headers == {}


def test_endpoint_key_and_namespace_come_from_variables(tmp_path: Path) -> None:
    more = {"OPENLINEAGE_ENDPOINT": "v2/in", "OPENLINEAGE_API_KEY": "k", "OPENLINEAGE_NAMESPACE": "eu"}
    found = load({**URL, **more}, tmp_path)
    assert found == Settings(Http(URL["OPENLINEAGE_URL"], "v2/in", auth=Auth(apiKey="k")), "eu")
    assert isinstance(found.transport, Http)
    assert found.transport.headers == {"Authorization": "Bearer k"}


def test_the_file_of_the_project_is_stronger_than_the_url(tmp_path: Path) -> None:
    (tmp_path / "openlineage.yml").write_text("transport: {type: file, log_file_path: events.json}\nfilters: []\n")
    assert load(URL, tmp_path) == Settings(File("events.json"))


def test_the_home_folder_has_the_last_file_and_a_variable_names_the_first(tmp_path: Path) -> None:
    (tmp_path / "home" / ".openlineage").mkdir(parents=True)
    (tmp_path / "home" / ".openlineage" / "openlineage.yml").write_text("transport: {type: http, url: http://home}\n")
    (tmp_path / "named.yml").write_text(
        "transport: {type: http, url: http://named, endpoint: in, timeout: 2, compression: gzip,"
        " auth: {type: api_key, api_key: k}}\n"
    )
    at_home = {"HOME": str(tmp_path / "home")}
    assert load(at_home, tmp_path) == Settings(Http("http://home"))
    named = load({**at_home, "OPENLINEAGE_CONFIG": "named.yml"}, tmp_path)
    assert named == Settings(Http("http://named", "in", 2, Auth(api_key="k")))


@pytest.mark.parametrize("text", ["transport: {type: noop}", "transport: {type: http, url: http://x}"])
def test_it_can_be_switched_off(tmp_path: Path, text: str) -> None:
    (tmp_path / "openlineage.yml").write_text(text)
    more = {} if "noop" in text else {"OPENLINEAGE_DISABLED": "True"}
    assert load({**URL, **more}, tmp_path) is None


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("transport: {url: http://x}", "`transport` has no `type`", 1),
        ("transport:\n  type: kafka", "unknown type of transport 'kafka'", 2),
        ("transport:\n  type: http", "`url` is missing", 1),
        ("transport:\n  type: http\n  url: http://x\n  timeout: soon", "`timeout` should be a valid number", 4),
    ],
)
def test_a_mistake_is_reported_by_line(tmp_path: Path, text: str, what: str, line: int) -> None:
    (tmp_path / "openlineage.yml").write_text(text)
    with pytest.raises(SluiceError) as error:
        load({}, tmp_path)
    assert error.value.what.startswith(what)
    assert str(error.value.where).endswith(f"openlineage.yml:{line}")
