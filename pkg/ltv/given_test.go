// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"bytes"
	"testing"
	"time"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
)

// TestGivenCMS: a signature that is at hand is not read from the document, and gives the same.
func TestGivenCMS(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	bt := sign(t, w, pdftest.Classic(), true)
	doc, err := pdfsig.Open(bytes.NewReader(bt), int64(len(bt)), nil)
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := doc.Signatures()
	if err != nil || len(sigs) != 1 {
		t.Fatal(sigs, err)
	}
	_, read := mustExtend(t, w, bt, func(o *Options) { o.FreshWait = -1 })
	given := func(cms []byte) func(*Options) {
		return func(o *Options) { o.Field, o.CMS, o.FreshWait = sigs[0].Field, cms, -1 }
	}
	_, report := mustExtend(t, w, bt, given(sigs[0].CMS))
	if report.Field != read.Field || report.Certificates != read.Certificates || report.OCSPs != read.OCSPs || len(report.Chains) != len(read.Chains) {
		t.Errorf("read %+v, given %+v", read, report)
	}
	if _, _, err := extend(t, w, bt, given(sigs[0].CMS[1:])); err == nil {
		t.Error("what is given is not used")
	}
}
