"""Carries whole messages, and file descriptors beside them, between two processes."""

import array
import errno
import os
import socket
import time
from typing import Any, Final, Generic, TypeVar

import msgspec

from common.errors import DarkroomError

_MAX_MESSAGE_BYTES: Final = 64 * 1024
_MAX_FILES: Final = 2
_SHORTAGES: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
# The kernel counts the descriptors that all processes of a user have sent and nobody has received yet.
_SEND_ATTEMPTS: Final = 500
_SEND_PAUSE_SECONDS: Final = 0.01
_INT_BYTES: Final = array.array("i").itemsize

_T = TypeVar("_T")


class ChannelError(DarkroomError):
    """The other process has ended, or sent something that is not a message of the protocol."""

    code = "channel_broken"


class Channel(Generic[_T]):
    """Sends any struct and receives messages of the types `receives`, blocking, on one end of a socket pair."""

    def __init__(self, end: socket.socket, receives: Any) -> None:
        self._socket = end
        self._decoder: msgspec.msgpack.Decoder[_T] = msgspec.msgpack.Decoder(receives)

    def fileno(self) -> int:
        """Return the descriptor to wait on until a message is there."""
        return self._socket.fileno()

    def send(self, message: msgspec.Struct, files: tuple[int, ...] = ()) -> None:
        """Send a message, and with it copies of these descriptors. Raises ChannelError if the other side is gone."""
        data = msgspec.msgpack.encode(message)
        for _ in range(_SEND_ATTEMPTS):
            try:
                socket.send_fds(self._socket, [data], files)
            except OSError as error:
                if error.errno != errno.ETOOMANYREFS:
                    raise ChannelError(f"nobody reads ({error.strerror})") from error
                time.sleep(_SEND_PAUSE_SECONDS)
            else:
                return
        raise ChannelError("too many descriptors are on their way")

    def receive(self) -> tuple[_T, tuple[int, ...]]:
        """Return the next message, and the descriptors that came with it, which the caller must close.

        Raises ChannelError at the end, and for a message that is too long or not of the types agreed on.
        """
        try:
            # socket.recv_fds drops the flags that it is given.
            data, ancillary, flags, _ = self._socket.recvmsg(
                _MAX_MESSAGE_BYTES, socket.CMSG_LEN(_MAX_FILES * _INT_BYTES), socket.MSG_CMSG_CLOEXEC
            )
        except OSError as error:
            raise ChannelError(f"nobody writes ({error.strerror})") from error
        files = _descriptors(ancillary)
        try:
            _check_whole(data, flags, files)
            return self._decoder.decode(data), tuple(files)
        except ChannelError:
            close_all(files)
            raise
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            close_all(files)
            raise ChannelError(str(error)) from error

    def close(self) -> None:
        """Close this end; the other side reads its end."""
        self._socket.close()


def new_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends that keep the bounds of messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def is_shortage(error: ChannelError) -> bool:
    """Return whether this process lacked descriptors or memory, so that the other one is not to blame."""
    cause = error.__cause__ or error.__context__
    return isinstance(cause, OSError) and cause.errno in _SHORTAGES


def _check_whole(data: bytes, flags: int, files: list[int]) -> None:
    if not data:
        raise ChannelError("the other side has ended")
    if flags & socket.MSG_CTRUNC and len(files) < _MAX_FILES:
        # There was room for them in the message, and none in this process.
        shortage = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        raise ChannelError(f"descriptors were lost ({shortage.strerror})") from shortage
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        raise ChannelError("a message is too long")


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % _INT_BYTES])
    return found.tolist()


def close_all(files: tuple[int, ...] | list[int]) -> None:
    """Close these descriptors."""
    for each in files:
        os.close(each)
