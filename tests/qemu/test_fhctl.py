# SPDX-License-Identifier: MIT
"""fhctl's words, by a build for the host: options, and that help, manual page and completion tell the same ones. No
machine is started."""

import re
import subprocess

import harness
import pytest

COMMON = {"--json", "--color", "--no-color", "--help"}
OPTION = r"--[a-z][a-z-]*"
PACKAGE = harness.ROOT / "tools/fhctl/package"


@pytest.fixture(scope="module")
def fhctl(tmp_path_factory):
    """fhctl(word, ...) -> what it printed, and its exit code. There is no control port: what is well said ends with 3."""
    program = tmp_path_factory.mktemp("host") / "fhctl"
    sources = [*(harness.ROOT / "tools/fhctl").glob("*.c"), *(harness.ROOT / "tools/unpack").glob("*.c")]
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", f"-I{harness.ROOT}", *sources, "-lz", "-o", program], check=True)

    def run(*words):
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=10)
        return done.stdout + done.stderr, done.returncode

    run.folder = program.parent
    return run


def complete(folder, *words):
    script = 'source $1; shift; COMP_WORDS=(fhctl "$@"); COMP_CWORD=$#; _fhctl; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script, "bash", PACKAGE / "fhctl.bash", *words], capture_output=True, text=True,
                          check=True, timeout=10, env={"PATH": f"{folder}:/usr/bin:/bin"})
    return set(done.stdout.split())


@pytest.mark.parametrize("words, says", [
    ("stop --force=no rear", "--force takes no value"), ("--json=1 list", "--json takes no value"),
    ("pause --force rear", "pause: unknown option --force"), ("claim release --lease 5s 0.1", "unknown option --lease"),
    ("claim release 0.1x", "'0.1x' is no claim"), ("claim renew 0.", "'0.' is no claim"),
    ("claim renew -1.1", "'-1.1' is no claim"), ("claim stake", "fhctl help claim tells more"),
    ("claim stake rear:low", "write DOMAIN:ZONE:SIZE"), ("create --froce rear", "create: unknown option --froce"),
    ("create -c", "-c wants a file"), ("create -c x --kernel", "--kernel wants a file"),
    ("create --kernel=x", "belongs behind -c"), ("create", "usage: fhctl create"), ("list all", "usage: fhctl list;"),
    ("create --together", "usage: fhctl create"), ("create --together a.dtb --krenel x", "unknown option --krenel"),
    ("events --follow --count 2", "--follow has no end"),
    ("--json top", "top: there is no JSON of it"), ("--json console rear", "console: there is no JSON of it"),
])
def test_what_is_said_wrongly(fhctl, words, says):
    text, code = fhctl(*words.split())
    assert code == 2 and says in text, text


@pytest.mark.parametrize("words", ["list", "stop rear --force", "claim renew --lease=5s 0.1", "claim release 0.1",
                                   "create --json rear", "events --count 1", "events --follow",
                                   "create --together a.dtb b.dtb", "create rear --together a.dtb", "top --count=1"])
def test_what_is_said_well(fhctl, words):
    text, code = fhctl(*words.split())
    assert code == 3 and "no control port" in text, text


def test_help_manual_and_completion_agree(fhctl):
    commands = fhctl("commands")[0].split()
    page = (PACKAGE / "fhctl.8").read_text().replace("\\-", "-")
    told = set(COMMON)
    assert complete(fhctl.folder, "") == {"help", *commands, *COMMON}
    assert complete(fhctl.folder, "help", "") == set(commands)
    for command in commands:
        options = set(re.findall(OPTION, fhctl("help", command)[0]))
        told |= options
        words = (command,) if command != "claim" else (command, "stake")
        offered = complete(fhctl.folder, *words, "-")
        assert {o for o in offered if o.startswith("--")} == options, command
    assert complete(fhctl.folder, "claim", "renew", "-") == {"--lease"}
    assert set(re.findall(OPTION, page)) == told
    assert all(re.search(rf"\b{c}\b", page) for c in commands)
    for code in "012345":
        assert re.search(rf"^\.B {code}$", page, re.M)
