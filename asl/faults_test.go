package asl

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"stile/diag"
)

var update = flag.Bool("update", false, "write the diagnostics found into testdata")

func TestFaults(t *testing.T) {
	for _, name := range []string{"faults", "distributed"} {
		t.Run(name, func(t *testing.T) { faultsOf(t, "testdata/"+name+".txtar") })
	}
}

func faultsOf(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(ar.Files); i += 2 {
		def, want := ar.Files[i], &ar.Files[i+1]
		if want.Name != def.Name+".want" {
			t.Fatalf("%s is followed by %s", def.Name, want.Name)
		}
		p, list := Parse(diag.NewSource("", string(def.Data)))
		var b strings.Builder
		for _, d := range list {
			fmt.Fprintf(&b, "%d:%d [%d] %s %s %s: %s (%s)\n", d.Line, d.Column, d.Width, d.Severity, d.Code, d.Path, d.Message, d.Hint)
		}
		if *update {
			want.Data = []byte(b.String())
			continue
		}
		if diff := cmp.Diff(string(want.Data), b.String()); diff != "" {
			t.Errorf("%s: -want +got\n%s", def.Name, diff)
		}
		if (p == nil) != list.HasErrors() {
			t.Errorf("%s: a program in spite of errors, or none without", def.Name)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
