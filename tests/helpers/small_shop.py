"""A shop of four orders, in which a version of nearly everything breaks a rule that may be waived."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.project import Project, copy_tree

FEEDS = ("shop/customers", "shop/products", "shop/orders", "shop/order_items", "shop/refunds",
         "payments/transactions", "payments/disputes", "web/events", "fx/rates")  # fmt: skip
ORDERS_HEADER = (
    "order_id,customer_id,ordered_at,status,currency_code,ship_country_code,"
    "shipping_amount,discount_amount,voucher_code,channel,updated_at\n"
)
DELIVERED = {
    "shop/customers/1.csv": """customer_id,email,full_name,country_code,city,signed_up_at,accepts_marketing,updated_at
1,a@example.com,A,DE,Bonn,2024-12-01 00:00:00,true,2024-12-01 00:00:00
""",
    "shop/products/1.csv": """product_id,sku,product_name,category,list_price,unit_cost,currency_code,is_active,updated_at
1,s,n,c,10,5,EUR,true,2024-12-01 00:00:00
""",
    "shop/orders/1.csv": ORDERS_HEADER
    + """1,1,2025-01-01 10:00:00,placed,EUR,DE,5.00,0,,web,2025-01-01 10:00:00
1,1,2025-01-01 10:00:00,paid,EUR,DE,-5.00,0,,web,2025-01-02 10:00:00
2,1,2025-01-01 10:00:00,shipped,EUR,DE,0,0,,web,2025-01-02 10:00:00
2,1,2025-01-01 10:00:00,paid,EUR,DE,0,0,,web,2025-01-03 10:00:00
3,1,2025-01-01 10:00:00,paid,EUR,DE,0,0,,web,2025-01-01 10:00:00
4,1,2025-01-01 10:00:00,paid,EUR,DE,0,0,,web,2025-01-01 10:00:00
""",
    "shop/order_items/1.csv": """order_item_id,order_id,product_id,quantity,unit_price,updated_at
11,1,1,2,10.00,2025-01-01 10:00:00
12,2,1,1,5.00,2025-01-01 10:00:00
13,3,1,1,7.00,2025-01-01 10:00:00
14,3,1,1,8.00,2025-01-01 10:00:00
14,4,1,1,-1.00,2025-01-02 10:00:00
""",
    "shop/refunds/1.csv": """refund_id,order_id,amount,currency_code,reason,refunded_at,updated_at
21,3,100.00,EUR,damaged,2025-01-05 10:00:00,2025-01-05 10:00:00
""",
    "payments/transactions/1.jsonl": '{"transaction_id":"t","order_id":3,"type":"captured",'
    '"amount":{"value":-7,"currency":"EUR"},"created_at":"2025-01-01T11:00:00Z",'
    '"card":null,"response_code":null,"ip_country":null,"buyer":null}\n',
    "fx/rates/1.csv": "rate_on,base_currency_code,currency_code,rate\n2025-01-01,EUR,USD,1.1\n2025-01-02,EUR,USD,0\n",
}
# dbt's words for a build without tests.
MODELS_ONLY = ("build", "--exclude-resource-type", "unit_test", "test")


def deliver(project: Project, files: dict[str, str]) -> None:
    for feed in FEEDS:
        (project.state / "demo" / feed).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (project.state / "demo" / name).write_text(text)
    project.run("sluice", "ingest", "feeds/demo.yml")


def rebuilt(project: Project, folder: Path) -> Project:
    """The same lake, built from nothing."""
    other = Project(folder)
    copy_tree(project.lake, other.lake)
    other.dbt(*MODELS_ONLY)
    return other
