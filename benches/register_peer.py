"""SQLAlchemy's merge over the pages in a file, one transaction a page.

Prints what it took as one JSON object. The pages are read before the clock starts.
"""

import json
import resource
import sys
import time
from datetime import datetime, timezone

from sqlalchemy import BigInteger, String, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class File(Base):
    __tablename__ = "files"

    # merge() looks rows up by their primary key: the service's id is the cheapest.
    endpoint_id: Mapped[int] = mapped_column(primary_key=True)
    external_file_id: Mapped[str] = mapped_column(String, primary_key=True)
    file_name: Mapped[str]
    file_path: Mapped[str]
    file_link: Mapped[str]
    file_size: Mapped[int] = mapped_column(BigInteger)
    file_type: Mapped[str]
    folder_id: Mapped[str]
    version: Mapped[str]
    external_created_at: Mapped[str]
    external_updated_at: Mapped[str]
    updated_at: Mapped[str] = mapped_column(
        default=lambda: now(), onupdate=lambda: now()
    )


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def book(engine, pages):
    begun = time.perf_counter()
    with Session(engine) as session:
        for page in pages:
            for row in page:
                session.merge(File(endpoint_id=1, **row))
            session.commit()
            session.expunge_all()
    return time.perf_counter() - begun


def main():
    pages_path, database = sys.argv[1:]
    with open(pages_path, encoding="utf-8") as lines:
        pages = [json.loads(line) for line in lines]
    first, changed = pages[: len(pages) // 2], pages[len(pages) // 2 :]
    engine = create_engine(f"sqlite:///{database}")

    @event.listens_for(engine, "connect")
    def prepare(connection, _):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    Base.metadata.create_all(engine)
    seconds = [book(engine, phase) for phase in (first, first, changed)]
    with Session(engine) as session:
        rows = session.execute(select(func.count(), func.sum(File.file_size))).one()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "rows": list(rows), "peak_kb": peak}))


main()
