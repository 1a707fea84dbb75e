"""Room for uploads: looked at before the first octet, again on the way, and given back when nothing comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.peer.files import FileRefused, NewFile, Root
from lab.peer.tftp_storage import FREE_CHECKED_EVERY, Storage, StorageLimits

WHOLE_DISK = 100 << 20


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    opened = Root(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many octets the disk has left; a test changes it."""
    left = [WHOLE_DISK]
    monkeypatch.setattr(NewFile, "free", lambda _: (left[0], WHOLE_DISK))
    return left


def test_a_disk_that_fills_during_an_upload_ends_it(root: Root, free: list[int]) -> None:
    upload = Storage(root, StorageLimits(free_share=0.05)).create(b"f", None, overwrite=False)
    upload.write(bytes(FREE_CHECKED_EVERY))
    free[0] = WHOLE_DISK // 20 - 1
    upload.write(bytes(FREE_CHECKED_EVERY - 1))
    with pytest.raises(FileRefused, match="not enough room") as refused:
        upload.write(b"x")
    assert refused.value.code == 3
    upload.discard()


def test_the_share_that_stays_free_is_not_given_away_beforehand(root: Root, free: list[int], tmp_path: Path) -> None:
    storage = Storage(root, StorageLimits(free_share=0.05))
    room = WHOLE_DISK - WHOLE_DISK // 20
    with pytest.raises(FileRefused, match="not enough room"):
        storage.create(b"f", room + 1, overwrite=False)
    assert list(tmp_path.iterdir()) == []
    storage.create(b"f", room, overwrite=False).discard()


def test_what_was_not_published_gives_its_room_back_once(root: Root) -> None:
    storage = Storage(root, StorageLimits(upload=10, total=15, free_share=0))
    for _ in range(3):
        upload = storage.create(b"f", 10, overwrite=False)
        upload.write(bytes(10))
        upload.discard()
        upload.discard()
    assert storage.stored == 0
    kept = storage.create(b"f", 10, overwrite=False)
    kept.write(bytes(10))
    kept.publish()
    kept.discard()
    assert storage.stored == 10
    with pytest.raises(FileRefused, match="not enough room"):
        storage.create(b"g", 6, overwrite=False)
