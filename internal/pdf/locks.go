// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"reflect"

	"gsign/internal/limits"
)

// A lock is what a trailer says about encryption: how, and the identifier that is part of the key.
type lock struct{ encrypt, id Object }

// locks gives what the trailers say, the best first, each once. A trailer that names an encryption dictionary and has no
// identifier is tried with those of others, and without: the check of the password tells what belongs together.
func (s *scan) locks(old reading) []lock {
	var trailers []Dict
	for _, sec := range old.sections {
		trailers = append(trailers, sec.Trailer)
	}
	for i := len(s.trailers) - 1; i >= 0; i-- {
		if !s.trailers[i].inside {
			trailers = append(trailers, s.trailers[i].dict)
		}
	}
	var all []lock
	add := func(l lock) {
		for _, other := range all {
			if reflect.DeepEqual(l, other) {
				return
			}
		}
		if len(all) <= limits.PDFLocks {
			all = append(all, l)
		}
	}
	for _, t := range trailers {
		switch {
		case t["Encrypt"] == nil:
		case t["ID"] != nil:
			add(lock{t["Encrypt"], t["ID"]})
		default:
			for _, other := range trailers {
				if other["ID"] != nil {
					add(lock{t["Encrypt"], other["ID"]})
				}
			}
			add(lock{t["Encrypt"], nil})
		}
	}
	return all
}

// unlockOne finds the key of a file that was recovered, with the encryption dictionary and the identifier that belong
// together. Where the password opens the file with one key and with another, it can be read in more than one way.
func (f *File) unlockOne(locks []lock) error {
	if len(locks) == 0 {
		return nil
	}
	if len(locks) > limits.PDFLocks {
		return malformed(-1, "its trailers say in more than %d ways how it is encrypted", limits.PDFLocks)
	}
	set := func(l lock) error {
		trailer := f.sections[0].Trailer
		delete(trailer, "ID")
		trailer["Encrypt"] = l.encrypt
		if l.id != nil {
			trailer["ID"] = l.id
		}
		f.cache, f.packed = objectCache{}, packedCache{}
		return f.unlock()
	}
	var first error
	good := -1
	for i, l := range locks {
		was := f.crypt
		err := set(l)
		switch {
		case err != nil && !IsMalformed(err) && !IsLocked(err):
			return err
		case err != nil:
			f.crypt = was
			if first == nil {
				first = err
			}
		case good < 0:
			good = i
		case !f.crypt.Same(was):
			return ambiguous(-1, "trailers name encryption dictionaries that the password opens with different keys")
		}
	}
	if good < 0 {
		return first
	}
	return set(locks[good])
}
