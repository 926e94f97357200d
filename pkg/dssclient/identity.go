// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// Identity is a key pair in the service's HSM with its short-lived certificate.
type Identity struct {
	ID           string
	Certificate  *x509.Certificate
	OCSPResponse []byte // whole DER OCSPResponse; nil when the service sent none

	others []*x509.Certificate // what else was in signing_cert

	chain   []*x509.Certificate // above the certificate, once found in chainIn; of the client's lock
	chainIn *TrustChain
}

// Identity makes a new identity. It is not billed but slow, and not repeated once it may have arrived. A Session reuses
// identities; this does not.
func (c *Client) Identity(ctx context.Context, r *IdentityRequest) (*Identity, error) {
	body, err := identityBody(r)
	if err != nil {
		return nil, err
	}
	return c.createIdentity(ctx, body)
}

func identityBody(r *IdentityRequest) ([]byte, error) {
	if r == nil {
		r = &IdentityRequest{}
	}
	body, err := jsonBody(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", OpIdentity, err)
	}
	return body, nil
}

func (c *Client) createIdentity(ctx context.Context, body []byte) (*Identity, error) {
	answer, err := c.call(ctx, &request{
		op: OpIdentity, method: http.MethodPost, path: "/identity", shown: "/identity", body: body,
		timeout: c.timeouts.Identity, limit: maxAnswer,
	})
	if err != nil {
		return nil, err
	}
	id, err := parseIdentity(answer)
	if err != nil {
		return nil, &AnswerError{Op: OpIdentity, Err: err}
	}
	now := c.serverNow()
	c.mu.Lock()
	defer c.mu.Unlock()
	expired := func(_ string, old *Identity) bool { return old.Certificate.NotAfter.Before(now) }
	maps.DeleteFunc(c.known, expired)
	maps.DeleteFunc(c.identities, expired)
	c.known[id.ID] = id
	return id, nil
}

// identityFor returns an identity with IdentityMargin left, an old one or a new one. A new one is taken as it comes.
func (c *Client) identityFor(ctx context.Context, body []byte) (*Identity, error) {
	key := string(body)
	if id := c.reusable(key); id != nil && ctx.Err() == nil {
		return id, nil
	}
	return c.creations.do(ctx, OpIdentity, key, func(ctx context.Context) (*Identity, error) {
		if id := c.reusable(key); id != nil {
			return id, nil
		}
		id, err := c.createIdentity(ctx, body)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.identities[key] = id
		return id, nil
	})
}

func (c *Client) reusable(key string) *Identity {
	c.mu.Lock()
	id := c.identities[key]
	c.mu.Unlock()
	if id == nil || c.left(id) < c.identityMargin {
		return nil
	}
	return id
}

// left is how long an identity is still good, by the server's clock.
func (c *Client) left(id *Identity) time.Duration {
	return id.Certificate.NotAfter.Sub(c.serverNow())
}

func (c *Client) knownIdentity(id string) *Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[id]
}

// forgetRefused drops an identity that the service does not take any more: the next session makes a new one.
func (c *Client) forgetRefused(id string, err error) {
	var api *APIError
	if !errors.As(err, &api) {
		return
	}
	switch api.StatusCode {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity:
		c.forgetIdentity(id)
	}
}

func (c *Client) forgetIdentity(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, known := range c.identities {
		if known.ID == id {
			delete(c.identities, key)
		}
	}
}
