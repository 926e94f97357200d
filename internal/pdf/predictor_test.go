// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// TestPredictorPieces reads predicted rows in pieces of all kinds: what comes out is the same.
func TestPredictorPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, row := range []int{1, 5, 8, 300, predictorPiece / 4, predictorPiece + 1} {
		for _, pixel := range []int{1, 4} {
			var coded, want []byte
			prev := make([]byte, row)
			for i := range 40 {
				cur := make([]byte, row)
				for j := range cur {
					cur[j] = byte(random.Uint32())
				}
				coded = append(coded, byte(i%5))
				for j := range cur {
					var left, upLeft byte
					if j >= pixel {
						left, upLeft = cur[j-pixel], prev[j-pixel]
					}
					guess := []byte{0, left, prev[j], byte((int(left) + int(prev[j])) / 2), paeth(left, prev[j], upLeft)}
					coded = append(coded, cur[j]-guess[i%5])
				}
				want, prev = append(want, cur...), cur
			}
			params := Dict{"Predictor": Integer(15), "Columns": Integer(row), "BitsPerComponent": Integer(8)}
			if row%pixel == 0 {
				params["Columns"], params["Colors"] = Integer(row/pixel), Integer(pixel)
			} else if pixel > 1 {
				continue
			}
			for _, short := range []int{0, row / 2} { // the last row may lack its end
				for name, in := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader} {
					for _, size := range []int{1, 3, row, row + 1, 2*row + 3, 32 << 10} {
						r, err := predictor(in(bytes.NewReader(coded[:len(coded)-short])), params)
						if err != nil {
							t.Fatal(err)
						}
						var got bytes.Buffer
						if _, err = io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{r}, make([]byte, size)); err != nil {
							t.Fatal(err)
						}
						if !bytes.Equal(got.Bytes(), want[:len(want)-short]) {
							t.Errorf("row %d, pixel %d, %d short, %s, %d at a time", row, pixel, short, name, size)
						}
					}
				}
			}
		}
	}
}
