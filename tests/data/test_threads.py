"""Several threads, and who has none of them."""

from __future__ import annotations

import subprocess
import sys

from dlcli.data.threads import each_of


def test_in_their_order_and_within_each_other() -> None:
    """Who is one of the threads waits for no other: all of them may wait."""
    numbers = list(range(100))
    assert each_of(numbers, lambda each: each_of(numbers[:each], str)) == [[*map(str, range(each))] for each in numbers]


def test_a_process_that_was_forked_has_threads_of_its_own() -> None:
    script = (
        "import os\nfrom dlcli.data.threads import each_of\n"
        "assert each_of(range(9), str) == [*map(str, range(9))]\n"
        "child = os.fork()\nif child == 0: os._exit(len(each_of(range(9), str)))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "9\n"
