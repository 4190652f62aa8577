package app

import (
	"net/http"
	"runtime"
	"strings"

	"stile/internal/eventsapi"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/overload"
	"stile/internal/sfn"
	"stile/internal/sfnapi"
	"stile/internal/telemetry"
)

// smallBody is how long a body may be that is read before a request has its place: it
// came with the head, and a client that never sends it must not keep a place.
const smallBody = 16 << 10

// openGate makes the gate that both listeners stand behind, and its metrics; none
// where stile.yaml has it off.
func (s *server) openGate() *overload.Gate {
	if s.current.Load().Config.NoOverload {
		return nil
	}
	least := max(64, 32*runtime.GOMAXPROCS(0))
	c := s.opts.overload
	if c.Least == 0 {
		c.Least, c.Most = least, min(16*least, 8192)
	}
	refused := s.seeing.metrics.Counter("stile.overload.refused", "{request}", "Requests that were refused because the server had more to do than it can, by what they were for.", "class")
	c.Refused = func(class overload.Class) { refused.Add(1, class.String()) }
	c.Begun = func(class overload.Class, now overload.State) {
		s.log.Warn("the server is overloaded: requests are refused", "first", class.String(), "limit", now.Limit, "underWay", now.UnderWay, "queued", now.Queued, "away", now.Away)
	}
	gate := overload.New(c)
	for _, m := range []struct {
		name, help string
		of         func(overload.State) int
	}{
		{"limit", "How many requests may be under way at once.", func(n overload.State) int { return n.Limit }},
		{"in_flight", "Requests under way, without those that wait on others.", func(n overload.State) int { return n.UnderWay }},
		{"queued", "Requests that wait for a place.", func(n overload.State) int { return n.Queued }},
		{"away", "Requests under way that wait on others: polls, streams, calls of backends.", func(n overload.State) int { return n.Away }},
	} {
		s.seeing.metrics.Read("stile.overload."+m.name, "{request}", m.help, telemetry.KindGauge, func() float64 { return float64(m.of(gate.State())) })
	}
	return gate
}

// gatedControl puts the gate before the control listener. Health, metrics and the
// issuer's documents pass it by.
func gatedControl(gate *overload.Gate, next http.Handler) http.Handler {
	if gate == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/" {
			switch r.URL.Path {
			case "/healthz", "/readyz", "/metrics", identity.DiscoveryPath, identity.JWKSPath:
				next.ServeHTTP(w, r)
				return
			}
			pass, in := gate.Enter(r.Context(), overload.Work{Class: classOfPage(r), Waits: true})
			if !in {
				tooMuch(w, `{"error":{"code":"Overloaded","message":"The server has more to do than it can. Ask again later."}}`)
				return
			}
			defer pass.Leave()
			next.ServeHTTP(w, r)
			return
		}
		work := workOfAction(r)
		switch {
		case r.ContentLength > smallBody:
			work.Waits, work.Bytes = true, min(r.ContentLength, sfnapi.MaxBody)
		case r.ContentLength < 0:
			work.Waits, work.Bytes = true, sfnapi.MaxBody
		case r.ContentLength > 0:
			// What ends early is told by who reads it next.
			if body, err := sfnapi.ReadBody(r); err == nil {
				r.Body = body
			}
		}
		pass, in := gate.Enter(r.Context(), work)
		if !in {
			throttle(w, r)
			return
		}
		defer pass.Leave()
		next.ServeHTTP(w, r)
	})
}

// gatedGateway puts the gate before the gateway's listener. Its callbacks finish
// work; what else comes in waits on a backend, mostly.
func gatedGateway(gate *overload.Gate, next http.Handler) http.Handler {
	if gate == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == gateway.StatusPath {
			next.ServeHTTP(w, r)
			return
		}
		work := overload.Work{Class: overload.Starting, Waits: true}
		if strings.HasPrefix(r.URL.Path, "/callbacks/") {
			work.Class = overload.Finishing
		}
		pass, in := gate.Enter(r.Context(), work)
		if !in {
			tooMuch(w, `{ "statusCode": 503, "message": "The gateway has more to do than it can. Try again later." }`)
			return
		}
		defer pass.Leave()
		next.ServeHTTP(w, r)
	})
}

// workOfAction is what an action of AWS's wire is for, by its header alone: nothing is
// spent on a request that is refused, its signature neither.
func workOfAction(r *http.Request) overload.Work {
	var name string
	if target := r.Header["X-Amz-Target"]; len(target) > 0 {
		_, name, _ = strings.Cut(target[0], ".")
	}
	switch name {
	case "SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat", "StopExecution":
		return overload.Work{Class: overload.Finishing, Measured: true}
	case "StartExecution":
		return overload.Work{Class: overload.Starting, Measured: true}
	case "GetActivityTask":
		return overload.Work{Class: overload.Reading, Waits: true}
	case "StartSyncExecution":
		return overload.Work{Class: overload.Starting, Waits: true}
	case "TestState":
		return overload.Work{Class: overload.Listing, Waits: true}
	case "ValidateStateMachineDefinition", "":
		return overload.Work{Class: overload.Listing}
	}
	switch {
	case strings.HasPrefix(name, "List"):
		return overload.Work{Class: overload.Listing}
	case strings.HasPrefix(name, "Describe"), strings.HasPrefix(name, "Get"):
		return overload.Work{Class: overload.Reading}
	}
	return overload.Work{Class: overload.Starting}
}

// classOfPage is what a request of the control API or of a page is for.
func classOfPage(r *http.Request) overload.Class {
	path, api := strings.CutPrefix(r.URL.Path, "/-/v1/")
	changes := r.Method != http.MethodGet && r.Method != http.MethodHead
	switch {
	case changes && (path == "/approvals" || api && (strings.HasPrefix(path, "callbacks/") || strings.HasSuffix(path, "/stop"))):
		return overload.Finishing
	case changes && api:
		return overload.Starting
	case api && strings.HasPrefix(path, "executions/"), api && path == "version":
		return overload.Reading
	}
	return overload.Listing
}

// throttle refuses an action as AWS does; its SDKs ask again by themselves.
func throttle(w http.ResponseWriter, r *http.Request) {
	e := &sfn.Error{Code: "ThrottlingException", Message: "Rate exceeded"}
	if target := r.Header["X-Amz-Target"]; len(target) > 0 && strings.HasPrefix(target[0], eventsapi.Prefix) {
		eventsapi.Refuse(w, e)
		return
	}
	sfnapi.Refuse(w, e)
}

// tooMuch answers 503 with a document.
func tooMuch(w http.ResponseWriter, body string) {
	h := w.Header()
	h["Content-Type"], h["Retry-After"], h["Cache-Control"] = []string{"application/json"}, []string{"1"}, []string{"no-store"}
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(body)) // a client that went away
}
