// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"encoding/hex"
	"reflect"
	"slices"

	"gsign/internal/pdf"
)

const (
	clauseStore    = "ISO 32000-2 12.8.4.3"
	clauseMetadata = "ISO 32000-2 14.3"
	clauseCatalog  = "ISO 32000-2 7.7.2"
	clauseForm     = "ISO 32000-2 12.7.3"
)

// trailer compares what the newest trailers say of the document.
func (st *step) trailer() {
	a, b := st.was.Trailer(), st.file.Trailer()
	if root := st.file.Root(); st.was.Root() != root {
		verdict := Allowed
		if _, there := st.was.Reference(root.Num); there {
			verdict = Forbidden
		}
		st.tell(root.Num, Document, verdict, free, clauseCatalog, "the catalog is another object")
		st.assignNew(root, roleCatalog)
	}
	if !st.means(a["Encrypt"], b["Encrypt"], 0) {
		st.tell(0, Document, Forbidden, free, "ISO 32000-2 7.6", "the encryption is another one")
	}
	ref, _ := b["Info"].(pdf.Ref)
	d := st.changed[ref.Num]
	if a["Info"] == nil && b["Info"] == nil || st.means(a["Info"], b["Info"], 0) && d == nil {
		return
	}
	was, is := st.dictBefore(a["Info"]), st.dict(b["Info"])
	if st.marks.get(ref.Num)&protected != 0 {
		return // rest says so
	}
	if m := st.marks.get(ref.Num); m != 0 && role(m&roleMask) != roleInfo {
		st.tell(ref.Num, Structure, Forbidden, free, clauseMetadata, "the %s %d is the information dictionary now", role(m&roleMask), ref.Num)
		return
	}
	if d != nil && d.old && st.marks.get(ref.Num) == 0 {
		st.tell(ref.Num, Unused, Suspicious, free, clauseMetadata, "object %d, which nothing reached, was changed and is the information dictionary now", ref.Num)
	}
	c := st.tell(ref.Num, Metadata, Allowed, free, clauseMetadata, "the information dictionary differs%s", list(st.keys(was, is)))
	c.Object = ref.Num
	st.adopt(is, 0, false)
	st.assignNew(b["Info"], roleInfo)
}

// list names keys.
func list(keys []pdf.Name) string {
	s := ""
	for i, k := range keys {
		if i == 8 {
			return s + ", …"
		}
		if i == 0 {
			s = ": /" + string(k)
			continue
		}
		s += ", /" + string(k)
	}
	return s
}

// assignNew gives a new object of this revision a role, and takes it for explained. It reports false where the object
// was there before.
func (st *step) assignNew(o pdf.Object, r role) bool {
	ref, ok := o.(pdf.Ref)
	if !ok {
		return true
	}
	_, there := st.was.Reference(ref.Num)
	if d := st.changed[ref.Num]; d != nil && !there {
		d.explained = true
	}
	st.assign(ref, r)
	return !there
}

// catalog compares the catalogs entry by entry.
func (st *step) catalog() {
	root := st.file.Root()
	d := st.changed[root.Num]
	a, b := st.dictBefore(st.was.Root()), st.dict(root)
	if d != nil || root != st.was.Root() {
		st.explain(root)
		for _, key := range st.keys(a, b) {
			st.catalogDiffers(key, a[key], b[key])
		}
		st.moved(a, b, "AcroForm", "DSS", "Metadata", "Extensions", "StructTreeRoot")
	}
	st.storeChanges(b["DSS"])
	st.metadata(b["Metadata"])
}

// moved protects what a dictionary refers to elsewhere than before, though it says the same there: it must stay so.
func (st *step) moved(a, b pdf.Dict, except ...pdf.Name) {
	for key, o := range b {
		if !slices.Contains(except, key) && !reflect.DeepEqual(a[key], o) {
			st.adopt(o, 0, true)
		}
	}
}

func (st *step) catalogDiffers(key pdf.Name, a, b pdf.Object) {
	num := st.file.Root().Num
	switch key {
	case "DSS", "AcroForm":
	case "Metadata":
		if ref, ok := b.(pdf.Ref); !ok || st.marks.role(ref.Num) != roleMetadata && !st.assignNew(ref, roleMetadata) {
			st.tell(num, Metadata, Suspicious, free, clauseMetadata, "the metadata are another object, which was there before, or none")
		} else {
			st.tell(ref.Num, Metadata, Allowed, free, clauseMetadata, "the metadata differ")
			st.adopt(st.get(b), 0, false)
		}
	case "Extensions", "Version":
		st.tell(num, Bookkeeping, Allowed, free, clauseCatalog, "/%s of the catalog differs", key)
		st.adopt(b, 0, false)
	case "Pages":
		st.tell(num, Content, Forbidden, free, "ISO 32000-2 7.7.3", "the page tree is another one")
	case "StructTreeRoot":
		st.structureRoot(num, a, b)
	case "ITXT":
		st.tell(num, Bookkeeping, Allowed, free, clauseCatalog, "/ITXT of the catalog differs: the version of a program")
	case "Perms":
		st.tell(num, Signed, Forbidden, free, "ISO 32000-2 12.8.6", "/Perms of the catalog differs")
	default:
		st.tell(num, Document, Forbidden, free, clauseCatalog, "/%s of the catalog differs", key)
	}
}

// storeChanges finds what was added to the security store.
func (st *step) storeChanges(dss pdf.Object) {
	if dss == nil {
		if st.dictBefore(st.dictBefore(st.was.Root())["DSS"]) != nil {
			st.tell(st.file.Root().Num, SecurityStore, Suspicious, free, clauseStore, "the security store was taken away")
		}
		return
	}
	old := st.dictBefore(st.dictBefore(st.was.Root())["DSS"])
	touched := old == nil || !st.means(st.dictBefore(st.was.Root())["DSS"], dss, 0)
	st.storeSeen = map[uint32]bool{}
	if !st.storeWalk(dss, 0) && !touched {
		return
	}
	ref, _ := dss.(pdf.Ref)
	if ref.Num == 0 {
		ref = st.file.Root()
	}
	st.say(change{Change: Change{
		Object: ref.Num, Generation: ref.Gen, Page: -1, Kind: SecurityStore, Verdict: Allowed, Text: "evidence was added to the security store",
		Clause: clauseStore,
	}, needs: free})
}

// storeWalk takes what is new in the security store for explained. It reports whether anything is.
func (st *step) storeWalk(o pdf.Object, depth int) (touched bool) {
	if depth > 8 || !st.state.step() {
		return false
	}
	ref, indirect := o.(pdf.Ref)
	if indirect && (st.storeSeen[ref.Num] || st.evidence[ref] && st.changed[ref.Num] == nil) {
		return false
	}
	v := st.get(o)
	if indirect {
		st.storeSeen[ref.Num] = true
		_, there := st.was.Reference(ref.Num)
		if d := st.changed[ref.Num]; d != nil && !d.explained && st.marks.get(ref.Num)&protected == 0 {
			_, stream := v.(*pdf.Stream)
			if there && (stream || st.marks.role(ref.Num) != roleStore || !storeKeys(v, depth)) {
				return false // written anew, and it was something else: rest says so
			}
			d.explained, touched = true, true
		}
		if !there || st.marks.get(ref.Num) == 0 || st.marks.role(ref.Num) != noRole { // what is shown stays what it is
			st.assign(ref, roleStore)
		}
	}
	switch v := v.(type) {
	case pdf.Array:
		for _, e := range v {
			touched = st.storeWalk(e, depth+1) || touched
		}
	case pdf.Dict:
		for _, e := range v {
			touched = st.storeWalk(e, depth+1) || touched
		}
	case *pdf.Stream:
		st.adopt(v.Dict["Length"], 0, false)
		if _, apart := v.Dict["Length"].(pdf.Ref); indirect && !apart && st.marks.role(ref.Num) == roleStore {
			st.evidence[ref] = true
		}
	}
	return touched
}

// storeKeys reports whether a dictionary of the security store has the keys of one alone (ISO 32000-2 Tables 261 and 262).
func storeKeys(o pdf.Object, depth int) bool {
	d, _ := o.(pdf.Dict)
	for key := range d {
		switch key {
		case "Type", "Certs", "OCSPs", "CRLs", "VRI", "Cert", "OCSP", "CRL", "TU", "TS":
		default:
			_, err := hex.DecodeString(string(key))
			if depth == 0 || err != nil || len(key) != 40 { // a key of /VRI is a SHA-1
				return false
			}
		}
	}
	return true
}

// metadata explains that the stream of the document's metadata was written anew.
func (st *step) metadata(o pdf.Object) {
	ref, _ := o.(pdf.Ref)
	d := st.changed[ref.Num]
	if d == nil || d.explained || st.marks.get(ref.Num)&protected != 0 || st.marks.role(ref.Num) != roleMetadata {
		return
	}
	st.tell(ref.Num, Metadata, Allowed, free, clauseMetadata, "the metadata differ")
	st.adopt(st.get(o), 0, false)
}
