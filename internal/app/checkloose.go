package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"stile/diag"
	"stile/internal/gateway"
	"stile/internal/policies"
	"stile/policy"
)

// CheckLoose reads single policy documents and fragments and gives every diagnostic,
// sorted. What they name outside themselves is taken to be there, where the project
// that they lie in does not have it; a document that no project's folder gives a scope
// may use the policies of every scope. The error is for a path that cannot be read, or
// is no .xml file.
func CheckLoose(paths []string) (diag.List, error) {
	var all diag.List
	for _, path := range paths {
		if !strings.HasSuffix(path, ".xml") {
			return nil, fmt.Errorf("%s: --loose takes policy documents (.xml)", path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		src := policy.Source{File: filepath.ToSlash(path), Text: string(text), Scope: scopeIn(path)}
		all = append(all, gateway.CheckLoose(serviceAround(path), policies.Table(), src)...)
	}
	return all.Sort(), nil
}
