// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"maps"
	"slices"
	"sync"
)

// An Intent is what a revision is meant to say, for [Reread]. It is small, plain data and survives JSON.
type Intent struct {
	Size    int64      `json:"size"`    // of the file before it
	End     int64      `json:"end"`     // of the file after it
	SHA256  []byte     `json:"sha256"`  // of the revision's bytes; see Revision.Seal
	Section int64      `json:"section"` // where its cross-reference begins
	Root    Ref        `json:"root"`    // the catalog
	Trailer []byte     `json:"trailer"` // sum of its trailer
	Objects []Intended `json:"objects"`

	// Bytes are the revision itself, where it is at hand: then SHA256 is summed up when this becomes JSON.
	Bytes []byte `json:"-"`
}

// MarshalJSON sums the bytes up where that was not done yet.
func (in Intent) MarshalJSON() ([]byte, error) {
	type plain Intent
	if in.SHA256 == nil && in.Bytes != nil {
		sum := sha256.Sum256(in.Bytes)
		in.SHA256 = sum[:]
	}
	return json.Marshal(plain(in))
}

// Sealed returns what the revision means now that its bytes will not change any more.
func (in *Intent) Sealed(revision []byte) *Intent {
	sealed := *in
	sealed.SHA256, sealed.Bytes = nil, bytes.Clone(revision) // whoever has the others may change them
	return &sealed
}

// Intended is an object of a revision: where it is to begin, and the sum of what it is to say.
type Intended struct {
	Ref    Ref    `json:"ref"`
	Offset int64  `json:"offset"`
	Sum    []byte `json:"sum"`
	Except []Name `json:"except,omitempty"` // entries that were not known yet and are not in the sum
}

// meaning is what a [Raw] object says.
type meaning struct {
	dict   Dict
	except []Name
}

// Means says what the Raw value of ref reads as, so that [Reread] can tell. Entries whose values are filled in later are
// left out.
func (u *Update) Means(ref Ref, d Dict, except ...Name) {
	u.meanings[ref] = meaning{d, except}
}

// Seal says that nothing in the revision's bytes will change any more.
func (rev *Revision) Seal() { rev.Intent = rev.Intent.Sealed(rev.Bytes) }

// intent sums up what the update says. The bytes may be filled in further: see [Revision.Seal].
func (u *Update) intent(rev *Revision, section int64, trailer Dict) (*Intent, error) {
	in := &Intent{
		Size: u.f.src.size, End: u.f.src.size + int64(len(rev.Bytes)), Section: section, Root: u.f.root, Trailer: sumTrailer(trailer),
	}
	refs := slices.SortedFunc(maps.Keys(rev.Offset), Ref.compare)
	for _, ref := range refs {
		o := Intended{Ref: ref, Offset: rev.Offset[ref]}
		p, ok := u.objects[ref]
		switch m, raw := u.meanings[ref]; {
		case raw:
			o.Sum, o.Except = sumObject(m.dict, nil, m.except), m.except
		case ok:
			d, data, isStream, err := p.content(u.f)
			if err != nil {
				return nil, err
			}
			if isStream {
				o.Sum = sumStream(d, data)
			} else {
				o.Sum = sumObject(p.object, nil, nil)
			}
		}
		in.Objects = append(in.Objects, o) // without a sum: the cross-reference stream, which was read to get there
	}
	return in, nil
}

func (r Ref) compare(other Ref) int {
	if r.Num != other.Num {
		return int(int64(r.Num) - int64(other.Num))
	}
	return int(r.Gen) - int(other.Gen)
}

// sumTrailer sums up a trailer; that of a stream has a /Length, which is not in the sum of any stream.
func sumTrailer(trailer Dict) []byte { return sumObject(trailer, nil, []Name{"Length"}) }

// sumStream sums up a stream but for its /Length, which may be given in several ways.
func sumStream(d Dict, data []byte) []byte {
	if data == nil {
		data = []byte{}
	}
	return sumObject(d, data, []Name{"Length"})
}

// sumObject gives a sum that two objects share only if they say the same. It does not depend on how they are written:
// what writes them is what it is to check.
func sumObject(o Object, data []byte, except []Name) []byte {
	s, _ := summers.Get().(*summer)
	defer summers.Put(s)
	if d, ok := o.(Dict); ok && len(except) > 0 {
		d = maps.Clone(d)
		for _, key := range except {
			delete(d, key)
		}
		o = d
	}
	s.object(o)
	if data != nil {
		s.text('S', data)
	}
	return s.sum()
}

// A summer collects what is to be hashed: sums of small pieces cost more than the pieces.
type summer struct {
	h    hash.Hash
	rest []byte
	keys []Name // of the dictionaries that are open
}

// summers are kept for the next object: there are dozens for each document.
var summers = sync.Pool{New: func() any { return &summer{h: sha256.New(), rest: make([]byte, 0, 512)} }}

func (s *summer) sum() []byte {
	s.h.Write(s.rest)
	sum := s.h.Sum(nil)
	s.h.Reset()
	s.rest = s.rest[:0]
	return sum
}

func (s *summer) text(kind byte, b []byte) {
	s.number(kind, int64(len(b)))
	if len(b) > 512 {
		s.h.Write(s.rest)
		s.h.Write(b)
		s.rest = s.rest[:0]
		return
	}
	s.rest = append(s.rest, b...)
}

func (s *summer) name(kind byte, n Name) {
	if len(n) > 512 {
		s.text(kind, []byte(n))
		return
	}
	s.number(kind, int64(len(n)))
	s.rest = append(s.rest, n...)
}

func (s *summer) number(kind byte, n int64) {
	s.rest = binary.BigEndian.AppendUint64(append(s.rest, kind), uint64(n))
	if len(s.rest) > 4096 {
		s.h.Write(s.rest)
		s.rest = s.rest[:0]
	}
}

func (s *summer) object(o Object) {
	switch o := o.(type) {
	case Bool:
		n := int64(0)
		if o {
			n = 1
		}
		s.number('b', n)
	case Integer:
		s.number('i', int64(o))
	case Real:
		s.text('r', []byte(o))
	case String:
		s.text('s', o)
	case Name:
		s.name('n', o)
	case Ref:
		s.number('R', int64(o.Num)<<16|int64(o.Gen))
	case Array:
		s.number('a', int64(len(o)))
		for _, v := range o {
			s.object(v)
		}
	case Dict:
		s.dict(o)
	case *Stream:
		if o != nil {
			s.dict(o.Dict)
			return
		}
		s.number('0', 0)
	case Word:
		s.text('w', []byte(o))
	case Raw:
		s.text('x', o) // equals nothing that is read
	default:
		s.number('0', 0)
	}
}

// dict sums up a dictionary. Entries that are null mean the same as absent ones.
func (s *summer) dict(d Dict) {
	s.number('d', 0)
	first := len(s.keys)
	for key := range d {
		s.keys = append(s.keys, key)
	}
	keys := s.keys[first:]
	slices.Sort(keys)
	for _, key := range keys {
		switch v := d[key].(type) {
		case nil, Null:
		case *Stream:
			if v != nil {
				s.name('k', key)
				s.object(v)
			}
		default:
			s.name('k', key)
			s.object(v)
		}
	}
	s.keys = s.keys[:first]
	s.number('e', 0)
}
