"""What was read and is not parsed yet."""

from services.api.server.pipelining import ReceivedBytes

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_heads_are_taken_one_by_one() -> None:
    received = ReceivedBytes()
    received.add(HEAD * 2 + b"GET")

    assert [received.take(in_body=False) for _ in range(3)] == [HEAD, HEAD, b"GET"]
    assert not received


def test_a_body_is_taken_whole_where_no_head_is_in_it() -> None:
    received, body = ReceivedBytes(), bytes(200_000)
    received.add(body)

    assert received.take(in_body=True) is body


def test_a_body_full_of_empty_lines_is_taken_by_the_kilobyte() -> None:
    received = ReceivedBytes()
    received.add(b"\r\n" * 2000)

    assert len(received.take(in_body=True)) == 1028
    assert received


def test_what_is_added_follows_what_waits() -> None:
    received = ReceivedBytes()
    received.add(HEAD + HEAD[:10])
    received.take(in_body=False)
    received.add(HEAD[10:])

    assert received.take(in_body=False) == HEAD
