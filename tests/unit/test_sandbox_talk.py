import ast
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from synth_assets.resources.sandbox.ahead import ahead_of
from synth_assets.resources.sandbox.reading import Reading
from synth_assets.resources.sandbox.session import Session
from synth_assets.resources.sandbox.talk import TalkOver
from synth_assets.resources.sandbox.wire import (
    ForgedError,
    WireError,
    head_of,
    pack,
    pack_rest,
    unpack,
    unpack_rest,
)


def _nothing(value: object) -> tuple[Any, ...]:
    raise WireError("no data")


def _frame(*message: object) -> bytes:
    data = pack(message, _nothing)
    return len(data).to_bytes(4, "little") + data


@pytest.fixture
def program() -> Iterator[tuple[Session, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Session(ours.fileno(), lambda _: None), theirs


def test_pack_rest_is_the_end_of_pack():
    values = ([1, "a"], {"b": (2.5, None)})

    whole = pack(("first", *values), _nothing)

    assert pack_rest(head_of(3, "first"), values, _nothing) == whole
    assert unpack_rest(whole, len(head_of(3, "first")), 2, _nothing) == list(values)
    assert unpack(whole, _nothing) == ("first", *values)


def test_unpack_rest_of_bytes_with_more_behind_is_no_value():
    data = pack(("ok", 1), _nothing)

    with pytest.raises(ForgedError):
        unpack_rest(data + b"N", len(head_of(2, "ok")), 1, _nothing)


def test_session_close_tells_the_program_with_what_is_asked_next_that_its_tests_are_over(
    program: tuple[Session, socket.socket],
):
    session, theirs = program
    theirs.sendall(_frame("ok", {}))
    session.load([], tests_are_plain=True)
    theirs.recv(1000)
    assert session.close()
    with pytest.raises(BlockingIOError):
        theirs.recv(1000, socket.MSG_DONTWAIT)
    theirs.sendall(_frame("ok", {}))

    session.load(["f"], tests_are_plain=True)
    assert theirs.recv(1000) == _frame("over") + _frame("load", ["f"], True)


def test_session_close_where_the_program_says_more_than_it_was_asked_is_refused(
    program: tuple[Session, socket.socket],
):
    session, theirs = program
    theirs.sendall(_frame("ok", {}) + _frame("ok", {"f": 1}))
    session.load([], tests_are_plain=True)

    assert not session.close()


_AHEAD = ahead_of("assert f(1) == f(2)", ast.parse("assert f(1) == f(2)"), Reading({"f"}), (), "")


def _result(answer: object, program: tuple[Session, socket.socket]) -> object:
    session, theirs = program
    theirs.sendall(_frame("ok", answer))
    assert _AHEAD is not None
    names, result = session.call_ahead(["f"], _AHEAD, (b"", b""))
    assert names == ["f"]
    assert result(0) == 3
    return result(1)


def test_session_results_of_calls_made_ahead_are_those_of_the_replies(
    program: tuple[Session, socket.socket],
):
    three = pack(("ok", 3), _nothing)
    raised = pack(("raised", ("ValueError", "Exception"), ("so",), ""), _nothing)

    assert _result((["f"], three + pack(("ok", [4.5]), _nothing)), program) == [4.5]
    with pytest.raises(ValueError, match="so"):
        _result((["f"], three + raised), program)
    with pytest.raises(NameError, match="'f' is not defined"):
        _result((["f"], three), program)
    assert not program[0].is_forged


@pytest.mark.parametrize(
    "second",
    [
        b"x",
        b"t" * 40,
        pack(7, _nothing),
        pack(("ok",), _nothing),
        pack(("stopped",), _nothing),
        pack(("ok", 1, "", {}), _nothing),
        pack(("ok", 1), _nothing)[:-1],
        b"t\x02\0\0\0s\x02\0\0\0oko" + pack(("object", 1, "A", (2,)), _nothing),
    ],
)
def test_session_replies_that_are_forged_end_the_talk(
    second: bytes, program: tuple[Session, socket.socket]
):
    with pytest.raises(TalkOver):
        _result((["f"], pack(("ok", 3), _nothing) + second), program)
    assert program[0].is_forged
    assert not program[0].close()


@pytest.mark.parametrize("answer", [7, ([1], b""), (["f"], "x"), ("f", b""), ([["f"]], None), []])
def test_session_answer_to_calls_made_ahead_that_is_none_ends_the_talk(
    answer: object, program: tuple[Session, socket.socket]
):
    with pytest.raises(TalkOver):
        _result(answer, program)
    assert program[0].is_forged


def test_session_that_is_asked_by_a_forged_call_ends_the_talk(
    program: tuple[Session, socket.socket],
):
    session, theirs = program
    callee = (b"o" + pack(("yours", 0), _nothing), pack((), _nothing), pack({}, _nothing))
    data = head_of(4, "call") + b"".join(callee)
    theirs.sendall(len(data).to_bytes(4, "little") + data)

    with pytest.raises(TalkOver, match="the program's answer is none"):
        session.load([], tests_are_plain=True)
    assert session.is_forged
    assert not session.close()
