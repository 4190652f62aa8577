package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"stile/policy/exchange"
)

// Site is one policy where it stands in a document: what a verdict of an older
// revision is held against, to find the same policy today.
type Site struct {
	Policy, ID string
	// Path is its LastError.Path without the leading slash, Element a digest of its
	// text.
	Path, Element  string
	Section, Scope string
	File           string
	Line, Column   int
	// Attributes are as written, named values put in, secrets as ***.
	Attributes []exchange.Param
	// Parts are the elements inside it that have limits of their own.
	Parts []Part
	// Branches are the elements inside it that hold policies, such as choose's when
	// and otherwise; one of several with a name has its number behind it: when[2].
	Branches []Part
}

// Part is an <api> or <operation> inside a policy that counts.
type Part struct {
	// Name tells it from the others: api[ID]/operation[ID], by name where it has no id.
	Name         string
	Line, Column int
	Attributes   []exchange.Param
}

// Part finds a part of the policy by its name.
func (s *Site) Part(name string) (Part, bool) {
	for _, p := range s.Parts {
		if p.Name == name {
			return p, true
		}
	}
	return Part{}, false
}

// Part is an element inside a policy as verdicts and sites name it.
func (c *Compiler) Part(e *Element) Part {
	text := func(name string) string {
		if a := e.Attr(name); a != nil {
			return a.Value
		}
		return ""
	}
	p := Part{Name: e.Name + "[" + cmp.Or(text("id"), text("name")) + "]"}
	if up := e.parent; up != nil && up.Name == "api" {
		p.Name = c.Part(up).Name + "/" + p.Name
	}
	p.Line, p.Column = e.tree.line(e.at)
	for _, a := range e.Attributes {
		p.Attributes = append(p.Attributes, exchange.Param{Name: a.Name, Value: c.Shown(a)})
	}
	return p
}

// parts lists the <api> and <operation> elements of a policy.
func (c *Compiler) parts(e *Element) (out []Part) {
	for _, name := range []string{"api", "operation"} {
		for _, inner := range e.Elements(name) {
			out = append(append(out, c.Part(inner)), c.parts(inner)...)
		}
	}
	return out
}

// branches lists the children of a policy that hold policies.
func (c *Compiler) branches(e *Element) (out []Part) {
	d := c.table.byName[e.Name]
	if d == nil {
		return nil
	}
	for _, child := range d.Schema.Children {
		if !child.Schema.Policies {
			continue
		}
		all := e.Elements(child.Name)
		for i, b := range all {
			p := Part{Name: child.Name}
			if len(all) > 1 {
				p.Name += "[" + strconv.Itoa(i+1) + "]"
			}
			p.Line, p.Column = b.tree.line(b.at)
			out = append(out, p)
		}
	}
	return out
}

// SiteOf is what a verdict tells of its policy's place.
func SiteOf(v *exchange.Verdict) Site {
	return Site{Policy: v.Policy, ID: v.PolicyID, Path: v.Path, Element: v.Element, Section: v.Section, Scope: v.Scope,
		File: v.File, Line: v.Line, Column: v.Column}
}

// SiteOfDecision is what a decision tells of its policy's place.
func SiteOfDecision(d *exchange.Decision) Site {
	return Site{Policy: d.Policy, ID: d.PolicyID, Path: d.Path, Element: d.Element, Section: d.Section, Scope: d.Scope,
		File: d.File, Line: d.Line}
}

// Attribute gives an attribute's text, empty where there is none.
func (s *Site) Attribute(name string) string {
	for _, a := range s.Attributes {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Sites lists all policies of the document and of the fragments that it includes,
// those inside other policies too; one that holds others stands before them.
func (d *Document) Sites() []Site { return slices.Clone(d.sites) }

// site notes where a policy stands.
func (c *Compiler) site(e *Element) Site {
	text := e.tree.shown(e.at, e.end())
	sum := sha256.Sum256([]byte(text))
	s := Site{Policy: e.Name, Path: c.path(e), Element: hex.EncodeToString(sum[:6]), Section: c.section.String(),
		Scope: c.source.Scope.String(), File: e.tree.src.File()}
	s.Line, s.Column = e.tree.line(e.at)
	for _, a := range e.Attributes {
		if a.Name == "id" {
			s.ID = a.Value
		}
		s.Attributes = append(s.Attributes, exchange.Param{Name: a.Name, Value: c.Shown(a)})
	}
	s.Parts, s.Branches = c.parts(e), c.branches(e)
	c.doc.sites = append(c.doc.sites, s)
	return s
}

// FindSite finds the policy that old was, among the sites of today: by its id, by
// its text, by its path, and where it is the only one of its name in the section.
// Lines do not count. ok is false where it is no longer there.
func FindSite(sites []Site, old Site) (now Site, ok bool) {
	var same []Site
	for _, s := range sites {
		if s.Policy == old.Policy && s.Section == old.Section && s.Scope == old.Scope && (old.ID == "" || s.ID == "" || s.ID == old.ID) {
			same = append(same, s)
		}
	}
	for _, alike := range []func(s Site) bool{
		func(s Site) bool { return old.ID != "" && s.ID == old.ID },
		func(s Site) bool { return old.Element != "" && s.Element == old.Element },
		func(s Site) bool { return old.Path != "" && plainPath(s.Path) == plainPath(old.Path) },
		func(s Site) bool { return old.Path == "" && s.File == old.File && s.Line == old.Line },
	} {
		if found := slices.DeleteFunc(slices.Clone(same), func(s Site) bool { return !alike(s) }); len(found) > 0 {
			return closest(found, old), true
		}
	}
	if len(same) == 1 && same[0].File == old.File {
		return same[0], true
	}
	return Site{}, false
}

// closest chooses among namesakes that are alike: by path, then by file, then the
// first.
func closest(found []Site, old Site) Site {
	for _, s := range found {
		if plainPath(s.Path) == plainPath(old.Path) && s.File == old.File {
			return s
		}
	}
	for _, s := range found {
		if s.File == old.File {
			return s
		}
	}
	return found[0]
}

// plainPath is a path in which a first of several is written as an only one, since
// a namesake put behind it changes nothing about it.
func plainPath(path string) string { return strings.ReplaceAll(path, "[1]", "") }
