"""TLS on either leg, on both, and on none; what becomes of channel binding."""
import os
import subprocess

import pytest

import servers


def make_certificate(folder, name):
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
                   check=True, capture_output=True)
    return key, certificate


@pytest.fixture(scope="module")
def certificates(scratch):
    folder = scratch / "certificates"
    folder.mkdir()
    return {name: make_certificate(folder, name) for name in ("server", "guard")}


@pytest.fixture(scope="module")
def encrypted_postgres(scratch, certificates):
    server = servers.PostgresServer(scratch / "encrypted")
    key, certificate = certificates["server"]
    for source, target in ((key, "server.key"), (certificate, "server.crt")):
        destination = server.data / target
        destination.write_bytes(source.read_bytes())
        owner = server.data.stat()
        os.chown(destination, owner.st_uid, owner.st_gid)
        destination.chmod(0o600)
    server.query("ALTER SYSTEM SET ssl = on", "postgres")
    server.stop()
    server.start()
    yield server
    server.stop()


def run_psql(port, settings, sql="SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"):
    environment = dict(os.environ, PGPASSWORD="app", PGCONNECT_TIMEOUT="30")
    return subprocess.run(["psql", "-XAtc", sql, f"host=127.0.0.1 port={port} user=app dbname=shop {settings}"],
                          env=environment, capture_output=True, text=True, timeout=120)


def start_guard(factory, server, certificates, client, upstream):
    settings = {"upstream": {"addresses": [f"127.0.0.1:{server.port}"], "tls": upstream}}
    if upstream.startswith("verify"):
        settings["upstream"]["ca"] = str(certificates["server"][1])
    if client != "disable":
        key, certificate = certificates["guard"]
        settings["tls"] = {"mode": client, "certificate": str(certificate), "key": str(key)}
    return factory("enforce", upstream=server.port, server=settings)


@pytest.mark.parametrize("upstream, server_sees_tls", [("disable", "f"), ("prefer", "t"), ("require", "t"),
                                                       ("verify-ca", "t"), ("verify-full", "t")])
def test_plain_client(upstream, server_sees_tls, guard_factory, encrypted_postgres, certificates):
    guard = start_guard(guard_factory, encrypted_postgres, certificates, "disable", upstream)
    result = run_psql(guard.port, "sslmode=prefer")
    assert result.stdout.strip() == server_sees_tls, result.stderr
    assert run_psql(guard.port, "sslmode=require").returncode != 0
    refused = run_psql(guard.port, "", "CREATE TABLE no_such (a int)")
    assert "schemaguard: CREATE TABLE" in refused.stderr


def test_encrypted_client_before_a_plain_server(guard_factory, postgres, certificates):
    guard = start_guard(guard_factory, postgres, certificates, "require", "disable")
    verified = f"sslmode=verify-full sslrootcert={certificates['guard'][1]}"
    assert run_psql(guard.port, verified).stdout.strip() == "f"
    refused = run_psql(guard.port, verified, "CREATE TABLE no_such (a int)")
    assert "schemaguard: CREATE TABLE" in refused.stderr
    plain = run_psql(guard.port, "sslmode=disable")
    assert plain.returncode != 0 and "FATAL" in plain.stderr


def test_a_client_may_choose(guard_factory, postgres, certificates):
    guard = start_guard(guard_factory, postgres, certificates, "allow", "disable")
    assert run_psql(guard.port, "sslmode=require").returncode == 0
    assert run_psql(guard.port, "sslmode=disable").returncode == 0


def test_both_legs_encrypted(guard_factory, encrypted_postgres, certificates):
    guard = start_guard(guard_factory, encrypted_postgres, certificates, "require", "require")
    assert "TLS on both legs" in guard.log()
    assert run_psql(guard.port, "sslmode=require channel_binding=disable").stdout.strip() == "t"
    bound = run_psql(guard.port, "sslmode=require channel_binding=prefer")
    assert bound.returncode != 0 and "channel" in bound.stderr


def test_a_wrong_certificate_is_not_accepted(guard_factory, encrypted_postgres, certificates):
    settings = {"upstream": {"addresses": [f"127.0.0.1:{encrypted_postgres.port}"], "tls": "verify-full",
                             "ca": str(certificates["guard"][1])}}
    guard = guard_factory("enforce", upstream=encrypted_postgres.port, server=settings)
    result = run_psql(guard.port, "")
    assert result.returncode != 0 and "FATAL" in result.stderr


def test_the_server_must_speak_tls_when_asked_to(guard_factory, postgres, certificates):
    guard = start_guard(guard_factory, postgres, certificates, "disable", "require")
    result = run_psql(guard.port, "")
    assert result.returncode != 0 and "FATAL" in result.stderr
