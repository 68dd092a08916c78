"""A provider of single sign-on for tests: OpenID Connect with real keys, real redirects, and checks of its own of what the app sends."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "qa-pipeline", "a secret of two programs"


@dataclass
class Provider:
    """Who it signs in next, and how it misbehaves. `issuer` is set once its address is known; `spoilt`: claims that are otherwise than they should be."""

    claims: dict[str, Any] = field(default_factory=dict)
    issuer: str = ""
    spoilt: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signing_key: RSAKey | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)


def make_provider(provider: Provider) -> FastAPI:
    """The provider as an app."""
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    def about() -> dict[str, Any]:
        return {
            "issuer": provider.issuer,
            "authorization_endpoint": f"{provider.issuer}/authorize",
            "token_endpoint": f"{provider.issuer}/token",
            "jwks_uri": f"{provider.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    @app.get("/keys")
    def keys() -> dict[str, Any]:
        return {"keys": [provider.key.as_dict(private=False)]}

    @app.get("/authorize")
    def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == (CLIENT, "code", "S256")
        code = secrets.token_urlsafe(8)
        provider.codes[code] = asked
        back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        return HTMLResponse(
            f'<!doctype html><html lang="en"><link rel="icon" href="data:,"><a href="{escape(back)}">I am who I am</a></html>'
        )

    @app.post("/token")
    async def token(request: Request) -> Response:
        form = await request.form()
        asked = provider.codes.pop(str(form["code"]), None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if asked is None or request.headers["authorization"] != basic or challenge != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = (
            {"iss": provider.issuer, "aud": CLIENT, "nonce": asked["nonce"], "iat": now, "exp": now + 60}
            | provider.claims
            | provider.spoilt
        )
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, provider.signing_key or provider.key)
        return JSONResponse({"access_token": "none", "token_type": "Bearer", "id_token": signed})

    return app
