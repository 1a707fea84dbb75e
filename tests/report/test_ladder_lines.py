"""The drawing of a ladder, against pictures of it. The pictures are the expectation: they are never computed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from lab.report.model import Event, Fold, Kind, Ladder, Participant, Step
from lab.report.terminal import ladder_lines, plain

CLIENT = Participant("client", ("10.77.0.2",))
SERVER = Participant("server", ("10.77.0.1",))
STRANGER = Participant("stranger", ("10.77.0.3",))


def event(number: int, ms: float, source: int, target: int | None, label: str, *marks: str) -> Event:
    return Event(number, int(ms * 1_000_000), source, target, label, Kind.DATA, marks)


READ = (
    Step("A file is read"),
    event(1, 0, 0, None, "ARP who has 10.77.0.1? tell 10.77.0.2"),
    event(2, 0.1, 1, 0, "ARP 10.77.0.1 is at 02:4c:41:42:00:01"),
    event(3, 0.41, 0, 1, 'RRQ "boot.img" octet blksize=1428 tsize=0 timeout=2 windowsize=4', ":50123 → :69"),
    event(4, 0.9, 1, 0, "OACK blksize=1428 tsize=350000 windowsize=4", ":40312 → :50123"),
    event(5, 1, 0, 1, "ACK 0"),
    Fold("… 57 more windows of 4 blocks: frames 6–290 …", ()),
    event(291, 20, 1, 0, "DATA 229 (1428 bytes)", "repeat of 287"),
)

NARROW = """\
TFTP read
frame     ms  client                                     server
              10.77.0.2                               10.77.0.1
              │                                               │
── A file is read ─────────────────────────────────────────────
    1   0.00  │── ARP who has 10.77.0.1? tell 10.77.0.2 ─────▶│
    2   0.10  │◀───── ARP 10.77.0.1 is at 02:4c:41:42:00:01 ──│
              │   RRQ "boot.img" octet blksize=1428 tsize=0   │
    3   0.41  │── timeout=2 windowsize=4 ────────────────────▶│  :50123 → :69
              │               OACK blksize=1428 tsize=350000  │
    4   0.90  │◀────────────────────────────── windowsize=4 ──│  :40312 → :50123
    5   1.00  │── ACK 0 ─────────────────────────────────────▶│
    …         ┊ … 57 more windows of 4 blocks: frames 6–290 … ┊
  291  20.00  │◀───────────────────── DATA 229 (1428 bytes) ──│  repeat of 287
"""


def test_a_ladder_fits_eighty_columns() -> None:
    assert plain(ladder_lines(Ladder("TFTP read", (CLIENT, SERVER), READ, 0), 80)) == NARROW


def test_where_there_is_room_every_label_rides_on_its_arrow() -> None:
    drawn = plain(ladder_lines(Ladder("", (CLIENT, SERVER), READ, 0), 120)).splitlines()
    assert (
        '    3   0.41  │── RRQ "boot.img" octet blksize=1428 tsize=0 timeout=2 windowsize=4 ──▶│  :50123 → :69'
    ) in drawn


def test_a_strangers_lane_is_the_third() -> None:
    rows = (
        event(1, 0, 1, 0, "DATA 1 (512 bytes)"),
        event(2, 1, 2, 0, "DATA 1 (9 bytes)", "stranger"),
        event(3, 2, 0, 2, 'ERROR 5 "unknown transfer ID"'),
        event(4, 3, 0, 1, "ACK 1"),
        event(5, 4, 0, None, "FeiQ"),
    )
    assert plain(ladder_lines(Ladder("", (CLIENT, SERVER, STRANGER), rows, 0), 100)) == (
        "frame    ms  client                 server          stranger\n"
        "             10.77.0.2             10.77.0.1       10.77.0.3\n"
        "    1  0.00  │◀── DATA 1 (512 bytes) ──│                   │\n"
        "    2  1.00  │◀──────────────────────── DATA 1 (9 bytes) ──│  stranger\n"
        '    3  2.00  │── ERROR 5 "unknown transfer ID" ───────────▶│\n'
        "    4  3.00  │── ACK 1 ───────────────▶│                   │\n"
        "    5  4.00  │── FeiQ ─────────────────┼──────────────────▶│\n"
    )


def test_chinese_text_takes_two_columns_a_character_and_the_lanes_stay_straight() -> None:
    rows = (
        event(1, 0, 0, 1, 'FeiQ SENDMSG #1 克劳斯@主机 "你好，世界"', "中文"),
        event(2, 1, 1, 0, 'FeiQ RECVMSG #2 lab@kernel "1"'),
    )
    lines = ladder_lines(Ladder("", (CLIENT, SERVER), rows, 0), 100)
    assert [cell_len(line.plain.rpartition("│")[0]) for line in lines[2:]] == [61, 61]
    assert '│── FeiQ SENDMSG #1 克劳斯@主机 "你好，世界" ──▶│  中文' in lines[2].plain


def test_a_long_title_of_a_step_goes_on_below() -> None:
    rows = (
        Step("curl --tftp-blksize 8192 -o FILE tftp://10.77.0.1:69/large.bin (exit status 0)"),
        event(1, 0, 0, 1, "ACK 0"),
    )
    drawn = plain(ladder_lines(Ladder("", (CLIENT, SERVER), rows, 0), 60)).splitlines()
    assert drawn[3] == "── curl --tftp-blksize 8192 -o FILE"
    assert drawn[4] == "   tftp://10.77.0.1:69/large.bin (exit status 0)"


def test_what_is_said_to_everybody_reaches_every_lane() -> None:
    rows = (event(1, 0, 1, None, "FeiQ BR_ENTRY #1"),)
    drawn = plain(ladder_lines(Ladder("", (CLIENT, SERVER, STRANGER), rows, 0), 100))
    assert drawn.splitlines()[-1] == "    1  0.00  │◀── FeiQ BR_ENTRY #1 ──│──────────────────▶│"


def test_who_speaks_to_nobody_speaks_to_everybody() -> None:
    rows = (event(7, 1200, 0, None, "FeiQ BR_ENTRY #1"),)
    assert plain(ladder_lines(Ladder("", (CLIENT,), rows, 0), 80)) == (
        "frame      ms  client          everybody\n               10.77.0.2\n    7  1200.0  │── FeiQ BR_ENTRY #1 ──▶│\n"
    )


labels = st.text(st.characters(exclude_categories=("C", "Z", "M")) | st.sampled_from(" 中é"), max_size=90)


@settings(deadline=None)
@given(
    lanes=st.integers(1, 6),
    width=st.integers(20, 160),
    rows=st.lists(
        st.builds(
            Event,
            number=st.integers(1, 10**7),
            time_ns=st.integers(0, 10**12),
            source=st.integers(0, 5),
            target=st.none() | st.integers(0, 5),
            label=labels,
            kind=st.sampled_from(Kind),
            marks=st.lists(labels, max_size=3).map(tuple),
        ),
        max_size=8,
    ),
)
def test_no_line_is_wider_than_it_may_be(lanes: int, width: int, rows: list[Event]) -> None:
    events = tuple(replace(r, source=r.source % lanes, target=r.target and r.target % lanes) for r in rows)
    participants = tuple(Participant(f"host {lane}", (f"10.0.0.{lane}",)) for lane in range(lanes))
    for line in ladder_lines(Ladder("", participants, events, 0), width):
        assert cell_len(line.plain) <= max(width, 60)
