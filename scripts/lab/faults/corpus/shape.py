"""Faults of shape: columns, types, encodings, delimiters, broken files."""

from __future__ import annotations

import json

from lab.faults.day import Day
from lab.faults.registry import fault


@fault("shape", "shop.orders", "The column status is missing.", caught_by="ingest")
def orders_column_gone(day: Day) -> None:
    day.drop_column("status")


@fault("shape", "payments.transactions", "The field amount is missing in every line.", caught_by="ingest")
def payments_field_gone(day: Day) -> None:
    day.replace(r'"amount":\{[^}]*\},', "")


@fault("shape", "shop.customers", "An unannounced column was added at the end.", caught_by="harmless")
def customers_column_added(day: Day) -> None:
    day.edit(lambda data: b"".join(line + (b",tier\n" if n == 0 else b",gold\n") for n, line in enumerate(data.splitlines())))


@fault("shape", "web.events", "Every event has a new field.", caught_by="harmless")
def events_field_added(day: Day) -> None:
    day.replace(r"\}$", ',"experiment":"b"}')


@fault("shape", "shop.order_items", "unit_price is now called price.", caught_by="ingest")
def order_items_column_renamed(day: Day) -> None:
    day.edit(lambda data: data.replace(b"unit_price", b"price", 1))


@fault("shape", "payments.transactions", "created_at is now called createdAt.", caught_by="ingest")
def payments_field_renamed(day: Day) -> None:
    day.replace('"created_at":', '"createdAt":')


@fault("shape", "shop.orders", "The columns are in another order.", caught_by="harmless")
def orders_columns_reordered(day: Day) -> None:
    day.columns.reverse()


@fault("shape", "shop.order_items", "The quantity is text with a unit.", caught_by="ingest")
def order_items_quantity_retyped(day: Day) -> None:
    day.change({"quantity": "quantity || ' pcs'"})


@fault("shape", "shop.order_items", "Three lines have a word instead of a number.", caught_by="ingest")
def order_items_some_retyped(day: Day) -> None:
    day.change({"quantity": "'two'"}, "n <= 3")


@fault("shape", "shop.order_items", "Prices are written with a decimal comma.", caught_by="ingest")
def order_items_decimal_comma(day: Day) -> None:
    day.change({"unit_price": "replace(unit_price, '.', ',')"})


@fault("shape", "shop.orders", "Times are written with the day first.", caught_by="ingest")
def orders_dates_day_first(day: Day) -> None:
    day.change({"ordered_at": "strftime(ordered_at::timestamp, '%d/%m/%Y %H:%M')"})


@fault("shape", "payments.transactions", "Times are seconds since 1970.", caught_by="ingest")
def payments_times_as_numbers(day: Day) -> None:
    day.change({"created_at": "epoch(created_at::timestamp)::bigint"})


@fault("shape", "shop.customers", "The file is written in Latin-1.", caught_by="ingest")
def customers_other_encoding(day: Day) -> None:
    day.change({"city": "'Orléans'"}, "n % 3 = 0")
    day.edit(lambda data: data.decode().encode("latin-1", "replace"))


@fault("shape", "shop.customers", "UTF-8 was read as Latin-1 and written again.", caught_by="test")
def customers_encoded_twice(day: Day) -> None:
    day.change({"city": "'OrlÃ©ans'"}, "n % 3 = 0")


@fault("shape", "shop.orders", "Fields are separated by semicolons.", caught_by="ingest")
def orders_semicolons(day: Day) -> None:
    day.edit(lambda data: data.replace(b",", b";"))


@fault("shape", "web.events", "The compressed file was cut off.", caught_by="ingest")
def events_gzip_cut_off(day: Day) -> None:
    day.spoil_packed(lambda data: data[: len(data) // 2])


@fault("shape", "shop.orders", "The file ends in the middle of its last line.", caught_by="ingest")
def orders_last_line_cut(day: Day) -> None:
    day.cut_last_line()


@fault("shape", "payments.transactions", "The file ends in the middle of its last line.", caught_by="ingest")
def payments_last_line_cut(day: Day) -> None:
    day.cut_last_line()


@fault("shape", "shop.order_items", "The file is empty.", caught_by="ingest")
def order_items_empty_file(day: Day) -> None:
    day.edit(lambda _: b"")


@fault("shape", "shop.customers", "The file begins with a byte order mark.", caught_by="harmless")
def customers_byte_order_mark(day: Day) -> None:
    day.edit(lambda data: b"\xef\xbb\xbf" + data)


@fault("shape", "shop.orders", "Lines end with Windows line endings.", caught_by="harmless")
def orders_windows_lines(day: Day) -> None:
    day.edit(lambda data: data.replace(b"\n", b"\r\n"))


@fault("shape", "payments.transactions", "The amount is a plain number, without its currency.", caught_by="ingest")
def payments_amount_flat(day: Day) -> None:
    day.replace(r'"amount":\{"value":([0-9.]+)[^}]*\}', r'"amount":\1')


@fault("shape", "payments.transactions", "The fields of the amount have other names.", caught_by="quarantine")
def payments_amount_fields_renamed(day: Day) -> None:
    day.replace(r'"value":([0-9.]+),"currency":', r'"gross":\1,"ccy":')


@fault("shape", "web.events", "The page is text instead of an object.", caught_by="ingest")
def events_page_flat(day: Day) -> None:
    day.replace(r'"page":\{"path":("[^"]*")[^}]*\}', r'"page":\1')


@fault("shape", "shop.orders", "The header is repeated in the middle of the file.", caught_by="ingest")
def orders_header_twice(day: Day) -> None:
    day.add("select " + ", ".join(f"'{name}' as {name}" for name in day.columns), day.columns)


@fault("shape", "shop.customers", "A quote is opened and never closed.", caught_by="ingest")
def customers_quote_unclosed(day: Day) -> None:
    day.edit(lambda data: data.replace(b"@", b'",@', 1).replace(b",", b',"', 9))


@fault("shape", "payments.transactions", "The lines are wrapped in one JSON array.", caught_by="ingest")
def payments_as_array(day: Day) -> None:
    day.edit(lambda data: json.dumps([json.loads(line) for line in data.splitlines()], indent=1).encode())


@fault("shape", "fx.rates", "The server's error page was saved instead of the file.", caught_by="ingest")
def rates_error_page(day: Day) -> None:
    day.edit(lambda _: b"<html><head><title>502 Bad Gateway</title></head>\n<body>try later</body>\n</html>\n")


@fault("shape", "shop.orders", "The file contains bytes that are not text.", caught_by="ingest")
def orders_binary_rubbish(day: Day) -> None:
    day.edit(lambda data: data[: len(data) // 2] + bytes(range(256)) + data[len(data) // 2 :])
