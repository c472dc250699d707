"""The guarded client: where it refuses to go, and what it says when nobody answers. Real sockets, an injected resolver for names."""

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.addresses import AddressPolicy
from channels.exchange import AddressRefused, NoAnswer, NotSent
from channels.outgoing import OutgoingHttp, Timeouts
from tests.vendors.rest_receiver import Fault, RestReceiver
from tests.vendors.signing import signed_headers

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
IMPATIENT = Timeouts(connect=0.4, read=0.3, write=0.3, pool=0.3, whole=1.0)


class Names:
    """A resolver that knows what the test tells it, and counts."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {host.replace("_", "."): list(turns) for host, turns in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        turns = self._answers.get(host)
        if not turns:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return turns.pop(0) if len(turns) > 1 else turns[0]


@pytest.fixture
async def receiver() -> AsyncIterator[RestReceiver]:
    async with RestReceiver("correct horse") as running:
        yield running


def post(key: str = "o-1") -> tuple[dict[str, str], bytes]:
    body = (
        b'{"type":"message","id":"%s","conversation_id":"c","contact":{"id":"x"},"text":"t","sender":"bot","in_reply_to":[],"citations":[]}'
        % key.encode()
    )
    return signed_headers("correct horse", body) | {"idempotency-key": key}, body


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.8.8.8",
        "localhost",
        "[::1]",
        "[::]",
        "0.0.0.0",
        "0",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.100.100.200",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:0001::]",
        "224.0.0.1",
        "[ff02::1]",
        "255.255.255.255",
        "192.0.0.192",
        "198.18.0.1",
    ],
)
async def test_private_addresses_are_refused_in_every_spelling(host: str) -> None:
    headers, body = post()
    async with OutgoingHttp(timeouts=IMPATIENT) as http:
        with pytest.raises(AddressRefused, match=r"private address; allow it by FRONTDESK_ALLOWED_PRIVATE_NETWORKS|can't be read"):
            await http.request("POST", f"http://{host}:8001/callback", headers=headers, content=body)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "callback",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "http://",
        "https:///path",
        "http://[::1",
        "http://u:p@example.com/",
    ],
)
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    async with OutgoingHttp(timeouts=IMPATIENT) as http:
        with pytest.raises(AddressRefused) as refused:
            await http.request("POST", url, headers={}, content=b"{}")
    assert "u:p" not in str(refused.value)


_MIXED = [["10.0.0.7"], ["8.8.8.8", "10.0.0.7"], ["2606:4700::1111", "::1"], ["not-an-address"], ["fe80::1%eth0"]]


@pytest.mark.parametrize("addresses", _MIXED, ids=str)
async def test_a_name_is_refused_when_any_of_its_addresses_is_private(addresses: list[str]) -> None:
    headers, body = post()
    async with OutgoingHttp(timeouts=IMPATIENT, resolver=Names(shop_example=[addresses])) as http:
        with pytest.raises(AddressRefused, match=r"shop\.example points to a private address"):
            await http.request("POST", "https://shop.example/callback", headers=headers, content=body)


async def test_the_connection_goes_to_the_address_that_was_checked(receiver: RestReceiver) -> None:
    """A second look-up would find another address: there is none."""
    names = Names(shop_example=[["127.0.0.1"], ["10.0.0.7"]])
    async with OutgoingHttp(allowed_networks=LOOPBACK, resolver=names) as http:
        for key in ("o-1", "o-2"):
            headers, body = post(key)
            assert (
                await http.request("POST", f"http://shop.example:{receiver.port}/callback", headers=headers, content=body)
            ).status == 200
    assert names.asked == ["shop.example"]
    assert receiver.requests[0].headers["host"] == f"shop.example:{receiver.port}"
    assert len(receiver.deliveries) == 2


async def test_a_name_that_turns_private_is_refused_at_its_next_connection(receiver: RestReceiver) -> None:
    names = Names(shop_example=[["127.0.0.1"], ["10.0.0.7"]])
    receiver.fault(Fault.DROP)
    headers, body = post()
    async with OutgoingHttp(allowed_networks=LOOPBACK, resolver=names) as http:
        with pytest.raises(NoAnswer):
            await http.request("POST", f"http://shop.example:{receiver.port}/callback", headers=headers, content=body)
        with pytest.raises(AddressRefused):
            await http.request("POST", f"http://shop.example:{receiver.port}/callback", headers=headers, content=body)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]"])
async def test_allowed_networks_hold_in_every_spelling(receiver: RestReceiver, host: str) -> None:
    headers, body = post()
    async with OutgoingHttp(allowed_networks=LOOPBACK) as http:
        assert (await http.request("POST", f"http://{host}:{receiver.port}/callback", headers=headers, content=body)).status == 200


async def test_a_dead_address_gives_way_to_the_next(receiver: RestReceiver) -> None:
    headers, body = post()
    async with OutgoingHttp(allowed_networks=LOOPBACK, resolver=Names(shop_example=[["127.0.0.99", "127.0.0.1"]])) as http:
        assert (await http.request("POST", f"http://shop.example:{receiver.port}/callback", headers=headers, content=body)).status == 200


async def test_redirects_are_not_followed(receiver: RestReceiver) -> None:
    receiver.fault(Fault.STATUS, status=302, headers={"location": "http://169.254.169.254/latest/meta-data"})
    headers, body = post()
    async with OutgoingHttp(allowed_networks=LOOPBACK) as http:
        assert (await http.request("POST", receiver.url, headers=headers, content=body)).status == 302
    assert len(receiver.requests) == 1


async def test_an_endless_answer_is_cut_off(receiver: RestReceiver) -> None:
    receiver.fault(Fault.ENDLESS)
    headers, body = post()
    async with OutgoingHttp(allowed_networks=LOOPBACK, max_answer_bytes=10_000) as http:
        answer = await http.request("POST", receiver.url, headers=headers, content=body)
        assert (answer.status, len(answer.body)) == (200, 10_000)
        headers, body = post("o-2")
        assert (await http.request("POST", receiver.url, headers=headers, content=body)).status == 200


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER])
async def test_a_lost_connection_is_told_apart_from_none(receiver: RestReceiver, fault: Fault) -> None:
    receiver.fault(fault)
    headers, body = post()
    async with OutgoingHttp(allowed_networks=LOOPBACK, timeouts=IMPATIENT) as http:
        with pytest.raises(NoAnswer, match=r"127\.0\.0\.1"):
            await http.request("POST", receiver.url, headers=headers, content=body)


async def test_a_slow_answer_is_given_up(receiver: RestReceiver) -> None:
    receiver.fault(Fault.SLOW, seconds=30)
    headers, body = post()
    async with OutgoingHttp(allowed_networks=LOOPBACK, timeouts=IMPATIENT) as http:
        with pytest.raises(NoAnswer, match="in time"):
            await http.request("POST", receiver.url, headers=headers, content=body)


async def test_nobody_there_means_that_nothing_was_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/callback"
        async with OutgoingHttp(allowed_networks=LOOPBACK, timeouts=IMPATIENT) as http:
            with pytest.raises(NotSent, match="can't be reached"):
                await http.request("POST", url, headers={}, content=b"{}")
    async with OutgoingHttp(timeouts=IMPATIENT, resolver=Names()) as http:
        with pytest.raises(NotSent, match="name is unknown"):
            await http.request("POST", "https://nowhere.example/", headers={}, content=b"{}")


async def test_a_resolver_that_hangs_is_given_up() -> None:
    async def hangs(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    async with OutgoingHttp(timeouts=IMPATIENT, resolver=hangs) as http:
        with pytest.raises(NotSent, match="not resolved in time"):
            await http.request("POST", "https://shop.example/", headers={}, content=b"{}")


async def test_connections_are_kept_alive(receiver: RestReceiver) -> None:
    async with OutgoingHttp(allowed_networks=LOOPBACK) as http:
        for number in range(5):
            headers, body = post(f"o-{number}")
            await http.request("POST", receiver.url, headers=headers, content=body)
        assert receiver.connections == 1


async def test_tls_asks_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    server_context, client_context, asked = _certificate(tmp_path, "shop.example")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode().lower().split("host: ")[1].split("\r\n")[0])
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_context)
    port = server.sockets[0].getsockname()[1]
    names = Names(shop_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    async with OutgoingHttp(allowed_networks=LOOPBACK, resolver=names, ssl_context=client_context) as http:
        assert (await http.request("POST", f"https://shop.example:{port}/", headers={}, content=b"")).status == 204
        with pytest.raises(NotSent):
            await http.request("POST", f"https://other.example:{port}/", headers={}, content=b"")
    server.close()
    assert asked[:2] == ["shop.example", f"shop.example:{port}"]


def test_public_addresses_are_let_through() -> None:
    policy = AddressPolicy()
    assert all(map(policy.permits, ["8.8.8.8", "151.101.1.6", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]))


def test_allowing_one_network_allows_no_other() -> None:
    policy = AddressPolicy([ip_network("10.20.0.0/16")])
    assert policy.permits("10.20.3.4")
    assert policy.permits("::ffff:10.20.3.4")
    assert not any(map(policy.permits, ["10.21.0.1", "127.0.0.1", "::1"]))


def _certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext, list[str]]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    asked: list[str] = []
    server.sni_callback = lambda _socket, asked_name, _context: asked.append(str(asked_name))
    return server, ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode()), asked
