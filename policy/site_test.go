package policy

import "testing"

// TestFindSite: a policy is found again wherever an edit has put it, and is said to
// be gone only where it is.
func TestFindSite(t *testing.T) {
	limit := func(id, path, element, file string, line int) Site {
		return Site{Policy: "rate-limit-by-key", ID: id, Path: path, Element: element, Section: "inbound", Scope: "api", File: file, Line: line}
	}
	old := limit("", "rate-limit-by-key", "aa", "a.xml", 4)
	named := limit("mine", "rate-limit-by-key[2]", "bb", "a.xml", 5)
	for name, c := range map[string]struct {
		old   Site
		today []Site
		want  int // its line; 0: gone
	}{
		"moved down":                      {old, []Site{limit("", "rate-limit-by-key", "aa", "a.xml", 9)}, 9},
		"another put before it":           {old, []Site{limit("", "rate-limit-by-key[1]", "cc", "a.xml", 4), limit("", "rate-limit-by-key[2]", "aa", "a.xml", 5)}, 5},
		"its limit raised, another added": {old, []Site{limit("", "rate-limit-by-key[1]", "dd", "a.xml", 7), limit("", "rate-limit-by-key[2]", "cc", "a.xml", 8)}, 7},
		"put into choose":                 {old, []Site{limit("", "choose/when/rate-limit-by-key", "aa", "a.xml", 6)}, 6},
		"changed and put into choose":     {old, []Site{limit("", "choose/when/rate-limit-by-key", "dd", "a.xml", 6)}, 6},
		"moved into a fragment":           {old, []Site{limit("", "rate-limit-by-key", "aa", "fragment.xml", 2)}, 2},
		"by its id":                       {named, []Site{limit("", "rate-limit-by-key[1]", "bb", "a.xml", 4), limit("mine", "rate-limit-by-key[2]", "ee", "a.xml", 8)}, 8},
		"its id, not another's path":      {named, []Site{limit("other", "rate-limit-by-key[2]", "ee", "a.xml", 5)}, 0},
		"removed":                         {old, []Site{{Policy: "rate-limit", Section: "inbound", Scope: "api", File: "a.xml", Line: 4}}, 0},
		"in another section":              {old, []Site{{Policy: "rate-limit-by-key", Section: "outbound", Scope: "api", Element: "aa", File: "a.xml", Line: 4}}, 0},
		"nothing left":                    {old, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			now, ok := FindSite(c.today, c.old)
			if ok != (c.want != 0) || now.Line != c.want {
				t.Errorf("line %d, %v; want %d", now.Line, ok, c.want)
			}
		})
	}
}
