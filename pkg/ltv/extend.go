// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"context"
	"errors"
	"io"
)

// Extend turns a B-T document into B-LT.
func Extend(ctx context.Context, r io.ReaderAt, size int64, opts *Options) (suffix []byte, report *Report, err error) {
	return nil, nil, errors.New("not implemented")
}
