"""What may be called, whoever asks: URLs, names, addresses, redirects (H1 to H5)."""

from __future__ import annotations

import pytest

from portal.infra.outbound import (
    Ask,
    Gate,
    Outbound,
    Refused,
)
from portal.settings.outbound import parse_allow_list
from tests.unit.outbound.servers import (
    PUBLIC,
    QUICK,
    Dialled,
    Names,
    Server,
    make_tls_server,
    running,
)

# Connecting anywhere else fails the test.
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1"])


def test_h1_odd_urls_and_headers_are_refused_before_anything_is_sent(make, server):
    client = make(server.port)
    for url in ("file:///etc/passwd", f"http://u:secret@127.0.0.1:{server.port}/", "http://127.1/"):
        with pytest.raises(Refused) as caught:
            client.get(url)
        assert "secret" not in repr(caught.value) + caught.value.fix
    for headers in ({"Host": "x"}, {"Transfer-Encoding": "chunked"}, {"X": "a\r\nb"}):
        with pytest.raises(Refused):
            client.get(server.url, headers)
    assert not server.seen


def test_h2_the_checked_address_is_the_one_dialled(make, server):
    names, dialled = Names([PUBLIC], ["127.0.0.1"]), Dialled(server.port)
    answer = make(look_up=names.look_up, dial=dialled.dial).get("http://service.test:8080/")
    assert answer.status == 200
    assert names.asked == ["service.test"]
    assert dialled.seen == [(PUBLIC, 8080)]
    assert server.seen[0][2]["Host"] == "service.test:8080"


def test_h2_a_name_that_moves_inside_is_refused(make, server):
    names, dialled = Names(["127.0.0.1"]), Dialled(server.port)
    for host in ("service.test", "localhost", "localhost."):
        with pytest.raises(Refused, match="loopback"):
            make(look_up=names.look_up, dial=dialled.dial).get(f"http://{host}/")
    assert not dialled.seen


def test_h3_a_port_that_is_not_listed_is_refused(make, server, other):
    with pytest.raises(Refused, match="PORTAL_OUTBOUND_ALLOW") as caught:
        make(server.port).get(other.url)
    assert "PORTAL_OUTBOUND_ALLOW" in caught.value.fix
    assert not other.seen


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "100.100.100.200"]
)
def test_h3_metadata_is_refused_even_when_listed(make, host):
    with pytest.raises(Refused, match="metadata"):
        make(allow="0.0.0.0/0,::/0").get(f"http://{host}/latest/meta-data/")


def test_h3_of_itself_the_portal_calls_the_metrics_only(make, server):
    client = make(server.port, own_port=server.port)
    assert client.get(f"{server.url}/-/metrics?x=1").status == 200
    for path in ("/", "/api/v1/entities", "/-/metrics/../x"):
        with pytest.raises(Refused, match="of its own"):
            client.get(server.url + path)
    assert len(server.seen) == 1


def test_h3_ipv6_works_where_it_is_listed():
    try:
        there = Server("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    gate = Gate(parse_allow_list(f"[::1]:{there.port}"), QUICK)
    with running(there), Outbound(gate) as client:
        assert client.get(f"http://[::1]:{there.port}/").status == 200
        with pytest.raises(Refused):
            client.get(f"http://[::ffff:127.0.0.1]:{there.port}/")


@pytest.mark.parametrize(
    "answers", [[PUBLIC, "127.0.0.1"], [PUBLIC, "fd00:ec2::254"], ["2606:4700::1", "10.0.0.1"]]
)
def test_h4_one_bad_answer_refuses_all(make, server, answers):
    dialled = Dialled(server.port)
    with pytest.raises(Refused):
        make(look_up=Names(answers).look_up, dial=dialled.dial).get("http://service.test/")
    assert not dialled.seen


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/",
        "http://2852039166/",
        "http://0xa9.254.169.254/",
        "//[::1]/",
        "//127.0.0.1:1/",
        "file:///etc/passwd",
        "http://u:p@127.0.0.1/",
        "http:\\\\127.0.0.1\\",
    ],
)
def test_h5_each_hop_is_judged(make, server, location):
    server.redirects["/"] = (302, location)
    client = make(server.port)
    with pytest.raises(Refused):
        client.get(f"{server.url}/")
    with pytest.raises(Refused):
        client.make_pool_manager().request("GET", f"{server.url}/")
    if "\\" not in location:  # requests takes that for a path on the same server
        with pytest.raises(Refused), client.make_session() as session:
            session.get(f"{server.url}/")
    assert client.send(Ask("GET", f"{server.url}/", follow=False)).headers["location"] == location


def test_h5_redirects_are_followed_but_not_for_ever(make, server):
    server.redirects.update(
        {"/1": (301, "/2"), "/2": (302, "3"), "/3": (308, "/4"), "/l": (302, "l")}
    )
    client = make(server.port)
    assert client.get(f"{server.url}/1").url == f"{server.url}/4"
    with pytest.raises(Refused, match="more than 3"):
        client.get(f"{server.url}/l")
    assert client.send(Ask("GET", f"{server.url}/l", follow=False)).status == 302


def test_h5_a_post_becomes_a_get_or_stays(make, server):
    server.redirects.update({"/303": (303, "/x"), "/307": (307, "/x")})
    client = make(server.port)
    client.post(f"{server.url}/303", b"body", {"Content-Type": "text/plain"})
    client.post(f"{server.url}/307", b"body")
    assert [(method, body) for method, path, _, body in server.seen if path == "/x"] == [
        ("GET", b""),
        ("POST", b"body"),
    ]


SECRETS = {"Authorization": "Bearer s", "Cookie": "s=1", "PRIVATE-TOKEN": "s", "Accept": "a/b"}


def test_h5_secrets_stay_with_their_origin(make, server, other):
    server.redirects.update({"/away": (302, f"{other.url}/"), "/stay": (302, "/x")})
    client = make(server.port, other.port)
    client.get(f"{server.url}/away", SECRETS)
    with client.make_session() as session:
        session.get(f"{server.url}/away", headers=SECRETS)
    client.make_pool_manager().request("GET", f"{server.url}/away", headers=SECRETS)
    assert len(other.seen) == 3
    for _, _, headers, _ in other.seen:
        assert not {"Authorization", "Cookie", "PRIVATE-TOKEN"} & set(headers)
        assert headers["Accept"] == "a/b"
    client.get(f"{server.url}/stay", SECRETS)
    assert server.seen[-1][2]["Authorization"] == "Bearer s"


def test_h5_a_body_is_not_carried_to_somebody_else(make, server, other):
    server.redirects["/away"] = (307, f"{other.url}/")
    client = make(server.port, other.port)
    with pytest.raises(Refused, match="carry"):
        client.post(f"{server.url}/away", b"secret")
    with pytest.raises(Refused, match="carry"), client.make_session() as session:
        session.post(f"{server.url}/away", data=b"secret")
    with pytest.raises(Refused, match="carry"):
        client.make_pool_manager().request("POST", f"{server.url}/away", body=b"secret")
    assert not other.seen


def test_h5_the_way_back_to_http_is_refused(make, server, tmp_path):
    with running(make_tls_server(tmp_path, "127.0.0.1")) as secure:
        secure.redirects["/"] = (302, f"{server.url}/")
        client = make(server.port, secure.port)
        with pytest.raises(Refused, match="not encrypted"):
            client.send(
                Ask("GET", f"https://127.0.0.1:{secure.port}/", ca_bundle=secure.certificate)
            )
    assert not server.seen
