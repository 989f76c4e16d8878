"""Signals are a wish to stop while training runs, and what they were before and after."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

import pytest

from dlcli.cli.interrupts import Interrupts
from dlcli.training.guards.interruption import Interruption, StopTraining, postponed


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


def test_an_interrupt_that_is_lost_is_raised_again() -> None:
    with Interrupts() as interrupts:
        with contextlib.suppress(KeyboardInterrupt):  # as a library does that has a way round a failed import
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            time.sleep(60)
    assert interrupts.requested


def test_an_interrupt_on_its_way_is_not_disturbed() -> None:
    ended = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            time.sleep(0.8)  # what is cleaned up takes its time
            ended.append(True)

    with Interrupts(), pytest.raises(KeyboardInterrupt):
        work()
    assert ended


def test_a_training_hears_of_an_interrupt_that_was_lost_before() -> None:
    with Interrupts():
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        with Interruption() as interruption:
            end = time.monotonic() + 60
            while not interruption.requested and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(0.5)  # it is told once: twice would end it at once
        assert interruption.requested


def test_a_signal_waits_for_what_belongs_together() -> None:
    done = []

    def work() -> None:
        with postponed():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all of it")
        done.append("more")

    with Interrupts(), pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]
