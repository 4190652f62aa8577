package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/policy/exchange"
)

// sample is a table of policies that do one thing each.
func sample(t *testing.T) *Table {
	t.Helper()
	literal := func(name string, run Run) Descriptor {
		return Descriptor{Name: name, Sections: AnySection, Scopes: AnyScope, Doc: "For tests.",
			Compile: func(*Compiler, *Element) Run { return run }}
	}
	table, err := NewTable([]Descriptor{
		literal("nothing", func(context.Context, *exchange.Exchange, *Env) error { return nil }),
		literal("break", func(context.Context, *exchange.Exchange, *Env) error { return errors.New("disk full") }),
		literal("panic", func(context.Context, *exchange.Exchange, *Env) error { panic("broken") }),
		literal("deny", func(context.Context, *exchange.Exchange, *Env) error {
			return &Denied{Status: 403, Reason: "No", Message: "not you"}
		}),
		literal("end", func(_ context.Context, ex *exchange.Exchange, _ *Env) error {
			ex.Response = exchange.Response{StatusCode: 204}
			return ErrEnd
		}),
		literal("answer", func(_ context.Context, ex *exchange.Exchange, _ *Env) error {
			ex.Response = exchange.Response{StatusCode: 203}
			return ErrAnswered
		}),
		literal("keep", func(_ context.Context, _ *exchange.Exchange, env *Env) error {
			n, _ := env.Kept(keepKey{}).(int)
			env.Keep(keepKey{}, n+1)
			env.Note(fmt.Sprint(n))
			return nil
		}),
		{Name: "sorted", Sections: AnySection, Scopes: AnyScope, Doc: "For tests.",
			Schema: Schema{Ordered: true, Children: []Child{{Name: "a", Many: true}, {Name: "b"}, {Name: "c"}}},
			Compile: func(*Compiler, *Element) Run {
				return func(context.Context, *exchange.Exchange, *Env) error { return nil }
			}},
		literal("later", func(_ context.Context, ex *exchange.Exchange, env *Env) error {
			env.Defer(func(context.Context) { ex.Response.Header.Set("X-Later", fmt.Sprint(ex.Response.StatusCode)) })
			return nil
		}),
		literal("forward", func(ctx context.Context, ex *exchange.Exchange, env *Env) error {
			return Forward(ctx, ex, env, ForwardOptions{Timeout: time.Minute})
		}),
		{Name: "wrap", Sections: AnySection, Scopes: AnyScope, Doc: "For tests.", Schema: Schema{Policies: true},
			Compile: func(c *Compiler, e *Element) Run { return c.Policies(e) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// pipeline links one API document whose sections hold the given policies.
func pipeline(t *testing.T, inbound, backend, outbound, onError string) *Pipeline {
	t.Helper()
	doc, list := Compile(Source{File: "api.xml", Scope: API, Text: fmt.Sprintf(
		"<policies>\n<inbound>%s</inbound>\n<backend>%s</backend>\n<outbound>%s</outbound>\n<on-error>%s</on-error>\n</policies>",
		inbound, backend, outbound, onError)}, sample(t), Fixed{})
	if len(list) > 0 {
		t.Fatal(list)
	}
	return Link(nil, nil, doc, nil)
}

// outline is what a run left behind, in one line.
func outline(ex *exchange.Exchange) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", ex.Response.StatusCode)
	for _, d := range ex.Decisions {
		fmt.Fprintf(&b, " %s/%s:%s", d.Section, d.Policy, d.Outcome)
	}
	if e := ex.LastError; e != nil {
		fmt.Fprintf(&b, " | %s %s %q %s %s", e.Source, e.Reason, e.Message, e.Section, e.Path)
	}
	if ex.Verdict != nil {
		fmt.Fprintf(&b, " | %s:%d:%d", ex.Verdict.File, ex.Verdict.Line, ex.Verdict.Column)
	}
	return b.String()
}

func TestRunOrder(t *testing.T) {
	for _, c := range []struct{ name, in, be, out, err, want string }{
		{"nothing", "", "", "", "", "200"},
		{"all sections", "<nothing/>", "<nothing/>", "<nothing/>", "<nothing/>", "200 inbound/nothing:ok backend/nothing:ok outbound/nothing:ok"},
		{"end in inbound", "<end/><nothing/>", "<nothing/>", "<nothing/>", "<nothing/>", "204 inbound/end:returned"},
		{"end inside", "<wrap><wrap><end/></wrap><nothing/></wrap>", "", "", "", "204 inbound/wrap:returned inbound/wrap:returned inbound/end:returned"},
		{"deny", "<deny/><nothing/>", "<nothing/>", "<nothing/>", "<nothing/>",
			`403 inbound/deny:denied on-error/nothing:ok | deny No "not you" inbound deny | api.xml:2:10`},
		{"deny inside", "<wrap/><wrap><nothing/><deny/></wrap>", "", "", "",
			`403 inbound/wrap:ok inbound/wrap:denied inbound/nothing:ok inbound/deny:denied | deny No "not you" inbound wrap[2]/deny | api.xml:2:33`},
		{"fault in outbound", "", "", "<break/>", "", `500 outbound/break:failed | break InternalError "disk full" outbound break`},
		{"end in on-error", "<deny/>", "", "", "<end/><nothing/>",
			`204 inbound/deny:denied on-error/end:returned | deny No "not you" inbound deny | api.xml:2:10`},
		{"fault in on-error", "<deny/>", "", "", "<break/><nothing/>",
			`500 inbound/deny:denied on-error/break:failed | break InternalError "disk full" on-error break | api.xml:2:10`},
		{"later after a denial", "<later/><deny/>", "", "", "", `403 inbound/later:ok inbound/deny:denied | deny No "not you" inbound deny | api.xml:2:18`},
	} {
		t.Run(c.name, func(t *testing.T) {
			ex := &exchange.Exchange{}
			pipeline(t, c.in, c.be, c.out, c.err).Run(context.Background(), ex, &Env{Now: time.Now})
			if got := outline(ex); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if strings.Contains(c.in, "later") && ex.Response.Header.Get("X-Later") != "403" {
				t.Error("the deferred function did not see the final response")
			}
		})
	}
}

type keepKey struct{}

// TestAnswered: an answer in inbound skips to outbound, and a failure there has its
// own place.
func TestAnswered(t *testing.T) {
	for _, c := range []struct{ inbound, outbound, want string }{
		{"<answer /><nothing />", "<nothing />", "203 inbound/answer:returned outbound/nothing:ok"},
		{"<wrap><wrap><answer /></wrap><deny /></wrap><deny />", "<nothing />",
			"203 inbound/wrap:returned inbound/wrap:returned inbound/answer:returned outbound/nothing:ok"},
		{"<answer />", "<nothing /><break />", `500 inbound/answer:returned outbound/nothing:ok outbound/break:failed | break InternalError "disk full" outbound break`},
		{"<answer />", "<deny />", `403 inbound/answer:returned outbound/deny:denied | deny No "not you" outbound deny | api.xml:4:11`},
	} {
		ex := &exchange.Exchange{}
		pipeline(t, c.inbound, "<break />", c.outbound, "").Run(context.Background(), ex, &Env{Now: time.Now})
		if got := outline(ex); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.inbound, got, c.want)
		}
	}
}

// TestKeep: what a policy keeps lasts for its exchange.
func TestKeep(t *testing.T) {
	p := pipeline(t, "<keep /><wrap><keep /></wrap>", "", "<keep />", "")
	for range 2 {
		ex := &exchange.Exchange{}
		p.Run(context.Background(), ex, &Env{})
		var got string
		for _, d := range ex.Decisions {
			got += d.Detail
		}
		if got != "012" {
			t.Errorf("counted %s", got)
		}
	}
	var outside Env
	outside.Keep(keepKey{}, 1)
	if outside.Kept(keepKey{}) != nil {
		t.Error("something was kept outside a pipeline")
	}
}

// TestOrdered: a child that stands after one that should follow it is told of once.
func TestOrdered(t *testing.T) {
	for content, want := range map[string]string{
		"<a /><a /><c />":  "",
		"<b /><c />":       "",
		"<c /><a /><b />":  "<a> stands too late in <sorted>,<b> stands too late in <sorted>",
		"<a /><c /><b />":  "<b> stands too late in <sorted>",
		"<b /><a /><c />":  "<a> stands too late in <sorted>",
		"<unknown /><a />": "<unknown> cannot stand in <sorted>",
	} {
		_, list := Compile(Source{File: "api.xml", Scope: API, Text: "<policies><inbound><sorted>" + content + "</sorted></inbound><backend /></policies>"},
			sample(t), Fixed{})
		var got []string
		for _, d := range list {
			got = append(got, d.Message)
		}
		if text := strings.Join(got, ","); text != want {
			t.Errorf("%s: %s, want %s", content, text, want)
		}
	}
}

func TestRunPanic(t *testing.T) {
	ex := &exchange.Exchange{}
	told := ""
	env := &Env{Panicked: func(v any, stack []byte) { told = fmt.Sprintf("%v %t", v, len(stack) > 0) }}
	pipeline(t, "<wrap><panic/></wrap>", "", "", "<nothing/>").Run(context.Background(), ex, env)
	if want := `500 inbound/wrap:failed inbound/panic:failed | panic InternalError "a policy failed inside" inbound wrap/panic`; outline(ex) != want {
		t.Errorf("got  %s\nwant %s", outline(ex), want)
	}
	if told != "broken true" {
		t.Errorf("the host was told %q", told)
	}
}

func TestRunCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ex := &exchange.Exchange{}
	pipeline(t, "<nothing/>", "", "", "").Run(ctx, ex, &Env{})
	if want := `500 | nothing ClientConnectionFailure "context canceled" inbound nothing`; outline(ex) != want {
		t.Errorf("got  %s\nwant %s", outline(ex), want)
	}
}

// TestForward: the wait for the header is bounded, the body's time is not.
func TestForward(t *testing.T) {
	hang := func(ctx context.Context, _ *exchange.Exchange) error { <-ctx.Done(); return ctx.Err() }
	refuse := func(context.Context, *exchange.Exchange) error { return errors.New("connection refused") }
	for _, c := range []struct {
		name   string
		caller exchange.CallerFunc
		limit  time.Duration // of the client's own context
		want   string
		took   time.Duration
	}{
		{"timeout", hang, time.Hour, `500 backend/forward:failed | forward Timeout "the backend did not answer in time" backend forward`, time.Minute},
		{"client gone", hang, time.Second, `500 backend/forward:failed | forward ClientConnectionFailure "context deadline exceeded" backend forward`, time.Second},
		{"refused", refuse, time.Hour, `500 backend/forward:failed | forward BackendConnectionFailure "connection refused" backend forward`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pipeline(t, "", "<forward/>", "", "")
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), c.limit)
				defer cancel()
				start := time.Now()
				ex := &exchange.Exchange{}
				p.Run(ctx, ex, &Env{Now: time.Now, Backend: c.caller})
				if got := outline(ex); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("took %s, want %s", took, c.took)
				}
			})
		})
	}
}

func TestForwardStream(t *testing.T) {
	p := pipeline(t, "", "<forward/>", "", "")
	synctest.Test(t, func(t *testing.T) {
		var call context.Context
		caller := exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
			call = ctx
			ex.Response.StatusCode = 200
			ex.Response.Body = exchange.Stream(io.NopCloser(strings.NewReader("streamed")), 8)
			return nil
		})
		ex := &exchange.Exchange{}
		p.Run(context.Background(), ex, &Env{Now: time.Now, Backend: caller})
		<-time.After(time.Hour) // synctest's clock
		if call.Err() != nil {
			t.Error("the call's context ended while its body streamed")
		}
		data, err := io.ReadAll(ex.Response.Body.Reader())
		if err != nil || string(data) != "streamed" || ex.Response.Body.Length() != 8 {
			t.Errorf("read %q, %v", data, err)
		}
		if err := ex.Response.Body.Close(); err != nil {
			t.Error(err)
		}
		if call.Err() == nil {
			t.Error("the call's context outlives its body")
		}
	})
}

func TestTable(t *testing.T) {
	run := func(*Compiler, *Element) Run { return nil }
	_, err := NewTable([]Descriptor{
		{Name: "a", Sections: Inbound, Scopes: API, Doc: "d", Compile: run},
		{Name: "a", Sections: Inbound, Scopes: API, Doc: "d", Compile: run},
		{Sections: Inbound, Scopes: API, Doc: "d", Compile: run},
		{Name: "base", Sections: Inbound, Scopes: API, Doc: "d", Compile: run},
		{Name: "b", Sections: Inbound, Scopes: API, Compile: run},
		{Name: "c", Sections: Inbound, Scopes: API, Doc: "d"},
		{Name: "d", Doc: "d", Compile: run},
	})
	want := strings.Join([]string{`policy "a": stands twice in the table`, `policy "": no name`,
		`policy "base": the name belongs to the structure of documents`, `policy "b": no documentation`,
		`policy "c": needs exactly one of Compile and Lacking`, `policy "d": no sections or no scopes`}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("(-want +got)\n%s", cmp.Diff(want, fmt.Sprint(err)))
	}
}

func TestErrorBody(t *testing.T) {
	if got, want := string(ErrorBody(429, "a \"b\" <c>")), `{ "statusCode": 429, "message": "a \"b\" <c>" }`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
