// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
)

// verify compares verifying with one pass of SHA-256 over the file, with what other verifiers take from a cold start, and
// shows how it grows.
func (b *bench) verify() error {
	for _, run := range []func() error{b.verifyLarge, b.verifyShared, b.verifySmall, b.verifyGrowth} {
		if err := run(); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) judge(in string) []string {
	return []string{b.path("gsign"), "verify", "--quiet", "--trust-sandbox", b.path("sandbox"), in}
}

func (b *bench) signInPlace(in, level string) error {
	_, err := b.measure([]string{b.path("gsign"), "sign", "-q", "--in-place", "--level", level, "--config", b.path("sandbox/config.toml"), in})
	return err
}

// againstHash compares verifying with one pass over the file.
func (b *bench) againstHash(name, in, goal, peakGoal string) error {
	p, err := b.pair(b.n, b.measure, b.judge(in), []string{b.path("floor"), "-hash", in}, nil)
	if err != nil {
		return err
	}
	row(name, p, goal, peakGoal)
	return nil
}

func (b *bench) verifyLarge() error {
	in := b.path("large.pdf")
	if err := writePDF(in, b.size); err != nil {
		return err
	}
	defer os.Remove(in)
	if err := b.signInPlace(in, "b-lt"); err != nil {
		return err
	}
	return b.againstHash(fmt.Sprintf("verify %d MiB, B-LT; one SHA-256 pass", b.size>>20), in, "≤ 1.2", "≤ 64")
}

// verifyShared shows that signatures one after the other share the hash of what they cover.
func (b *bench) verifyShared() error {
	in := b.path("shared.pdf")
	if err := writePDF(in, b.size/8); err != nil {
		return err
	}
	defer os.Remove(in)
	const signatures = 20
	for range signatures {
		if err := b.signInPlace(in, "b-lt"); err != nil {
			return err
		}
	}
	return b.againstHash(fmt.Sprintf("verify %d MiB, %d signatures B-LT; one SHA-256 pass", b.size>>23, signatures), in, "", "≤ 64")
}

// verifySmall compares with other verifiers, each started for the one file.
func (b *bench) verifySmall() error {
	in := b.path("small.pdf")
	if err := (shape{pages: 50, noise: 95_000}).write(in); err != nil {
		return err
	}
	defer os.Remove(in)
	if err := b.signInPlace(in, "b-lt"); err != nil {
		return err
	}
	// pdfsig is asked nothing about trust and asks nobody: that is less than it might have to do.
	type verifier struct {
		name, goal string
		argv       []string
	}
	peers := []verifier{{"pdfsig", "< 1 (processor)", []string{"pdfsig", "-no-ocsp", in}}}
	if b.python != "" {
		argv := []string{b.python, "scripts/peers/hanko_verify.py", b.path("sandbox/roots"), in}
		peers = append(peers, verifier{"pyHanko", "≤ 0.05 (wall)", argv})
	}
	if b.dss != "" {
		// The flags are those of scripts/judges/judge/java.py: they make a cold start shorter.
		argv := []string{"sh", "-c", `printf 'offline\t0\t-\t%s\n' "$1" | exec java -Xmx1g -XX:TieredStopAtLevel=1 -XX:+UseSerialGC ` +
			`-Dorg.slf4j.simpleLogger.defaultLogLevel=off -cp "$2" DssJudge "$3"`, "sh", in, b.dss, b.path("sandbox/roots")}
		peers = append(peers, verifier{"EU DSS", "≤ 0.05 (wall)", argv})
	}
	for _, peer := range peers {
		p, err := b.pair(max(b.n, 3), b.measure, b.judge(in), peer.argv, nil)
		if err != nil {
			return err
		}
		row("verify 100 kB, B-LT; "+peer.name+" from a cold start", p, peer.goal, "")
		if last := p.other[len(p.other)-1].out; peer.name == "EU DSS" && !strings.Contains(last, "TOTAL_PASSED") {
			return fmt.Errorf("EU DSS did not judge the file: %s", last)
		}
	}
	return nil
}

// verifyGrowth doubles one thing after the other.
func (b *bench) verifyGrowth() error {
	base, err := b.verified(shape{})
	if err != nil {
		return err
	}
	fmt.Printf("\n| what doubles | processor seconds of verifying, the smallest's taken off | peak MiB |\n| --- | --- | --- |\n")
	for _, g := range []struct {
		name string
		from int
		make func(n int) shape
	}{
		{"objects in a table", 250_000, func(n int) shape { return shape{objects: n} }},
		{"objects in object streams", 250_000, func(n int) shape { return shape{objects: n, packed: true} }},
		{"pages", 25_000, func(n int) shape { return shape{pages: n} }},
		{"fields", 12_500, func(n int) shape { return shape{fields: n} }},
	} {
		for i := range 3 {
			n := max(1, g.from/b.part) << i
			m, err := b.verified(g.make(n))
			if err != nil {
				return err
			}
			fmt.Printf("| %d %s | %.3f | %.1f |\n", n, g.name, m.cpu-base.cpu, m.peakMiB)
		}
	}
	in := b.path("signatures.pdf")
	if err := (shape{pages: 3}).writeApart(b.ctx, in); err != nil {
		return err
	}
	defer os.Remove(in)
	have := 0
	for _, n := range []int{1, 25, 50, 100, 200} {
		n = max(have+1, n/b.part)
		for ; have < n; have++ {
			if err := b.signInPlace(in, "b-lt"); err != nil {
				return err
			}
		}
		m, err := b.thriceVerified(in)
		if err != nil {
			return err
		}
		fmt.Printf("| %d signatures (processor seconds in all) | %.3f | %.1f |\n", n, m.cpu, m.peakMiB)
	}
	return nil
}

// verified signs a shape to B-LT and verifies it three times.
func (b *bench) verified(s shape) (measurement, error) {
	in := b.path("grown.pdf")
	if err := s.writeApart(b.ctx, in); err != nil {
		return measurement{}, err
	}
	defer os.Remove(in)
	if err := b.signInPlace(in, "b-lt"); err != nil {
		return measurement{}, err
	}
	return b.thriceVerified(in)
}

func (b *bench) thriceVerified(in string) (measurement, error) {
	var ms []measurement
	for range 3 {
		m, err := b.measure(b.judge(in))
		if err != nil {
			return m, err
		}
		ms = append(ms, m)
	}
	return measurement{cpu: figures(ms, cpu).median, peakMiB: figures(ms, peak).high}, nil
}
