"""The console's page and modules as they are served."""

from __future__ import annotations

import re

from tests.client import Service


async def test_every_address_is_the_one_page_under_a_strict_policy(service: Service) -> None:
    version = "0123456789abcdef"  # a site may be called like a version of the modules
    for path in ("/console", "/console/demo/queue", f"/console/{version}", f"/console/{version}/articles/a.js"):
        answer = await service.request("GET", path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert answer.headers["Cache-Control"] == "no-cache"
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert re.search(rb"<script(?![^>]* src=)", answer.body) is None


async def test_modules_are_kept_for_ever_below_their_version(service: Service) -> None:
    page = (await service.request("GET", "/console")).body.decode()
    files = re.findall(r'(?:src|href)="(/console/[0-9a-f]{16}/[a-z.]+)"', page)
    assert any(file.endswith("/app.js") for file in files)
    assert len(files) > 20
    for file in files:
        answer = await service.request("GET", file)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    newer = await service.request("GET", "/console/0123456789abcdef/app.js")
    assert (newer.status, "immutable" in newer.headers["Cache-Control"]) == (200, False)
    assert (await service.request("GET", "/console/0123456789abcdef/nothing.js")).status == 404
