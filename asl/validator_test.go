package asl_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stile/asl"
	"stile/diag"
	"stile/internal/recorded"
)

// judged is one entry of the corpus of definitions with a verdict.
type judged struct {
	File     string `json:"file"`
	Verdict  string `json:"verdict"`
	Source   string `json:"source"`
	Origin   string `json:"origin"`
	JudgedBy string `json:"judged_by"`
}

// byAWS says that the service itself gave the verdict.
func (j judged) byAWS() bool { return strings.HasPrefix(j.Source, "aws-") }

// Deployment tools fill in ${…} before AWS sees a definition, and statelint takes any
// URI for a Resource.
var (
	substitution = regexp.MustCompile(`\$\{[A-Za-z0-9_.:-]+\}`)
	partition    = regexp.MustCompile(`arn:\$\{[^}]*\}:`)
	resource     = regexp.MustCompile(`("Resource"\s*:\s*)"\$\{[^}]*\}"`)
	anyURI       = regexp.MustCompile(`("Resource"\s*:\s*)"(?:[^a"]|a[^r"])[^"]*"`)
)

const function = `$1"arn:aws:lambda:us-east-1:111111111111:function:deployed"`

// deployed is a definition as AWS would get it.
func (j judged) deployed(text string) string {
	if j.Source == "statelint" {
		text = anyURI.ReplaceAllString(text, function)
	}
	text = resource.ReplaceAllString(text, function)
	return substitution.ReplaceAllString(partition.ReplaceAllString(text, "arn:aws:"), "deployed")
}

// reasons say why a judge other than AWS is not followed, by what we say of the
// definition, or by the judge where we say nothing.
var reasons = []struct{ kind, why string }{
	{"can not be 'JSONPath' if set to 'JSONata'", "AWS refuses it: recorded"},
	{"Field '$states.result", "AWS refuses $states.result where there is none"},
	{"INVALID_VARIABLE_NAME", "names of variables are identifiers on AWS"},
	{"Expected value of type String", "the judge takes CloudFormation's objects for texts"},
	{"must be a valid JSONPath", "script expressions of paths are not taken"},
	{"Value is not a valid resource ARN", "the judge does not look at ARNs"},
	{"accepted here, refused by asl-validator", "the judge wants one space inside {% %}; AWS takes any"},
}

func reason(kind string) string {
	for _, r := range reasons {
		if strings.Contains(kind, r.kind) {
			return r.why
		}
	}
	return ""
}

// TestValidatorCorpus holds the diagnostics against definitions that others judged:
// every verdict of AWS itself, and of the other judges all but a share.
func TestValidatorCorpus(t *testing.T) {
	dir := recorded.Path(t, "conformance", "validator")
	raw, err := os.ReadFile(filepath.Join(dir, "INDEX.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index []judged
	if err := json.Unmarshal(raw, &index); err != nil {
		t.Fatal(err)
	}
	aws, others, disagreed := 0, 0, map[string][]string{}
	for _, j := range index {
		text, err := os.ReadFile(filepath.Join(dir, j.File))
		if err != nil {
			t.Fatal(err)
		}
		p, faults := asl.Parse(diag.NewSource(j.File, j.deployed(string(text))))
		valid := p != nil
		if j.byAWS() {
			if valid && strings.Contains(j.Origin, "_express") { // recorded of an EXPRESS state machine
				valid = !asl.ExpressFaults(p).HasErrors()
			}
			if valid != (j.Verdict == "valid") {
				t.Errorf("%s: AWS says %s; we say\n%v", j.File, j.Verdict, faults)
			}
			aws++
			continue
		}
		others++
		if valid == (j.Verdict == "valid") {
			continue
		}
		kind := "accepted here, refused by " + j.Source
		if !valid {
			kind = "refused here: " + firstError(faults)
		}
		disagreed[kind] = append(disagreed[kind], j.File)
	}
	n := 0
	kinds := []string{}
	for kind, files := range disagreed {
		n += len(files)
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		t.Logf("%s: %s\n    %s", kind, reason(kind), strings.Join(disagreed[kind], "\n    "))
		if reason(kind) == "" {
			t.Errorf("%s: a difference without a reason", kind)
		}
	}
	t.Logf("figure: verdicts of AWS: %d of %d agree", aws, aws)
	t.Logf("figure: verdicts of others: %d of %d agree", others-n, others)
	if 100*n > 3*others {
		t.Errorf("%d of %d verdicts of others differ: at most 3 %% may", n, others)
	}
}

func firstError(list diag.List) string {
	for _, d := range list {
		if d.Severity == diag.Error {
			return d.Code + ": " + d.Message + " at " + d.Path
		}
	}
	return ""
}
