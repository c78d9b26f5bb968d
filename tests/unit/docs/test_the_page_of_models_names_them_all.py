"""docs/model.md names every key of a declaration, every parameter that is searched, and every check; and its example is valid."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import pytest
import yaml
from tests.helpers import small_model
from tests.helpers.project import REPOSITORY

from sluice.model import checks, settings
from sluice.model.declared import declared

PAGE = (REPOSITORY / "docs" / "model.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["ModelSettings", "Label", "Split", "Cost", "Daily", "Limits"])
def test_every_key_is_there(kind: str) -> None:
    missing = [one.name for one in fields(getattr(settings, kind)) if f"`{one.name}`" not in PAGE]
    # Those of a label are columns of the marts.
    assert missing == (["model"] if kind == "Label" else [])


def test_every_parameter_and_every_check_is_there() -> None:
    assert [name for name in settings._TUNED if f"`{name}`" not in PAGE] == []
    names = [check.__name__.removeprefix("_") for check in checks.CHECKS]
    assert (
        re.findall(r"^\| `(\w+)` \| (?:a |contributions|average|the |that |scoring)", PAGE, re.MULTILINE)[-len(names) :] == names
    )


def test_the_defaults_of_the_limits_are_those_of_the_code() -> None:
    for one in fields(settings.Limits):
        assert re.search(rf"`{one.name}` \({one.default:g}\)", PAGE)


def test_the_example_can_be_declared() -> None:
    (example,) = re.findall(r"```yaml\n(exposures:.*?)```", PAGE, re.DOTALL)
    exposure: dict[str, Any] = yaml.safe_load(example)["exposures"][0]
    marts = {"rpt_payment_features": {"payment_id": "varchar", "paid_at": "timestamp", "amount_cents": "bigint"}}
    nodes = {f"model.shop.{name}": small_model.node(name, marts.get(name, {})) for name in (*marts, "fct_payment_labels")}
    exposure["depends_on"] = {"nodes": list(nodes)}
    found = declared({"nodes": nodes, "exposures": {"exposure.shop.risk_payments": exposure}}, "risk_payments")
    assert found.features == ("amount_cents",)
