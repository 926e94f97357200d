// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
)

// A MismatchError says that a finished file does not read as it was meant to.
type MismatchError struct{ What string }

func (e *MismatchError) Error() string {
	return "the finished file does not read as intended: " + e.What
}

func mismatch(format string, args ...any) error {
	return &MismatchError{What: fmt.Sprintf(format, args...)}
}

// Reread compares a finished file with what was meant: after was opened by itself, from its end, and shares nothing with
// what wrote it; before is the original; the intents are those of all revisions that were appended, in their order. The
// original's bytes are not read again: that the file begins with them is for whoever copied them to prove. So an object
// that stands where it stood, is the object that it was, and what has to be read are the new ones.
func Reread(before, after *File, intents ...*Intent) error {
	if len(intents) == 0 {
		return mismatch("nothing was appended")
	}
	r := rereading{before: before, after: after, intents: intents}
	if err := r.revisions(); err != nil {
		return err
	}
	return r.run()
}

// Rehearse is [Reread] for a revision that is not in a file yet: its bytes are those in memory, and need no comparison.
func Rehearse(before, after *File, in *Intent) error {
	r := rereading{before: before, after: after, intents: []*Intent{in}}
	return r.run()
}

func (r *rereading) run() error {
	r.intended = map[uint32]Intended{}
	for _, in := range r.intents {
		for _, o := range in.Objects {
			r.intended[o.Ref.Num] = o
		}
	}
	for _, step := range []func() error{r.ending, r.trailer, r.entries, r.objects, r.pages, r.damages} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

type rereading struct {
	before, after *File
	intents       []*Intent
	intended      map[uint32]Intended // the newest of each number
}

func (r *rereading) last() *Intent { return r.intents[len(r.intents)-1] }

// revisions compares the bytes appended.
func (r *rereading) revisions() error {
	at := r.before.src.size
	for i, in := range r.intents {
		if in.Size != at || in.End <= at || in.End > r.after.src.size {
			return mismatch("revision %d is from %d to %d in a file of %d bytes", i+1, in.Size, in.End, r.after.src.size)
		}
		same, err := r.written(at, in)
		if err != nil {
			return err
		}
		if !same {
			return mismatch("the bytes of revision %d, %d to %d, are not those that were written", i+1, at, in.End)
		}
		at = in.End
	}
	if at != r.after.src.size {
		return mismatch("%d bytes follow the last revision", r.after.src.size-at)
	}
	return nil
}

// written reports whether a revision's bytes are those that were meant.
func (r *rereading) written(at int64, in *Intent) (bool, error) {
	if in.Bytes != nil && int64(len(in.Bytes)) != in.End-at {
		return false, nil
	}
	h, want := sha256.New(), in.Bytes
	for at < in.End {
		buf, err := r.after.src.at(at)
		if err != nil {
			return false, err
		}
		buf = buf[:min(int64(len(buf)), in.End-at)]
		if len(buf) == 0 {
			return false, nil
		}
		at += int64(len(buf))
		if in.Bytes == nil {
			h.Write(buf)
			continue
		}
		if !bytes.Equal(buf, want[:len(buf)]) {
			return false, nil
		}
		want = want[len(buf):]
	}
	return in.Bytes != nil || bytes.Equal(h.Sum(nil), in.SHA256), nil
}

// ending checks that who reads from the end meets the last revision.
func (r *rereading) ending() error {
	want := fmt.Appendf(nil, "startxref\n%d\n%%%%EOF\n", r.last().Section-r.after.base)
	got := make([]byte, min(int64(len(want)), r.after.src.size))
	if err := r.after.src.readFull(got, r.after.src.size-int64(len(got))); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return mismatch("it does not end in startxref and the place of the last cross-reference")
	}
	if at := r.after.sections[0].Offset; at != r.last().Section {
		return mismatch("the last cross-reference is at %d and not at %d", at, r.last().Section)
	}
	return nil
}

// trailer checks what the trailer hands on.
func (r *rereading) trailer() error {
	if r.after.root != r.before.root || r.after.root != r.last().Root {
		return mismatch("catalog %v became %v", r.before.root, r.after.root)
	}
	old, now := r.before.sections[0].Trailer, r.after.sections[0].Trailer
	if !bytes.Equal(sumTrailer(now), r.last().Trailer) {
		return mismatch("the trailer is not the one that was written")
	}
	for _, key := range []Name{"Root", "Info", "Encrypt"} {
		if !bytes.Equal(sumObject(old[key], nil, nil), sumObject(now[key], nil, nil)) {
			return mismatch("the trailer's /%s changed", key)
		}
	}
	id, err := r.after.Array(now["ID"])
	if err != nil || len(id) != 2 {
		return mismatch("the trailer has no /ID of two parts")
	}
	if first, ok := id[0].(String); !ok || !bytes.Equal(first, r.before.firstID(first)) {
		return mismatch("the first part of the trailer's /ID changed")
	}
	if n := r.after.declaredSize(); n <= int64(r.after.entries.highest) {
		return mismatch("the trailer's /Size is %d, and there is an object %d", n, r.after.entries.highest)
	}
	return nil
}

// entries checks that each object is found where it was written, and each other one where it was.
func (r *rereading) entries() error {
	for num, o := range r.intended {
		if e := r.after.entries.get(num); e != offsetEntry(o.Offset, o.Ref.Gen) {
			return mismatch("object %v was written at %d and is not found there", o.Ref, o.Offset)
		}
	}
	for _, x := range []*File{r.before, r.after} {
		for first, b := range x.entries.blocks {
			was, is := r.before.entries.blocks[first], r.after.entries.blocks[first]
			if was == is || was != nil && is != nil && *was == *is {
				continue
			}
			for i := range b {
				num := first*entryBlock + uint32(i)
				if _, ok := r.intended[num]; ok {
					continue
				}
				if r.before.entries.get(num).place() != r.after.entries.get(num).place() {
					return mismatch("object %d is not found where it was", num)
				}
			}
		}
	}
	return nil
}

// place is the entry of an object that is there, and zero for a free one.
func (e entry) place() entry {
	if k := e.kind(); k == entryOffset || k == entryPacked {
		return e
	}
	return 0
}

// objects reads what was written.
func (r *rereading) objects() error {
	for _, o := range r.intended {
		v, err := r.after.Object(o.Ref)
		if err != nil {
			return unreadable(err, "object %v", o.Ref)
		}
		sum := sumObject(v, nil, o.Except)
		if s, ok := v.(*Stream); ok {
			if sum, err = r.stream(o, s); err != nil {
				return err
			}
		}
		if o.Sum != nil && !bytes.Equal(sum, o.Sum) {
			return mismatch("object %v is not what was written", o.Ref)
		}
	}
	return nil
}

// stream sums up a stream, whose /Length must be right.
func (r *rereading) stream(o Intended, s *Stream) ([]byte, error) {
	data, err := r.after.plainData(s, r.after.src.size)
	if err != nil {
		return nil, unreadable(err, "object %v", o.Ref)
	}
	if n, err := r.after.streamLength(s); err != nil || s.Dict["Length"] != Object(Integer(n)) {
		return nil, mismatch("object %v has %d bytes and another /Length", o.Ref, n)
	}
	return sumStream(s.Dict, data), nil
}

// pages compares the page trees. Their nodes are where they were or were written anew, so counting is enough.
func (r *rereading) pages() error {
	was, err := r.before.PageCount()
	if err != nil {
		if IsMalformed(err) {
			return nil // there was no page tree that could have been lost
		}
		return err
	}
	is, err := r.after.PageCount()
	if err != nil {
		return unreadable(err, "the page tree")
	}
	if was != is {
		return mismatch("%d pages became %d", was, is)
	}
	first, _, err := r.before.Page(0)
	if err != nil {
		if IsMalformed(err) {
			return nil
		}
		return err
	}
	now, _, err := r.after.Page(0)
	if err != nil {
		return unreadable(err, "the first page")
	}
	if first != now {
		return mismatch("the first page was %v and is %v", first, now)
	}
	return nil
}

// damages checks that nothing is wrong that was not wrong before.
func (r *rereading) damages() error {
	if r.after.recovered {
		return mismatch("it has to be recovered")
	}
	for _, d := range r.after.damage {
		if !slices.Contains(r.before.damage, d) {
			return mismatch("it is damaged: %s", d.What)
		}
	}
	return nil
}

// unreadable makes a mismatch of what cannot be read in the finished file.
func unreadable(err error, format string, args ...any) error {
	if !IsMalformed(err) {
		return err
	}
	return mismatch("%s cannot be read: %v", fmt.Sprintf(format, args...), err)
}
