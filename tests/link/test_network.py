"""The private network: what is in it, who hears what, who may send, and what is said where it is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.link import refusal
from lab.link.raw import NotOurInterface, RawLink
from tests.conftest import Need
from tests.link.conftest import play

Scene = Callable[[str], Any]

STATION_MAC = "024c41420002"


def test_the_kernel_side_owns_its_addresses_at_once_and_the_station_side_owns_none(scene: Scene) -> None:
    inside = scene("entered")
    assert sorted(inside["kernel"]) == ["00000000000000000000000000000001 lo", "fd770000000000000000000000000001 lab0"]
    assert inside["station"] == ["lo"]
    assert inside["ipv6"] is True
    assert inside["uid"] == 0
    assert inside["port"] == 69


def test_root_needs_no_user_namespace_and_comes_back(need: Need) -> None:
    need.root()
    assert play("leaves_as_root", "root") == [True, True]
    assert play("entered", "root")["rootless"] is False


def test_root_of_a_container_is_an_ordinary_user_here(scene: Scene) -> None:
    assert scene("entered_as_root_of_a_container")["rootless"] is True


def test_an_ordinary_user_gets_a_user_namespace(ordinary_scene: Scene) -> None:
    assert ordinary_scene("entered")["rootless"] is True


def test_threads_and_children_started_afterwards_are_inside(scene: Scene) -> None:
    assert scene("children_and_threads") == [["lab0", "lo"], True]


def test_no_kernel_answers_in_the_stations_name(scene: Scene) -> None:
    played = scene("silent_station")
    arp, solicitation = sorted(played["asked"], key=len)
    assert arp == (
        "ffffffffffff 024c41420001 0806 0001 0800 06 04 0001 024c41420001 0a4d0001 000000000000 0a4d0002"
    ).replace(" ", "")
    assert solicitation.startswith("3333ff000002024c4142000186dd6")
    frames = [frame for _, frame in played["seen"]]
    sources = {frame[12:24] for frame in frames}
    assert sources == {"024c41420001"}
    assert any(frame.endswith(b"to a closed port".hex()) for frame in frames)


def test_what_the_kernel_sends_arrives_with_right_checksums_and_kernel_time(scene: Scene) -> None:
    played = scene("kernel_datagrams")
    for seen in (played["link"], played["recorder"]):
        v4, v6 = [(time_ns, frame) for time_ns, frame in seen if frame.endswith((b"odd".hex(), b"even".hex()))]
        for time_ns, _ in (v4, v6):
            assert played["before"] <= time_ns <= played["after"]
        # Ports, length and payload are summed by hand: see `words`.
        assert words(pseudo4(v4[1]) + v4[1][68:]) == 0xFFFF
        assert words(pseudo6(v6[1]) + v6[1][108:]) == 0xFFFF


def pseudo4(frame: str) -> str:
    return frame[52:68] + "0011" + frame[76:80]


def pseudo6(frame: str) -> str:
    return frame[44:108] + "0011" + frame[116:120]


def words(digits: str) -> int:
    total = sum(int(digits[at : at + 4].ljust(4, "0"), 16) for at in range(0, len(digits), 4))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return total


def test_a_relay_carries_both_ways_and_loses_what_it_is_told_to_lose(scene: Scene) -> None:
    played = scene("relayed")
    assert played["heard"] == ["near 1", "near 2", "near 3", "far 1", "far 3"]
    assert played["lost frames seen"] == 1


def test_a_raw_link_opens_on_the_labs_own_cable_only(scene: Scene) -> None:
    assert scene("choke_point") == [["lo", "other0", "nosuch0"], True]


def test_a_raw_link_refuses_loopback_of_this_machine() -> None:
    with pytest.raises(NotOurInterface, match="lo was not made by the lab"):
        RawLink("lo")


def test_a_process_with_threads_is_told_to_enter_first(ordinary_scene: Scene) -> None:
    refused = ordinary_scene("refused_for_threads")
    assert refused["reason"].startswith("this process already runs 2 threads")
    assert refused["fix"].startswith("enter the private network first")
    assert refused["unchanged"] is True


@pytest.mark.parametrize("kind", ["user", "net"])
def test_a_limit_of_nought_is_named_with_its_fix_and_nothing_has_changed(scene: Scene, kind: str) -> None:
    assert scene(f"refused_by_{kind}_limit") == {
        "reason": f"this machine permits no {kind} namespaces (user.max_{kind}_namespaces is 0)",
        "fix": f"as root: sysctl -w user.max_{kind}_namespaces=15000",
        "unchanged": True,
    }


@pytest.mark.parametrize("who", ["", "_as_root", "_as_root_of_a_container"])
def test_a_refusal_halfway_leaves_the_process_as_it_was(scene: Scene, who: str) -> None:
    refused = scene(f"refused_halfway{who}")
    assert refused["reason"].startswith("this machine's limit of namespaces is reached")
    assert refused["unchanged"] is True


def test_a_seccomp_filter_is_suspected_where_no_setting_forbids(scene: Scene) -> None:
    refused = scene("refused_by_seccomp")
    assert "container's seccomp filter" in refused["reason"]
    assert "docker run --privileged" in refused["fix"]
    assert refused["unchanged"] is True


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "Ubuntu 24.04"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0"),
    ],
)
def test_a_setting_that_forbids_is_named(monkeypatch: pytest.MonkeyPatch, setting: str, value: str, named: str) -> None:
    monkeypatch.setattr(refusal, "_setting", lambda name: value if name == setting else "")
    refused = refusal.explain(PermissionError(1, "Operation not permitted"))
    assert named in refused.reason
    assert f"sysctl -w {setting.replace('/', '.')}=" in refused.fix


def test_nothing_of_the_lab_is_left_on_this_machine() -> None:
    """Runs in the tests' own network: the scenes above were played in others."""
    names = {line.partition(":")[0].strip() for line in Path(f"/proc/{os.getpid()}/net/dev").read_text().splitlines()}
    assert not names & {"lab0", "lab1"}
