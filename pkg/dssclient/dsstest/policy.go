// SPDX-License-Identifier: Apache-2.0

package dsstest

// Policy is an account's validation policy.
type Policy struct{}

// DynamicPolicy allows every field of the subject and requires none.
func DynamicPolicy() *Policy { return &Policy{} }

// StaticPolicy fixes the whole subject: only {} is a good request.
func StaticPolicy() *Policy { return &Policy{} }
