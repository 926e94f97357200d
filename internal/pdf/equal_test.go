// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"reflect"
	"testing"
)

// TestEqual agrees with reflect about everything but what is nil or empty.
func TestEqual(t *testing.T) {
	s := &Stream{Dict: Dict{"Length": Integer(1)}}
	all := []Object{
		nil,
		Null{},
		Bool(true), Bool(false), Integer(1), Integer(2), Real("1"), Real("1.0"), String("a"), String("b"), Name("a"), Raw("a"), Word("a"),
		Ref{1, 0},
		Ref{1, 1},
		Array{Integer(1)},
		Array{Integer(1), Integer(1)},
		Array{Ref{1, 0}, Array{Name("a")}},
		Array{Ref{1, 0}, Array{Name("b")}},
		Dict{"A": Integer(1)},
		Dict{"A": Integer(2)},
		Dict{"B": Integer(1)},
		Dict{"A": Integer(1), "B": String("x")},
		Dict{"A": Dict{"A": Array{}}},
		s,
	}
	for i, a := range all {
		for j, b := range all {
			if got, want := Equal(a, b), reflect.DeepEqual(a, b); got != want || want != (i == j) {
				t.Errorf("%#v and %#v: %v", a, b, got)
			}
			if c := Clone(b); b != nil && i != j && Equal(a, c) {
				t.Errorf("%#v and a copy of %#v are equal", a, b)
			}
		}
		if _, stream := a.(*Stream); !stream && !Equal(a, Clone(a)) {
			t.Errorf("%#v is not its copy", a)
		}
	}
}
