"""Why something could not be kept, with what an HTTP client is told of it."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from afina.errors import AfinaError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
# The last three: a file stands where the folder, or one above it, should be.
_NO_FOLDER = (errno.EROFS, errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR, errno.ENOENT)


class StorageError(AfinaError):
    """Feedback or a file cannot be kept, found or given.

    Args:
        status: HTTP status.
        error_type: What programs tell problems apart by.
        message: A sentence for people, without paths and without what was sent.
        retry_after_s: When it may be worth trying again.
        loc: The field of the request that is wrong.
    """

    exit_code = 4

    def __init__(
        self,
        status: int,
        error_type: str,
        message: str,
        *,
        retry_after_s: float | None = None,
        loc: Sequence[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.error_type, self.retry_after_s, self.loc = status, error_type, retry_after_s, loc


def not_found(what: str) -> StorageError:
    """There is no such thing, or it is another client's, which is not told apart."""
    return StorageError(404, "not_found", f"There is no such {what}")


def disk_full() -> StorageError:
    """Nothing more can be written."""
    return StorageError(507, "storage_full", "The disk of the server is full; texts can still be classified")


def off(reason: str) -> StorageError:
    """Nothing is kept, for a reason that lasts until someone mends it."""
    return StorageError(507, "storage_off", reason)


def of_system(error: OSError) -> StorageError | None:
    """What a client is told of a file that cannot be written; None where it is no matter of disks."""
    if error.errno in _NO_SPACE:
        return disk_full()
    return off("The server cannot write to its folder") if error.errno in _NO_FOLDER else None


@contextmanager
def told() -> Iterator[None]:
    """Errors of the disk as sentences for clients.

    Raises:
        StorageError: The disk is full, or may not be written.
    """
    try:
        yield
    except OSError as error:
        problem = of_system(error)
        if problem is None:
            raise
        raise problem from error
