"""Files served and files stored: nothing outside the root is opened, nothing half-written gets its final name.

Names come from the wire. The kernel resolves them beneath an open directory (openat2: no `..` above it, no symbolic
link); where it cannot, each component is opened by itself without following links.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.wire.tftp import ErrorCode

SYS_OPENAT2 = 437
RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH = 0x02, 0x04, 0x08
_RESOLVE = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH

PART_PREFIX, PART_SUFFIX = b".packet-lab-", b".part"
"""Temporary names. They are neither served nor accepted from the wire."""

SWEEP_ENTRIES = 100_000
"""The sweep for stale temporaries looks at so many names; a huge tree must not delay the start."""

_libc = ctypes.CDLL(None, use_errno=True)


class FileRefused(Exception):
    """A file that cannot be had. `code` is TFTP's error code, the text is ours and may be sent to the peer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class _OpenHow(ctypes.Structure):
    """struct open_how, linux/openat2.h."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_beneath(root: int, name: bytes, flags: int) -> int:
    """Opens `name` under the directory descriptor `root`; never leaves it, never follows a link. Raises OSError."""
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW
    how = _OpenHow(flags, 0, _RESOLVE)
    fd: int = _libc.syscall(SYS_OPENAT2, root, ctypes.c_char_p(name), ctypes.byref(how), ctypes.sizeof(how))
    if fd >= 0:
        return fd
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EPERM):  # An old kernel, or a seccomp filter that does not know the call.
        return _walk_beneath(root, name, flags)
    raise OSError(code, os.strerror(code))


def _walk_beneath(root: int, name: bytes, flags: int) -> int:
    """The same without openat2. `..` is refused even where it would stay inside."""
    if name.startswith(b"/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    if name.endswith(b"/"):
        flags |= os.O_DIRECTORY
    folder = os.dup(root)
    try:
        for part in parts[:-1]:
            deeper = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = deeper
        return os.open(parts[-1] if parts else b".", flags, dir_fd=folder)
    finally:
        os.close(folder)


class Root:
    """The directory that a server serves. Raises OSError where it is none."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self.fd)

    def open(self, name: bytes) -> tuple[int, int]:
        """A descriptor and the size in octets of a regular file. Raises FileRefused."""
        folder, last = _split(name)
        if _is_part(last):
            raise FileRefused(ErrorCode.FILE_NOT_FOUND, "file not found")
        with _refusals():
            # O_NONBLOCK: a FIFO without a writer must not hold the server.
            fd = open_beneath(self.fd, folder + last, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        status = os.fstat(fd)
        # Root may read everything; what others may not read is not for the network (tftpd's old rule).
        hidden = os.geteuid() == 0 and not status.st_mode & stat.S_IROTH
        if not stat.S_ISREG(status.st_mode) or hidden:
            os.close(fd)
            raise FileRefused(ErrorCode.ACCESS_VIOLATION, "access violation")
        return fd, status.st_size

    def create(self, name: bytes, *, overwrite: bool = False) -> NewFile:
        """A new file beneath the root, in a folder that exists. Raises FileRefused."""
        folder, last = _split(name)
        if last in (b"", b".", b"..") or _is_part(last) or any(octet < 0x20 or octet == 0x7F for octet in last):
            # A line feed or an escape in a name is a trap for whoever lists the folder.
            raise FileRefused(ErrorCode.ACCESS_VIOLATION, "access violation")
        with _refusals():
            fd = open_beneath(self.fd, folder or b".", os.O_PATH | os.O_DIRECTORY)
            return NewFile(fd, last, overwrite=overwrite)

    def sweep(self) -> int:
        """Removes temporaries that no living server writes to; returns how many."""
        removed = 0
        left = SWEEP_ENTRIES
        for _, folders, files, fd in os.fwalk(b".", dir_fd=self.fd, follow_symlinks=False):
            left -= len(files) + len(folders)
            removed += sum(_sweep_one(fd, name) for name in files if _is_part(name))
            if left < 0:
                break
        return removed


class NewFile:
    """A file under a temporary name, until `publish` gives it its own. Takes over the directory descriptor.

    With `overwrite` it may replace a regular file, and nothing else. Raises FileExistsError.
    """

    def __init__(self, folder: int, name: bytes, *, overwrite: bool, durable: bool = True) -> None:
        self._folder = folder
        self._name = name
        self._overwrite = overwrite
        self._durable = durable
        self._part = PART_PREFIX + secrets.token_hex(8).encode() + PART_SUFFIX
        self._fd = -1
        try:
            if not _may_be_named(folder, name, overwrite=overwrite):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._fd = os.open(self._part, flags, 0o600, dir_fd=folder)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # What a sweep must not take for stale.
        except BaseException:
            self.discard()
            raise

    @classmethod
    def at(cls, path: Path, *, overwrite: bool) -> NewFile:
        """A file of the user's own choice, for a download. Raises OSError."""
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return cls(folder, os.fsencode(path.name), overwrite=overwrite, durable=False)
        except OSError as error:
            error.filename = os.fspath(path)  # The temporary name would say nothing to whoever reads this.
            raise

    def write(self, octets: bytes) -> None:
        view = memoryview(octets)
        while view:
            view = view[os.write(self._fd, view) :]

    def free(self) -> tuple[int, int]:
        """Octets free for us and in all, on the file system that holds the file."""
        status = os.fstatvfs(self._fd)
        return status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize

    def publish(self) -> None:
        """Gives the file its name, whole and (where `durable`) on the disk. Raises OSError and then leaves no trace."""
        try:
            os.fchmod(self._fd, 0o666 & ~_umask())
            if self._durable:
                os.fsync(self._fd)
            self._name_it()
            if self._durable:
                with _reopened(self._folder) as folder:
                    os.fsync(folder)
        finally:
            self.discard()

    def discard(self) -> None:
        """Removes whatever still has the temporary name. May be called again."""
        if self._fd >= 0:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._part, dir_fd=self._folder)
            os.close(self._fd)
            self._fd = -1
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def _name_it(self) -> None:
        if self._overwrite and _may_be_named(self._folder, self._name, overwrite=True):
            os.rename(self._part, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            return
        try:
            # link() and not rename(): it fails where the name has appeared meanwhile.
            os.link(self._part, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            _rename_new(self._folder, self._part, self._name)  # A file system without hard links.


def _rename_new(folder: int, old: bytes, new: bytes) -> None:
    no_replace = ctypes.c_uint(1)
    if _libc.renameat2(folder, ctypes.c_char_p(old), folder, ctypes.c_char_p(new), no_replace) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _split(name: bytes) -> tuple[bytes, bytes]:
    """Folder (with its slash) and last component. A leading slash means the root, as clients expect."""
    folder, slash, last = name.lstrip(b"/").rpartition(b"/")
    return folder + slash, last


def _is_part(name: bytes) -> bool:
    return name.startswith(PART_PREFIX) and name.endswith(PART_SUFFIX)


def _may_be_named(folder: int, name: bytes, *, overwrite: bool) -> bool:
    """Only a regular file is ever replaced: renaming over a device, a link or a socket would destroy it."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return overwrite and stat.S_ISREG(status.st_mode)


def _sweep_one(folder: int, name: bytes) -> bool:
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name, dir_fd=folder)
    except OSError:
        return False  # Another server is writing it.
    finally:
        os.close(fd)
    return True


@contextmanager
def _reopened(folder: int) -> Iterator[int]:
    """fsync needs a directory opened for reading; ours is a mere path."""
    fd = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        yield fd
    finally:
        os.close(fd)


def _umask() -> int:
    """The process's umask. Read from /proc: os.umask() can only be asked by changing it, for every thread."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    except OSError:
        pass
    return 0o022


@contextmanager
def _refusals() -> Iterator[None]:
    """The system's words for a refusal as TFTP's; paths and OS texts stay here."""
    try:
        yield
    except OSError as error:
        raise refusal(error) from None


def refusal(error: OSError) -> FileRefused:
    """What a peer is told about an OSError."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR | errno.ENAMETOOLONG:
            return FileRefused(ErrorCode.FILE_NOT_FOUND, "file not found")
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return FileRefused(ErrorCode.DISK_FULL, "disk full")
        case errno.EEXIST:
            return FileRefused(ErrorCode.FILE_EXISTS, "file exists")
        case errno.EMFILE | errno.ENFILE | errno.ENOMEM | errno.EIO:
            return FileRefused(ErrorCode.NOT_DEFINED, "server out of order")
    return FileRefused(ErrorCode.ACCESS_VIOLATION, "access violation")
