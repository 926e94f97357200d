// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"crypto/rand"
	"fmt"
	"maps"
	"math"

	"gsign/internal/limits"
)

// An Update collects new values of objects. [Update.Build] makes the bytes of an incremental update (ISO 32000-2, 7.5.6).
type Update struct {
	f       *File
	next    uint32 // the object number to be given next
	first   uint32 // the first number beyond those of the file
	damaged bool   // the file had been recovered when the update began
	objects map[Ref]pending

	meanings map[Ref]meaning
	trailer  Dict
	id       String
	err      error // the first misuse: reported by Build
}

type pending struct {
	object Object
	data   []byte
	stream bool
}

// A Revision is an incremental update: append Bytes to the file.
type Revision struct {
	Bytes  []byte
	Offset map[Ref]int64 // where "n g obj" begins, counted from the start of the finished file
	Intent *Intent       // what it says, for Reread
}

// NewUpdate begins an update of the file.
func (f *File) NewUpdate() *Update {
	u := &Update{f: f, damaged: f.recovered, objects: map[Ref]pending{}, meanings: map[Ref]meaning{}, trailer: Dict{}}
	u.next = uint32(min(int64(f.entries.highest)+1, math.MaxUint32))
	// A /Size that no reader would follow is not counted from.
	if size := f.declaredSize(); size > int64(u.next) && size <= limits.PDFObjectNumber {
		u.next = uint32(size)
	}
	u.first = u.next
	return u
}

func (f *File) declaredSize() int64 {
	n, _ := f.sections[0].Trailer["Size"].(Integer)
	return int64(n)
}

// Alloc gives a new object number: beyond all others, since free ones may be in use by readers of older revisions, and
// none that an object read so far refers to without its being there: the new one would come to stand in its place.
func (u *Update) Alloc() Ref {
	u.skipAbsent()
	if u.next == math.MaxUint32 {
		u.fail(malformed(-1, "no object number is left"))
		return Ref{}
	}
	u.next++
	return Ref{Num: u.next - 1}
}

func (u *Update) skipAbsent() {
	for u.next < math.MaxUint32 && u.f.entries.absent[u.next] {
		u.next++
	}
}

// Set gives ref a new value, which Build writes as it is then.
func (u *Update) Set(ref Ref, o Object) {
	if s, ok := o.(*Stream); ok && s == nil {
		o = Null{}
	}
	u.put(ref, pending{object: o})
}

// SetStream gives ref a new stream. The data is written as it is: the caller has compressed it where d says so. /Length
// is added.
func (u *Update) SetStream(ref Ref, d Dict, data []byte) {
	u.put(ref, pending{object: d, data: data, stream: true})
}

func (u *Update) put(ref Ref, p pending) {
	e := u.f.entries.get(ref.Num)
	switch {
	case ref.IsZero() || ref.Num == math.MaxUint32:
		u.fail(fmt.Errorf("update of object %d", ref.Num))
		return
	case e.kind() == entryOffset && e.gen() != ref.Gen, e.kind() == entryPacked && ref.Gen != 0:
		u.fail(fmt.Errorf("update of %v: the object has another generation", ref))
	}
	u.objects[ref] = p
	u.next = max(u.next, ref.Num+1)
}

// Get gives a copy of the object's pending value or, where there is none, the file's. It may be changed and set. Of a
// pending stream it gives the dictionary.
func (u *Update) Get(ref Ref) (Object, error) {
	if p, ok := u.objects[ref]; ok {
		return Clone(p.object), nil
	}
	o, err := u.f.Object(ref)
	if err != nil {
		return nil, err
	}
	return Clone(o), nil
}

// SetTrailer sets an entry of the new trailer; nil removes it. Those that describe the cross-reference itself cannot be set.
func (u *Update) SetTrailer(key Name, o Object) {
	if o == nil {
		o = Null{}
	}
	u.trailer[key] = o
}

// SetID sets the second element of /ID, and the first where the file has none. Without it 16 random bytes are taken.
func (u *Update) SetID(id []byte) { u.id = append(String{}, id...) }

func (u *Update) fail(err error) {
	if u.err == nil {
		u.err = err
	}
}

// structural are the trailer entries that belong to one section alone, and those of a cross-reference stream.
var structural = []Name{
	"Size", "Prev", "XRefStm", "Type", "W", "Index", "Length", "Filter", "DecodeParms", "F", "FFilter", "FDecodeParms", "DL",
}

// newTrailer makes the trailer: all that the last one had (7.5.6), and what was set.
func (u *Update) newTrailer() (Dict, error) {
	d := u.f.Trailer()
	maps.Copy(d, u.trailer)
	for _, key := range structural {
		delete(d, key)
	}
	for key, o := range d {
		if o == Object(Null{}) {
			delete(d, key)
		}
	}
	id := u.id
	if id == nil {
		id = make(String, 16)
		if _, err := rand.Read(id); err != nil {
			return nil, fmt.Errorf("making a file identifier: %w", err)
		}
	}
	_, set := u.trailer["ID"]
	switch first := u.f.firstID(id); {
	case set:
	case u.f.crypt != nil && len(u.f.id) == 0:
		// The first half is part of the key: where there is none it must stay empty.
		d["ID"] = Array{String{}, id}
	default:
		d["ID"] = Array{first, id}
	}
	size := max(u.f.declaredSize(), int64(u.next), int64(u.f.entries.highest)+1)
	d["Size"] = Integer(size)
	d["Prev"] = Integer(u.f.sections[0].Offset - u.f.base)
	return d, nil
}

// firstID gives the first element of the file's /ID, which stays the same for its life (14.4), or id where there is none.
func (f *File) firstID(id String) String {
	if f.crypt != nil && len(f.id) > 0 {
		return f.id
	}
	list, err := f.Array(f.sections[0].Trailer["ID"])
	if err != nil || len(list) == 0 {
		return id
	}
	first, err := f.String(list[0])
	if err != nil || len(first) == 0 {
		return id
	}
	return first
}
