// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gsign/pkg/dssclient/dsstest"
)

// faultTable has one line for each way the service fails: kind[:status] operation, exit code, and what it has cost:
// "-" nothing, "s" a signature, "st" signature and timestamp, "?" before a letter where nobody knows.
const faultTable = `
status:400               login      4 -
status:401               login      4 -
status:422               login      4 -
status:429               login      5 -
status:500               login      6 -
unauthorized             identity   4 -
status:402               identity   5 -
status:422               identity   1 -
status:429               identity   5 -
status:503               identity   6 -
status:400               sign       1 -
status:402               sign       5 -
status:403               sign       4 -
status:404               sign       1 -
status:429               sign       5 -
unauthorized             sign       4 -
status:402               timestamp  5 s
status:429               timestamp  5 s
unauthorized             timestamp  4 s
service-busy             sign       6 -
service-busy             timestamp  8 s
html-error               identity   6 -
html-error               sign       9 ?s
html-error               timestamp  9 s?t
reset-before-count       login      6 -
reset-before-count       identity   6 -
reset-before-count       sign       9 ?s
reset-before-count       timestamp  9 s?t
reset-after-count        sign       9 ?s
reset-after-count        timestamp  9 s?t
redirect                 login      1 -
redirect                 sign       1 -
redirect                 timestamp  8 s
truncated-body           identity   6 -
truncated-body           sign       9 ?s
truncated-body           timestamp  9 s?t
huge-body                login      1 -
huge-body                identity   1 -
huge-body                sign       1 s
huge-body                timestamp  8 st
huge-body                trustchain 1 -
empty-body               login      1 -
empty-body               identity   1 -
empty-body               sign       1 s
empty-body               timestamp  8 st
malformed-json           identity   1 -
malformed-json           sign       1 s
malformed-json           timestamp  8 st
missing-member           login      1 -
missing-member           identity   1 -
missing-member           sign       1 s
missing-member           timestamp  8 st
missing-member           trustchain 1 -
accepted                 login      1 -
accepted                 identity   1 -
accepted                 sign       1 s
accepted                 timestamp  8 st
malformed-base64         identity   1 -
malformed-base64         timestamp  8 st
malformed-pem            identity   1 -
malformed-pem            trustchain 1 -
pem-with-crlf            identity   0 st
pem-with-literal-newlines identity  0 st
pem-with-literal-newlines trustchain 0 st
identity-expires         identity   1 -
ocsp-try-later           identity   1 -
wrong-certificate        identity   1 s
foreign-key              identity   1 s
signature-over-other     sign       1 s
signature-wrong-length   sign       1 s
signature-lower-case     sign       0 st
signature-not-hex        sign       1 s
token-after-expiry       timestamp  8 st
token-before-issue       timestamp  8 st
token-as-response        timestamp  8 st
token-wrong-imprint      timestamp  8 st
token-bad-signature      timestamp  8 st
token-whole-chain        timestamp  0 st
token-without-certificate timestamp 8 st
token-fraction           timestamp  0 st
token-huge               timestamp  1 st
chain-reversed           trustchain 0 st
chain-duplicated         trustchain 0 st
chain-with-leaf          trustchain 0 st
chain-empty              trustchain 1 -
`

// ltFaultTable has those that show only when the evidence is collected.
const ltFaultTable = `
status:404               aia        8 st
empty-body               aia        8 st
aia-wrong-certificate    aia        8 st
ocsp-revoked             identity   8 -
ocsp-revoked             ocsp       8 st
ocsp-bad-signature       ocsp       0 st
ocsp-expired             identity   0 st
html-error               ocsp       0 st
`

// Every fault of the service: the right exit code, what it cost is said and is true, nothing is left, no secret shows.
func TestFaults(t *testing.T) {
	b := newBench(t)
	for level, table := range map[string]string{"b-t": faultTable, "b-lt": ltFaultTable} {
		for line := range strings.Lines(strings.TrimSpace(table)) {
			f := strings.Fields(line)
			t.Run(f[0]+" "+f[1], func(t *testing.T) {
				b.t = t
				b.fault(level, f[0], dsstest.Op(f[1]), f[2], f[3])
			})
		}
	}
}

func (b *bench) fault(level, kind string, op dsstest.Op, code, bill string) {
	b.t.Helper()
	kind, status, _ := strings.Cut(kind, ":")
	f := dsstest.Fault{Op: op, Kind: dsstest.Kind(kind), Times: dsstest.Always}
	_, _ = fmt.Sscan(status, &f.Status)
	b.ClearFaults()
	b.ResetCounters()
	injected := b.Inject(f)
	got, _, stderr := b.sign("--quiet", "--level", level)
	if fmt.Sprint(got) != code {
		b.t.Errorf("exit code %d, want %s\n%s", got, code, stderr)
	}
	if injected.Hits() == 0 {
		b.t.Error("the fault hit nothing")
	}
	c := b.Counters()
	if strings.Contains(bill, "s") && !strings.Contains(bill, "?s") && c.Signs != 1 || !strings.Contains(bill, "s") && c.Signs != 0 {
		b.t.Errorf("%d signatures were counted, said was %s", c.Signs, bill)
	}
	if strings.HasSuffix(bill, "st") && c.Timestamps != 1 || !strings.Contains(bill, "t") && c.Timestamps != 0 || c.Signs > 1 || c.Timestamps > 1 {
		b.t.Errorf("%d timestamps were counted, said was %s", c.Timestamps, bill)
	}
	if code == "0" {
		if b.left() != "out.pdf" || stderr != "" {
			b.t.Errorf("the folder holds %q; %s", b.left(), stderr)
		}
		_ = os.Remove(b.path("out.pdf"))
		return
	}
	if b.left() != "" {
		b.t.Errorf("left behind: %q", b.left())
	}
	for _, want := range map[string][]string{
		"-": {"gsign: note: nothing was charged\n"}, "s": {"gsign: note: charged: 1 signature\n"},
		"st": {"gsign: note: charged: 1 signature, 1 timestamp\n"},
		"?s": {"gsign: note: may have been charged: 1 signature\n", "gsign: hint: do not repeat it blindly"},
		"s?t": {
			"gsign: note: may have been charged: 1 timestamp\n", "gsign: note: charged: 1 signature\n",
			"gsign: hint: do not repeat it blindly",
		},
	}[bill] {
		if !strings.Contains(stderr, want) {
			b.t.Errorf("standard error lacks %q:\n%s", want, stderr)
		}
	}
	if !strings.HasPrefix(stderr, "gsign: error: sign ") {
		b.t.Errorf("standard error begins otherwise:\n%s", stderr)
	}
}
