"""What can be wrong with the store: a code for each kind, and the sentence that a page shows for it.

The thread that writes speaks no language: it keeps the code, and the page translates.
"""

import errno
import sqlite3

from core.i18n import N_, _
from core.store.schema import NEWER, NewerSchema

DAMAGED, FULL, READ_ONLY, LOCKED, NEWER_SCHEMA = "damaged", "full", "read-only", "locked", "newer"
UNUSABLE, UNEXPECTED = "unusable", "unexpected"
SENTENCES = {
    DAMAGED: N_("The file of the stored runs was damaged. It was set aside, as “{file}”, and a new one has begun."),
    FULL: N_("The disk of this server is full: what you run now is not stored. Everything else goes on."),
    READ_ONLY: N_("This server may not write to the folder of the stored runs: nothing is stored. Everything else goes on."),
    LOCKED: N_("Another program holds the file of the stored runs. What you run now is stored as soon as it lets go."),
    NEWER_SCHEMA: NEWER,
    UNUSABLE: N_("The file of the stored runs cannot be used now: nothing is stored. Everything else goes on."),
    UNEXPECTED: N_("A mistake of this program keeps it from storing runs; its log says more. Everything else goes on."),
}
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
}
_BY_ERRNO = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
}
PRIMARY_CODE = 0xFF  # the bits of SQLite's extended error codes that name the kind of error


def classify_error(error: Exception) -> str:
    """Return the code of the problem that an error of SQLite or of the file system stands for."""
    if isinstance(error, NewerSchema):
        return NEWER_SCHEMA
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, UNUSABLE)
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # text that is not UTF-8, a value of another type: SQLite itself found nothing wrong
        return DAMAGED if isinstance(error, sqlite3.DatabaseError) else UNUSABLE
    return _BY_SQLITE_CODE.get(code & PRIMARY_CODE, UNUSABLE)


def describe_problem(code: str, file: str = "") -> str:
    """Return the sentence on a problem. file: the name under which a damaged file was set aside."""
    return _(SENTENCES[code]).format(file=file)
