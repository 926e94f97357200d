// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
)

// row prints one line of the table. An empty goal is none.
func row(name string, p pairs, goal string, peakGoal string) {
	fmt.Printf("| %s | %.4f | %.4f | %s | %s | %s | %.1f | %s |\n", name, figures(p.ours, wall).median, figures(p.other, wall).median,
		p.ratio(wall), p.ratio(cpu), goal, figures(p.ours, peak).high, peakGoal)
}

func (b *bench) start() error {
	p, err := b.pair(max(b.n, 21), b.measure, []string{b.path("gsign"), "version"}, []string{b.path("empty")}, nil)
	if err != nil {
		return err
	}
	row("`gsign version`, an empty program", p, "≤ 3", "")
	return nil
}

// against compares signing a file with the floor's work on the same file, and removes it.
func (b *bench) against(name, in string, goal, peakGoal string) error {
	out, ref := b.path("signed.pdf"), b.path("floor.pdf")
	clean := func() {
		_ = os.Remove(out)
		_ = os.Remove(ref)
	}
	defer os.Remove(in)
	defer clean()
	p, err := b.pair(b.n, b.measure, b.sign(in, out), []string{b.path("floor"), in, ref}, clean)
	if err != nil {
		return err
	}
	row(name, p, goal, peakGoal)
	return nil
}

func (b *bench) large() error {
	in := b.path("large.pdf")
	if err := writePDF(in, b.size); err != nil {
		return err
	}
	if err := b.against(fmt.Sprintf("%d MiB, floor", b.size>>20), in, "≤ 1.15", "≤ 40"); err != nil || b.huge == 0 {
		return err
	}
	in, out := b.path("huge.pdf"), b.path("huge-signed.pdf")
	if err := writePDF(in, b.huge); err != nil {
		return err
	}
	defer os.Remove(in)
	defer os.Remove(out)
	m, err := b.measure(b.sign(in, out))
	if err != nil {
		return err
	}
	fmt.Printf("| %d MiB, once | %.4f | | | | | %.1f | ≤ 40 |\n", b.huge>>20, m.wall, m.peakMiB)
	return nil
}

func (b *bench) objects() error {
	for _, packed := range []bool{false, true} {
		name := fmt.Sprintf("%d objects in a table, floor", b.objectCount)
		if packed {
			name = fmt.Sprintf("%d objects in object streams, floor", b.objectCount)
		}
		in := b.path("objects.pdf")
		if err := (shape{objects: b.objectCount, packed: packed}).writeApart(b.ctx, in); err != nil {
			return err
		}
		if err := b.against(name, in, "≤ 2", "≤ 128"); err != nil {
			return err
		}
	}
	return nil
}

// growth doubles one thing after the other and prints what each doubling costs: 2 is linear. A program's start is taken off.
func (b *bench) growth() error {
	base, err := b.grown(shape{})
	if err != nil {
		return err
	}
	fmt.Printf("\n| what doubles | processor seconds, the smallest's taken off | peak MiB |\n| --- | --- | --- |\n")
	for _, g := range []struct {
		name string
		from int
		make func(n int) shape
	}{
		{"objects in a table", 250_000, func(n int) shape { return shape{objects: n} }},
		{"objects in object streams", 250_000, func(n int) shape { return shape{objects: n, packed: true} }},
		{"pages", 25_000, func(n int) shape { return shape{pages: n} }},
		{"fields", 12_500, func(n int) shape { return shape{fields: n} }},
		{"MiB", 128, func(n int) shape { return shape{noise: n << 20} }},
	} {
		for i := range 4 {
			n := max(1, g.from/b.part) << i
			m, err := b.grown(g.make(n))
			if err != nil {
				return err
			}
			fmt.Printf("| %d %s | %.3f | %.1f |\n", n, g.name, m.cpu-base.cpu, m.peakMiB)
		}
	}
	return b.growSignatures()
}

// grown signs a shape three times and takes the median.
func (b *bench) grown(s shape) (measurement, error) {
	in := b.path("grown.pdf")
	if err := s.writeApart(b.ctx, in); err != nil {
		return measurement{}, err
	}
	defer os.Remove(in)
	return b.thrice(in)
}

func (b *bench) thrice(in string) (measurement, error) {
	out := b.path("grown-signed.pdf")
	defer os.Remove(out)
	var ms []measurement
	for range 3 {
		m, err := b.measure(b.sign(in, out))
		if err != nil {
			return m, err
		}
		ms = append(ms, m)
	}
	return measurement{cpu: figures(ms, cpu).median, peakMiB: figures(ms, peak).high}, nil
}

// growSignatures signs one document again and again.
func (b *bench) growSignatures() error {
	in := b.path("signatures.pdf")
	if err := (shape{pages: 3}).writeApart(b.ctx, in); err != nil {
		return err
	}
	defer os.Remove(in)
	have := 0
	for _, n := range []int{1, max(2, 10/b.part), max(3, 100/b.part), max(4, 300/b.part)} {
		for ; have < n; have++ {
			if _, err := b.measure([]string{b.path("gsign"), "sign", "-q", "--in-place", "--level", "b-t", "--config", b.path("sandbox/config.toml"), in}); err != nil {
				return err
			}
		}
		m, err := b.thrice(in)
		if err != nil {
			return err
		}
		fmt.Printf("| %d earlier signatures (processor seconds in all) | %.3f | %.1f |\n", n, m.cpu, m.peakMiB)
	}
	return nil
}
