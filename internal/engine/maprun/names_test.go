package maprun

import (
	"testing"

	"stile/internal/sfn"
)

func TestChildNames(t *testing.T) {
	run := "arn:aws:states:us-east-1:111111111111:mapRun:m/L:u"
	seen := map[string]bool{}
	for index := range int64(100) {
		for _, express := range []bool{false, true} {
			arn := ChildARN(run, index, express)
			if a, ok := sfn.ParseARN(arn); !ok || a.Name != "m/L" || seen[arn] || arn != ChildARN(run, index, express) {
				t.Fatalf("child %d is %s", index, arn)
			}
			seen[arn] = true
		}
	}
}
