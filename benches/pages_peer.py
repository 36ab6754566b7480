"""The same pages by Flask and sqlite3, served by gunicorn: found by key, one connection
a thread, as somebody would write them who knows both."""

import os
import sqlite3
import threading

from flask import Flask, jsonify, request

app = Flask(__name__)
app.json.sort_keys = False
local = threading.local()

SALES = """
    SELECT sale_id, product_id, sale_date, quantity, price, category_id,
        category_name AS category
    FROM sales LEFT JOIN categories USING (category_id)
"""


def connection():
    if not hasattr(local, "connection"):
        path = os.environ["SILVER"]
        local.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        local.connection.row_factory = sqlite3.Row
    return local.connection


def page(name, select, tests, key):
    tests = [(test, value) for test, value in tests if value is not None]
    limit = min(int(request.args.get("limit", 10)), 1000)
    where = " AND ".join(test for test, _ in tests)
    sql = f"{select} {'WHERE ' + where if where else ''} ORDER BY {key} LIMIT ?"
    values = [value for _, value in tests]
    rows = connection().execute(sql, (*values, limit + 1)).fetchall()
    more, rows = len(rows) > limit, [dict(row) for row in rows[:limit]]
    return jsonify({name: rows, "next_cursor": rows[-1][key] if more else None})


@app.get("/sales")
def sales():
    after = request.args.get("after", type=int)
    return page("sales", SALES, [("sale_id > ?", after)], "sale_id")


@app.get("/sales/filtered")
def filtered():
    tests = [
        ("sale_date = ?", request.args.get("date")),
        ("product_id = ?", request.args.get("product_id")),
        ("sale_id > ?", request.args.get("after", type=int)),
    ]
    return page("filtered_sales", SALES, tests, "sale_id")


@app.get("/sales/daily_count")
def daily_count():
    select = "SELECT sale_date, count FROM sales_daily_count"
    after = request.args.get("after")
    return page("daily_sales_count", select, [("sale_date > ?", after)], "sale_date")
