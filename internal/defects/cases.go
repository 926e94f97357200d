// SPDX-License-Identifier: Apache-2.0

package defects

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/brainpool"

	"gsign/internal/pkix/pkixtest"
)

// Case is one file and what must be said of it.
type Case struct {
	Name          string
	Defect        string // one sentence; "none" and what is special for an honest one
	Clause        string // the document and the clause that are not met
	Time          time.Time
	Indication    string
	SubIndication string
	Level         string
	Exit          int    // of gsign verify
	Finding       string // part of what gsign says the reason is; of what keeps it from the next level where it passes
	Bytes         []byte
}

// Passed and the others are the indications.
const (
	passed = "TOTAL-PASSED"
	open   = "INDETERMINATE"
	failed = "TOTAL-FAILED"
)

// All makes every file, the honest ones first, and the certificates to trust.
func All(tb testing.TB) ([]Case, []*x509.Certificate) {
	tb.Helper()
	c := &cases{world: newWorld(tb)}
	c.honest()
	c.algorithms()
	c.older()
	c.values()
	c.attributes()
	c.containers()
	c.weak()
	c.signers()
	c.chains()
	c.revoked()
	c.tokens()
	c.contents()
	c.authorities()
	c.ocsps()
	c.responders()
	c.crls()
	c.stores()
	c.stamps()
	return c.all, append([]*x509.Certificate{c.pki.Root.Certificate, c.pki.TSARoot.Certificate}, c.roots...)
}

type cases struct {
	*world
	all   []Case
	roots []*x509.Certificate // more to trust
}

// verdict is what must be said.
type verdict struct{ indication, sub, level, finding string }

// add makes a file: a B-LT one with changes.
func (c *cases) add(name, defect, clause string, want verdict, change func(f *file)) {
	c.tb.Helper()
	f := c.file()
	change(f)
	at := control
	if f.at.Before(before) {
		at = f.at.Add(time.Hour)
	}
	exit := map[string]int{passed: 0, open: 11, failed: 10}[want.indication]
	c.all = append(c.all, Case{
		Name: name, Defect: defect, Clause: clause, Time: at, Indication: want.indication, SubIndication: want.sub, Level: want.level,
		Exit: exit, Finding: want.finding, Bytes: f.bytes(),
	})
}

func (c *cases) good(name, what, level string, change func(f *file)) {
	c.add("honest-"+name, "none: "+what, "EN 319 142-1 6.3", verdict{passed, "", level, ""}, change)
}

// honest makes one of each level.
func (c *cases) honest() {
	c.good("b-b", "a signature without a timestamp, with evidence about the signer", "B-B", func(f *file) {
		f.stamp, f.entities = false, []*pkixtest.Entity{f.Leaf, f.CA}
	})
	c.good("b-t", "a signature with a timestamp and evidence about the signer", "B-T", func(f *file) { f.entities = []*pkixtest.Entity{f.Leaf, f.CA} })
	c.good("no-revocation", "neither signer nor authority needs revocation data (RFC 9608), and the roots have issued both", "B-LT", func(f *file) {
		none := pkixtest.Extension(idNoRevAvail, false, []byte{5, 0})
		f.Leaf = f.Root.Leaf(c.tb, "TEST signer below the root", f.Leaf.Key, before, after, none)
		f.TSA = f.TSARoot.TSA(c.tb, "TEST time authority below the root", f.TSA.Key, before, after, none)
		f.chain = []*x509.Certificate{f.Leaf.Certificate, f.Root.Certificate}
		f.token = func(t *pkixtest.Token) {
			t.Certificates = []*x509.Certificate{f.TSA.Certificate, f.TSARoot.Certificate}
		}
		f.store = false
	})
	c.good("b-lt", "a signature with a timestamp and all evidence", "B-LT", func(*file) {})
	c.good("b-lta", "a signature with a timestamp, all evidence, and a document timestamp over it", "B-LTA", func(f *file) { f.archive = 1 })
	c.good("b-lta-responder-ended", "the responder has ended, and the document timestamp covers its answer", "B-LTA", func(f *file) {
		f.Responder = f.CA.Responder(c.tb, "TEST responder that ended", true, before, half)
		f.archive = 1
	})
	c.good("document-timestamp", "a document timestamp and no signature", "none", func(f *file) {
		f.unsigned, f.archive = true, 1
		f.entities = []*pkixtest.Entity{f.TSA, f.TSACA}
	})
	c.all[len(c.all)-1].Exit = 12
	c.good("b-lt-ended", "the signer's certificate has ended, and the timestamp is from before", "B-LT", func(f *file) { f.short() })
	c.good("b-lt-crl", "the evidence about signer and CA are CRLs", "B-LT", func(f *file) {
		f.crl(f.Leaf, func(*pkixtest.CRL) {})
		f.crl(f.CA, func(*pkixtest.CRL) {})
	})
	c.good("b-lt-nonce", "an OCSP answer with a nonce, which is nobody's here", "B-LT", func(f *file) {
		f.ocsp(f.Leaf, func(o *pkixtest.OCSP) {
			o.Extensions = append(o.Extensions, extension(idOCSPNonce, false, der([]byte("0123456789abcdef"))))
		})
	})
	c.good("revoked-after", "the signer was revoked after the timestamp", "B-LT", func(f *file) {
		f.ocsp(f.Leaf, revoked(stamped.Add(30*time.Second), 1))
	})
	c.good("issuer-serial", "a signing-certificate attribute with issuer and serial number, both right", "B-LT", func(f *file) {
		f.attrs = func(d []byte) [][]byte {
			return f.three(d, essWithSerial(f.Leaf.Certificate, f.Leaf.Certificate.SerialNumber))
		}
	})
	c.good("order-sorted", "attributes are not written in the order of DER, and the signature is over the DER encoding", "B-LT", func(f *file) {
		f.sd = func(sd *pkixtest.SignedData) {
			sd.KeepOrder = true
			slices.SortFunc(sd.Attributes, func(a, b []byte) int { return bytes.Compare(b, a) })
			sorted := element(0x31, backwards(sd.Attributes)...)
			sign := signer(c.tb, f.Leaf.Key, f.hash, false)
			sd.Sign = func([]byte) (algorithm, []byte) { return sign(sorted) }
		}
	})
	c.good("ber", "the CMS has indefinite lengths, as BER allows and DER does not", "B-LT", func(f *file) { f.cms = indefinite })
}

func backwards(in [][]byte) [][]byte {
	out := slices.Clone(in)
	slices.Reverse(out)
	return out
}

// three are the attributes with another signing-certificate attribute.
func (f *file) three(digest []byte, ess ...[]byte) [][]byte {
	return append([][]byte{pkixtest.ContentType(pkixtest.IDData), pkixtest.MessageDigest(digest)}, ess...)
}

// algorithms makes honest files of each.
func (c *cases) algorithms() {
	ec := func(curve elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		c.must(err)
		return k
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	c.must(err)
	rsa2, rsa3 := pkixtest.RSAKey(c.tb, "TEST signer"), rsaKey(c.tb, 3072)
	c.brainpool()
	for _, a := range []struct {
		name string
		key  crypto.Signer
		hash crypto.Hash
		pss  bool
	}{
		{"rsa-sha256", rsa2, crypto.SHA256, false},
		{"rsa-sha384", rsa2, crypto.SHA384, false},
		{"rsa-sha512", rsa3, crypto.SHA512, false},
		{"rsa-sha224", rsa2, crypto.SHA224, false},
		{"rsa-sha3-256", rsa2, crypto.SHA3_256, false},
		{"rsa-sha3-512", rsa2, crypto.SHA3_512, false},
		{"pss-sha256", rsa2, crypto.SHA256, true},
		{"pss-sha384", rsa2, crypto.SHA384, true},
		{"pss-sha512", rsa3, crypto.SHA512, true},
		{"ecdsa-p256-sha256", ec(elliptic.P256()), crypto.SHA256, false},
		{"ecdsa-p384-sha384", ec(elliptic.P384()), crypto.SHA384, false},
		{"ecdsa-p521-sha512", ec(elliptic.P521()), crypto.SHA512, false},
		{"ecdsa-p256-sha3-256", ec(elliptic.P256()), crypto.SHA3_256, false},
		{"ecdsa-p384-sha3-384", ec(elliptic.P384()), crypto.SHA3_384, false},
		{"ecdsa-p521-sha3-512", ec(elliptic.P521()), crypto.SHA3_512, false},
		{"ed25519", ed, crypto.SHA512, false},
	} {
		c.good(a.name, "the algorithm of the name", "B-LT", func(f *file) {
			f.key(a.key)
			f.hash = a.hash
			f.sd = func(sd *pkixtest.SignedData) { sd.Sign = signer(c.tb, a.key, a.hash, a.pss) }
		})
	}
}

// brainpool makes signatures with keys on curves that crypto/x509 does not know.
func (c *cases) brainpool() {
	for _, b := range []struct {
		name  string
		last  int // of the curve's OID
		curve elliptic.Curve
		hash  crypto.Hash
	}{
		{"brainpool-p256r1-sha256", 7, brainpool.P256r1(), crypto.SHA256},
		{"brainpool-p384r1-sha384", 11, brainpool.P384r1(), crypto.SHA384},
		{"brainpool-p512r1-sha512", 13, brainpool.P512r1(), crypto.SHA512},
	} {
		k, err := ecdsa.GenerateKey(b.curve, rand.Reader)
		c.must(err)
		c.good(b.name, "the algorithm of the name", "B-LT", func(f *file) {
			size := (b.curve.Params().BitSize + 7) / 8
			point := slices.Concat([]byte{4}, k.X.FillBytes(make([]byte, size)), k.Y.FillBytes(make([]byte, size)))
			f.curve(asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, b.last}, point)
			f.hash = b.hash
			f.sd = func(sd *pkixtest.SignedData) { sd.Sign = signer(c.tb, k, b.hash, false) }
		})
	}
	c.add("curve-unknown", "the signer's key is on a curve that gsign does not compute with", "EN 319 102-1 5.2.8",
		verdict{open, "CRYPTO_CONSTRAINTS_FAILURE", "none", "elliptic curve brainpoolP320r1"}, func(f *file) {
			f.curve(asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 9}, slices.Concat([]byte{4}, make([]byte, 80)))
		})
}

// older makes the formats of before PAdES, in the time when SHA-1 was good.
func (c *cases) older() {
	then := time.Date(2010, 5, 4, 12, 0, 0, 0, time.UTC)
	root := pkixtest.Root(c.tb, "TEST root of 2009", then.AddDate(-1, 0, 0), then.AddDate(30, 0, 0))
	ca := root.CA(c.tb, "TEST CA of 2009", then.AddDate(-1, 0, 0), then.AddDate(30, 0, 0))
	leaf := ca.Leaf(c.tb, "TEST signer of 2010", pkixtest.RSAKey(c.tb, "TEST signer"), then.AddDate(0, -1, 0), then.AddDate(3, 0, 0))
	responder := ca.Responder(c.tb, "TEST responder of 2010", true, then.AddDate(0, -1, 0), then.AddDate(30, 0, 0))
	rootResponder := root.Responder(c.tb, "TEST root responder of 2010", true, then.AddDate(0, -1, 0), then.AddDate(30, 0, 0))
	c.roots = append(c.roots, root.Certificate)
	old := func(f *file, sub string) {
		f.at, f.subFilter, f.stamp, f.hash = then, sub, false, crypto.SHA1
		f.Root, f.CA, f.Leaf, f.Responder, f.RootResponder = root, ca, leaf, responder, rootResponder
		f.entities = []*pkixtest.Entity{leaf, ca}
		f.attrs = func(d []byte) [][]byte { return f.three(d) }
	}
	c.good("pkcs7-detached-sha1-2010", "adbe.pkcs7.detached with SHA-1, judged in 2010", "none", func(f *file) { old(f, "adbe.pkcs7.detached") })
	c.good("pkcs7-sha1-2010", "adbe.pkcs7.sha1, judged in 2010", "none", func(f *file) {
		old(f, "adbe.pkcs7.sha1")
		f.value = func(document []byte) []byte { return f.enclosed(document) }
	})
	c.good("x509-rsa-sha1-2010", "adbe.x509.rsa_sha1, judged in 2010", "none", func(f *file) {
		old(f, "adbe.x509.rsa_sha1")
		f.dict = "/Cert [<" + hex.EncodeToString(leaf.Certificate.Raw) + "> <" + hex.EncodeToString(ca.Certificate.Raw) + ">]"
		f.value = func(document []byte) []byte { return bare(c.tb, leaf.Key, document) }
	})
	c.good("pkcs7-detached", "adbe.pkcs7.detached with SHA-256 and a timestamp", "none", func(f *file) {
		f.subFilter = "adbe.pkcs7.detached"
		f.attrs = func(d []byte) [][]byte { return f.three(d) }
	})
	c.add("pkcs7-sha1-other-bytes", "the content of adbe.pkcs7.sha1 is the SHA-1 of other bytes", "ISO 32000-1 12.8.3.3.1, EN 319 102-1 5.2.7",
		verdict{failed, "HASH_FAILURE", "none", "SHA-1 differs"}, func(f *file) {
			old(f, "adbe.pkcs7.sha1")
			f.value = func(document []byte) []byte { return f.enclosed(document[min(1, len(document)):]) }
		})
	c.add("x509-rsa-sha1-other-bytes", "the signature of adbe.x509.rsa_sha1 is over other bytes", "ISO 32000-1 12.8.3.2, EN 319 102-1 5.2.7",
		verdict{failed, "SIG_CRYPTO_FAILURE", "none", "not that of"}, func(f *file) {
			old(f, "adbe.x509.rsa_sha1")
			f.dict = "/Cert <" + hex.EncodeToString(leaf.Certificate.Raw) + ">"
			f.value = func(document []byte) []byte { return bare(c.tb, leaf.Key, document[min(1, len(document)):]) }
		})
}

// enclosed is a CMS whose content is the SHA-1 of the document.
func (f *file) enclosed(document []byte) []byte {
	content := sum(crypto.SHA1, document)
	f.sd = func(sd *pkixtest.SignedData) { sd.Content = content }
	return f.signed(content)
}

// bare is a PKCS #1 signature with SHA-1 as an OCTET STRING.
func bare(tb testing.TB, key crypto.Signer, document []byte) []byte {
	sig, err := key.Sign(rand.Reader, sum(crypto.SHA1, document), crypto.SHA1)
	if err != nil {
		tb.Fatal(err)
	}
	return der(sig)
}

var idCommitment = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 16}
