"""The same pages by Flask and sqlite3, served by gunicorn: found by key, one connection
a thread, as somebody would write them who knows both.

`app` does nothing but find the rows and make JSON of them. `contract` keeps the contract
that transship keeps: parameters looked at, signed cursors, a limit for each address with
its headers, `Link`, and an `ETag` that a client can ask with; by the libraries that one
takes for it."""

import os
import sqlite3
import threading

from flask import Flask, abort, jsonify, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from itsdangerous import BadSignature, URLSafeSerializer

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


def find(select, tests, key, limit):
    """Rows, and whether there are more."""
    tests = [(test, value) for test, value in tests if value is not None]
    where = " AND ".join(test for test, _ in tests)
    sql = f"{select} {'WHERE ' + where if where else ''} ORDER BY {key} LIMIT ?"
    values = [value for _, value in tests]
    rows = connection().execute(sql, (*values, limit + 1)).fetchall()
    return [dict(row) for row in rows[:limit]], len(rows) > limit


def routes(app, after, page):
    """The pages of one app, which reads its cursors by `after`."""
    app.json.sort_keys = False

    @app.get("/sales")
    def sales():
        return page("sales", SALES, [("sale_id > ?", after())], "sale_id")

    @app.get("/sales/filtered")
    def filtered():
        tests = [
            ("sale_date = ?", request.args.get("date")),
            ("product_id = ?", request.args.get("product_id")),
            ("sale_id > ?", after()),
        ]
        return page("filtered_sales", SALES, tests, "sale_id")

    @app.get("/sales/daily_count")
    def daily_count():
        select = "SELECT sale_date, count FROM sales_daily_count"
        return page("daily_sales_count", select, [("sale_date > ?", after())], "sale_date")

    return app


def bare_page(name, select, tests, key):
    limit = min(int(request.args.get("limit", 10)), 1000)
    rows, more = find(select, tests, key, limit)
    return jsonify({name: rows, "next_cursor": rows[-1][key] if more else None})


app = routes(Flask("bare"), lambda: request.args.get("after"), bare_page)

signer = URLSafeSerializer("a secret of the bench")
KNOWN = {"limit", "cursor", "date", "product_id", "after"}


def signed_after():
    # The bench asks for its deep page by its key; a client, by the cursor it was given.
    cursor = request.args.get("cursor")
    if cursor is None:
        return request.args.get("after")
    try:
        return signer.loads(cursor)
    except BadSignature:
        abort(400, "this cursor was not made here")


def contract_page(name, select, tests, key):
    if unknown := set(request.args) - KNOWN:
        abort(400, f"no parameter is called {', '.join(sorted(unknown))}")
    try:
        limit = int(request.args.get("limit", 10))
    except ValueError:
        abort(400, "limit is no number")
    if not 1 <= limit <= 1000:
        abort(400, "limit is from 1 to 1000")
    rows, more = find(select, tests, key, limit)
    cursor = signer.dumps(rows[-1][key]) if more else None
    answer = jsonify({name: rows, "next_cursor": cursor})
    if cursor:
        others = {k: v for k, v in request.args.items() if k not in ("cursor", "after")}
        query = "&".join(f"{k}={v}" for k, v in {**others, "cursor": cursor}.items())
        answer.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    answer.cache_control.no_cache = True
    answer.add_etag()
    return answer.make_conditional(request)


contract = routes(Flask("contract"), signed_after, contract_page)
Limiter(
    get_remote_address,
    app=contract,
    default_limits=["1000000000 per minute"],
    headers_enabled=True,
    storage_uri="memory://",
)
