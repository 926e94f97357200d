// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gsign/internal/pkix/pkixtest"
)

// slowResponder is a source whose answers about the signer are as young as granularity and lag let them be.
type slowResponder struct {
	p           *pkixtest.PKI
	granularity time.Duration
	lag         time.Duration
	latency     time.Duration
	revoked     bool
	err         error
	asked       *atomic.Int64 // about the signer
}

func (s *slowResponder) Evidence(_ context.Context, cert, _ *x509.Certificate) (Evidence, error) {
	e := entityOf(s.p, cert)
	if e != s.p.Leaf {
		return Evidence{OCSPResponses: [][]byte{s.p.OCSP(panicTB{}, e, time.Now())}}, nil
	}
	s.asked.Add(1)
	time.Sleep(s.latency)
	try := Try{Method: MethodOCSP, URL: cert.OCSPServer[0], Err: s.err}
	if s.err != nil {
		return Evidence{Tries: []Try{try}}, incomplete(cert, []Try{try})
	}
	at := time.Now().Add(-s.lag).Truncate(s.granularity)
	single := pkixtest.Single{Certificate: cert, Issuer: e.Issuer.Certificate, ThisUpdate: at, NextUpdate: at.Add(time.Hour)}
	if s.revoked {
		single.Status, single.RevokedAt, single.Reason = pkixtest.Revoked, at, 1
	}
	der := pkixtest.OCSP{
		Singles: []pkixtest.Single{single}, Responder: s.p.Responder, ProducedAt: at,
		Certificates: []*x509.Certificate{s.p.Responder.Certificate},
	}.Marshal(panicTB{})
	return Evidence{OCSPResponses: [][]byte{der}, Tries: []Try{try}}, nil
}

func (s *slowResponder) Refresh(ctx context.Context, cert, issuer *x509.Certificate, _ time.Time) (Evidence, error) {
	return s.Evidence(ctx, cert, issuer)
}

var noRevAvail = pkixtest.Extension([]int{2, 5, 29, 56}, false, []byte{5, 0})

// In all cases the certificate and its first answer are made at 00:00:00, the timestamp says 00:00:05, and evidence is
// collected from 00:00:05.3 on.
var freshTests = []struct {
	name       string
	responder  slowResponder
	shape      shape
	opts       Options
	noAnswer   bool          // none was handed out with the certificate
	later      time.Duration // how much later evidence is collected
	want       Revocation
	wantAsked  int64
	wantWithin time.Duration
	wantError  string
	wantOCSPs  int // about the signer
}{
	{name: "the second of the timestamp is waited out", want: AfterStamp, wantAsked: 1, wantWithin: 720 * time.Millisecond, wantOCSPs: 2},
	{name: "nothing to wait for", later: 2 * time.Second, want: AfterStamp, wantAsked: 1, wantOCSPs: 2},
	{name: "one short retry", responder: slowResponder{lag: time.Second}, want: AfterStamp, wantAsked: 2, wantWithin: 2 * time.Second, wantOCSPs: 2},
	{name: "one retry and no more", responder: slowResponder{lag: 1900 * time.Millisecond, granularity: 4 * time.Second}, want: AtIssuance, wantAsked: 2, wantWithin: 2 * time.Second, wantOCSPs: 2},
	{name: "works by the minute, no insisting", responder: slowResponder{granularity: time.Minute}, want: AtIssuance, wantAsked: 1, wantWithin: time.Second, wantOCSPs: 1},
	{name: "works by the minute, insisting", responder: slowResponder{granularity: time.Minute}, opts: Options{RequireFresh: true}, want: AfterStamp, wantAsked: 14, wantWithin: 62 * time.Second, wantOCSPs: 2},
	{name: "lags behind, asked late", responder: slowResponder{lag: 2 * time.Minute}, later: 3 * time.Minute, want: AfterStamp, wantAsked: 1, wantOCSPs: 2},
	{name: "too old, insisting", responder: slowResponder{granularity: time.Hour}, opts: Options{RequireFresh: true}, wantAsked: 17, wantWithin: 76 * time.Second, wantError: "no answer is younger than the timestamp of 2000-01-01T00:00:05Z, the newest is of 2000-01-01T00:00:00Z; its responder was asked again for 1m15s"},
	{name: "insisting for less", responder: slowResponder{granularity: time.Hour}, opts: Options{RequireFresh: true, FreshWait: 10 * time.Second}, wantAsked: 4, wantWithin: 10 * time.Second, wantError: "asked again for 10s"},
	{name: "slow and insisting", responder: slowResponder{granularity: time.Hour, latency: 30 * time.Second}, opts: Options{RequireFresh: true}, wantAsked: 3, wantWithin: 96 * time.Second, wantError: "asked again"},
	{name: "no waiting at all", opts: Options{FreshWait: -1}, want: AtIssuance, wantAsked: 1, wantOCSPs: 2},
	{name: "ends while it is waited", later: 9*time.Minute + 50*time.Second, responder: slowResponder{granularity: time.Hour}, opts: Options{RequireFresh: true}, wantAsked: 3, wantWithin: 5 * time.Second, wantError: "no answer is younger"},
	{name: "ended", later: 11 * time.Minute, want: AtIssuance, wantAsked: 0, wantOCSPs: 1},
	{name: "ended, insisting", later: 11 * time.Minute, opts: Options{RequireFresh: true}, wantAsked: 0, wantError: "it ended at 2000-01-01T00:10:00Z, a later answer would not count"},
	{name: "ended, nothing at hand", later: 11 * time.Minute, noAnswer: true, wantAsked: 0, wantError: "no evidence is at hand, and it ended at 2000-01-01T00:10:00Z"},
	{name: "needs none", shape: shape{leaf: []pkixtest.Option{noRevAvail}}, opts: Options{RequireFresh: true}, want: NotNeeded, wantAsked: 0},
	{name: "responder down", responder: slowResponder{err: errors.New("503")}, want: AtIssuance, wantAsked: 1, wantWithin: time.Second, wantOCSPs: 1},
	{name: "responder down, insisting", responder: slowResponder{err: errors.New("503")}, opts: Options{RequireFresh: true}, wantAsked: 17, wantWithin: 76 * time.Second, wantError: "503"},
	{name: "responder down, nothing at hand", responder: slowResponder{err: errors.New("503")}, noAnswer: true, wantAsked: 2, wantWithin: time.Second, wantError: "503"},
	{name: "nothing at hand", noAnswer: true, want: AfterStamp, wantAsked: 1, wantWithin: time.Second, wantOCSPs: 1},
	{name: "revoked since", responder: slowResponder{revoked: true}, wantAsked: 1, wantWithin: time.Second, wantError: "TEST signer,O=TEST,C=DE was revoked at 2000-01-01T00:00:06Z (reason 1"},
}

func TestFresh(t *testing.T) {
	for _, tt := range freshTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.shape.nocheck = true
				p := makePKI(t, time.Now(), "http://responder.test", tt.shape)
				source := &slowResponder{p: p, granularity: max(tt.responder.granularity, time.Second), lag: tt.responder.lag, latency: tt.responder.latency, revoked: tt.responder.revoked, err: tt.responder.err, asked: new(atomic.Int64)}
				opts := tt.opts
				opts.Source = source
				opts.Certificates = append(p.Chain(), p.TSAChain()...)
				if !tt.noAnswer {
					opts.OCSPResponses = [][]byte{p.OCSP(t, p.Leaf, p.Now)}
				}
				time.Sleep(5300 * time.Millisecond)
				sig := signed(p, time.Now())
				time.Sleep(tt.later)
				start := time.Now()
				chains, report, err := collectFor(t, sig, &opts)
				if took := time.Since(start); took > tt.wantWithin {
					t.Errorf("took %s, want at most %s", took, tt.wantWithin)
				}
				if n := source.asked.Load(); n != tt.wantAsked {
					t.Errorf("asked %d times, want %d", n, tt.wantAsked)
				}
				if tt.wantError != "" {
					checkIncompleteOrRevoked(t, err, tt.wantError)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if report.Revocation != tt.want {
					t.Errorf("revocation %q, want %q", report.Revocation, tt.want)
				}
				if n := len(chains[0].items[0].proofs); n != tt.wantOCSPs {
					t.Errorf("%d OCSP responses about the signer, want %d", n, tt.wantOCSPs)
				}
			})
		})
	}
}

func checkIncompleteOrRevoked(t *testing.T, err error, want string) {
	t.Helper()
	var incomplete *IncompleteError
	var revoked *RevokedError
	if !errors.As(err, &incomplete) && !errors.As(err, &revoked) {
		t.Fatalf("error %v, want an *IncompleteError or a *RevokedError", err)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q, want %q in it", err, want)
	}
}

// A caller who gives up is obeyed while the responder is waited for.
func TestFreshCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePKI(t, time.Now(), "http://responder.test", shape{nocheck: true})
		source := &slowResponder{p: p, granularity: time.Hour, asked: new(atomic.Int64)}
		opts := &Options{Source: source, Certificates: append(p.Chain(), p.TSAChain()...), RequireFresh: true}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		start := time.Now()
		_, err := newCollector(opts, signed(p, start), emptyStore()).collect(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 7*time.Second {
			t.Errorf("got %v after %s, want %v after 7s", err, time.Since(start), context.DeadlineExceeded)
		}
	})
}
