"""Signals are a wish to stop while training runs, and what they were before and after."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from dlcli.cli.interrupts import Interrupts
from dlcli.training.guards.interruption import Interruption, StopTraining


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_is_a_wish_and_the_second_stops(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Interruption() as interruption:
        interruption.stop_if_requested()
        os.kill(os.getpid(), number)
        with pytest.raises(StopTraining):
            interruption.stop_if_requested()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


HANGUP = [signal.SIGHUP, signal.SIGTERM, signal.SIGHUP, signal.SIGINT]


@pytest.mark.parametrize("numbers", [HANGUP, HANGUP[::-1], [signal.SIGHUP] * 3], ids=str)
def test_a_session_that_ends_says_one_thing_with_several_signals(numbers: list[signal.Signals]) -> None:
    with Interruption() as interruption:
        for number in numbers:
            os.kill(os.getpid(), number)
        with pytest.raises(StopTraining):
            interruption.stop_if_requested()


def test_a_command_is_not_interrupted_again_while_it_cleans_up() -> None:
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGHUP)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert interrupts.requested


@pytest.mark.parametrize("catcher", [Interruption, Interrupts])
def test_what_is_ignored_stays_so(catcher: type[Interruption | Interrupts]) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with catcher() as caught:
            os.kill(os.getpid(), signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert not caught.requested
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("catcher", [Interruption, Interrupts])
def test_other_threads_catch_nothing(catcher: type[Interruption | Interrupts]) -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        with catcher():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_command_that_has_ended_is_not_interrupted() -> None:
    with Interrupts() as interrupts:
        interrupts.end()
        os.kill(os.getpid(), signal.SIGINT)
    assert not interrupts.requested
