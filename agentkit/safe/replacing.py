"""Writing a file as a whole: others see what was there before, or all of what is new."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress

from agentkit.errors import ToolError
from agentkit.safe.opening import CREATE, SPARE, Folder, explained

# What file systems without hard links answer.
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}


def write(folder: Folder, name: str, data: bytes, *, overwrite: bool) -> None:
    """Write a file in an open directory.

    The text goes to a new file beside it, which then takes its name: so a link or another file that
    is put there meanwhile is never written into, and it is at worst replaced itself.

    Raises:
        ToolError: The name is taken and `overwrite` is false, it is taken by something else than a
            plain file, the file is write-protected, or the system refuses.
    """
    old = folder.look(name)
    if old is not None:
        _check_replaceable(folder, name, old, overwrite)
    spare = folder.inside(f"{SPARE}{secrets.token_hex(8)}.tmp")
    target = folder.inside(name)
    with explained(folder.called(name)):
        # What is replaced may be private; a new file gets what the system gives new files.
        fd = os.open(spare, CREATE, 0o666 if old is None else 0o600, dir_fd=folder.fd)
        try:
            with open(fd, "wb") as file:
                file.write(data)
                file.flush()
                if old is not None:
                    _keep_rights(fd, old)
                os.fsync(fd)
            if overwrite:
                os.replace(spare, target, src_dir_fd=folder.fd, dst_dir_fd=folder.fd)
            else:
                _take_free_name(folder, spare, target)
        finally:
            with suppress(FileNotFoundError):  # it has its name by now
                os.unlink(spare, dir_fd=folder.fd)


def _check_replaceable(folder: Folder, name: str, old: os.stat_result, overwrite: bool) -> None:
    shown = folder.called(name)
    if stat.S_ISREG(old.st_mode) and not overwrite:
        raise ToolError(f"{shown!r} exists already. Set overwrite to true to replace it.")
    folder.expect(name, "file")
    writable = os.access(folder.inside(name), os.W_OK, dir_fd=folder.fd)
    if not writable or not old.st_mode & 0o222:  # the second for root, who may do everything
        raise ToolError(f"{shown!r} is write-protected.")


def _keep_rights(fd: int, old: os.stat_result) -> None:
    """Owner, group and mode as before; no setuid, and nothing for another group."""
    if not hasattr(os, "fchown"):  # Windows
        return
    mode = stat.S_IMODE(old.st_mode) & 0o777
    for owner, group in ((-1, old.st_gid), (old.st_uid, -1)):
        with suppress(OSError):
            os.fchown(fd, owner, group)
    os.fchmod(fd, mode if os.fstat(fd).st_gid == old.st_gid else mode & ~0o070)


def _take_free_name(folder: Folder, spare: str, target: str) -> None:
    """Give a file its name, which must be free at this very moment."""
    taken = ToolError(f"{folder.called(os.path.basename(target))!r} exists already.")
    follow = os.link not in os.supports_follow_symlinks
    try:
        os.link(spare, target, src_dir_fd=folder.fd, dst_dir_fd=folder.fd, follow_symlinks=follow)
    except FileExistsError:
        raise taken from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        try:  # hold the name with an empty file
            os.close(os.open(target, CREATE, 0o600, dir_fd=folder.fd))
        except FileExistsError:
            raise taken from None
        os.replace(spare, target, src_dir_fd=folder.fd, dst_dir_fd=folder.fd)
