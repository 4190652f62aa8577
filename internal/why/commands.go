package why

import (
	"strconv"
	"strings"
)

// templates are the command lines that answers name: words in capitals are put in.
// A test of the command line holds each against the commands that there are.
var templates = []string{
	"stile exec show ID",
	"stile exec watch ID",
	"stile exec history ID",
	"stile exec stop ID",
	"stile exec list --state-machine NAME",
	"stile callback list --execution ID",
	"stile callback complete CALLBACK --output JSON",
	"stile callback fail CALLBACK --error ERROR",
	"stile callback resend CALLBACK",
	"stile start NAME --input FILE",
	"stile secret list",
	"stile secret refresh",
	"stile audit --execution ID",
	"stile check",
}

// Templates lists them.
func Templates() []string { return append([]string(nil), templates...) }

// command puts words into a template of the table.
func command(template string, put ...string) string {
	known := false
	for _, t := range templates {
		known = known || t == template
	}
	if !known {
		panic("why: " + template + " is not in the table of commands")
	}
	words := strings.Fields(template)
	for i, w := range words {
		for k := 0; k+1 < len(put); k += 2 {
			if w == put[k] {
				words[i] = shell(put[k+1])
			}
		}
	}
	return strings.Join(words, " ")
}

// shell quotes a word for sh where it must be.
func shell(w string) string {
	if w != "" && !strings.ContainsFunc(w, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:@%+=,", r))
	}) {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// edit names a place to edit, and what to do there.
func edit(file string, line int, what string) string {
	s := "edit " + file
	if line > 0 {
		s += ":" + strconv.Itoa(line)
	}
	if what != "" {
		s += ": " + what
	}
	return s
}
