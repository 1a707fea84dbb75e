"""How much a TFTP server lets be written: per upload, in all, and never the disk's last part. Counted, not believed."""

from __future__ import annotations

from dataclasses import dataclass

from lab.peer.files import FileRefused, NewFile, Root
from lab.wire.tftp import ErrorCode

FREE_CHECKED_EVERY = 1 << 18
"""Octets written between two looks at the file system's free space."""


@dataclass(frozen=True, slots=True)
class StorageLimits:
    """In octets; `free_share` is the part of the file system that stays free."""

    upload: int = 1 << 30
    total: int = 4 << 30
    free_share: float = 0.05


class Storage:
    """What has been stored since the server began."""

    def __init__(self, root: Root, limits: StorageLimits) -> None:
        self.limits = limits
        self.stored = 0
        self._root = root

    def create(self, name: bytes, announced: int | None, *, overwrite: bool) -> Upload:
        """Raises FileRefused, for want of room too."""
        file = self._root.create(name, overwrite=overwrite)
        try:
            self.check(file, announced or 0)
        except FileRefused:
            file.discard()
            raise
        return Upload(self, file)

    def check(self, file: NewFile, octets: int) -> None:
        """Raises FileRefused where `octets` more would not be within the limits."""
        free, whole = file.free()
        room = free - int(whole * self.limits.free_share)
        if octets > min(self.limits.upload, self.limits.total - self.stored, room):
            raise FileRefused(ErrorCode.DISK_FULL, "not enough room")


class Upload:
    """One file on its way in."""

    def __init__(self, storage: Storage, file: NewFile) -> None:
        self._storage = storage
        self._file = file
        self._written = 0
        self._unchecked = 0
        self._published = False

    def write(self, octets: bytes) -> None:
        """Raises FileRefused, or OSError where the disk does not take it."""
        self._written += len(octets)
        self._storage.stored += len(octets)
        self._unchecked += len(octets)
        limits = self._storage.limits
        if self._written > limits.upload or self._storage.stored > limits.total:
            raise FileRefused(ErrorCode.DISK_FULL, "upload limit reached")
        if self._unchecked >= FREE_CHECKED_EVERY:
            self._storage.check(self._file, 0)
            self._unchecked = 0
        self._file.write(octets)

    def publish(self) -> None:
        self._file.publish()
        self._published = True

    def discard(self) -> None:
        """Gives back the room, unless the file stays."""
        self._file.discard()
        if not self._published:
            self._storage.stored -= self._written
            self._written = 0
