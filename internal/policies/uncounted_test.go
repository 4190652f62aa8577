package policies

import (
	"testing"
	"time"

	"stile/internal/ratelimit"
	"stile/internal/ratelimit/redislimit"
	"stile/internal/redis/redistest"
	"stile/policy"
)

// TestRefusedWhileAway: with nobody to ask, and told to refuse, what has a limit or a
// quota is answered 503 and goes no further.
func TestRefusedWhileAway(t *testing.T) {
	mini, link := redistest.Mini(t)
	mini.Close()
	for _, limit := range []string{`<rate-limit-by-key calls="5" renewal-period="60" counter-key="k" />`,
		`<quota-by-key calls="5" renewal-period="3600" counter-key="k" />`} {
		for refuse, want := range map[bool]int{true: 503, false: 200} {
			cfg := redislimit.Config{Link: link, Refuse: refuse}
			env := policy.Env{Now: time.Now, Counters: FromSources(redislimit.NewLimits(cfg, ratelimit.NewMemory(0)), redislimit.NewQuotas(cfg, ratelimit.NewGroups(0)))}
			ex := visit("/")
			pipelineOf(t, limit+`<return-response><set-status code="200" /></return-response>`).Run(t.Context(), ex, &env)
			if ex.Response.StatusCode != want {
				t.Errorf("%s, refuse %v: %d", limit, refuse, ex.Response.StatusCode)
			}
		}
	}
}
