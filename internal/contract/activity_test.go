package contract

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestActivitiesThatATaskNames: one that stile.yaml does not declare is told of, with
// the nearest that it does.
func TestActivitiesThatATaskNames(t *testing.T) {
	def := `{"StartAt": "A", "States": {
 "A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:pack", "End": true}}}`
	for name, c := range map[string]struct {
		declared []string
		want     []string
		hint     string
	}{
		"declared": {[]string{"pack"}, nil, ""},
		"near":     {[]string{"packs"}, []string{`STL-X009 m.asl.json "A"`}, "did you mean packs?"},
		"none":     {nil, []string{`STL-X009 m.asl.json "A"`}, "add pack to activities in stile.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			p := project(t, def, role(all))
			p.Activities = c.declared
			found := Check(p)
			if d := cmp.Diff(c.want, told(found)); d != "" {
				t.Error(d)
			}
			if len(found) > 0 && !strings.HasPrefix(found[0].Hint, c.hint) {
				t.Errorf("hint %q", found[0].Hint)
			}
		})
	}
}
