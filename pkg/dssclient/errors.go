// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What an error says about money. Only sign and timestamp are billed, and only when they are answered with 200.
//
//	*UnreachableError     the request did not leave, or the call is not a billed one: nothing charged
//	*APIError             the service answered, and not with 200: nothing charged
//	*AnswerError          it answered with success, and the answer cannot be used: Charged says whether it costs
//	*OutcomeUnknownError  a billed request may have arrived and no answer tells: may have been charged
//	anything else         a mistake in the call itself, found before anything was sent: nothing charged

// ErrCredentials is matched (errors.Is) by a login that was refused, with 400, 401 or 422 alike, and by a TLS
// handshake in which the server refused the client certificate.
var ErrCredentials = errors.New("credentials refused")

// ErrClientCertificate is matched when the server ended the TLS handshake because of the client certificate: none,
// expired, revoked or of an unknown CA. It also matches ErrCredentials.
var ErrClientCertificate = errors.New("client certificate refused by the server")

// ErrIdentityExpired is matched when too little is left of a session's certificate to sign and stamp. Nothing was sent;
// a new session gets a new identity.
var ErrIdentityExpired = errors.New("identity has expired or is about to")

// APIError is an answer of the service that is not success. Nothing was charged.
type APIError struct {
	Op          Op
	StatusCode  int
	Description string            // the service's words; empty when the answer was no error body of the service
	ID          string            // the service's id of this error; OPTIONAL
	Errors      map[string]string // details by kind; OPTIONAL
	Method      string
	URL         string        // identity and digest shortened
	RetryAfter  time.Duration // 0: not given
	Body        string        // the beginning of an answer that was no error body of the service
}

func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: service answered %d", e.Op, e.StatusCode)
	switch {
	case e.Description != "":
		fmt.Fprintf(&b, " %q", e.Description)
	case http.StatusText(e.StatusCode) != "":
		fmt.Fprintf(&b, " (%s)", strings.ToLower(http.StatusText(e.StatusCode)))
	}
	for _, k := range slices.Sorted(maps.Keys(e.Errors)) {
		fmt.Fprintf(&b, ", %s: %q", k, e.Errors[k])
	}
	if e.ID != "" {
		fmt.Fprintf(&b, " (error id %q)", e.ID)
	}
	return b.String()
}

// Is matches ErrCredentials for a refused login.
func (e *APIError) Is(target error) bool {
	if target != ErrCredentials || e.Op != OpLogin {
		return false
	}
	switch e.StatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// OutcomeUnknownError is a billed call without a verdict: the request may have arrived, no answer of the service tells.
// It may have been charged. Do not repeat it blindly.
type OutcomeUnknownError struct {
	Op  Op
	Err error
}

func (e *OutcomeUnknownError) Error() string {
	return fmt.Sprintf("%s: outcome unknown, may have been charged: %v", e.Op, e.Err)
}

func (e *OutcomeUnknownError) Unwrap() error { return e.Err }

// UnreachableError is a call that got no answer and cost nothing: a billed one that provably was not sent, or any other.
type UnreachableError struct {
	Op  Op
	Err error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s: service not reached: %v", e.Op, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// AnswerError is an answer of success that cannot be used.
type AnswerError struct {
	Op      Op
	Charged bool // a signature or timestamp that the service counts as delivered
	Err     error
}

func (e *AnswerError) Error() string {
	text := "unusable answer"
	if e.Charged {
		text += " (charged)"
	}
	return fmt.Sprintf("%s: %s: %v", e.Op, text, e.Err)
}

func (e *AnswerError) Unwrap() error { return e.Err }

// IsCredentials reports whether err says that key, secret or client certificate were refused.
func IsCredentials(err error) bool { return errors.Is(err, ErrCredentials) }

// IsQuota reports whether err says that the contingent of signatures or timestamps is used up.
func IsQuota(err error) bool { return hasStatus(err, http.StatusPaymentRequired) }

// IsRateLimit reports whether err says that too many calls were made; APIError.RetryAfter may say how long to wait.
func IsRateLimit(err error) bool { return hasStatus(err, http.StatusTooManyRequests) }

// IsUnavailable reports whether err says that the service or the way to it is down, with nothing charged.
func IsUnavailable(err error) bool {
	var unreachable *UnreachableError
	if errors.As(err, &unreachable) {
		return !IsCredentials(err)
	}
	var api *APIError
	return errors.As(err, &api) && api.StatusCode >= 500 && !IsOutcomeUnknown(err)
}

// IsCharged reports whether err is about a call that was certainly charged.
func IsCharged(err error) bool {
	var answer *AnswerError
	return errors.As(err, &answer) && answer.Charged
}

// IsOutcomeUnknown reports whether err is about a call that may have been charged.
func IsOutcomeUnknown(err error) bool {
	var unknown *OutcomeUnknownError
	return errors.As(err, &unknown)
}

func hasStatus(err error, code int) bool {
	var api *APIError
	return errors.As(err, &api) && api.StatusCode == code
}
