// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
)

// errReread says that the disk gives back something else than what was written.
var errReread = errors.New("what was read back from the disk is not what was written")

// reread reads the whole output back and compares its sum with want, that of the bytes that were signed and verified.
// Without it those were read from the system's memory of the file. The output is brought to the disk first and that
// memory given up, where the system allows it (posix_fadvise on Linux), so that the bytes come from the device. What this
// proves: that the file system and the device give back the very bytes that were verified, at this moment. What it cannot:
// that they come from the medium and not from a cache of the device's own or of a network file system's server, nor
// that they stay.
func (d *document) reread(ctx context.Context, want string) error {
	d.job.Progress.stage("reading back")
	f := d.out.tmp.f
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write the output to the disk: %w", err)
	}
	forget(f, d.size)
	if err := testOnlyWriteFault("reread"); err != nil {
		return fmt.Errorf("read the output back: %w", err)
	}
	h := sha256.New()
	var progress atomic.Int64
	if err := hashRange(ctx, h, f, 0, d.size, &progress); err != nil {
		return fmt.Errorf("read the output back: %w", err)
	}
	if sum(h) != want {
		return &SelfCheckError{Err: errReread}
	}
	d.result.Output.Reread = true
	return nil
}
