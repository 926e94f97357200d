// SPDX-License-Identifier: Apache-2.0

// Package limits holds every bound on what is read from outside: sizes in bytes, depths and counts, each with the
// sentence that says where its number comes from.
package limits
