"""Messages between two processes that do not trust each other."""

import errno
import os
import pickle
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.worker.sandbox.channel import Channel, ChannelError, new_pair
from services.worker.sandbox.messages import FramesEnded, Opened, Response


@pytest.fixture
def ends() -> Iterator[tuple[Channel[Response], socket.socket]]:
    ours, theirs = new_pair()
    with ours, theirs:
        yield Channel(ours, Response), theirs


def test_a_message_arrives_with_its_descriptors(ends: tuple[Channel[Response], socket.socket]) -> None:
    channel, theirs = ends
    read, write = os.pipe()
    Channel(theirs, Response).send(FramesEnded(), (read,))
    message, files = channel.receive()
    os.write(write, b"through")
    assert (message, os.read(files[0], 9)) == (FramesEnded(), b"through")
    assert not os.get_inheritable(files[0])
    for each in (read, write, *files):
        os.close(each)


@pytest.mark.parametrize(
    "data",
    [
        b"rubbish",
        b"\xc1",
        pickle.dumps({"code": print}),
        msgspec.msgpack.encode({"type": "opened", "size": [0, 5], "animated": False}),
        msgspec.msgpack.encode({"type": "opened", "size": [2**40, 5], "animated": False}),
        msgspec.msgpack.encode({"type": "failed", "code": "x" * 41, "reason": ""}),
        msgspec.msgpack.encode({"type": "unknown"}),
        b"\x91" * 60_000,  # nested
        bytes(70_000),
    ],
)
def test_what_is_no_message_is_an_error(ends: tuple[Channel[Response], socket.socket], data: bytes) -> None:
    channel, theirs = ends
    before = open_files()
    socket.send_fds(theirs, [data], [0])
    with pytest.raises(ChannelError):
        channel.receive()
    assert open_files() == before, "what came with it is closed"


def test_more_descriptors_than_agreed_are_an_error(ends: tuple[Channel[Response], socket.socket]) -> None:
    channel, theirs = ends
    before = open_files()
    socket.send_fds(theirs, [msgspec.msgpack.encode(Opened(size=(1, 1), is_animated=False))], [0] * 9)
    with pytest.raises(ChannelError, match="too long"):
        channel.receive()
    assert open_files() == before


def test_the_end_of_the_other_side_is_an_error(ends: tuple[Channel[Response], socket.socket]) -> None:
    channel, theirs = ends
    theirs.close()
    with pytest.raises(ChannelError, match="ended"):
        channel.receive()
    with pytest.raises(ChannelError, match="nobody reads"):
        channel.send(FramesEnded())


def test_it_waits_while_too_many_descriptors_are_on_their_way(
    ends: tuple[Channel[Response], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel counts those of all processes of a user: that is no fault of this one."""
    channel, theirs = ends
    refusals = [errno.ETOOMANYREFS] * 3
    really_send = socket.send_fds

    def send_fds(*arguments: Any) -> int:
        if refusals:
            raise OSError(refusals.pop(), "Too many references")
        return really_send(*arguments)

    monkeypatch.setattr(socket, "send_fds", send_fds)
    channel.send(FramesEnded())

    assert theirs.recv(100)


def test_a_side_that_does_not_read_is_not_waited_for() -> None:
    ours, theirs = new_pair()
    with ours, theirs:
        ours.setblocking(False)  # as that of a decoder
        channel: Channel[Response] = Channel(ours, Response)
        with pytest.raises(ChannelError, match="nobody reads"):
            _send_many(channel)


def _send_many(channel: Channel[Response]) -> None:
    for _ in range(100_000):
        channel.send(FramesEnded())


def open_files() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}
