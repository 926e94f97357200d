// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/verify"
)

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	signed := w.sign(pdftest.WithForm(), verify.BT)
	for name, file := range map[string][]byte{"B-B": w.sign(pdftest.WithForm(), verify.BB), "B-LT": w.store(signed, w.entities()...)} {
		at := judged
		if name == "B-B" {
			at = stamped // nothing proves a time at which the certificate was valid
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verify.Verify(b.Context(), bytes.NewReader(file), int64(len(file)), &verify.Options{Time: at, AnyRoot: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
