// SPDX-License-Identifier: Apache-2.0

package trustlist_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/pkix/pkixtest"
	"gsign/internal/trustlist"
	"gsign/internal/trustlist/trustlisttest"
)

var (
	noon   = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	issued = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	next   = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	since  = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
)

func signer(tb testing.TB, name string) *trustlisttest.Signer {
	tb.Helper()
	s, err := trustlisttest.SignerWith(pkixtest.ECKey(tb, name), name, issued.AddDate(-1, 0, 0))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func sign(tb testing.TB, s *trustlisttest.Signer, l *trustlisttest.List) []byte {
	tb.Helper()
	b, err := s.Sign(l.XML())
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func by(s ...*trustlisttest.Signer) *trustlist.Options {
	o := &trustlist.Options{}
	for _, one := range s {
		o.Signers = append(o.Signers, one.Certificate)
	}
	return o
}

// usual is a list with a CA and a time-stamping service.
func usual(p *pkixtest.PKI) *trustlisttest.List {
	return &trustlisttest.List{Issued: issued, NextUpdate: next, Providers: []trustlisttest.Provider{
		{Name: "TEST <provider> & sons", Services: []trustlisttest.Service{
			{Instances: []trustlisttest.Instance{{Type: "CA/QC", Name: "TEST CA", Certificates: certs(p.CA), Status: "granted", Since: since, Qualifier: "QCForESig"}}},
			{Instances: []trustlisttest.Instance{{Type: "TSA/QTST", Name: "TEST time", Certificates: certs(p.TSA), Status: "granted", Since: since}}},
		}},
	}}
}

func certs(all ...*pkixtest.Entity) []*x509.Certificate {
	var list []*x509.Certificate
	for _, e := range all {
		list = append(list, e.Certificate)
	}
	return list
}

func TestRead(t *testing.T) {
	p := pkixtest.New(t, noon)
	ec := signer(t, "TEST list signer")
	key := pkixtest.RSAKey(t, "TEST list signer, RSA")
	withRSA, err := trustlisttest.SignerWith(key, "TEST list signer, RSA", since)
	if err != nil {
		t.Fatal(err)
	}
	rsaWith := func(pss bool, h crypto.Hash) *trustlisttest.Signer {
		s := *withRSA
		s.PSS, s.Hash = pss, h
		return &s
	}
	whole := *ec
	whole.URI = "-"
	plain := sign(t, ec, usual(p))
	bySHA1, among := *ec, *ec
	bySHA1.NamedBySHA1 = true
	among.Others = []*x509.Certificate{signer(t, "TEST another").Certificate, p.Root.Certificate}
	for name, tt := range map[string]struct {
		b []byte
		s *trustlisttest.Signer
	}{
		"ECDSA": {plain, ec}, "RSA": {sign(t, rsaWith(false, crypto.SHA512), usual(p)), withRSA},
		"RSA-PSS": {sign(t, rsaWith(true, crypto.SHA384), usual(p)), withRSA}, "the whole document": {sign(t, &whole, usual(p)), ec},
		"named by SHA-1":        {sign(t, &bySHA1, usual(p)), ec},
		"among others":          {sign(t, &among, usual(p)), ec},
		"UTF-8 mark":            {append([]byte("\xef\xbb\xbf"), plain...), ec},
		"empty elements short":  {bytes.ReplaceAll(plain, []byte("></ds:Transform>"), []byte("/>")), ec},
		"attributes turned":     {replaced(t, plain, ` Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag"`, ` TSLTag = 'http://uri.etsi.org/19612/TSLTag'  Id='list' xmlns:unused="urn:x"`), ec},
		"a comment":             {replaced(t, plain, "<SchemeInformation>", "<!-- <Signature/> --><SchemeInformation>"), ec},
		"line ends of Windows":  {bytes.ReplaceAll(plain, []byte("\n"), []byte("\r\n")), ec},
		"a reference":           {replaced(t, plain, "TEST CA", "TEST&#32;CA"), ec},
		"signature value split": {replaced(t, plain, "<ds:SignatureValue>", "<ds:SignatureValue>\n  "), ec},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := trustlist.Read(tt.b, by(signer(t, "TEST another"), tt.s))
			if err != nil {
				t.Fatal(err)
			}
			want := &trustlist.List{
				Version: 5, Sequence: "7", Type: "EUgeneric", Territory: "XX", Operator: "TEST operator of XX", Issued: issued, NextUpdate: next,
				Services: []trustlist.Service{
					{
						Provider: "TEST <provider> & sons", Name: "TEST CA", Type: "CA/QC", Certificates: certs(p.CA),
						Periods: []trustlist.Period{{From: since, Type: "CA/QC", Status: "granted", Use: trustlist.Signatures, Qualifiers: []string{"QCForESig"}}},
					},
					{
						Provider: "TEST <provider> & sons", Name: "TEST time", Type: "TSA/QTST", Certificates: certs(p.TSA),
						Periods: []trustlist.Period{{From: since, Type: "TSA/QTST", Status: "granted", Use: trustlist.Timestamps}},
					},
				},
				Signer: tt.s.Certificate,
			}
			if d := cmp.Diff(want, l); d != "" {
				t.Error(d)
			}
		})
	}
}

func replaced(tb testing.TB, b []byte, old, with string) []byte {
	tb.Helper()
	if !bytes.Contains(b, []byte(old)) {
		tb.Fatalf("there is no %s", old)
	}
	return bytes.Replace(b, []byte(old), []byte(with), 1)
}

// TestUnverified reads a list of which only the shape is good.
func TestUnverified(t *testing.T) {
	p := pkixtest.New(t, noon)
	b := usual(p).XML()
	l, err := trustlist.Read(b, &trustlist.Options{Unverified: true})
	if err != nil || l.Signer != nil || len(l.Services) != 2 {
		t.Errorf("%v, %v", l, err)
	}
	_, err = trustlist.Read(b, nil)
	if _, ok := errors.AsType[*trustlist.SignatureError](err); !ok {
		t.Errorf("without a signature: %v", err)
	}
}

// TestPeriods has services of every kind of life.
func TestPeriods(t *testing.T) {
	p := pkixtest.New(t, noon)
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	eidas := time.Date(2016, 6, 30, 22, 0, 0, 0, time.UTC)
	at := func(status string, from time.Time) trustlisttest.Instance {
		return trustlisttest.Instance{Type: "CA/QC", Name: "TEST", Certificates: certs(p.CA), Status: status, Since: from}
	}
	with := func(i trustlisttest.Instance, change func(*trustlisttest.Instance)) trustlisttest.Instance {
		change(&i)
		return i
	}
	sig := trustlist.Signatures
	old := "http://uri.etsi.org/TrstSvc/eSigDir-1999-93-EC-TrustedList/Svcstatus/"
	for name, tt := range map[string]struct {
		instances []trustlisttest.Instance
		want      []trustlist.Period
		note      string
	}{
		"granted":   {[]trustlisttest.Instance{at("granted", since)}, []trustlist.Period{{From: since, Use: sig, Status: "granted"}}, ""},
		"withdrawn": {[]trustlisttest.Instance{at("withdrawn", since)}, []trustlist.Period{{From: since, Status: "withdrawn"}}, ""},
		"withdrawn after it was granted, in any order": {
			[]trustlisttest.Instance{at("withdrawn", day(2024, 1, 1)), at("undersupervision", day(2010, 1, 1)), at("granted", day(2018, 1, 1)), at("withdrawn", day(2017, 1, 1))},
			[]trustlist.Period{
				{From: day(2024, 1, 1), Status: "withdrawn"},
				{From: day(2018, 1, 1), Until: day(2024, 1, 1), Use: sig, Status: "granted"},
				{From: day(2017, 1, 1), Until: day(2018, 1, 1), Status: "withdrawn"},
				{From: eidas, Until: day(2017, 1, 1), Status: "undersupervision"},
				{From: day(2010, 1, 1), Until: eidas, Use: sig, Status: "undersupervision"},
			},
			"",
		},
		"from directive to regulation": {
			[]trustlisttest.Instance{at("granted", eidas), at(old+"accredited", day(2012, 1, 1)), at(old+"supervisionceased", day(2011, 1, 1)), at(old+"supervisionincessation", day(2010, 1, 1))},
			[]trustlist.Period{
				{From: eidas, Use: sig, Status: "granted"},
				{From: day(2012, 1, 1), Until: eidas, Use: sig, Status: "accredited"},
				{From: day(2011, 1, 1), Until: day(2012, 1, 1), Status: "supervisionceased"},
				{From: day(2010, 1, 1), Until: day(2011, 1, 1), Use: sig, Status: "supervisionincessation"},
			},
			"",
		},
		"status of the directive today": {[]trustlisttest.Instance{at("accredited", day(2020, 1, 1))}, []trustlist.Period{{From: day(2020, 1, 1), Status: "accredited"}}, ""},
		"national level":                {[]trustlisttest.Instance{with(at("recognisedatnationallevel", since), func(i *trustlisttest.Instance) { i.Type = "CA/PKC" })}, []trustlist.Period{{From: since, Use: sig, Status: "recognisedatnationallevel", Type: "CA/PKC"}}, ""},
		"unknown status":                {[]trustlisttest.Instance{at("http://example.test/fine", since)}, []trustlist.Period{{From: since, Status: "http://example.test/fine"}}, ""},
		"unknown type":                  {[]trustlisttest.Instance{with(at("granted", since), func(i *trustlisttest.Instance) { i.Type = "NationalRootCA-QC" })}, []trustlist.Period{{From: since, Status: "granted", Type: "NationalRootCA-QC"}}, ""},
		"OCSP":                          {[]trustlisttest.Instance{with(at("granted", since), func(i *trustlisttest.Instance) { i.Type = "Certstatus/OCSP/QC" })}, []trustlist.Period{{From: since, Status: "granted", Type: "Certstatus/OCSP/QC", Use: trustlist.Evidence}}, ""},
		"history that is newer":         {[]trustlisttest.Instance{at("granted", since), at("withdrawn", since.Add(time.Hour))}, nil, "newer than the present"},
		"several of one time":           {[]trustlisttest.Instance{at("withdrawn", since), at("granted", since), at("granted", eidas), at("withdrawn", eidas)}, []trustlist.Period{{From: since, Status: "withdrawn"}, {From: eidas, Until: since, Use: sig, Status: "granted"}}, ""},
		"critical extension":            {[]trustlisttest.Instance{with(at("granted", since), func(i *trustlisttest.Instance) { i.Critical = "Surprise" })}, []trustlist.Period{{From: since, Status: "granted"}}, "Surprise is not understood"},
		"SKI alone": {
			[]trustlisttest.Instance{with(at("granted", since), func(i *trustlisttest.Instance) { i.Certificates, i.SKI = nil, []byte{1, 2} })},
			[]trustlist.Period{{From: since, Use: sig, Status: "granted"}},
			"no certificate identifies it",
		},
		"SKI alone in the history": {
			[]trustlisttest.Instance{at("granted", since), with(at("granted", eidas), func(i *trustlisttest.Instance) { i.Certificates, i.SKI = nil, []byte{1, 2} })},
			[]trustlist.Period{{From: since, Use: sig, Status: "granted"}, {From: eidas, Until: since, Use: sig, Status: "granted"}},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			list := trustlisttest.List{Issued: issued, NextUpdate: next, Providers: []trustlisttest.Provider{{Name: "TEST", Services: []trustlisttest.Service{{Instances: tt.instances}}}}}
			l, err := trustlist.Read(list.XML(), &trustlist.Options{Unverified: true})
			if err != nil {
				t.Fatal(err)
			}
			for i := range tt.want {
				if tt.want[i].Type == "" {
					tt.want[i].Type = "CA/QC"
				}
			}
			if d := cmp.Diff(tt.want, l.Services[0].Periods); d != "" {
				t.Error(d)
			}
			if got := strings.Join(l.Notes, "; "); (got != "") != (tt.note != "") || !strings.Contains(got, tt.note) {
				t.Errorf("notes %q, want %q", got, tt.note)
			}
		})
	}
}

// TestLists reads lists that a list of lists vouches for, and others.
func TestLists(t *testing.T) {
	p := pkixtest.New(t, noon)
	of, xx, yy := signer(t, "TEST Commission"), signer(t, "TEST operator of XX"), signer(t, "TEST operator of YY")
	lotl := &trustlisttest.List{Territory: "EU", Type: "EUlistofthelists", Issued: issued, NextUpdate: next, Pointers: []trustlisttest.Pointer{
		{Territory: "XX", Location: "https://xx.example/tl.xml", Signers: []*x509.Certificate{xx.Certificate}},
		{Territory: "YY", Location: "https://yy.example/tl.xml", Signers: []*x509.Certificate{yy.Certificate}},
	}}
	among := *xx
	among.Others = certs(p.Root)
	file := func(name string, s *trustlisttest.Signer, l *trustlisttest.List) trustlist.File {
		return trustlist.File{Name: name, Bytes: sign(t, s, l)}
	}
	good, above := file("xx.xml", xx, usual(p)), file("lotl.xml", of, lotl)
	all, err := trustlist.ReadAll([]trustlist.File{good, above}, by(of))
	if err != nil {
		t.Fatal(err)
	}
	if all[0].By != "TEST operator of EU" || !all[0].Signer.Equal(xx.Certificate) || !all[1].OfLists || len(all[1].Pointers) != 2 || len(all[1].Services) != 0 {
		t.Errorf("%+v", all)
	}
	if _, err := trustlist.ReadAll([]trustlist.File{above, file("xx.xml", &among, usual(p))}, by(of)); err != nil {
		t.Errorf("a signer among other certificates: %v", err)
	}
	for name, tt := range map[string]struct {
		files []trustlist.File
		opts  *trustlist.Options
	}{
		"without the list of lists":   {[]trustlist.File{good}, by(of)},
		"signer of another territory": {[]trustlist.File{file("xx.xml", yy, usual(p)), above}, by(of)},
		"list of lists of a stranger": {[]trustlist.File{good, file("lotl.xml", yy, lotl)}, by(of)},
		"a list that is none of lists": {[]trustlist.File{good, file("lotl.xml", of, func() *trustlisttest.List {
			l := *lotl
			l.Type = "EUgeneric"
			return &l
		}())}, by(of)},
	} {
		_, err := trustlist.ReadAll(tt.files, tt.opts)
		e, ok := errors.AsType[*trustlist.SignatureError](err)
		if !ok || e.Foreign == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// smallKey is an RSA key that was good enough once.
func smallKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	tb.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}
