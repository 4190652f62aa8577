package policytest

// Report is what a run of tests gave.
type Report struct {
	Passed int      `json:"passed"`
	Failed int      `json:"failed"`
	Cases  []Result `json:"cases"`
	// Coverage has an entry for each document and fragment of the project.
	Coverage []Covered `json:"coverage,omitempty"`
	// Percent is of all documents together.
	Percent float64 `json:"coveragePercent"`
}

// Result is how one case went.
type Result struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Passed bool   `json:"passed"`
	// Requests counts those that were sent.
	Requests int       `json:"requests"`
	Failures []Failure `json:"failures,omitempty"`

	covered map[spot]bool
}

// Failure is a request of a case whose answer is not what was expected.
type Failure struct {
	// Request counts from 1; Method and URL are what was sent.
	Request int    `json:"request"`
	Method  string `json:"method,omitempty"`
	URL     string `json:"url,omitempty"`
	// Status is that of the answer; 0 where there was none.
	Status      int          `json:"status,omitempty"`
	Differences []Difference `json:"differences"`
	Calls       []Made       `json:"calls,omitempty"`
	Trace       []Ran        `json:"trace,omitempty"`
}

// Difference is one thing that is not as expected. Expected and Got are nil where
// there is, or should be, nothing.
type Difference struct {
	// What is a key of expect, with what it is of behind a dot: headers.X-Id.
	What     string  `json:"what"`
	Expected *string `json:"expected"`
	Got      *string `json:"got"`
	// Line is where the test says so.
	Line int `json:"line,omitempty"`
}

// Made is a call to a backend.
type Made struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Unlisted says that the case has no answer for it.
	Unlisted bool `json:"unlisted,omitempty"`
}

// Ran is a policy that ran, with what it decided and where it stands.
type Ran struct {
	Section  string `json:"section"`
	Policy   string `json:"policy"`
	ID       string `json:"id,omitempty"`
	Scope    string `json:"scope"`
	Decision string `json:"decision"`
	Detail   string `json:"detail,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Depth    int    `json:"depth,omitempty"`
	// Decided: this policy refused or failed the request, or answered it.
	Decided bool `json:"decided,omitempty"`
}
