// SPDX-License-Identifier: Apache-2.0

package pdf

import "slices"

// Options are the options of [OpenWith]. Nil is allowed.
type Options struct {
	// Strict refuses a damaged file with a *MalformedError instead of recovering what can be read in one way only.
	Strict bool
	// Password opens an encrypted file: the user's or the owner's. The empty user password is tried first and need not
	// be given.
	Password []byte
	// Original is the file that this one begins with, opened before. That it does so, byte for byte, is for the caller to
	// know. Its cross-reference is taken over where it is large and the chain of this file's leads to it, instead of being read
	// again. A small one is read again: the reading is then independent of the first one.
	Original *File
	// Share takes the cross-reference of Original over also where it is small: for those who compare many revisions.
	Share bool
}

// Damage is something that is wrong with the file and could be helped.
type Damage struct {
	Offset int64 // in the file; −1 where it has no place
	What   string
}

// Damage gives what was wrong with the file and has been recovered: nothing for a sound one.
func (f *File) Damage() []Damage { return slices.Concat(f.damage, f.words) }
