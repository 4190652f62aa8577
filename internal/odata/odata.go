// Package odata checks requests against the conventions of OData 3.0, 4.0 and 4.01:
// the versions that they name, the form of the path, and the system query options
// with their little languages.
//
// It knows no entity model: a name that is no property of anything passes. It is no
// server of OData. internal/policies' validate-odata-request calls it.
//
// Invariants: pure; it reads each text once, and its nesting is bounded; all that is
// amiss with a request is told, in the order of headers, path and options.
package odata

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Request is what is checked. Path is still escaped; Query is decoded, in order.
type Request struct {
	Method, Path string
	Query        []Option
	// Version and MaxVersion are the fields OData-Version and OData-MaxVersion, empty
	// where they are absent.
	Version, MaxVersion string
}

// Option is one parameter of the query.
type Option struct{ Name, Value string }

// Rules are what a request is held to. Default is assumed where a request names no
// version; Min and Max may be empty.
type Rules struct{ Default, Min, Max string }

// Version is a version of OData, such as 4.01, as hundredths: 401.
type Version int

// ParseVersion reads 1.0, 2.0, 3.0, 4.0 or 4.01.
func ParseVersion(text string) (Version, bool) {
	v, ok := map[string]Version{"1.0": 100, "2.0": 200, "3.0": 300, "4.0": 400, "4.01": 401}[strings.TrimSpace(text)]
	return v, ok
}

// Check lists what is amiss with a request.
func Check(r Request, rules Rules) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	version, _ := ParseVersion(rules.Default)
	if r.Version != "" {
		v, ok := ParseVersion(r.Version)
		if !ok {
			fault("The OData-Version header %q is not a version of OData.", r.Version)
		} else {
			version = v
		}
	}
	if r.MaxVersion != "" {
		if _, ok := ParseVersion(r.MaxVersion); !ok {
			fault("The OData-MaxVersion header %q is not a version of OData.", r.MaxVersion)
		}
	}
	if least, ok := ParseVersion(rules.Min); ok && version < least {
		fault("The OData version %s is lower than the minimum version %s.", version, least)
	}
	if most, ok := ParseVersion(rules.Max); ok && version > most {
		fault("The OData version %s is higher than the maximum version %s.", version, most)
	}
	if err := checkPath(r.Path); err != nil {
		fault("The path is not valid: %s.", err)
	}
	return append(faults, checkOptions(r.Query, version)...)
}

// String gives the version as the header writes it.
func (v Version) String() string {
	if v%100 == 1 {
		return strconv.Itoa(int(v)/100) + ".01"
	}
	return strconv.Itoa(int(v)/100) + ".0"
}

// option is what a system query option's value must be, and the versions that have it.
type option struct {
	from, to Version
	check    func(value string, v Version) error
}

// options by name, without the $ that versions before 4.01 ask for.
func options(name string) (o option, ok bool) {
	switch name {
	case "filter":
		return option{100, 401, expression}, true
	case "orderby":
		return option{100, 401, orderBy}, true
	case "select":
		return option{100, 401, selection}, true
	case "expand":
		return option{100, 401, expand}, true
	case "top", "skip":
		return option{100, 401, wholeNumber}, true
	case "inlinecount":
		return option{100, 300, oneOf("allpages", "none")}, true
	case "count":
		return option{400, 401, boolean}, true
	case "search":
		return option{400, 401, search}, true
	case "format", "skiptoken", "deltatoken", "id", "schemaversion":
		return option{100, 401, present}, true
	case "apply":
		return option{400, 401, balanced}, true
	case "compute":
		return option{401, 401, compute}, true
	case "index":
		return option{401, 401, integer}, true
	case "levels":
		return option{400, 401, levels}, true
	}
	return option{}, false
}

// inner are options that stand inside $expand alone.
func inner(name string) bool { return name == "levels" }

func checkOptions(query []Option, version Version) (faults []string) {
	var seen []string
	for _, q := range query {
		name, dollar := strings.CutPrefix(q.Name, "$")
		if version >= 401 {
			name = strings.ToLower(name)
		}
		o, known := options(name)
		if !dollar && (version < 401 || !known) {
			continue // an option of the service's own, or a parameter alias
		}
		switch {
		case !known || inner(name):
			faults = append(faults, fmt.Sprintf("The system query option %s is not known.", q.Name))
			continue
		case version < o.from || version > o.to:
			faults = append(faults, fmt.Sprintf("The system query option %s does not exist in OData %s.", q.Name, version))
			continue
		case slices.Contains(seen, name):
			faults = append(faults, fmt.Sprintf("The system query option %s is given more than once.", q.Name))
			continue
		}
		seen = append(seen, name)
		if err := o.check(q.Value, version); err != nil {
			faults = append(faults, fmt.Sprintf("The value of %s is not valid: %s.", q.Name, err))
		}
	}
	return faults
}
