package policytest

import (
	"encoding/xml"
	"fmt"
	"strings"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a report as JUnit's XML: a suite for each file. Times are left out, so
// that the same tests give the same bytes.
func (r *Report) JUnit() ([]byte, error) {
	all := junitSuites{Tests: len(r.Cases), Failures: r.Failed}
	for i := range r.Cases {
		c := &r.Cases[i]
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != c.File {
			all.Suites = append(all.Suites, junitSuite{Name: c.File})
		}
		s := &all.Suites[len(all.Suites)-1]
		s.Tests++
		out := junitCase{Name: legal(c.Name), Class: c.File, File: c.File, Line: c.Line}
		if !c.Passed {
			s.Failures++
			out.Failure = junitText(c)
		}
		s.Cases = append(s.Cases, out)
	}
	data, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(data, '\n')...), nil
}

func junitText(c *Result) *junitFailure {
	f := &junitFailure{}
	var b strings.Builder
	for i := range c.Failures {
		x := &c.Failures[i]
		for _, d := range x.Differences {
			line := d.What + ": expected " + Shown(d.Expected) + ", got " + Shown(d.Got)
			if f.Message == "" {
				f.Message = legal(line)
			}
			fmt.Fprintf(&b, "%s:%d: %s\n", c.File, d.Line, line)
		}
		for _, r := range x.Trace {
			b.WriteString("  " + r.shown() + "\n")
		}
	}
	f.Text = legal(b.String())
	return f
}

// Shown is a side of a Difference in one piece; nothing is "nothing".
func Shown(side *string) string {
	if side == nil {
		return "nothing"
	}
	if *side == "" {
		return `""`
	}
	return *side
}

// legal leaves out what XML cannot hold.
func legal(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r >= ' ' && r != 0xFFFE && r != 0xFFFF && r != 0xFFFD {
			return r
		}
		return '?'
	}, text)
}
