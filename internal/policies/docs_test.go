package policies

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/policy"
)

const (
	supportPage = "../../docs/policies.md"
	tableBegin  = "<!-- The tables are made by: go test ./internal/policies -run TestSupportPage -update -->\n"
	tableEnd    = "<!-- end of the tables -->\n"
)

// TestSupportPage: docs/policies.md says what the table of policies says.
func TestSupportPage(t *testing.T) {
	data, err := os.ReadFile(supportPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(data), tableBegin)
	old, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok1 || !ok2 {
		t.Fatalf("%s lacks the lines that enclose the tables", supportPage)
	}
	if *update {
		if err := os.WriteFile(supportPage, []byte(before+tableBegin+supportTables()+tableEnd+after), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(old, supportTables()); diff != "" {
		t.Errorf("the page is old: run this test with -update (-page +table)\n%s", diff)
	}
}

// supportTables writes the policies that there are, and those that are lacking.
func supportTables() string {
	list := Table().Descriptors()
	slices.SortFunc(list, func(a, b policy.Descriptor) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	b.WriteString("\n| policy | what it does | sections | scopes | attributes and children |\n|---|---|---|---|---|\n")
	for _, d := range list {
		if d.Lacking != "" {
			continue
		}
		parts := strings.TrimSpace(partsOf(d.Schema))
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", d.Name, d.Doc, all(d.Sections == policy.AnySection, d.Sections.String()),
			all(d.Scopes == policy.AnyScope, d.Scopes.String()), parts)
	}
	b.WriteString("\n| not in this version | use meanwhile |\n|---|---|\n")
	for _, d := range list {
		if d.Lacking != "" {
			fmt.Fprintf(&b, "| `%s` | %s |\n", d.Name, d.Lacking)
		}
	}
	b.WriteString("\n")
	return b.String()
}

func all(every bool, names string) string {
	if every {
		return "all"
	}
	return names
}

// partsOf lists attributes, then children with theirs in brackets.
func partsOf(s policy.Schema) string {
	var parts []string
	for _, a := range s.Attributes {
		text := "`" + a.Name + "`"
		if a.Required {
			text += "!"
		}
		if a.Expression {
			text += "ᴱ"
		}
		if a.Default != "" {
			text += "=" + a.Default
		}
		if a.Lacking != "" {
			text = "~~" + text + "~~"
		}
		parts = append(parts, text)
	}
	for _, c := range s.Children {
		text := "`<" + c.Name + ">`"
		if c.Required {
			text += "!"
		}
		if c.Many {
			text += "*"
		}
		if inside := partsOf(c.Schema); inside != "" {
			text += "{" + inside + "}"
		}
		if c.Lacking != "" {
			text = "~~" + text + "~~"
		}
		parts = append(parts, text)
	}
	switch {
	case s.Policies:
		parts = append(parts, "policies")
	case s.AnyChildren:
		parts = append(parts, "content")
	}
	return strings.Join(parts, " ")
}
