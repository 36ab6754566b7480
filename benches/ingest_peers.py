"""The peers of `ingest` that are written in Python: PEER CSV DATABASE.

Each types the columns, as silver does, and writes them into the table `orders` of an
SQLite file.
"""

import sys

peer, csv, database = sys.argv[1:]

if peer == "duckdb":
    import pathlib

    import duckdb
    import duckdb_ext

    folder = pathlib.Path(duckdb_ext.__path__[0]) / "extensions"
    extension = next(folder.glob(f"v{duckdb.__version__}/*/sqlite_scanner.duckdb_extension"))
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    connection.execute(f"ATTACH '{database}' AS silver (TYPE sqlite)")
    connection.execute(
        f"""CREATE TABLE silver.orders AS SELECT * FROM read_csv('{csv}', header = true, columns = {{
            'order_no': 'VARCHAR', 'product': 'VARCHAR', 'sold_on': 'DATE', 'sold_at': 'TIMESTAMP',
            'quantity': 'BIGINT', 'price': 'DECIMAL(18,2)', 'customer': 'BIGINT',
            'country': 'VARCHAR', 'paid': 'BOOLEAN', 'note': 'VARCHAR'}})"""
    )
else:
    import sqlite3

    import pandas

    connection = sqlite3.connect(database)
    whole = {"quantity": "int64", "price": "float64", "customer": "int64", "paid": "bool"}
    texts = ["order_no", "product", "sold_on", "sold_at", "country", "note"]
    for chunk in pandas.read_csv(csv, dtype=whole | dict.fromkeys(texts, "str"), chunksize=100_000):
        chunk.to_sql("orders", connection, if_exists="append", index=False)
    connection.close()
