// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"sync"

	"gsign/internal/term"
)

//go:embed report.html
var reportPage string

// reportTemplate is the page of --report html. Everything from files goes through html/template, which escapes it, and through
// term.Clean, which takes away what turns the reading order.
var reportTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"clean": term.Clean, "moment": moment,
		"cite":   func(f findingResult) string { return cite(&f) },
		"change": func(c changeResult) string { return changeText(&c) },
	}).Parse(reportPage))
})

// pictured is a result with the picture of its revisions.
type pictured struct {
	*fileResult

	Bars *bars
}

// bars are the revisions, each as wide as the part of the file up to its end.
type bars struct {
	Height int
	Rows   []bar
}

type bar struct {
	Y, TextY, Width int
	Fill, Text      string
}

const barHeight, barWidth = 24, 800

func newBars(r *fileResult) *bars {
	if len(r.Revisions) == 0 || r.Bytes == 0 {
		return nil
	}
	b := &bars{Height: barHeight * len(r.Revisions)}
	for i, rev := range r.Revisions {
		row := bar{
			Y: i * barHeight, TextY: i*barHeight + 15, Width: max(2, int(rev.End*barWidth/r.Bytes)), Fill: "#e4e4e4",
			Text: fmt.Sprintf("revision %d, to byte %d", rev.Number, rev.End),
		}
		switch {
		case rev.Timestamp:
			row.Fill, row.Text = "#cfe0f5", row.Text+", document timestamp "+rev.Field
		case rev.Field != "":
			row.Fill, row.Text = "#cdeccf", row.Text+", signature "+rev.Field
		}
		b.Rows = append(b.Rows, row)
	}
	return b
}

// writeReport writes one self-contained page about all files.
func writeReport(w io.Writer, results []*fileResult) error {
	var all []pictured
	for _, r := range results {
		all = append(all, pictured{r, newBars(r)})
	}
	return reportTemplate().Execute(w, all)
}
