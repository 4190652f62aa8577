package jsonata

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

var (
	count = flag.Int("n", 1000, "expressions to generate")
	seed  = flag.Uint64("seed", 2006, "seed of the first expression")
	shown = flag.Int("show", 10, "unexplained differences to print")
)

// document is an input: its text, and the same decoded for the generator.
type document struct {
	text string
	data any
}

func documents(t testing.TB) (list []document) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d documents: %v", len(files), err)
	}
	sort.Strings(files)
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d := document{text: string(body)}
		if err := json.Unmarshal(body, &d.data); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list = append(list, d)
	}
	return list
}

// generate gives the expression of a number.
func generate(docs []document, n uint64) (expr, input string) {
	r := rand.New(rand.NewPCG(*seed, n))
	d := docs[r.IntN(len(docs))]
	g := &generator{r: r, root: d.data, at: d.data}
	return g.expr(kind(r.IntN(int(kinds))), 1+r.IntN(4)), d.text
}

// TestDifferential compares both sides on generated expressions. Each difference
// stands in the table of known ones, or the test fails.
func TestDifferential(t *testing.T) {
	o := newOracle(t)
	x := newExplainer(t)
	docs := documents(t)
	known := map[string]int{}
	var values, undefineds, faults, unexplained int
	for n := range uint64(*count) {
		expr, input := generate(docs, n)
		theirs := o.eval(t, expr, input)
		mine := ours(expr, input)
		switch {
		case theirs.Value == "undefined":
			undefineds++
		case theirs.Value == "":
			faults++
		default:
			values++
		}
		if mine == theirs {
			continue
		}
		if name := x.explain(t, expr, input, mine, theirs); name != "" {
			known[name]++
			continue
		}
		if unexplained++; unexplained <= *shown {
			t.Errorf("expression %d of seed %d:\n  %s\n  jsonata.js: %.600s (%d)\n  stile:      %.600s (%d)", n, *seed, expr, theirs, theirs.Position, mine, mine.Position)
		}
	}
	var lines []string
	named := 0
	for _, d := range append(differences, difference{name: keptDigits}) {
		named += known[d.name]
		if known[d.name] > 0 {
			lines = append(lines, fmt.Sprintf("%6d  %s", known[d.name], d.name))
		}
	}
	t.Logf("figure: differential: %d of %d equal, %d named, %d unexplained", *count-named-unexplained, *count, named, unexplained)
	t.Logf("%d expressions: %d give a value, %d undefined, %d an error; differences:\n%s\n%6d  unexplained",
		*count, values, undefineds, faults, strings.Join(lines, "\n"), unexplained)
}
