// SPDX-License-Identifier: Apache-2.0

// Command calls is the least work that signing a small file can be: for each document it reads the file, hashes it, makes the
// two HTTPS calls that a signature and a timestamp cost, and writes file and answers, with fsync of the file, rename, and fsync of the folder. It looks
// into no answer and makes no PDF.
//
// usage: calls -config FILE [-n N] [-at-once N] IN DIR
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"gsign/internal/config"
	"gsign/pkg/dssclient"
	"gsign/scripts/bench/usage"
)

func main() {
	conf := flag.String("config", "", "configuration of a running sandbox")
	n := flag.Int("n", 500, "documents")
	atOnce := flag.Int("at-once", 16, "documents at the same time")
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), *conf, *n, *atOnce, flag.Arg(0), flag.Arg(1)); err != nil {
		fmt.Fprintln(os.Stderr, "calls:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, conf string, n, atOnce int, in, dir string) error {
	c, err := connect(ctx, conf)
	if err != nil {
		return err
	}
	if err := c.all(ctx, atOnce, atOnce, in, dir); err != nil { // warm
		return err
	}
	meter := usage.Start()
	if err := c.all(ctx, n, atOnce, in, dir); err != nil {
		return err
	}
	return meter.Print(n)
}

// caller makes calls with a token and an identity that it was given before the counting began.
type caller struct {
	http            *http.Client
	base, token, id string
}

// connect logs in and makes an identity. That is not counted.
func connect(ctx context.Context, conf string) (*caller, error) {
	values, err := config.Resolve(&config.Sources{Flags: map[string][]string{"config": {conf}}})
	if err != nil {
		return nil, err
	}
	cfg, _, err := values.Credentials(os.Stdin, time.Now())
	if err != nil {
		return nil, err
	}
	transport, err := dssclient.NewTransport(cfg)
	if err != nil {
		return nil, err
	}
	transport.MaxIdleConnsPerHost = 64
	c := &caller{http: &http.Client{Transport: transport}, base: strings.TrimSuffix(values.BaseURL(), "/")}
	if !strings.HasSuffix(c.base, "/v2") {
		c.base += "/v2"
	}
	body, err := json.Marshal(map[string]string{"api_key": cfg.APIKey, "api_secret": string(cfg.APISecret)})
	if err != nil {
		return nil, err
	}
	var login struct {
		Token string `json:"access_token"`
	}
	if err := c.post(ctx, "/login", body, &login); err != nil {
		return nil, err
	}
	c.token = login.Token
	var identity struct {
		ID string `json:"id"`
	}
	if err := c.post(ctx, "/identity", []byte("{}"), &identity); err != nil {
		return nil, err
	}
	c.id = identity.ID
	return c, nil
}

func (c *caller) post(ctx context.Context, path string, body []byte, answer any) error {
	b, err := c.do(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, answer)
}

func (c *caller) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json;charset=utf-8")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(path + ": " + resp.Status + " " + string(b))
	}
	return b, err
}

func (c *caller) all(ctx context.Context, n, atOnce int, in, dir string) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range atOnce {
		g.Go(func() error {
			for {
				i := int(next.Add(1))
				if i > n {
					return nil
				}
				if err := c.one(ctx, in, filepath.Join(dir, fmt.Sprintf("floor-%d.pdf", i))); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// tail is how much a signature with its security store adds: what gsign adds to the same file.
const tail = 43 << 10

func (c *caller) one(ctx context.Context, in, out string) error {
	b, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	h := sha256.New()
	h.Write(b)
	var salt [16]byte // the service signs no digest twice
	if _, err := rand.Read(salt[:]); err != nil {
		return err
	}
	h.Write(salt[:])
	digest := strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
	signature, err := c.do(ctx, http.MethodGet, "/identity/"+c.id+"/sign/"+digest, nil)
	if err != nil {
		return err
	}
	stamp, err := c.do(ctx, http.MethodGet, "/timestamp/"+digest, nil)
	if err != nil {
		return err
	}
	rest := make([]byte, tail)
	copy(rest[copy(rest, signature):], stamp)
	f, err := os.Create(out + ".tmp")
	if err != nil {
		return err
	}
	defer f.Close()
	for _, part := range [][]byte{b, rest} {
		if _, err := f.Write(part); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(out+".tmp", out); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(out))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
