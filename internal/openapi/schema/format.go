package schema

import (
	"encoding/base64"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Formats that RE2 knows whole.
var (
	uuidForm     = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	durationForm = regexp.MustCompile(`^P([0-9]+W|([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?)$`)
	labelForm    = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?$`)
	timeForm     = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([zZ]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)
)

// formatted reports whether a string has a format; those that are not known, and
// those that ask for nothing (binary, password), take any.
func formatted(format, text string) bool {
	switch format {
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return err == nil
	case "time":
		return timeForm.MatchString(text)
	case "date-time":
		return len(text) > 11 && strings.IndexByte("tT ", text[10]) >= 0 && formatted("date", text[:10]) && timeForm.MatchString(text[11:])
	case "duration":
		return durationForm.MatchString(text) && text != "P" && !strings.HasSuffix(text, "T")
	case "uuid":
		return uuidForm.MatchString(text)
	case "email":
		a, err := mail.ParseAddress(text)
		return err == nil && a.Address == text
	case "hostname":
		return hostname(text)
	case "ipv4":
		a, err := netip.ParseAddr(text)
		return err == nil && a.Is4()
	case "ipv6":
		a, err := netip.ParseAddr(text)
		return err == nil && a.Is6() && a.Zone() == ""
	case "uri":
		u, err := url.Parse(text)
		return err == nil && u.IsAbs() && !strings.ContainsAny(text, " \\\"<>^`{|}")
	case "uri-reference":
		_, err := url.Parse(text)
		return err == nil && !strings.ContainsAny(text, " \\\"<>^`{|}")
	case "byte":
		_, err := base64.StdEncoding.DecodeString(text)
		return err == nil
	}
	return true
}

func hostname(text string) bool {
	text = strings.TrimSuffix(text, ".")
	if text == "" || len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if !labelForm.MatchString(label) {
			return false
		}
	}
	return true
}
