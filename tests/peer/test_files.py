"""Files served and stored: nothing outside the root, nothing half-written, nothing overwritten unasked."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.peer import files
from lab.peer.files import FileRefused, NewFile, Root

OUTSIDE = [
    b"../secret",
    b"/../secret",
    b"sub/../../secret",
    b"sub/..//..//secret",
    b"./../secret",
    b"sub/../../root/../secret",
    b"....//secret",
    b"..\\secret",
    b"link",
    b"linked/secret",
    b"sub/up/secret",
    b"/proc/self/fd/0",
    b"/etc/passwd",
    b"c:\\secret",
    b"\\\\host\\share",
    b"../root-private/secret",
]


@pytest.fixture(params=["openat2", "walk"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Root]:
    """A root with everything that must not be served around it; opened by openat2, and without it."""
    if request.param == "walk":
        monkeypatch.setattr(
            files, "open_beneath", lambda fd, name, flags: files._walk_beneath(fd, name, flags | os.O_NOFOLLOW)
        )
    served = tmp_path / "root"
    (served / "sub").mkdir(parents=True)
    (served / "file").write_bytes(b"content")
    (served / "sub" / "deep").write_bytes(b"deeper")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "root-private").mkdir()
    (tmp_path / "root-private" / "secret").write_bytes(b"secret")
    (served / "link").symlink_to("../secret")
    (served / "linked").symlink_to("..")
    (served / "inner").symlink_to("file")
    (served / "sub" / "up").symlink_to("../..")
    os.mkfifo(served / "fifo")
    opened = Root(served)
    yield opened
    opened.close()


def read(root: Root, name: bytes) -> bytes:
    fd, size = root.open(name)
    try:
        data = os.read(fd, 1000)
    finally:
        os.close(fd)
    assert len(data) == size
    return data


@pytest.mark.parametrize("name", [b"file", b"/file", b"//file", b"./file"])
def test_a_file_of_the_root_is_served(root: Root, name: bytes) -> None:
    assert read(root, name) == b"content"


def test_a_file_of_a_folder_below_is_served(root: Root) -> None:
    assert read(root, b"sub/deep") == b"deeper"
    assert read(root, b"/sub//deep") == b"deeper"


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_outside_is_opened_or_created(root: Root, name: bytes, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FileRefused):
        root.open(name)
    try:
        new = root.create(name, overwrite=True)
    except FileRefused:
        pass
    else:
        new.write(b"x")
        new.publish()
    assert (tmp_path / "secret").read_bytes() == b"secret"
    created = set(tmp_path.rglob("*")) - set(before)
    assert all(path.parent == tmp_path / "root" for path in created), created
    # A backslash is a character like any other here.
    assert {path.name for path in created} <= {"..\\secret", "c:\\secret", "\\\\host\\share"}


@pytest.mark.parametrize("name", [b"", b".", b"/", b"sub", b"sub/", b"sub/.", b"fifo", b"inner", b"file/", b"n" * 5000])
def test_only_regular_files_are_served_and_links_are_not_followed(root: Root, name: bytes) -> None:
    with pytest.raises(FileRefused) as refused:
        root.open(name)
    assert refused.value.code in (1, 2)
    assert "/" not in refused.value.text


def test_a_socket_and_a_device_are_refused(root: Root, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "root" / "socket"))
        with pytest.raises(FileRefused):
            root.open(b"socket")


def test_as_root_what_others_may_not_read_is_not_served(root: Root, tmp_path: Path) -> None:
    (tmp_path / "root" / "file").chmod(0o600 if os.geteuid() == 0 else 0)
    with pytest.raises(FileRefused) as refused:
        root.open(b"file")
    assert refused.value.code == 2


def test_a_missing_file_is_error_1_and_a_missing_folder_too(root: Root) -> None:
    for name in (b"nothing", b"nowhere/nothing", b"file/nothing"):
        with pytest.raises(FileRefused) as refused:
            root.open(name)
        assert refused.value.code == 1
    with pytest.raises(FileRefused):
        root.create(b"nowhere/new")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.is_symlink() and path.name not in ("sub", "fifo"))


@pytest.mark.parametrize("name", [b"two\nlines", b"\x1b[31mred", b"sub/\x7f", b"tab\there"])
def test_a_name_with_a_control_character_is_not_stored(root: Root, name: bytes) -> None:
    with pytest.raises(FileRefused) as refused:
        root.create(name)
    assert refused.value.code == 2


def test_an_upload_appears_when_it_is_whole_and_readable_by_others(root: Root, tmp_path: Path) -> None:
    served = tmp_path / "root"
    new = root.create(b"new")
    new.write(b"half")
    assert not (served / "new").exists()
    (part,) = [path for path in served.iterdir() if path.name.startswith(".packet-lab-")]
    assert part.stat().st_mode & 0o777 == 0o600
    part.chmod(0o644)
    with pytest.raises(FileRefused, match="file not found"):
        root.open(part.name.encode())
    new.write(b" and half")
    new.publish()
    assert (served / "new").read_bytes() == b"half and half"
    assert names(served) == ["file", "new"]
    assert read(root, b"new") == b"half and half"


def test_an_upload_that_is_given_up_leaves_nothing(root: Root, tmp_path: Path) -> None:
    new = root.create(b"sub/new")
    new.write(b"half")
    new.discard()
    new.discard()
    assert sorted(path.name for path in (tmp_path / "root" / "sub").iterdir()) == ["deep", "up"]


def test_an_existing_file_is_not_replaced_unasked_even_if_it_appears_meanwhile(root: Root, tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        root.create(b"file")
    assert refused.value.code == 6
    new = root.create(b"late")
    (tmp_path / "root" / "late").write_bytes(b"first")
    new.write(b"second")
    with pytest.raises(FileExistsError):
        new.publish()
    assert (tmp_path / "root" / "late").read_bytes() == b"first"
    assert names(tmp_path / "root") == ["file", "late"]


def test_overwriting_keeps_the_old_file_until_the_new_one_is_whole(root: Root, tmp_path: Path) -> None:
    new = root.create(b"file", overwrite=True)
    new.write(b"new")
    assert (tmp_path / "root" / "file").read_bytes() == b"content"
    new.publish()
    assert (tmp_path / "root" / "file").read_bytes() == b"new"


@pytest.mark.parametrize("name", [b"fifo", b"sub", b"link", b"inner"])
def test_only_a_regular_file_is_ever_replaced(root: Root, tmp_path: Path, name: bytes) -> None:
    before = (tmp_path / "root" / name.decode()).lstat()
    with pytest.raises(FileRefused) as refused:
        root.create(name, overwrite=True)
    assert refused.value.code == 6
    late = root.create(b"late", overwrite=True)
    os.mkfifo(tmp_path / "root" / "late")
    with pytest.raises(FileExistsError):
        late.publish()
    assert (tmp_path / "root" / "late").is_fifo()
    after = (tmp_path / "root" / name.decode()).lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_without_hard_links_a_file_is_renamed_and_still_not_over_another(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    new = root.create(b"new")
    new.write(b"x")
    new.publish()
    assert (tmp_path / "root" / "new").read_bytes() == b"x"
    other = root.create(b"other")
    (tmp_path / "root" / "other").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        other.publish()
    assert names(tmp_path / "root") == ["file", "new", "other"]


def test_the_sweep_takes_stale_temporaries_and_no_living_ones(root: Root, tmp_path: Path) -> None:
    stale = tmp_path / "root" / "sub" / ".packet-lab-0123456789abcdef.part"
    stale.write_bytes(b"left by a crash")
    innocent = tmp_path / "root" / ".packet-lab-notes"
    innocent.write_bytes(b"mine")
    living = root.create(b"new")
    assert root.sweep() == 1
    assert not stale.exists()
    assert innocent.exists()
    living.write(b"x")
    living.publish()
    assert (tmp_path / "root" / "new").read_bytes() == b"x"


def test_a_download_is_renamed_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "got"
    new = NewFile.at(target, overwrite=False)
    new.write(b"x")
    assert not target.exists()
    new.publish()
    assert target.read_bytes() == b"x"
    with pytest.raises(FileExistsError):
        NewFile.at(target, overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["got"]


def test_the_lock_of_a_living_upload_is_held(root: Root, tmp_path: Path) -> None:
    new = root.create(b"new")
    (part,) = (tmp_path / "root").glob(".packet-lab-*")
    with part.open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    new.discard()


def test_where_no_file_can_be_made_its_own_name_is_told() -> None:
    with pytest.raises(OSError, match="/proc/got") as refused:
        NewFile.at(Path("/proc/got"), overwrite=False)
    assert refused.value.filename == "/proc/got"
