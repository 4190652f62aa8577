// Package golden reads and writes the expressions of policy/expr/testdata/goldens
// with what real C# made of them. Tests of policy/expr and of test/csharp use it.
//
// A file has an expression, one line of what C# gave ("= type value", "! exception"
// or "? refused") and, where Stile differs on purpose, a line "~ outcome # reason".
// Invariant: Write gives the text that Read read.
package golden

import "strings"

// Golden is one expression.
type Golden struct {
	// Comment holds the empty lines and "#" lines above.
	Comment []string
	Expr    string
	Want    string
	// Ours is what Stile gives instead; empty where it gives the same. Why says why.
	Ours, Why string
}

// Read reads a file's text.
func Read(text string) []Golden {
	var out []Golden
	var comment, pending []string
	flush := func() {
		if len(pending) > 0 {
			out = append(out, Golden{Comment: comment, Expr: strings.Join(pending, "\n")})
			comment, pending = nil, nil
		}
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case len(line) > 1 && strings.ContainsRune("=!?", rune(line[0])) && line[1] == ' ':
			flush()
			if len(out) > 0 {
				out[len(out)-1].Want = line
			}
		case strings.HasPrefix(line, "~ "):
			if len(out) > 0 {
				ours, why, _ := strings.Cut(line[2:], " # ")
				out[len(out)-1].Ours, out[len(out)-1].Why = ours, why
			}
		case strings.HasPrefix(line, "@(") || strings.HasPrefix(line, "@{"):
			flush()
			pending = []string{line}
		case len(pending) > 0:
			pending = append(pending, line)
		default:
			comment = append(comment, line)
		}
	}
	flush()
	return out
}

// Write gives a file's text.
func Write(list []Golden) string {
	var b strings.Builder
	for _, g := range list {
		for _, c := range g.Comment {
			b.WriteString(c + "\n")
		}
		b.WriteString(g.Expr + "\n" + g.Want + "\n")
		if g.Ours != "" {
			b.WriteString("~ " + g.Ours + " # " + g.Why + "\n")
		}
	}
	return b.String()
}
