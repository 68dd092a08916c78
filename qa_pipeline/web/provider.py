"""The provider of single sign-on, as OpenID Connect has it: where it is asked, and what it says of whom it sends back.

The code flow with PKCE; the browser keeps state, nonce and verifier in a cookie of its own until it is back. The ID token is checked by the provider's
keys, for this app and this question, and then forgotten. Sources: OpenID Connect Core 1.0, 3.1; RFC 7636; RFC 9700.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from qa_pipeline.errors import EnvironmentNotReady, InputRefused
from qa_pipeline.review.sign_on import Identity, SignOnRefused
from qa_pipeline.settings import Settings

# Of all that are asymmetric: a token signed by the app's own secret would be one that anybody who has it can write.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_SECONDS = 10.0
PENDING_SECONDS = 600.0
"""Time to sign in over there."""
_KEPT_SECONDS = 3600.0
# Clocks that differ.
_LEEWAY_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What a browser keeps until it is back from the provider. `to`: where it goes on then."""

    state: str
    nonce: str
    verifier: str
    to: str


class Provider:
    """The provider of the settings. What it says of itself is asked once an hour."""

    def __init__(self, settings: Settings) -> None:
        if not settings.oidc_issuer or not settings.oidc_client_id:
            raise InputRefused("Single sign-on lacks its client.", advice="Set oidc_issuer and oidc_client_id.")
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = _secret(settings)
        self._kept: dict[str, tuple[float, Any]] = {}
        self._turn = threading.Lock()
        # What browsers keep is signed by this server, as long as it runs: whoever could put a cookie there could else begin somebody's session as themselves.
        self._key = secrets.token_bytes(32)

    def write_pending(self, pending: Pending) -> str:
        """For a cookie: what is pending, until when, and that this server wrote it."""
        told = urlsafe_b64encode(json.dumps({**asdict(pending), "until": time.time() + PENDING_SECONDS}).encode()).decode()
        return f"{told}.{self._mark(told)}"

    def read_pending(self, text: str | None) -> Pending:
        """What a browser kept. Raises SignOnRefused where this server did not write it, or too long ago."""
        told, _, mark = (text or "").partition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(told).encode()):
            raise _refused()
        kept = json.loads(urlsafe_b64decode(told))
        if kept.pop("until") < time.time():
            raise _refused()
        return Pending(**kept)

    def _mark(self, told: str) -> str:
        return hmac.new(self._key, told.encode(), "sha256").hexdigest()

    def begin(self, to: str) -> tuple[str, Pending]:
        """Where the browser goes, and what it keeps. Raises EnvironmentNotReady where the provider does not answer."""
        pending = Pending(state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48), to=to)
        with self._client() as client:
            address, _ = client.create_authorization_url(
                self._about()["authorization_endpoint"], state=pending.state, nonce=pending.nonce, code_verifier=pending.verifier
            )
        return address, pending

    def finish(self, pending: Pending, given: Mapping[str, str]) -> Identity:
        """Who came back. Raises SignOnRefused where the provider refused, or what came is not what was asked for."""
        if given.get("error") or not given.get("code") or not secrets.compare_digest(given.get("state", ""), pending.state):
            raise _refused()
        if given.get("iss", self._issuer) != self._issuer:
            raise _refused()
        try:
            with self._client() as client:
                token = client.fetch_token(
                    self._about()["token_endpoint"], grant_type="authorization_code", code=given["code"], code_verifier=pending.verifier
                )
            return self._identity(self._claims(str(token.get("id_token", "")), pending.nonce))
        except (AuthlibBaseError, httpx.HTTPError, JoseError, ValueError) as error:
            raise _refused() from error

    def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        supported = self._about().get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [name for name in _ALGORITHMS if name in supported]
        try:
            decoded = jwt.decode(token, self._keys(), algorithms=algorithms)
        except (JoseError, ValueError):
            # The provider may have changed its keys within the hour.
            self._kept.pop("keys", None)
            decoded = jwt.decode(token, self._keys(), algorithms=algorithms)
        wanted: dict[str, Any] = {name: {"essential": True} for name in ("exp", "iat", "sub")}
        wanted |= {
            name: {"essential": True, "value": value} for name, value in (("iss", self._issuer), ("aud", self._client_id), ("nonce", nonce))
        }
        jwt.JWTClaimsRegistry(leeway=_LEEWAY_SECONDS, **wanted).validate(decoded.claims)
        if isinstance(decoded.claims["aud"], list) and len(decoded.claims["aud"]) > 1 and decoded.claims.get("azp") != self._client_id:
            raise ValueError("the token is another app's")
        return dict(decoded.claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        chosen = self._settings
        name = claims.get(chosen.oidc_name_claim)
        if not isinstance(name, str) or not name.strip():
            raise ValueError("the provider says no name")
        display_name = claims.get("name")
        return Identity(
            issuer=self._issuer,
            subject=str(claims["sub"]),
            name=name.strip(),
            display_name=display_name if isinstance(display_name, str) else None,
            groups=_several(claims.get(chosen.oidc_groups_claim)),
            agent_ids=_several(claims.get(chosen.oidc_agent_claim)) if chosen.oidc_agent_claim else None,
        )

    def _about(self) -> Mapping[str, Any]:
        about: Mapping[str, Any] = self._asked("about", lambda: f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if about.get("issuer") != self._issuer:
            raise EnvironmentNotReady(
                f"The provider of single sign-on calls itself {about.get('issuer')!r}.",
                advice="Write oidc_issuer just so, to the last sign.",
            )
        return about

    def _keys(self) -> KeySet:
        return KeySet.import_key_set(self._asked("keys", lambda: str(self._about()["jwks_uri"])))

    def _asked(self, name: str, address: Callable[[], str]) -> Any:
        with self._turn:
            kept = self._kept.get(name)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        try:
            found = httpx.get(address(), timeout=_SECONDS).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise EnvironmentNotReady(
                "The provider of single sign-on does not answer.", advice="Sign in by a passphrase, or later."
            ) from error
        with self._turn:
            self._kept[name] = (time.monotonic() + _KEPT_SECONDS, found)
        return found

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            client_id=self._client_id,
            client_secret=self._secret,
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            redirect_uri=f"{self._settings.web_address.rstrip('/')}/sign-on/back",
            scope=self._settings.oidc_scope,
            code_challenge_method="S256",
            timeout=_SECONDS,
        )


def _secret(settings: Settings) -> str | None:
    if settings.oidc_client_secret_file is not None:
        try:
            return settings.oidc_client_secret_file.expanduser().read_text("utf-8").strip()
        except OSError as error:
            raise EnvironmentNotReady(
                f"oidc_client_secret_file cannot be read: {error.strerror}.", advice="Correct the path, or let this user read it."
            ) from error
    return settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None


def _several(claim: object) -> frozenset[str]:
    """A claim that is a list of texts, or one text."""
    return frozenset(str(one) for one in claim) if isinstance(claim, list) else frozenset({claim} if isinstance(claim, str) else ())


def _refused() -> SignOnRefused:
    return SignOnRefused("provider", "Single sign-on did not come to its end.", advice="Try again.")
