package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// values is how a module of the AWS SDK for Go, version 2, lists an enum.
var (
	values = regexp.MustCompile(`(?s)func \((\w+)\) Values\(\) \[\]\w+ \{\s*return \[\]\w+\{([^}]*)\}`)
	quoted = regexp.MustCompile(`"([^"\\]*)"`)
)

// enums are a service's enums by name in small letters.
type enums map[string][]string

// readEnums reads the enums of modules: their folders end with SERVICE@VERSION. The
// models are of one day, and services add values to their enums ever after.
func readEnums(modules []string) (map[string]enums, error) {
	out := map[string]enums{}
	for _, dir := range modules {
		text, err := os.ReadFile(filepath.Join(dir, "types", "enums.go"))
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(filepath.Base(dir), "@")
		out[name] = enums{}
		for _, m := range values.FindAllStringSubmatch(string(text), -1) {
			for _, v := range quoted.FindAllStringSubmatch(m[2], -1) {
				out[name][strings.ToLower(m[1])] = append(out[name][strings.ToLower(m[1])], v[1])
			}
		}
	}
	return out, nil
}

// join gives the values of a shape with those that came later, sorted.
func (e enums) join(shape string, old []string) []string {
	all := slices.Concat(old, e[strings.ToLower(shape)])
	slices.Sort(all)
	return slices.Compact(all)
}
