"""Whoever reads over Modbus is one of few, is named, is not too fast, and writes nothing; others get no word."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.hw import read_server
from custom_components.home_bms.hw.read_server import PEERS_MOST, ReadServer, Refusal, networks, welcome

QUESTION = bytes.fromhex("0007 0000 0006 01 03 0010 0002")
ANSWER = bytes.fromhex("0007 0000 0007 01 03 04 0010 0011")
SIZE = len(ANSWER)
HOST = "127.0.0.1"


def reads(unit, address, count):
    """Answer with the addresses themselves, as unit 1."""
    if unit != 1:
        return Refusal.NO_UNIT
    return list(range(address, address + count)) if address + count <= 0x10000 else Refusal.ADDRESS


@asynccontextmanager
async def serving(permitted="", clients=4, host=HOST):
    server = ReadServer(reads, permitted=networks(permitted), clients=clients)
    await server.async_start(host, 0)
    try:
        yield server
    finally:
        await server.async_stop()
        assert server.port == 0
        assert not server.clients
        assert not [task for task in asyncio.all_tasks() if "ReadServer" in repr(task)]


class Client:
    """A connection from an address of ours."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def ask(self, question=QUESTION, size=SIZE):
        """Return what is answered, nothing where the other side has gone."""
        try:
            self._writer.write(question)
            await self._writer.drain()
            async with asyncio.timeout(10):
                return await self._reader.readexactly(size)
        except ConnectionError, asyncio.IncompleteReadError:
            return b""

    async def pour(self, questions):
        """Ask until the other side has had enough."""
        try:
            async with asyncio.timeout(10):
                while True:
                    self._writer.write(questions)
                    await self._writer.drain()
        except ConnectionError, TimeoutError:
            return

    async def gone(self):
        """Return whether the other side goes without a word."""
        try:
            async with asyncio.timeout(10):
                return await self._reader.read(1) == b""
        except ConnectionError:
            return True

    def close(self):
        self._writer.close()


@pytest.fixture
async def connect(socket_enabled):
    """Return what connects from an address."""
    there = []

    async def connecting(server, source=HOST):
        there.append(Client(*await asyncio.open_connection(HOST, server.port, local_addr=(source, 0))))
        return there[-1]

    yield connecting
    for client in there:
        client.close()


async def soon(condition):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


# Who


async def test_who_is_named_is_answered_and_nobody_else(connect):
    async with serving("127.0.0.2, 127.0.1.0/24") as server:
        for source, let_in in (("127.0.0.2", True), ("127.0.1.9", True), ("127.0.0.1", False), ("127.0.0.3", False)):
            client = await connect(server, source)
            assert await client.ask() == (ANSWER if let_in else b"")
        assert server.turned_away == 2
        assert server.clients == 2


async def test_a_stranger_takes_nobodys_place(connect, monkeypatch):
    monkeypatch.setattr(read_server, "IDLE_AFTER", -1.0)
    async with serving("127.0.0.2", clients=1) as server:
        known = await connect(server, "127.0.0.2")
        assert await known.ask() == ANSWER
        assert await (await connect(server, "127.0.0.3")).gone()
        assert await known.ask() == ANSWER


async def test_it_listens_nowhere_but_where_it_was_told(connect):
    async with serving(host="127.0.0.5") as server:
        assert [found.getsockname()[0] for found in server._server.sockets] == ["127.0.0.5"]
        with pytest.raises(ConnectionRefusedError):
            await connect(server)


@pytest.mark.parametrize(
    ("peer", "permitted", "let_in"),
    [
        # Where nobody is named, the addresses that no stranger on the internet can have.
        *[(peer, "", True) for peer in ("127.0.0.1", "10.3.4.5", "172.16.0.9", "192.168.1.7", "169.254.3.4")],
        *[(peer, "", True) for peer in ("::1", "fd12::7", "fe80::1%eth0")],
        *[(peer, "", False) for peer in ("8.8.8.8", "172.32.0.1", "2a00:1450::1", "", "cellar")],
        # Where somebody is named, nobody else, not even this machine.
        ("127.0.0.1", "192.168.1.7", False),
        ("192.168.1.7", "192.168.1.7", True),
        ("192.168.1.8", "192.168.1.7", False),
        ("192.168.1.8", "192.168.1.7/24", True),
        ("8.8.8.8", "0.0.0.0/0", True),
        ("2a00::1", "10.0.0.0/8 2a00::/16", True),
        ("fe80::1%eth0", "fe80::/10", True),
    ],
)
def test_an_address_is_let_in_or_not(peer, permitted, let_in):
    assert welcome(peer, networks(permitted)) is let_in


@pytest.mark.parametrize("wrong", ["cellar", "10.0.0.300", "10.0.0.0/33", "1.2.3.4;5.6.7.8", "x" * 500])
def test_what_is_no_network_is_named(wrong):
    with pytest.raises(ValueError, match=wrong[:64]) as refused:
        networks(f"10.0.0.1, {wrong}")
    assert len(str(refused.value)) <= 64


def test_only_so_many_are_named():
    assert len(networks(" ".join(["10.0.0.1"] * PEERS_MOST))) == PEERS_MOST
    with pytest.raises(ValueError, match=str(PEERS_MOST)):
        networks(",".join(["10.0.0.1"] * (PEERS_MOST + 1)))


# How many


async def test_only_so_many_are_let_in(connect):
    async with serving(clients=2) as server:
        first, second = [await connect(server) for _ in range(2)]
        assert [await first.ask(), await second.ask()] == [ANSWER, ANSWER]
        assert await (await connect(server)).gone()
        assert (server.clients, server.turned_away) == (2, 1)
        first.close()
        await soon(lambda: server.clients == 1)
        assert await (await connect(server)).ask() == ANSWER


async def test_who_fell_silent_makes_room(connect, monkeypatch):
    async with serving(clients=2) as server:
        silent, other = [await connect(server) for _ in range(2)]
        assert [await silent.ask(), await other.ask()] == [ANSWER, ANSWER]
        monkeypatch.setattr(read_server, "IDLE_AFTER", -1.0)
        assert await (await connect(server)).ask() == ANSWER
        assert await silent.gone()
        assert await other.ask() == ANSWER
        assert server.clients == 2


@pytest.mark.parametrize("sent", [b"", QUESTION[:3], QUESTION[:9]])
async def test_who_says_nothing_whole_is_left(connect, monkeypatch, sent):
    monkeypatch.setattr(read_server, "CLOSE_AFTER", 0.05)
    async with serving() as server:
        assert await (await connect(server)).ask(sent) == b""
        await soon(lambda: not server.clients)


async def test_who_reads_no_answers_is_left(connect, monkeypatch):
    monkeypatch.setattr(read_server, "CLOSE_AFTER", 0.5)
    monkeypatch.setattr(read_server, "BURST", 1e9)
    monkeypatch.setattr(read_server, "RATE", 1e9)
    question = bytes.fromhex("0007 0000 0006 01 03 0010 007d")
    async with serving() as server:
        client = await connect(server)
        # It asks on and on, and takes nothing.
        client._reader._transport.pause_reading()
        await client.pour(question * 100)
        await soon(lambda: not server.clients)


async def test_who_asks_too_often_waits_and_is_answered_all_the_same(connect, monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    async with serving() as server:
        client = await connect(server)
        assert await client.ask() == ANSWER
        monkeypatch.setattr(read_server, "RATE", 0.1)
        monkeypatch.setattr(read_server, "BURST", 3.0)
        real = asyncio.sleep
        monkeypatch.setattr(read_server.asyncio, "sleep", sleep)
        for _ in range(6):
            assert await client.ask() == ANSWER
        monkeypatch.setattr(read_server.asyncio, "sleep", real)
    # Three at once; those after them wait for their turn, ten seconds each.
    assert len(waited) >= 2
    assert all(5 < seconds <= 60 for seconds in waited)


# What


async def test_requests_that_come_together_are_all_answered(connect):
    async with serving() as server:
        client = await connect(server)
        assert await client.ask(QUESTION * 20, 20 * len(ANSWER)) == ANSWER * 20


@pytest.mark.parametrize("function", [*range(1, 3), *range(4, 25), 43, 127, 128, 255])
async def test_nothing_but_reading_is_served(connect, function):
    question = bytes.fromhex("0007 0000 0008 01") + bytes((function,)) + bytes.fromhex("0010 0001 0200")
    async with serving() as server:
        client = await connect(server)
        answer = await client.ask(question, 9)
        assert answer == bytes.fromhex("0007 0000 0003 01") + bytes((function | 0x80, 1))
        assert server.refused == 1
        assert await client.ask() == ANSWER


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("01 03 0010 0000", 3),
        ("01 03 0010 007e", 3),
        ("01 03 0010 ffff", 3),
        ("01 03 0010", 3),
        ("01 03", 3),
        ("01 03 0010 0001 00", 3),
        ("01 03 ffff 0002", 2),
        ("02 03 0010 0001", 11),
        ("00 03 0010 0001", 11),
    ],
)
async def test_what_cannot_be_read_is_refused_with_the_reason(connect, body, code):
    body = bytes.fromhex(body)
    async with serving() as server:
        client = await connect(server)
        answer = await client.ask(bytes.fromhex("0007 0000") + len(body).to_bytes(2) + body, 9)
        assert answer[4:] == bytes((0, 3, body[0], 0x83, code))
        assert await client.ask() == ANSWER


@pytest.mark.parametrize(
    "nonsense",
    ["474554202f20485454502f312e31", "0007 0001 0006 01 03 0010 0002", "0007 0000 0001 01", "0007 0000 ffff 01"],
)
async def test_what_is_no_modbus_ends_the_talk_without_a_word_in_the_log(connect, caplog, nonsense):
    async with serving() as server:
        assert await (await connect(server)).ask(bytes.fromhex(nonsense)) == b""
        await soon(lambda: not server.clients)
    # By night asyncio itself tells of each connection.
    assert not [record for record in caplog.records if record.name != "asyncio"]


@given(st.binary(min_size=2, max_size=254))
def test_every_request_has_a_short_answer(body):
    answer = ReadServer(reads, clients=1)._answer(body)
    assert answer[0] == body[0]
    assert answer[1] in (body[1], body[1] | 0x80)
    assert 3 <= len(answer) <= 3 + 250


async def test_it_starts_again_and_stops_twice(socket_enabled):
    server = ReadServer(reads, clients=1)
    for _ in range(2):
        await server.async_start(HOST, 0)
        assert server.port
        await server.async_stop()
        await server.async_stop()
