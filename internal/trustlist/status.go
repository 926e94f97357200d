// SPDX-License-Identifier: Apache-2.0

package trustlist

import (
	"slices"
	"strings"
	"time"
)

// eidas is when Regulation (EU) 910/2014 began to apply, 2016-07-01 in Brussels. The status of services under Directive
// 1999/93/EC ended there (TS 119 612 5.5.4, TS 119 615 4.3).
var eidas = time.Date(2016, 6, 30, 22, 0, 0, 0, time.UTC)

// The beginnings of ETSI's identifiers.
var (
	typePrefixes   = []string{"http://uri.etsi.org/TrstSvc/Svctype/"}
	statusPrefixes = []string{
		"http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/",
		"http://uri.etsi.org/TrstSvc/eSigDir-1999-93-EC-TrustedList/Svcstatus/", // in the history of old services
		"http://uri.etsi.org/TrstSvc/Svcstatus/eSigDir-1999-93-EC-TrustedList/",
	}
)

// uses are the types of services that are anchors (TS 119 612 5.5.1). A national root (NationalRootCA-QC) is none: it
// would bring back the services below it that were withdrawn.
var uses = map[string]Use{
	"CA/QC": Signatures, "CA/PKC": Signatures,
	"TSA/QTST": Timestamps, "TSA": Timestamps, "TSA/TSS-QC": Timestamps, "TSA/TSS-AdESQCandQES": Timestamps,
	"Certstatus/OCSP": Evidence, "Certstatus/OCSP/QC": Evidence,
}

// approved are the statuses of a service that is to be trusted (TS 119 612 5.5.4), and whether they ended with eIDAS. A
// service in cessation is supervised until it has ceased.
var approved = map[string]bool{
	"granted": false, "recognisedatnationallevel": false,
	"undersupervision": true, "supervisionincessation": true, "accredited": true, "setbynationallaw": true,
}

// short takes the beginning off one of ETSI's identifiers; others stay as they are.
func short(uri string, prefixes []string) string {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(uri, p); ok && rest != "" {
			return rest
		}
	}
	return uri
}

// instance is a service at one time of its life.
type instance struct {
	kind, status string // URIs
	from         time.Time
	qualifiers   []string
	unknown      string // a critical extension that is not understood
}

// periods makes the periods of a service: each status counts until the next. The first instance is the present. Lists have
// several entries of one time where something else than the status changed: the newest counts, and stands first.
func periods(all []instance) (list []Period, problem string) {
	all = slices.Clone(all)
	for _, h := range all[1:] {
		if h.from.After(all[0].from) {
			return nil, "its history has a status that is newer than the present one"
		}
	}
	slices.SortStableFunc(all[1:], func(a, b instance) int { return b.from.Compare(a.from) })
	var until time.Time
	for _, i := range all {
		if until.IsZero() || i.from.Before(until) {
			list = append(list, i.period(until)...)
		}
		until = i.from
	}
	return list, ""
}

// period is in two parts where a status of the directive goes on beyond it.
func (i *instance) period(until time.Time) []Period {
	p := Period{From: i.from, Until: until, Type: short(i.kind, typePrefixes), Status: short(i.status, statusPrefixes), Qualifiers: i.qualifiers}
	old, ok := approved[p.Status]
	if !ok || i.unknown != "" {
		return []Period{p}
	}
	trusted := p
	trusted.Use = uses[p.Type]
	switch {
	case !old || !until.IsZero() && !until.After(eidas):
		return []Period{trusted}
	case !p.From.Before(eidas):
		return []Period{p}
	}
	p.From, trusted.Until = eidas, eidas
	return []Period{p, trusted}
}
