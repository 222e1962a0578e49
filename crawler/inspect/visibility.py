"""Which databases a visitor may see, and which of them are archives of ours.

Datasette asks for permission in its own pages; a page of a plugin has to ask itself.
"""

from __future__ import annotations

import datasette as library
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Forbidden

from crawler.archive.schema import APPLICATION_ID

try:  # 0.65 names a database by its name alone
    from datasette.resources import DatabaseResource
except ImportError:
    DatabaseResource = None

_ACTION = "view-database"


async def ensure_visible(datasette: Datasette, actor: object, database: str) -> None:
    """Raise Forbidden when a visitor may not see a database."""
    if DatabaseResource is None or library.__version__.startswith("0."):
        await datasette.ensure_permissions(actor, [(_ACTION, database), "view-instance"])
    else:
        resource = DatabaseResource(database)
        await datasette.ensure_permission(action=_ACTION, resource=resource, actor=actor)


async def archives_for(datasette: Datasette, actor: object) -> list[str]:
    """Return the names of the archives that a visitor may see, in Datasette's order."""
    found = []
    for name, db in datasette.databases.items():
        if db.is_memory or not await is_archive(db):
            continue
        try:
            await ensure_visible(datasette, actor, name)
        except Forbidden:
            continue
        found.append(name)
    return found


async def is_archive(db: Database) -> bool:
    """Return whether a database is an archive of ours."""
    return bool((await db.execute("PRAGMA application_id")).first()[0] == APPLICATION_ID)
