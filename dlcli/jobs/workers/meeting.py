"""Where the workers of several machines meet, and how they know that all are still there.

Worker 0 listens; the others come to it, each with the port that its TensorFlow will listen on, and are told where all
are. The connections stay open while they train: who breaks one off, or is silent, is gone, and the others hear of it.
What goes over them is JSON, a message a line.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from dlcli.errors import Problem, RunError
from dlcli.jobs.workers.peers import Peers

__all__ = ["Meeting", "free_port", "meet"]

WAIT_SECONDS = 600.0
"""So long the others are waited for: they may stand in a queue."""

BEAT_SECONDS = 2.0
SILENCE_SECONDS = 20.0
"""A worker that is not heard of for so long is gone: its machine is, or the network between."""

LINE_BYTES = 2**20

Message = Mapping[str, Any]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("", 0))
        return int(listener.getsockname()[1])


class _Line:
    """A connection to another worker."""

    def __init__(self, connection: socket.socket, rank: int = 0) -> None:
        self.rank = rank
        self._connection = connection
        self._reader = connection.makefile("rb")
        self._lock = threading.Lock()
        connection.settimeout(SILENCE_SECONDS)

    def send(self, message: Message) -> None:
        """Send a message; one to a worker that is gone is lost, and that will be seen."""
        with self._lock, contextlib.suppress(OSError):
            self._connection.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any] | None:
        """The next message; None when there will be none."""
        try:
            value = json.loads(self._reader.readline(LINE_BYTES) or "null")
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def wait(self, seconds: float) -> None:
        """Let silence last longer."""
        self._connection.settimeout(seconds)

    def close(self) -> None:
        """Break off."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._reader.close()
        self._connection.close()


class Meeting:
    """The workers, met.

    Args:
        peers: Which one this is.
        addresses: `host:port` of each TensorFlow.
        resume: The run that goes on, as the first says; empty: a new one.
        lines: To the others, of the first; of the others, to the first.
    """

    def __init__(self, peers: Peers, addresses: list[str], resume: str, lines: list[_Line]) -> None:
        self.addresses, self.resume = tuple(addresses), resume
        self._peers, self._lines = peers, lines
        self._over = threading.Event()

    def watch(self, lost: Callable[[Problem], None], ended: Callable[[Message], None]) -> None:
        """Watch over the others from now on.

        Args:
            lost: Told of one that is gone.
            ended: Told how the first one has ended.
        """
        for line in self._lines:
            threading.Thread(target=self._listen, args=[line, lost, ended], daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()

    def tell(self, message: Message) -> None:
        """Tell the others how this one has ended; those who hear it from the first have ended too."""
        for line in self._lines:
            line.send(message)

    def close(self) -> None:
        """Part."""
        self._over.set()
        for line in self._lines:
            line.close()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            self.tell({})

    def _listen(self, line: _Line, lost: Callable[[Problem], None], ended: Callable[[Message], None]) -> None:
        while not self._over.is_set():
            message = line.receive()
            if self._over.is_set():
                return
            if message is None or "lost" in message:
                said = str((message or {}).get("lost", "")) or self._gone(line)
                if self._peers.rank == 0:
                    self.tell({"lost": said})
                lost(Problem(said, rule="worker-lost"))
                return
            if "run" in message:
                ended(message)
                return

    def _gone(self, line: _Line) -> str:
        return f"worker {line.rank} of {self._peers.size} is not heard of any more, and training ends with it"


def meet(peers: Peers, *, resume: str = "", wait: float = WAIT_SECONDS) -> Meeting:
    """Meet the workers of other machines; waits for all of them.

    Args:
        peers: Which one this is.
        resume: Of the first: the run that goes on.
        wait: Seconds to wait for them.

    Raises:
        RunError: They do not come, the port is taken, or two are the same.
    """
    return _receive(peers, resume, wait) if peers.rank == 0 else _come(peers, wait)


def _receive(peers: Peers, resume: str, wait: float) -> Meeting:
    """Worker 0: take the others in."""
    until = time.monotonic() + wait
    own = f"{peers.host}:{free_port()}"
    lines: dict[int, _Line] = {}
    addresses = {0: own}
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listener(peers))
        while len(lines) < peers.size - 1:
            listener.settimeout(max(until - time.monotonic(), 0.01))
            try:
                connection, (host, *_) = listener.accept()
            except TimeoutError:
                missing = [str(rank) for rank in range(1, peers.size) if rank not in lines]
                message = f"worker {', '.join(missing)} of {peers.size} has not come to {peers.host}:{peers.port}"
                hint = "start the same command there, with its own rank"
                raise RunError(Problem(message, hint=hint, rule="worker-lost")) from None
            line = _Line(connection)
            hello = line.receive() or {}
            if (refusal := _refusal(hello, peers, lines)) is not None:
                line.send({"refused": refusal})
                line.close()
                continue
            line.rank = int(hello["rank"])
            host = peers.host if host.startswith(("127.", "::1", "::ffff:127.")) else host.removeprefix("::ffff:")
            addresses[line.rank] = f"{f'[{host}]' if ':' in host else host}:{int(hello['port'])}"
            lines[line.rank] = line
    ordered = [addresses[rank] for rank in range(peers.size)]
    for line in lines.values():
        line.send({"addresses": ordered, "resume": resume})
    return Meeting(peers, ordered, resume, list(lines.values()))


def _refusal(hello: Message, peers: Peers, lines: Mapping[int, _Line]) -> str | None:
    """Why somebody who comes is not taken in; None when it is."""
    rank, size, port = (hello.get(name) for name in ("rank", "size", "port"))
    if not (type(rank) is int and type(port) is int and 0 < port < 65_536):
        return "that is no worker of dlcli"
    if size != peers.size:
        return f"worker {rank} is one of {size}, and worker 0 one of {peers.size}"
    if not 0 < rank < peers.size:
        return f"there is no worker {rank} of {peers.size} to come"
    return f"there are two workers {rank}" if rank in lines else None


def _listener(peers: Peers) -> socket.socket:
    try:
        return socket.create_server(("", peers.port), reuse_port=False)
    except OSError as error:
        message = f"worker 0 cannot listen on port {peers.port}: {error.strerror}"
        hint = "another training may use it: give another port, the same for all workers"
        raise RunError(Problem(message, hint=hint, rule="worker-port")) from error


def _come(peers: Peers, wait: float) -> Meeting:
    """The others: go to worker 0, which may not be there yet."""
    until = time.monotonic() + wait
    while True:
        try:
            connection = socket.create_connection((peers.host, peers.port), timeout=5)
            break
        except OSError as error:
            if time.monotonic() > until:
                message = f"worker 0 is not met at {peers.host}:{peers.port}: {error.strerror or error}"
                hint = "start the same command there with --rank 0; see that the port is open"
                raise RunError(Problem(message, hint=hint, rule="worker-lost")) from error
            time.sleep(0.5)
    line = _Line(connection)
    line.wait(max(until - time.monotonic(), 1.0))
    line.send({"rank": peers.rank, "size": peers.size, "port": free_port()})
    welcome = line.receive()
    if welcome is None or "refused" in welcome:
        line.close()
        why = "worker 0 has broken off" if welcome is None else str(welcome["refused"])
        raise RunError(Problem(why, hint="each has a rank of its own, and all the same --workers", rule="workers"))
    line.wait(SILENCE_SECONDS)
    return Meeting(peers, [str(each) for each in welcome["addresses"]], str(welcome["resume"]), [line])
