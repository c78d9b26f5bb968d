"""A business rule that lacks something must not pass for a rule that nothing breaks: dbt stops and names its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helpers.project import REPOSITORY, Project

RULES: dict[str, list[dict[str, Any]]] = yaml.safe_load((REPOSITORY / "vars.yml").read_text())["vars"]["business_rules"]


def with_first_rule_of_orders(**changes: Any) -> dict[str, Any]:
    first, *others = RULES["orders"]
    rule = {key: value for key, value in {**first, **changes}.items() if value is not None}
    return {**RULES, "orders": [rule, *others]}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (with_first_rule_of_orders(says=None), "orders, rule future_time: says is missing"),
        (with_first_rule_of_orders(scope="line"), "orders, rule future_time: scope is line"),
        (with_first_rule_of_orders(may_be_waived="perhaps"), "may_be_waived is perhaps"),
        ({entity: rules for entity, rules in RULES.items() if entity != "refunds"}, "no entity refunds"),
        ({**RULES, "events": [{**RULES["events"][0], "may_be_waived": True}]}, "rows of events can not be waived"),
    ],
)
def test_the_message_says_where(tmp_path: Path, rules: dict[str, Any], message: str) -> None:
    project = Project(tmp_path, variables={"business_rules": rules})
    with pytest.raises(AssertionError, match=message):
        project.dbt("parse")
