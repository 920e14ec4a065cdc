"""Addresses: one normal form, allow-lists, and links pinned to the base."""

from __future__ import annotations

import pytest

from cds_service.patient_data.outbound import OutboundError, parse_base_url, pinned


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://ehr.example/fhir", "https://ehr.example/fhir"),
        ("https://ehr.example/fhir/", "https://ehr.example/fhir"),
        ("HTTPS://EHR.Example:443/fhir/R4", "https://ehr.example/fhir/R4"),
        ("https://ehr.example.", "https://ehr.example"),
        ("https://ehr.example:8443", "https://ehr.example:8443"),
        ("https://klinik-münchen.example/fhir", "https://xn--klinik-mnchen-3ob.example/fhir"),
        ("https://KLINIK-MÜNCHEN.example/fhir", "https://xn--klinik-mnchen-3ob.example/fhir"),
        ("https://192.0.2.7/fhir", "https://192.0.2.7/fhir"),
        ("https://[2001:DB8:0::1]/fhir", "https://[2001:db8::1]/fhir"),
        ("http://localhost:80/fhir", "http://localhost/fhir"),
        ("http://127.0.0.9:8090/fhir", "http://127.0.0.9:8090/fhir"),
        ("http://[::1]:8090", "http://[::1]:8090"),
        ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]"),
    ],
)
def test_normal_form(given: str, normal: str) -> None:
    assert str(parse_base_url(given)) == normal


@pytest.mark.parametrize(
    "refused",
    [
        "",
        "ehr.example/fhir",
        "ftp://ehr.example/fhir",
        "file:///etc/passwd",
        "http://ehr.example/fhir",
        "http://10.0.0.1/fhir",
        "http://0.0.0.0/fhir",
        "http://169.254.169.254/latest",
        "http://localhost.evil.example/fhir",
        "http://127.0.0.1.evil.example/fhir",
        "https://user:secret@ehr.example/fhir",
        "https://ehr.example@evil.example/fhir",
        "https://@ehr.example/fhir",
        "https://ehr.example\\@evil.example/fhir",
        "https://ehr.example/fhir?x=1",
        "https://ehr.example/fhir#x",
        "https://ehr.example/fhir?",
        "https://ehr.example/a/../fhir",
        "https://ehr.example/a/%2e%2e/fhir",
        "https://ehr.example/a/%252e%252e/fhir",
        "https://ehr.example:99999/fhir",
        "https://ehr.example:x/fhir",
        "https://ehr.example:0/fhir",
        "https:///fhir",
        "https://2130706433/fhir",
        "https://127.1/fhir",
        "https://0x7f000001/fhir",
        "https://0x7f.1/fhir",
        "https://[fe80::1%25eth0]/fhir",
        "https://[::1/fhir",
        "https://ehr .example/fhir",
        "https://ehr.example/fh\tir",
        "https://ehr.example/fhir\r\nX: y",
        "https://ehr.example/fhír",
        "https://-ehr.example/fhir",
        "https://ehr..example/fhir",
        "https://ehr.example/" + "a" * 5000,
    ],
)
def test_refused(refused: str) -> None:
    with pytest.raises(OutboundError) as error:
        parse_base_url(refused)
    assert "secret" not in str(error.value)
    assert "example" not in str(error.value)


BASE = "https://ehr.example/api/fhir/R4"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        (f"{BASE}/Observation?page=2", f"{BASE}/Observation?page=2"),
        (f"{BASE}?_getpages=ab-c&_count=20", f"{BASE}?_getpages=ab-c&_count=20"),
        ("https://ehr.example:443/api/fhir/R4/Observation?continue=x", f"{BASE}/Observation?continue=x"),
        ("HTTPS://EHR.EXAMPLE/api/fhir/R4/Observation?a=B%7C|c", f"{BASE}/Observation?a=B%7C|c"),
        ("Observation?sessionID=17-A", f"{BASE}/Observation?sessionID=17-A"),
        ("?_getpages=1", f"{BASE}/?_getpages=1"),
        ("/api/fhir/R4/Observation?p=2", f"{BASE}/Observation?p=2"),
        (f"{BASE}/Observation?page=2#top", f"{BASE}/Observation?page=2"),
        ("", None),
        ("https://ehr.example/api/fhir/R4x/Observation", None),
        ("https://ehr.example/other?page=2", None),
        ("https://ehr.example:8443/api/fhir/R4/Observation", None),
        ("http://ehr.example/api/fhir/R4/Observation", None),
        ("https://evil.example/api/fhir/R4/Observation", None),
        ("https://ehr.example@evil.example/api/fhir/R4/Observation", None),
        ("https://token@ehr.example/api/fhir/R4/Observation", None),
        ("//evil.example/api/fhir/R4/Observation", None),
        (f"{BASE}/../../admin", None),
        (f"{BASE}/%2e%2e/admin", None),
        ("../../admin", None),
        ("https://ehr.example\\.evil.example/api/fhir/R4/", None),
        ("javascript:alert(1)", None),
        (f"{BASE}/Observation?a b", None),
        (f"{BASE}/Observation?a=\r\nX: y", None),
    ],
)
def test_next_links_stay_within_the_base(link: str, target: str | None) -> None:
    assert pinned(parse_base_url(BASE), link) == target
