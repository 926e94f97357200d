// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

var errTODO = errors.New("not implemented")

func Append(dst []byte, o Object) []byte    { return dst }
func TextString(s string) String            { return String(s) }
func (s String) Text() string               { return string(s) }
func Date(t time.Time) String               { return nil }
func ParseDate(s String) (time.Time, error) { return time.Time{}, errTODO }

type SectionKind int

const (
	Table SectionKind = iota + 1
	XRefStream
	Hybrid
)

type Section struct {
	Offset  int64
	Kind    SectionKind
	End     int64
	Trailer Dict
}

type File struct{}

func Open(r io.ReaderAt, size int64) (*File, error) { return nil, errTODO }
func (f *File) Size() int64                         { return 0 }
func (f *File) Version() string                     { return "" }
func (f *File) HeaderVersion() string               { return "" }
func (f *File) Trailer() Dict                       { return nil }
func (f *File) Sections() []Section                 { return nil }
func (f *File) Root() Ref                           { return Ref{} }
func (f *File) Catalog() (Dict, error)              { return nil, errTODO }
func (f *File) Object(ref Ref) (Object, error)      { return nil, errTODO }
func (f *File) Resolve(o Object) (Object, error)    { return nil, errTODO }

// Typed conveniences resolve references; null and absent (a nil Object) give the zero value and no error; another type is a *MalformedError.
func (f *File) Dict(o Object) (Dict, error)                          { return nil, errTODO } // a stream gives its dictionary
func (f *File) Array(o Object) (Array, error)                        { return nil, errTODO }
func (f *File) String(o Object) (String, error)                      { return nil, errTODO }
func (f *File) Name(o Object) (Name, error)                          { return "", errTODO }
func (f *File) Integer(o Object) (Integer, error)                    { return 0, errTODO }
func (f *File) Bool(o Object) (bool, error)                          { return false, errTODO }
func (f *File) Stream(o Object) (*Stream, error)                     { return nil, errTODO }
func (f *File) StreamData(s *Stream, limit int64) ([]byte, error)    { return nil, errTODO }
func (f *File) RawStreamData(s *Stream, limit int64) ([]byte, error) { return nil, errTODO }
func (f *File) InObjectStream(ref Ref) bool                          { return false }
func (f *File) Extent(ref Ref) (start, end int64, err error)         { return 0, 0, errTODO }
func (f *File) ValueExtents(ref Ref) (map[Name][2]int64, error)      { return nil, errTODO }

// PageCount is what the page tree's root declares; where it declares nothing usable, pages are counted. CountPages always counts.
func (f *File) PageCount() (int, error)                      { return 0, errTODO }
func (f *File) CountPages() (int, error)                     { return 0, errTODO }
func (f *File) Page(i int) (Ref, Dict, error)                { return Ref{}, nil, errTODO }
func (f *File) Pages() iter.Seq2[*Page, error]               { return nil }
func (f *File) PageAttr(page Dict, key Name) (Object, error) { return nil, errTODO } // Resources, MediaBox, CropBox, Rotate: own or inherited

type Page struct {
	Ref  Ref
	Dict Dict
}

func (f *File) Encrypted() bool { return false }

type Opinion struct {
	Root      Ref
	PageCount int
	Skipped   string // why there is no opinion, or ""
}

func (f *File) SecondOpinion(ctx context.Context) (*Opinion, error) { return nil, errTODO }

type Update struct{}

func (f *File) NewUpdate() *Update                       { return nil }
func (u *Update) Alloc() Ref                             { return Ref{} }
func (u *Update) Set(ref Ref, o Object)                  {}
func (u *Update) SetStream(ref Ref, d Dict, data []byte) {}
func (u *Update) Get(ref Ref) (Object, error)            { return nil, errTODO } // a copy, may be changed
func (u *Update) SetTrailer(key Name, o Object)          {}
func (u *Update) SetID(id []byte)                        {} // second (and, where missing, first) /ID element; default: 16 random bytes
func (u *Update) Build() (*Revision, error)              { return nil, errTODO }

type Revision struct {
	Bytes  []byte
	Offset map[Ref]int64
}

func Joined(r io.ReaderAt, size int64, suffix ...[]byte) (io.ReaderAt, int64) { return nil, 0 }
