// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"gsign/internal/config"
	"gsign/internal/sign"
	"gsign/pkg/dssclient"
	"gsign/pkg/dssclient/dsstest"
	"gsign/pkg/ltv"
)

// newService makes the client of the real service, or starts the sandbox inside this process.
func (a *app) newService(ctx context.Context, f *signFlags, values *config.Values) (*sign.Service, func(), error) {
	request, err := identityRequest(values.String("identity"), f.subject, f.da, f.san)
	if err != nil {
		return nil, nil, err
	}
	var cfg *dssclient.Config
	stop := func() {}
	if f.sandbox {
		cfg, stop, err = a.startSandbox(f)
	} else {
		var warnings []string
		cfg, warnings, err = values.Credentials(a.In, time.Now())
		for _, w := range warnings {
			a.Warnf("%s", w)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	cfg.UserAgent = "gsign/" + versionNumber()
	online := &ltv.Online{}
	if f.verbose {
		cfg.Observe = a.logCall
		online.Client = &http.Client{Transport: &loggedTransport{a, http.DefaultTransport}}
	}
	client, err := dssclient.New(cfg)
	if err != nil {
		stop()
		return nil, nil, err
	}
	closeAll := func() {
		client.CloseIdleConnections()
		stop()
	}
	return &sign.Service{Client: client, Identity: request, Evidence: online}, closeAll, nil
}

// sandboxSettings are the settings that make no sense with --sandbox.
var sandboxSettings = []string{
	"base_url", "api_key_file", "api_secret_file", "api_secret_keyring", "client_cert", "client_key", "client_p12",
	"client_p12_password_file", "client_p12_password_keyring", "ca_file",
}

func (a *app) startSandbox(f *signFlags) (*dssclient.Config, func(), error) {
	for _, key := range sandboxSettings {
		if f.settings[key] != nil {
			return nil, nil, &usageError{
				fmt.Sprintf("--%s and --sandbox contradict each other", config.Lookup(key).FlagName()),
				"the sandbox brings its own credentials",
			}
		}
	}
	if f.sandboxRoots != "" && !f.force {
		if entries, err := os.ReadDir(f.sandboxRoots); err == nil && len(entries) > 0 {
			return nil, nil, &usageError{
				"--sandbox-roots: " + f.sandboxRoots + " is not empty",
				"name a new folder: each sandbox has roots of its own, and what an earlier one signed is trusted by no others",
			}
		}
	}
	srv, err := dsstest.NewServer()
	if err != nil {
		return nil, nil, fmt.Errorf("start the sandbox: %w", err)
	}
	if f.sandboxRoots != "" {
		if err := srv.WriteRoots(f.sandboxRoots); err != nil {
			srv.Close()
			return nil, nil, err
		}
	}
	return srv.Config(), srv.Close, nil
}

// logCall prints one finished call to the service.
func (a *app) logCall(c dssclient.Call) {
	outcome := fmt.Sprint(c.Status)
	if c.Status == 0 {
		outcome = "no answer"
	}
	if c.Charge != dssclient.NotCharged {
		outcome += ", charged: " + string(c.Charge)
	}
	if c.Err != nil {
		outcome += ", " + c.Err.Error()
	}
	a.Logf("gsign: %s %s: %s, %s", c.Method, c.Path, outcome, c.Duration.Round(100*time.Microsecond))
}

// loggedTransport prints each download of evidence.
type loggedTransport struct {
	a    *app
	next http.RoundTripper
}

func (t *loggedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.next.RoundTrip(r)
	took := time.Since(start).Round(100 * time.Microsecond)
	if err != nil {
		t.a.Logf("gsign: %s %s: %v, %s", r.Method, r.URL.Redacted(), err, took)
		return nil, err
	}
	t.a.Logf("gsign: %s %s: %d, %s", r.Method, r.URL.Redacted(), resp.StatusCode, took)
	return resp, nil
}
