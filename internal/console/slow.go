package console

import (
	"context"
	"net/http"
	"strings"

	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/jsonval"
)

// listSlow answers the operations and states that are slow now, of those that the
// caller may trace.
func (c *console) listSlow(w http.ResponseWriter, r *http.Request) {
	var list jsonval.Array
	if c.Slow != nil {
		for _, s := range c.Slow() {
			if c.mayTraceSlow(r.Context(), s.SlowKey) {
				list.Add(slowJSON(s))
			}
		}
	}
	answer(w, http.StatusOK, wrap("slow", list))
}

func slowJSON(s telemetry.SlowCondition) jsonval.Value {
	var o jsonval.Object
	o.AddString("kind", s.Kind).AddString("name", s.Name).Add("since", instantOrNull(s.Since))
	o.AddInt("p95Millis", s.P95.Milliseconds()).AddInt("usualMillis", s.Usual.Milliseconds()).AddInt("floorMillis", s.Floor.Milliseconds())
	return o.Value()
}

func (c *console) mayTraceSlow(ctx context.Context, key telemetry.SlowKey) bool {
	if c.may(ctx, readTrace, "trace") {
		return true
	}
	first, rest, _ := strings.Cut(key.Name, "/")
	if key.Kind == telemetry.SlowOperation {
		return c.may(ctx, readTrace, "api/"+first+"/operation/"+rest, "api/"+first)
	}
	return c.may(ctx, readTrace, sfn.MachineResource(first))
}
