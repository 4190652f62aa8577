package csharp

import (
	"flag"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

var (
	count = flag.Int("mutants", 200, "how many mutants are judged")
	seed  = flag.Uint64("seed", 6, "the seed of the generator")
)

var tuples = regexp.MustCompile(`[=(<>n]\s*\((?:\w+|"\w*")(?: \w+|: \d)?, (?:\w+|"\w*"|x \* 2)(?: \w+|: "\w*")?(?:, \d)?\)|=> \(x|var \(`)

// TestMutants compares the verdict, legal or illegal, on expressions with one change.
func TestMutants(t *testing.T) {
	o := newOracle(t)
	exprs := corpus(t)
	_, _, own := goldens(t)
	for _, e := range own {
		// mono's compiler does not survive some mutants of tuples.
		if !tuples.MatchString(e) {
			exprs = append(exprs, e)
		}
	}
	errors, _ := o.verdicts(exprs, false)
	var sources []string
	for i, e := range exprs {
		if p, _ := compile(e); p != nil && errors[i] == "" {
			sources = append(sources, e)
		}
	}
	list, names := mutants(*seed, *count, sources)
	theirs, _ := o.verdicts(list, false)
	var wrong []string
	illegal, refused, legal, taken, named := 0, 0, 0, 0, map[string]int{}
	for i, m := range list {
		p, fault := compile(m)
		if theirs[i] == "" {
			legal++
		} else {
			illegal++
		}
		switch {
		case theirs[i] != "" && p == nil:
			refused++
			continue
		case theirs[i] == "" && p != nil:
			taken++
			continue
		}
		if why := reason(m, theirs[i], fault, "", ""); why != "" {
			named[why]++
			continue
		}
		wrong = append(wrong, fmt.Sprintf("## %s\n%s\n    C#:   %s\n    ours: %s", names[i], strings.TrimSpace(m), or(theirs[i], "legal"), or(fault, "legal")))
	}
	o.report("mutants", wrong)
	all := float64(refused+taken) / float64(len(list))
	t.Logf("figure: mutants: %d of %d illegal ones are refused (%.1f %%), %d of %d legal ones are taken; %.1f %% of all verdicts are equal, %d differ for a reason",
		refused, illegal, 100*float64(refused)/float64(max(illegal, 1)), taken, legal, 100*all, sum(named))
	for _, why := range sorted(named) {
		t.Logf("%4d  %s", named[why], why)
	}
	if float64(refused) < 0.98*float64(illegal) || all < 0.98 {
		t.Errorf("fewer than 98 %% of the verdicts are equal")
	}
}
