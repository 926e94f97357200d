// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"errors"
	"time"
)

// Signature is a signed field as it was found in a file.
type Signature struct {
	Field       string // fully qualified name
	Page        int    // index of the page with its widget, -1 when there is none
	Timestamp   bool   // a document timestamp (/Type /DocTimeStamp or /SubFilter /ETSI.RFC3161)
	Type        string // /Type, empty when absent
	Filter      string
	SubFilter   string
	Time        time.Time // /M, zero when absent or not a date
	Reason      string
	Location    string
	ContactInfo string
	Name        string
	ByteRange   []int64 // as found
	Contents    []byte  // decoded, with padding
	// ContentsStart and ContentsEnd are the extent of the hex string with "<" and ">", -1 when unknown.
	ContentsStart, ContentsEnd int64
	CMS                        []byte    // Contents without padding; nil when they are no DER or BER element
	Whole                      bool      // the ByteRange covers the whole file but Contents
	Problems                   []Problem // what is wrong with the structure
}

// Problem is a departure from the standard found while reading.
type Problem struct {
	Check  string // number of the requirement, "A5"
	Clause string // "ISO 32000-2 12.8.1"
	Text   string
}

// RevisionEnd returns the offset where the signed revision ends, -1 when the ByteRange is no range.
func (s *Signature) RevisionEnd() int64 { return -1 }

// Signatures returns all signed fields, document timestamps included, oldest revision first.
func (d *Document) Signatures() ([]Signature, error) { return nil, errors.New("not implemented") }

// EmptyFields returns the fully qualified names of the signature fields that are not signed.
func (d *Document) EmptyFields() ([]string, error) { return nil, errors.New("not implemented") }
