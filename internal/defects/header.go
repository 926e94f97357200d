// SPDX-License-Identifier: Apache-2.0

package defects

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Trust is the file with the certificates to trust.
const Trust = "root.pem"

// header is the text beside a file: what must be said of it, a line each. What judges say follows and is kept.
func (c *Case) header(judges []string) string {
	lines := []string{
		"Defect: " + c.Defect,
		"Clause: " + c.Clause,
		"Time: " + c.Time.UTC().Format(time.RFC3339),
		"Trust: " + Trust,
		"Indication: " + c.Indication,
		strings.TrimRight("SubIndication: "+c.SubIndication, " "),
		"Level: " + c.Level,
		"Exit: " + strconv.Itoa(c.Exit),
		strings.TrimRight("Finding: "+c.Finding, " "),
	}
	return strings.Join(append(lines, judges...), "\n") + "\n"
}

// read takes what is said from a header.
func (c *Case) read(text string) (judges []string, err error) {
	fields := map[string]*string{
		"Defect": &c.Defect, "Clause": &c.Clause, "Indication": &c.Indication, "SubIndication": &c.SubIndication, "Level": &c.Level, "Finding": &c.Finding,
	}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok:
			return nil, fmt.Errorf("reading the header of %s: %q has no colon", c.Name, line)
		case fields[key] != nil:
			*fields[key] = value
		case key == "Time":
			c.Time, err = time.Parse(time.RFC3339, value)
		case key == "Exit":
			c.Exit, err = strconv.Atoi(value)
		case key == "Trust":
		default:
			judges = append(judges, strings.TrimSpace(line))
		}
		if err != nil {
			return nil, fmt.Errorf("reading the header of %s: %w", c.Name, err)
		}
	}
	return judges, nil
}

// Read reads the files of a folder, and the certificates to trust.
func Read(dir string) ([]Case, []*x509.Certificate, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, nil, err
	}
	var all []Case
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		c := Case{Name: strings.TrimSuffix(filepath.Base(name), ".txt")}
		_, err = c.read(string(text))
		if err != nil {
			return nil, nil, err
		}
		c.Bytes, err = os.ReadFile(strings.TrimSuffix(name, ".txt") + ".pdf")
		if err != nil {
			return nil, nil, err
		}
		all = append(all, c)
	}
	roots, err := readRoots(filepath.Join(dir, Trust))
	return all, roots, err
}

func readRoots(name string) ([]*x509.Certificate, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var roots []*x509.Certificate
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		roots = append(roots, c)
	}
	return roots, nil
}

// WriteHeaders writes anew what must be said of files that are there. The files stay: all must be.
func WriteHeaders(dir string, all []Case) error {
	for i := range all {
		name := filepath.Join(dir, all[i].Name)
		_, err := os.Stat(name + ".pdf")
		if err == nil {
			err = all[i].writeHeader(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Write writes files and headers, and the certificates to trust. What judges said in the headers that are there stays; files
// that are not made any more are taken away.
func Write(dir string, all []Case, roots []*x509.Certificate) error {
	err := os.MkdirAll(dir, 0o755)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return err
	}
	for _, name := range old {
		name = strings.TrimSuffix(name, ".txt")
		if !slices.ContainsFunc(all, func(c Case) bool { return c.Name == filepath.Base(name) }) {
			err := errors.Join(os.Remove(name+".txt"), os.Remove(name+".pdf"))
			if err != nil {
				return err
			}
		}
	}
	for i := range all {
		err := all[i].write(filepath.Join(dir, all[i].Name))
		if err != nil {
			return err
		}
	}
	var trust bytes.Buffer
	for _, c := range roots {
		err := pem.Encode(&trust, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
		if err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, Trust), trust.Bytes(), 0o644)
}

func (c *Case) write(name string) error {
	err := c.writeHeader(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name+".pdf", c.Bytes, 0o644)
}

func (c *Case) writeHeader(name string) error {
	var judges []string
	was, err := os.ReadFile(name + ".txt")
	if err == nil {
		judges, err = new(Case).read(string(was))
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(name+".txt", []byte(c.header(judges)), 0o644)
}
