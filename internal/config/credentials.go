// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"gsign/pkg/dssclient"
)

// expiryWarning is how long before its end a client certificate is worth a warning: a new one takes days to get.
const expiryWarning = 14 * 24 * time.Hour

var (
	apiKey      = secretSource{"API key", "api_key"}
	apiSecret   = secretSource{"API secret", "api_secret"}
	p12Password = secretSource{"PKCS#12 password", "client_p12_password"}
	pdfPassword = secretSource{"password of the PDF", "password"} // from a file only
)

// UsesStdin returns the setting that reads a secret from standard input, "" when none does.
func (v *Values) UsesStdin() (string, error) {
	var user string
	for _, s := range []secretSource{apiKey, apiSecret, p12Password, pdfPassword} {
		key, err := v.choose("the "+s.what, s.keys()...)
		if err != nil {
			return "", err
		}
		if strings.HasSuffix(key, "_file") && v.String(key) == "-" {
			if user != "" {
				return "", &Error{Problem: fmt.Sprintf("%s and %s both read standard input", user, key), Hint: "put one of them into a file of mode 0600", Usage: true}
			}
			user = key
		}
	}
	return user, nil
}

// Password reads the password for an encrypted document, nil where none is set. What is wrong with its file is wrong usage:
// no credential of the account is concerned.
func (v *Values) Password(stdin io.Reader) ([]byte, error) {
	secret, err := v.readSecret(pdfPassword, stdin)
	if e, ok := errors.AsType[*Error](err); ok {
		e.Usage = true
	}
	if err != nil || secret == "" {
		return nil, err
	}
	return []byte(secret), nil
}

// Credentials reads and checks everything that is needed to call the service. The result has the fields that settings
// decide; warnings say what will soon not work any more.
func (v *Values) Credentials(stdin io.Reader, now time.Time) (cfg *dssclient.Config, warnings []string, err error) {
	cfg = &dssclient.Config{BaseURL: v.BaseURL()}
	if err := checkBaseURL(v.from("base_url"), cfg.BaseURL); err != nil {
		return nil, nil, err
	}
	if _, err := v.UsesStdin(); err != nil {
		return nil, nil, err
	}
	if cfg.APIKey, err = v.readSecret(apiKey, stdin); err != nil {
		return nil, nil, err
	}
	secret, err := v.readSecret(apiSecret, stdin)
	if err != nil {
		return nil, nil, err
	}
	cfg.APISecret = dssclient.Secret(secret)
	password := func() (string, error) { return v.readSecret(p12Password, stdin) }
	if cfg.Certificate, err = v.clientCertificate(password, now); err != nil {
		return nil, nil, err
	}
	if err := v.complete(cfg); err != nil {
		return nil, nil, err
	}
	if cfg.RootCAs, err = v.rootCAs(); err != nil {
		return nil, nil, err
	}
	if end := cfg.Certificate.Leaf.NotAfter; end.Sub(now) < expiryWarning {
		warnings = append(warnings, "the client certificate expires at "+end.UTC().Format(time.DateTime+" MST"))
	}
	return cfg, warnings, nil
}

// complete names everything that is missing at once.
func (v *Values) complete(cfg *dssclient.Config) error {
	var missing []string
	if cfg.APIKey == "" {
		missing = append(missing, "api_key")
	}
	if cfg.APISecret == "" {
		missing = append(missing, "api_secret_file")
	}
	if cfg.Certificate.PrivateKey == nil {
		missing = append(missing, "client_p12 or client_cert")
	}
	if missing == nil {
		return nil
	}
	where := "set them in the environment (GSIGN_…) or in a configuration file"
	if path := cmp.Or(v.path, v.usual); path != "" {
		where = "set them in " + path + " or in the environment (GSIGN_…)"
	}
	return &Error{
		Problem: "no credentials for the service: " + strings.Join(missing, ", ") + " not set",
		Hint:    where + "; to try without an account: gsign sign --sandbox IN OUT", Usage: true,
	}
}

// checkBaseURL refuses what would send credentials in the clear or nowhere.
func checkBaseURL(what, text string) error {
	u, err := url.Parse(text)
	bad := &Error{Problem: what + " is not an address", Hint: "write it like " + dssclient.DefaultBaseURL, Usage: true}
	switch {
	case err != nil:
		return bad // without the parser's text: an address may hold a password
	case u.Scheme != "https":
		bad.Problem = what + " does not start with https://"
	case u.Host == "":
		return bad
	case u.User != nil:
		bad.Problem = what + " holds a user name or password"
	case u.RawQuery != "" || u.Fragment != "":
		bad.Problem = what + " holds more than an address and a path"
	default:
		return nil
	}
	return bad
}
