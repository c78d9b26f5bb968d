"""Feeds of the addresses of `shop_api`, as docs/rest.md shows them, and lakes for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import TypeAdapter
from tests.helpers.lake import LakeOfOneFeed, contract
from tests.helpers.project import REPOSITORY
from tests.helpers.shop_api import Record, ShopApi, digits

from sluice.ingest.feeds import expand, expanded
from sluice.ingest.readers.rest.feed import RestFeed


def documented() -> dict[str, dict[str, Any]]:
    """The feeds that docs/rest.md shows for REST addresses, by source."""
    text = (REPOSITORY / "docs" / "rest.md").read_text(encoding="utf-8")
    block = text.partition("```yaml\n")[2].partition("```")[0]
    return {feed["source"]: feed for feed in yaml.safe_load(block)}


def feed_of(api: ShopApi, kind: str, **changes: Any) -> RestFeed:
    """The documented feed of an API, or one of `/goods`, that reads this server in pages of ten and waits for nothing."""
    goods = {"url": "/goods", "records": "goods", "paging": {"offset": {"limit": 10, "param": "skip"}}}
    keys = {"params": {}, **(goods if kind == "goods" else documented()[kind])}
    keys["params"] |= {name: 10 for name in ("limit", "per_page") if name in keys["params"]}
    keys["url"] = api.url + urlsplit(expand(keys["url"], {"REPOSITORY": "octo/shop", "SHOP": "shop"}, lambda: kind)).path
    keys |= {"source": "test", "table": "rows", "longest_wait": 0, "timeout": 5, **changes}
    environment = dict.fromkeys(["SHOPIFY_TOKEN", "STRIPE_KEY", "GITHUB_TOKEN", "WOO_SECRET"], api.token) | {"WOO_KEY": "ck_user"}
    keys = {key: expanded(value, environment, lambda *_: kind) for key, value in keys.items() if key != "format"}
    return TypeAdapter(RestFeed).validate_python(keys)


def lake_of_api(
    root: Path, api: ShopApi, kind: str = "goods", promised: Mapping[str, str] | None = None, key: str = "id", **changes: Any
) -> LakeOfOneFeed:
    """A lake with such a feed."""
    time = {"stripe": {"created": "bigint"}, "woocommerce": {"date_modified_gmt": "timestamp"}}.get(kind)
    known = {
        "id": "varchar!" if kind == "stripe" else "bigint!",
        "price": "decimal(12,2)",
        **(time or {"updated_at": "timestamp"}),
    }
    return LakeOfOneFeed(root, contract(promised or known, (key,) if key else ()), feed_of(api, kind, **changes))


def record(number: int, minute: int | None = None, *, price: str = "1.10") -> Record:
    """A record that every one of the APIs can give, changed at a minute of 1 January 2025."""
    minute = number if minute is None else minute
    at = f"2025-01-01T{minute // 60:02}:{minute % 60:02}:00"
    return {
        "id": number,
        "price": digits(price),
        "updated_at": f"{at}Z",
        "date_modified_gmt": at,
        "created": 1735689600 + minute * 60,
    }
