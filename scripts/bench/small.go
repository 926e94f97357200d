// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// many is what small and peers sign: 100 kB, again and again in one process. The figures are per document.
type many struct {
	in, dir, conf, documents string
	rounds                   int
}

func (b *bench) many() (*many, error) {
	m := &many{
		in: b.path("small.pdf"), dir: b.path("many"), conf: b.path("sandbox/config.toml"),
		documents: strconv.Itoa(b.documents), rounds: min(b.n, 5),
	}
	if err := (shape{pages: 50, noise: 95_000}).write(m.in); err != nil {
		return nil, err
	}
	return m, os.MkdirAll(m.dir, 0o700)
}

func (b *bench) batch(m *many, more ...string) []string {
	return append(append([]string{b.path("batch"), "-config", m.conf, "-n", m.documents}, more...), m.in, m.dir)
}

// small compares with what reads, hashes, makes the two calls and writes.
func (b *bench) small() error {
	m, err := b.many()
	if err != nil {
		return err
	}
	defer os.RemoveAll(m.dir)
	floor := []string{b.path("calls"), "-config", m.conf, "-n", m.documents, m.in, m.dir}
	p, err := b.pair(m.rounds, b.inner, b.batch(m), floor, nil)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("100 kB, %d in one process, read, hash, two calls, write", b.documents), p, "≤ 3 (processor)", "")
	again, err := b.pair(m.rounds, b.inner, b.batch(m, "-ask-again"), b.batch(m), nil)
	if err != nil {
		return err
	}
	row("the same with the responder asked after each timestamp, and without", again, "", "")
	perDocument("gsign", p.ours)
	perDocument("the floor", p.other)
	fmt.Printf("asking the responder after each timestamp: %.2f ms\n", 1e3*(figures(again.ours, cpu).median-figures(again.other, cpu).median))
	return nil
}

// perDocument prints what one document costs, below the table.
func perDocument(name string, ms []measurement) {
	fmt.Printf("%s: %.2f ms of processor", name, 1e3*figures(ms, cpu).median)
	if n := figures(ms, func(m measurement) float64 { return m.allocs }).median; n > 0 {
		fmt.Printf(", %.0f kB in %.0f allocations", figures(ms, func(m measurement) float64 { return m.kB }).median, n)
	}
	fmt.Println()
}

// peers compares with other signers. They have a key of their own and make what is least, a signature without timestamp
// and evidence (B-B); ours once the same with a local key, once with the service's, and once all of B-LT.
func (b *bench) peers() error {
	m, err := b.many()
	if err != nil {
		return err
	}
	defer os.RemoveAll(m.dir)
	key, cert := b.path("peer-key.pem"), b.path("peer.pem")
	err = b.command("", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "30",
		"-subj", "/CN=gsign bench peer", "-addext", "keyUsage=digitalSignature,nonRepudiation")
	if err != nil {
		return err
	}
	err = b.command("scripts/peers/pdfsign", "go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-o", b.path("pdfsign"), ".")
	if err != nil {
		return err
	}
	if err := b.local(m, cert, key); err != nil {
		return err
	}
	peers := [][]string{{"pdfsign", b.path("pdfsign"), "-n", m.documents, cert, key, m.in, b.path("many/pdfsign.pdf")}}
	if b.python != "" {
		peers = append(peers, []string{"pyHanko", b.python, "scripts/peers/hanko.py", m.documents, cert, key, m.in, b.path("many/pyhanko.pdf")})
	}
	for _, peer := range peers {
		for _, level := range []string{"b-b", "b-lt"} {
			ours := b.batch(m, "-level", level)
			if level == "b-b" {
				ours = b.batch(m, "-level", level, "-at-once", "1") // nothing waits for the clock, and peers go one after the other
			}
			p, err := b.pair(m.rounds, b.inner, ours, peer[1:], nil)
			if err != nil {
				return err
			}
			goal := "< 1 (processor)"
			if peer[0] == "pyHanko" {
				goal = "≤ 0.1 (processor)"
			}
			row(fmt.Sprintf("100 kB, %d in one process to %s, %s to B-B with a local key", b.documents, level, peer[0]), p, goal, "")
			perDocument("gsign to "+level, p.ours)
			perDocument(peer[0], p.other)
		}
	}
	return nil
}

// local compares like with like: package pdfsig with the key that pdfsign has, without and with gsign's checks of the finished file.
func (b *bench) local(m *many, cert, key string) error {
	if err := b.build("local", "./scripts/bench/local"); err != nil {
		return err
	}
	for _, more := range [][]string{nil, {"-check"}} {
		ours := append(append([]string{b.path("local"), "-n", m.documents}, more...), cert, key, m.in, b.path("many/local.pdf"))
		p, err := b.pair(m.rounds, b.inner, ours, []string{b.path("pdfsign"), "-n", m.documents, cert, key, m.in, b.path("many/pdfsign.pdf")}, nil)
		if err != nil {
			return err
		}
		row(fmt.Sprintf("100 kB, %s in one process to b-b by pkg/pdfsig with a local key %v, pdfsign", m.documents, more), p, "< 1 (processor)", "")
		perDocument("pkg/pdfsig", p.ours)
		perDocument("pdfsign", p.other)
	}
	return nil
}

func (b *bench) command(dir, name string, args ...string) error {
	cmd := exec.CommandContext(b.ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}
