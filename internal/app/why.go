package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"stile/asl"
	"stile/asl/history"
	"stile/diag"
	"stile/internal/apim"
	"stile/internal/gateway"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/why"
	"stile/policy"
)

// whyEvents is how many of the last history events one answer is made of.
const whyEvents = 5000

// explainer puts together what package why explains.
type explainer struct {
	host interface {
		DescribeExecution(ctx context.Context, arn string) (sfn.Execution, error)
		GetExecutionHistory(ctx context.Context, in sfn.HistoryPage) ([]history.Event, string, error)
		DescribeStateMachineForExecution(ctx context.Context, arn string) (sfn.StateMachine, error)
		Calls(ctx context.Context, arn string) ([]sfn.CallRecord, error)
		OpenTokens(ctx context.Context) ([]sfn.OpenToken, error)
		Deliveries(ctx context.Context, arn string) (sfn.Deliveries, error)
	}
	workers  func(activityARN string) why.Workers
	project  func() *project
	snapshot func() *gateway.Snapshot
	secret   func(secret.Ref) (secret.State, bool)
	now      func() time.Time
}

func (s *server) explainer() *explainer {
	return &explainer{host: s.host, workers: s.workers, project: s.current.Load, snapshot: s.gateway.Snapshot, secret: s.secrets.store.State, now: time.Now}
}

// Explain says what holds executions, in their order; one that was deleted meanwhile
// is passed over. payloads says that the asker may read what belongs to them.
func (x *explainer) Explain(ctx context.Context, payloads bool, arns ...string) ([]why.Answer, error) {
	tokens, err := x.host.OpenTokens(ctx)
	if err != nil {
		return nil, err
	}
	var out []why.Answer
	for _, arn := range arns {
		f, err := x.facts(ctx, arn, tokens)
		var gone *sfn.Error
		if errors.As(err, &gone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		f.Payloads = payloads
		out = append(out, why.Explain(f))
	}
	return out, nil
}

func (x *explainer) facts(ctx context.Context, arn string, tokens []sfn.OpenToken) (f why.Facts, err error) {
	if f.Execution, err = x.host.DescribeExecution(ctx, arn); err != nil {
		return f, err
	}
	if f.Calls, err = x.host.Calls(ctx, arn); err != nil {
		return f, err
	}
	// Of an execution in quarantine a payload may be what cannot be read.
	quarantined := f.Execution.Waiting == "quarantine" || f.Execution.Health.Reason == sfn.ReasonQuarantine
	if f.History, err = x.history(ctx, arn); err != nil && !quarantined {
		return f, err
	}
	taken, err := x.host.DescribeStateMachineForExecution(ctx, arn)
	if err != nil && !quarantined {
		return f, err
	}
	if err == nil {
		f.Taken, _ = asl.Parse(diag.NewSource(taken.File, taken.Definition)) // faults of a definition that was taken are known
	}
	if f.Taken != nil {
		f.Workers = map[string]why.Workers{}
		for _, activity := range f.Taken.Activities {
			f.Workers[activity] = x.workers(activity)
		}
	}
	p, snapshot := x.pair()
	f.File, f.Config, f.ConfigFile = taken.File, p.Config, filepath.ToSlash(p.Config.File)
	for _, m := range p.StateMachines {
		if m.Name == taken.Name {
			f.File = m.File
			f.Defined, _ = asl.Parse(m.Source())
			f.Limits = map[string]time.Duration{}
			for _, o := range m.States {
				f.Limits[o.Name] = o.Limit
			}
		}
	}
	if f.ConfigFile == "" {
		f.ConfigFile = filepath.ToSlash(filepath.Join(p.Dir, "stile.yaml"))
	}
	f.RoleName, _ = sfn.RoleName(f.Execution.RoleARN)
	f.Role, f.RoleFile = p.roles[f.RoleName], filepath.ToSlash(filepath.Join(p.Dir, "roles", f.RoleName+".json"))
	for _, t := range tokens {
		if t.ExecutionARN == arn {
			f.Tokens = append(f.Tokens, t)
		}
	}
	if len(f.Tokens) > 0 {
		d, err := x.host.Deliveries(ctx, arn)
		if err != nil {
			return f, err
		}
		f.Deliveries = d.Records
	}
	f.Now, f.Today = x.now(), today{snapshot, p, x.secret}
	return f, nil
}

// pair gives project and snapshot of one configuration. They are put up one after the
// other, so that what is seen in between is looked at again.
func (x *explainer) pair() (p *project, snapshot *gateway.Snapshot) {
	for range 1000 {
		if p, snapshot = x.project(), x.snapshot(); snapshot.Service() == p.APIM {
			break
		}
		runtime.Gosched()
	}
	return p, snapshot
}

// history reads the last events, oldest first.
func (x *explainer) history(ctx context.Context, arn string) (out []history.Event, err error) {
	in := sfn.HistoryPage{ExecutionARN: arn, Reverse: true, Page: sfn.Page{Max: 1000}}
	for len(out) < whyEvents {
		events, next, err := x.host.GetExecutionHistory(ctx, in)
		if err != nil {
			return nil, err
		}
		out = append(out, events...)
		if in.Token = next; next == "" {
			break
		}
	}
	slices.Reverse(out)
	return out, nil
}

// today is the configuration of one snapshot and one project.
type today struct {
	*gateway.Snapshot
	project *project
	secret  func(secret.Ref) (secret.State, bool)
}

// Site finds a policy by what a verdict tells of it.
func (t today) Site(old policy.Site, api, operation string) (policy.Site, bool) {
	return t.Snapshot.Site(old, api, operation)
}

// NamedValue tells of a named value and of its secret.
func (t today) NamedValue(name, api, operation string) (n why.NamedValue, ok bool) {
	use, ok := t.Snapshot.NamedValue(name, api, operation)
	if !ok {
		return n, false
	}
	n = why.NamedValue{Lacking: use.Lacking, File: use.File, Line: use.Line,
		Declared: why.Declared{File: use.Place.File, Line: use.Place.Line}}
	if use.Ref.IsZero() {
		return n, true
	}
	n.Reference = use.Ref.String()
	if st, ok := t.secret(use.Ref); ok {
		n.Condition, n.Fetched, n.Since = string(st.Condition), st.Fetched, st.Since
	}
	return n, true
}

// Operation finds what a method and a path of the gateway reach.
func (t today) Operation(method, path string) (api, operation string, ok bool) {
	return t.Snapshot.Locate(method, path)
}

// Backend tells where a backend entity, else an API's service URL, is declared.
func (t today) Backend(id, api string) (why.Declared, bool) {
	svc := t.Snapshot.Service()
	for _, b := range svc.Backends {
		if b.ID == id && id != "" {
			return declared(b.Place, "url", b.BaseURL), true
		}
	}
	a := svc.API(api)
	if a == nil || a.ServiceURL == "" {
		return why.Declared{}, false
	}
	return declared(a.Place, "serviceUrl", a.ServiceURL), true
}

// declared is the line of a member in the file that declares something; the file's
// own line where the member is not found.
func declared(p apim.Place, member, text string) why.Declared {
	d := why.Declared{File: p.File, Line: max(p.Line, 1), Text: text}
	b, err := os.ReadFile(filepath.FromSlash(p.File))
	if err != nil {
		return d // it is being edited: its line comes with the next question
	}
	if at := regexp.MustCompile(`"` + member + `"\s*:`).FindIndex(b); at != nil {
		d.Line = 1 + strings.Count(string(b[:at[0]]), "\n")
	}
	return d
}
