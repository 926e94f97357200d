// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// canonicalBaseURL checks a base URL and gives it its /v2. Nothing but https is accepted. A path in front of /v2, of a
// reverse proxy, stays.
func canonicalBaseURL(s string) (string, error) {
	if s == "" {
		return DefaultBaseURL, nil
	}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // the URL itself may hold a password
		}
		return "", fmt.Errorf("base URL: %w", err)
	}
	switch {
	case u.Scheme != "https":
		return "", errors.New("base URL: must begin with https://")
	case u.Hostname() == "":
		return "", errors.New("base URL: no host")
	case u.User != nil:
		return "", errors.New("base URL: user name and password do not belong there")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(strings.TrimSpace(s), "#"):
		return "", errors.New("base URL: query and fragment do not belong there")
	}
	if p := u.Port(); p != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return "", errors.New("base URL: port is not a number from 1 to 65535")
		}
	}
	path, err := basePath(u.EscapedPath())
	if err != nil {
		return "", fmt.Errorf("base URL: %w", err)
	}
	return "https://" + strings.ToLower(u.Host) + path, nil
}

func basePath(escaped string) (string, error) {
	path := strings.TrimRight(escaped, "/")
	if path == "" {
		return "/v2", nil
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == "" || s == "." || s == ".." || strings.ContainsAny(s, "%;"):
			return "", fmt.Errorf("path %q is not plain", escaped)
		case s == "v2" && last:
			return path, nil
		case isVersion(s) && s != "v2":
			return "", fmt.Errorf("path %q names another version of the service than v2", escaped)
		case s == "v2":
			return "", fmt.Errorf("path %q goes on after /v2", escaped)
		}
	}
	return path + "/v2", nil
}

// isVersion reports whether a path segment is v and a number.
func isVersion(s string) bool {
	digits, ok := strings.CutPrefix(s, "v")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}
