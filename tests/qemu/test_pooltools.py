# SPDX-License-Identifier: MIT
"""claimsim and pooltrace: what they print and refuse. No machine is started."""

import re
import subprocess
import xml.etree.ElementTree as ElementTree

import harness
import pytest

CLAIMSIM = harness.BUILD / "tools" / "claimsim"
POOLTRACE = harness.ROOT / "tools" / "pooltrace"
ZEROS = ",0" * 16
HEAD = "ms,owned,claimed,dirty," + ",".join(f"free{k}" for k in range(19))


def run(*args):
    return subprocess.run([str(arg) for arg in args], capture_output=True, text=True, check=False)


def test_claims_never_fail_late():
    done = run(CLAIMSIM, "--seconds", 60)
    assert done.returncode == 0, done.stderr
    rows = {name: list(map(int, row.split()[:4])) for name, row in
            re.findall(r"^(claim|check, then allocate) +(\d.*)$", done.stdout, re.M)}
    assert rows["claim"][3] == 0 and rows["claim"][2] > 50, "built, and none failed late"
    assert rows["check, then allocate"][3] > 0, "the double does fail late"
    maxima, sums, admitted = map(int, re.search(r"(\d+) by the sum.* (\d+) by the maximum.* peaks of (\d+)",
                                                done.stdout).groups())
    assert maxima == 8 and sums == admitted > maxima


def test_a_seed_gives_one_run():
    first, same, other = (run(CLAIMSIM, "--seconds", 20, "--seed", seed) for seed in (5, 5, 6))
    assert first.returncode == 0 and first.stdout == same.stdout != other.stdout


@pytest.mark.parametrize("args, said", [
    (["--seed", "0"], "--seed 0: a number from 1"), (["--pool", "8191"], "--pool: a multiple of 4096"),
    (["--builders", "x"], "--builders x: a number from 1 to 16"), (["--seconds", "-1"], "a number from 1 to 3600"),
    (["--growers", "17"], "a number from 0 to 16"), (["more"], "more: no such argument"), (["--what"], "Usage"),
    (["--trace", "/no/such/folder/x"], "/no/such/folder/x: No such file")])
def test_bad_arguments(args, said):
    done = run(CLAIMSIM, *args)
    assert done.returncode == 2 and said in done.stderr


def test_help():
    assert "--trace FILE" in run(CLAIMSIM, "--help").stdout
    assert "TRACE" in run(POOLTRACE, "--help").stdout.upper()


def test_a_trace_is_drawn(tmp_path):
    assert run(CLAIMSIM, "--seconds", 20, "--trace", tmp_path / "t.csv").returncode == 0
    done = run(POOLTRACE, tmp_path / "t.csv", "-o", tmp_path / "t.svg", "--title", "<a & b>")
    assert done.returncode == 0, done.stderr
    root = ElementTree.parse(tmp_path / "t.svg").getroot()
    words = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"<a & b>", "owned by domains", "claimed, not redeemed", "1 GiB", "seconds", "GiB"} <= set(words)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polygon"))) == 9, "three uses, six sizes"


@pytest.mark.parametrize("lines, said", [
    (["ms,owned"], "line 1: the first line must be"),
    ([HEAD], "line 2: the trace ends here"),
    ([HEAD, "0,1,2"], "line 2: 3 values, 23 are wanted"),
    ([HEAD, f"0,-1,0,0,4,0,0{ZEROS}"], "line 2: owned: '-1' is not a number"),
    ([HEAD, f"0,0,0,0,4,0,0{ZEROS}", f"0,0,0,0,4,0,0{ZEROS}"], "line 3: ms: 0 does not come after 0"),
    ([HEAD, f"0,0,0,0,4,0,0{ZEROS}", f"1,1,0,0,4,0,0{ZEROS}"], "line 3: owned and free: 5 pages, 4 before"),
    ([HEAD, f"0,0,0,0,4,1,0{ZEROS}"], "line 2: free1: 1 pages are not whole blocks of order 1"),
    ([HEAD, f"0,0,5,0,4,0,0{ZEROS}"], "line 2: claimed: 5 pages, but only 4 are free"),
    ([HEAD, f"0,0,0,5,4,0,0{ZEROS}"], "line 2: dirty: 5 pages, but only 4 are free"),
    ([HEAD, f"0,0,0,0,0,0,0{ZEROS}", f"1,0,0,0,0,0,0{ZEROS}"], "line 2: the pool has no memory")])
def test_a_bad_trace_is_refused(tmp_path, lines, said):
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    done = run(POOLTRACE, tmp_path / "t.csv", "-o", tmp_path / "t.svg")
    assert done.returncode == 2 and said in done.stderr and not (tmp_path / "t.svg").exists()


def test_a_missing_trace_is_told(tmp_path):
    done = run(POOLTRACE, tmp_path / "none.csv", "-o", tmp_path / "t.svg")
    assert done.returncode == 2 and "none.csv: No such file" in done.stderr
