# SPDX-License-Identifier: MIT
"""Domains that fhctl creates and destroys: from files and from the configuration, alone and in sets, and who breaks off."""

import json

import pytest
import systems
from control_system import back_to, fhctl, state, watch


def test_create_and_destroy(control):
    before = fhctl(control, "--json memory")
    for _ in range(3):
        text = fhctl(control, "create late")
        assert "64 MiB" in text and "running" in text
        assert json.loads(fhctl(control, "--json info late"))["domain"]["state"] == "running"
        assert "pong: late" in control.shell("printf 'p' | fhctl console late 2>/dev/null")
        assert "only a domain that is defined" in fhctl(control, "create late 2>&1", 1)
        watch(control, "--count 3 --seconds 30")
        fhctl(control, "destroy late")
        events = control.shell("wait; cat /tmp/ev")
        assert events.splitlines()[-1].endswith("late is defined"), events
        assert fhctl(control, "--json memory") == before


def test_a_set_that_does_not_fit(control):
    before = fhctl(control, "--json memory")
    watch(control, "--seconds 3")
    text = fhctl(control, "create late much 2>&1", 1)
    assert "nothing was claimed" in text and "refused: no room for much: wants 256 blocks of 2 MiB in high" in text
    assert "224 would fit" in text, text
    assert "refused   much: it does not fit: wants 256 blocks, 224 would fit" in control.shell("wait; cat /tmp/ev")
    assert fhctl(control, "--json memory") == before
    assert [d["state"] for d in json.loads(fhctl(control, "--json list"))][2:] == ["defined", "defined"]


def test_create_from_files(control):
    before = fhctl(control, "--json memory")
    made = json.loads(fhctl(control, "--json create -c /tmp/good.dtb --kernel /tmp/big"))
    assert made[0]["domain"] == "guest" and made[0]["running"] and made[0]["memory"] == 64 * systems.MIB
    assert "pong: guest" in control.shell("printf 'p' | fhctl console guest 2>/dev/null")
    assert "/domains/guest" in fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/app 2>&1", 1)
    fhctl(control, "destroy guest")
    back_to(control, before)


def test_events_tell_the_name_of_who_has_the_number_now(control):
    text = control.shell("sh /tmp/names", 60)
    assert [line.split()[-3] for line in text.splitlines()] == ["guest", "twin"]


def test_restart_from_files(control):
    """fhctl knows where the files are and sends them again; without it the domain stops where it resets itself."""
    before = fhctl(control, "--json memory")
    fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/big")
    running = fhctl(control, "--json memory")
    for n in range(1, 3):
        assert "is restarting" in fhctl(control, "restart guest")
        assert (state(control, "guest")["state"], state(control, "guest")["resets"]) == ("running", n)
        assert fhctl(control, "--json memory") == running
    control.focus(5)
    control.ask("p", "pong: guest")
    control.send("r")
    control.expect("dom=guest: stopped: its files are not kept for a reset")
    control.focus(1)
    assert state(control, "guest")["state"] == "stopped" and fhctl(control, "--json memory") == running
    control.shell("mv /run/fhctl/guest /tmp/kept")
    assert "its files came from elsewhere" in fhctl(control, "start guest 2>&1", 1)
    control.shell("sed 's/[0-9]* .tmp.big/17 \\/tmp\\/big/' /tmp/kept > /run/fhctl/guest")
    assert "is not what it was" in fhctl(control, "start guest 2>&1", 2)
    control.shell("mv /tmp/kept /run/fhctl/guest")
    assert "is starting" in fhctl(control, "start guest")
    assert "pong: guest" in control.shell("printf 'p' | fhctl console guest 2>/dev/null")
    # Killed when it was asked to reset, and has nobody to load it: it stops, or all of it is back.
    control.shell("FHCTL_DIE_AT=restarting fhctl restart guest >/dev/null 2>&1")
    control.shell("fhctl destroy guest >/dev/null 2>&1")
    back_to(control, before)
    assert control.shell("ls /run/fhctl | wc -l") in ("0", "1")


def test_kernels_of_another_kind(control):
    """A packed one is unpacked, for the restart too; what is no kernel is refused by name."""
    before = fhctl(control, "--json memory")
    assert "/tmp/packed: unpacked (gzip)" in fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/packed")
    assert "pong: guest" in control.shell("printf 'p' | fhctl console guest 2>/dev/null")
    fhctl(control, "restart guest")
    assert "pong: guest" in control.shell("printf 'p' | fhctl console guest 2>/dev/null")
    fhctl(control, "destroy guest")
    assert "a damaged gzip file" in fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/damaged 2>&1", 2)
    assert "an ELF file" in fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/elf 2>&1", 1)
    back_to(control, before)


def test_rounds(control):
    """A hundred of them are among make check-guests."""
    assert control.shell("sh /tmp/rounds 25", 120) == "rounds: 25"


def test_two_race_for_the_last_gigabyte(control):
    """Exactly one is admitted; the other one is refused with the reason, before anything of it was placed or copied. A
    claim that waits for that memory has it when the domain ends."""
    before = fhctl(control, "--json memory")
    for _ in range(3):
        lines = len(fhctl(control, "log").splitlines())
        control.shell("for n in left right; do (fhctl create -c /tmp/$n.dtb --kernel /tmp/big > /tmp/$n.out 2>&1; "
                      "echo $? > /tmp/$n.code) & done; wait", 90)
        codes = {name: control.shell(f"cat /tmp/{name}.code") for name in ("left", "right")}
        assert sorted(codes.values()) == ["0", "1"], codes
        (winner, _), (loser, _) = sorted(codes.items(), key=lambda item: item[1])
        said = control.shell(f"cat /tmp/{loser}.out")
        assert "nothing was claimed" in said and f"no room for {loser}: wants 512 blocks of 2 MiB in last" in said
        assert "0 would fit" in said, said
        log = fhctl(control, "log").splitlines()[lines:]
        assert [line for line in log if f"dom={winner}" in line and "zeroed=" in line]
        assert not [line for line in log if f"dom={loser}" in line and ("map:" in line or "zeroed=" in line)], log
        assert f"pong: {winner}" in control.shell(f"printf p | fhctl console {winner} --until 'pong: {winner}' 2>&1")
        control.shell("(fhctl claim stake --wait 60s rear:last:1G > /tmp/won 2>&1; echo $? >> /tmp/won) & "
                      "for i in $(seq 100); do fhctl claim list | grep -q waiting && break; done", 30)
        fhctl(control, f"destroy {winner}")
        won = control.shell("wait; cat /tmp/won", 60)
        assert "admitted" in won and won.endswith("0"), won
        fhctl(control, f"claim release {won.split('claim ')[1].split(':')[0]}")
        back_to(control, before)


def test_who_stalls_in_the_middle(control):
    """Two clients that stand still, one before its claim and one among its pieces: after create-timeout-ms all is back."""
    before = fhctl(control, "--json memory")
    control.shell("for s in defined:good loading:twin; do (FHCTL_STOP_AT=${s%:*} fhctl create -c /tmp/${s#*:}.dtb --kernel "
                  "/tmp/big > /tmp/${s#*:}.out 2>&1; echo $? >> /tmp/${s#*:}.out) & done")
    gone = {control.expect(r"dom=(guest|twin): nothing came of it for too long: taken apart", 60).group(1) for _ in range(2)}
    assert gone == {"guest", "twin"}
    back_to(control, before)
    said = control.shell("killall -CONT fhctl; wait; cat /tmp/good.out /tmp/twin.out")
    assert said.count("there is no such thing") == 2, said


@pytest.mark.parametrize("name,reason", [
    ("crash", "is for domains whose files are the payload's"), ("cpu", "CPU 2 is given to rear already"), ("name", "rear"), ("boss", "control"), ("zone", "lower"), ("junk", "tree"),
])
def test_bad_trees_are_refused(control, name, reason):
    before = fhctl(control, "--json memory")
    text = fhctl(control, f"create -c /tmp/{name}.dtb --kernel /tmp/app 2>&1", 1)
    assert "refused" in text and reason in text
    back_to(control, before)


def test_source_in_place_of_a_tree(control):
    control.shell("echo '/dts-v1/; / { };' > /tmp/guest.dts")
    assert "/tmp/guest.dts: is source: dtc" in fhctl(control, "create -c /tmp/guest.dts --kernel /tmp/app 2>&1", 2)


def test_a_set_of_files_of_which_one_does_not_fit(control):
    before = fhctl(control, "--json memory")
    text = fhctl(control, "create --together /tmp/good.dtb --kernel /tmp/app /tmp/much.dtb --kernel /tmp/app 2>&1", 1)
    assert "nothing was claimed" in text or "guest" in text
    back_to(control, before)


def test_two_of_files_together(control):
    before = fhctl(control, "--json memory")
    made = json.loads(fhctl(control, "--json create -c /tmp/good.dtb --kernel /tmp/app -c /tmp/twin.dtb --kernel /tmp/big"))
    assert [m["running"] for m in made] == [True, True]
    fhctl(control, "destroy guest")
    fhctl(control, "destroy twin")
    back_to(control, before)


@pytest.mark.parametrize("step", ["tree", "defined", "claimed", "loading", "loaded"])
def test_killed_in_the_middle(control, step):
    """fhctl dies at a step by name; the port closes, and all is back. Behind its last piece the domain may run already:
    then it stays until it is destroyed."""
    before = fhctl(control, "--json memory")
    lines = len(fhctl(control, "log").splitlines())
    code = control.shell(f"FHCTL_DIE_AT={step} fhctl create -c /tmp/good.dtb --kernel /tmp/big >/dev/null 2>&1; echo $?", 30)
    assert code.splitlines()[-1] == "137", code
    if step == "loaded":
        control.shell("fhctl destroy guest >/dev/null 2>&1", 30)
    back_to(control, before)
    log = "\n".join(fhctl(control, "log").splitlines()[lines:])
    assert ("dom=guest: defined" in log) == (step != "tree"), log
    assert ("dom=guest: destroyed" in log) == (step in ("claimed", "loading", "loaded")), log
    control.focus(2)
    control.ask("p", "pong: rear")
    control.focus(1)
