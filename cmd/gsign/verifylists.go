// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gsign/internal/config"
	"gsign/internal/trustlist"
	"gsign/pkg/verify"
)

// trustListResult is a trusted list that was read.
type trustListResult struct {
	File       string    `json:"file"`
	Territory  string    `json:"territory"`
	Operator   string    `json:"operator"`
	Type       string    `json:"type"`
	Sequence   string    `json:"sequence_number"`
	Issued     time.Time `json:"issued"`
	NextUpdate time.Time `json:"next_update,omitzero"` // absent: it is closed
	Outdated   bool      `json:"outdated,omitempty"`   // by the time of validation; --trust-list-outdated took it
	Signer     string    `json:"signer,omitempty"`     // absent: the signature was not checked
	SignerBy   string    `json:"signer_named_by,omitempty"`
	Services   int       `json:"services"`
	Anchors    int       `json:"anchors"` // services that are or were to be trusted, with a certificate
	Pointers   []string  `json:"pointers,omitempty"`
	NotUsed    []string  `json:"not_used,omitempty"`
}

// serviceResult is the service of a trusted list that a chain ends at, as it was for the time that counts.
type serviceResult struct {
	List       string    `json:"list"`
	Territory  string    `json:"territory"`
	Provider   string    `json:"provider"`
	Service    string    `json:"service"`
	Type       string    `json:"type"`
	Status     string    `json:"status"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until,omitzero"`
	Qualifiers []string  `json:"qualifiers,omitempty"`
}

// listArguments checks the flags about trusted lists.
func (f *verifyFlags) listArguments() error {
	switch {
	case len(f.trustLists) == 0 && (len(f.listSigners) > 0 || f.listUnverified || f.listOutdated):
		return &usageError{"there is no --trust-list that the flags about trusted lists are for", ""}
	case len(f.trustLists) > 0 && len(f.listSigners) == 0 && !f.listUnverified:
		return &usageError{
			"--trust-list goes with --trust-list-signer FILE, the certificate of who signs the list, or with --trust-list-unverified",
			"the Official Journal of the EU publishes the certificates of the list of lists; that list names the signers of the others",
		}
	case len(f.listSigners) > 0 && f.listUnverified:
		return &usageError{"--trust-list-signer and --trust-list-unverified contradict each other", ""}
	}
	return nil
}

// purposes are what the services of lists are anchors for.
var purposes = map[trustlist.Use]verify.Purpose{
	trustlist.Signatures: verify.ForSignatures, trustlist.Timestamps: verify.ForTimestamps, trustlist.Evidence: verify.ForEvidence,
}

// addLists reads the trusted lists, and makes anchors of their services.
func (t *anchors) addLists(f *verifyFlags) error {
	if len(f.trustLists) == 0 {
		return nil
	}
	named, err := config.TrustLists(f.trustLists)
	if err != nil {
		return err
	}
	opts := &trustlist.Options{Unverified: f.listUnverified}
	if opts.Signers, err = config.ListSigners(f.listSigners); err != nil {
		return err
	}
	var files []trustlist.File
	for _, n := range named {
		files = append(files, trustlist.File(n))
	}
	lists, err := trustlist.ReadAll(files, opts)
	if err != nil {
		return &listError{err}
	}
	var services []*serviceResult
	for _, l := range lists {
		r := newTrustList(l, f.time)
		if r.Outdated && !f.listOutdated {
			return &outdatedError{l.Name, l.NextUpdate}
		}
		for i := range l.Services {
			found := t.addService(l, &l.Services[i])
			services = append(services, found...)
			if len(found) > 0 {
				r.Anchors++
			}
		}
		t.lists = append(t.lists, r)
		t.said = append(t.said, r.String())
	}
	t.set = verify.NewAnchorSet(t.listed)
	t.services = map[*verify.Anchor]*serviceResult{}
	for i := range t.listed {
		t.services[&t.listed[i]] = services[i]
	}
	return nil
}

// addService adds an anchor for each certificate and each period for which a service is to be trusted.
func (t *anchors) addService(l *trustlist.List, s *trustlist.Service) []*serviceResult {
	var found []*serviceResult
	for _, p := range s.Periods {
		if p.Use == 0 {
			continue
		}
		r := &serviceResult{
			List: l.Name, Territory: l.Territory, Provider: s.Provider, Service: s.Name, Type: p.Type, Status: p.Status,
			From: p.From, Until: p.Until, Qualifiers: p.Qualifiers,
		}
		for _, c := range s.Certificates {
			t.listed = append(t.listed, verify.Anchor{
				Certificate: c, From: p.From, Until: p.Until, For: purposes[p.Use], Source: r.String(), Group: l.Name + "\x00" + s.Provider,
			})
			found = append(found, r)
		}
	}
	return found
}

func (r *serviceResult) String() string {
	text := fmt.Sprintf("the trusted list of %s in %s: %s, %s (%s, %s since %s", r.Territory, r.List, r.Provider, r.Service, r.Type, r.Status, r.From.Format(time.DateOnly))
	if !r.Until.IsZero() {
		text += " until " + r.Until.Format(time.DateOnly)
	}
	if len(r.Qualifiers) > 0 {
		text += "; " + strings.Join(r.Qualifiers, ", ")
	}
	return text + ")"
}

func newTrustList(l *trustlist.List, now time.Time) trustListResult {
	r := trustListResult{
		File: l.Name, Territory: l.Territory, Operator: l.Operator, Type: l.Type, Sequence: l.Sequence, Issued: l.Issued, NextUpdate: l.NextUpdate,
		Outdated: !l.NextUpdate.IsZero() && l.NextUpdate.Before(now), Signer: subject(l.Signer), SignerBy: l.By, Services: len(l.Services), NotUsed: l.Notes,
	}
	for _, p := range l.Pointers {
		r.Pointers = append(r.Pointers, fmt.Sprintf("%s, %s: %s", p.Territory, p.Type, p.Location))
	}
	return r
}

// String is one line about a list.
func (r *trustListResult) String() string {
	text := fmt.Sprintf("the trusted list of %s in %s (no. %s of %s, issued %s", r.Territory, r.File, r.Sequence, r.Operator, r.Issued.Format(time.DateOnly))
	switch {
	case r.NextUpdate.IsZero():
		text += ", closed"
	case r.Outdated:
		text += ", OUT OF DATE since " + r.NextUpdate.Format(time.DateOnly)
	}
	switch {
	case r.Signer == "":
		text += ", its signature NOT checked"
	case r.SignerBy != "":
		text += ", signed by " + r.Signer + ", whom the list of lists of " + r.SignerBy + " names"
	default:
		text += ", signed by " + r.Signer
	}
	if len(r.Pointers) > 0 && r.Services == 0 {
		return text + "): " + plural(len(r.Pointers), "pointer") + " to other lists"
	}
	return fmt.Sprintf("%s): %d of %s", text, r.Anchors, plural(r.Services, "service"))
}

// listError says that a trusted list cannot be used.
type listError struct{ err error }

func (e *listError) Error() string {
	if file, ok := errors.AsType[*trustlist.FileError](e.err); ok {
		return fmt.Sprintf("read the trusted list %s: %v", file.Name, file.Err)
	}
	return "read trusted lists: " + e.err.Error()
}

func (e *listError) Unwrap() error { return e.err }

// outdatedError says that there is a newer list.
type outdatedError struct {
	name  string
	since time.Time
}

func (e *outdatedError) Error() string {
	return fmt.Sprintf("the trusted list %s is out of date: the next one was due by %s (TS 119 612 5.3.15)", e.name, e.since.Format(time.RFC3339))
}
