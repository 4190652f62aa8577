package policies

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"stile/internal/cache"
	"stile/policy"
	"stile/policy/exchange"
	"stile/policy/expr"
)

var update = flag.Bool("update", false, "write what the scripts gave into their want files")

// TestScripts runs testdata/*.txtar. A script holds policy documents (global.xml,
// product.xml, api.xml, operation.xml, fragments/ID.xml), values (lines
// "name=text", or "secret name=text"), a backend's answer, requests, and what
// comes out: diagnostics, or for each request the answer, what the backend got,
// decisions, last error, verdict.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			ar := txtar.Parse(data)
			s := newScript(t, ar)
			got := s.play()
			if *update {
				s.write(file, got)
				return
			}
			if diff := cmp.Diff(s.files["want"], got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

type script struct {
	t        *testing.T
	archive  *txtar.Archive
	thumbs   map[*tls.Certificate]string // certificates by what prints
	files    map[string]string
	values   policy.Fixed
	counters policy.Counters
	cache    policy.Cache
	calls    int // of the backend
	out      strings.Builder
}

// equipped are values of a host with managed identities.
type equipped struct{ policy.Fixed }

func (equipped) ManagedIdentity() bool { return true }

// identities is the script's file identity: lines of resource, client id and token.
type identities string

func (i identities) Token(_ context.Context, resource, clientID string) (string, error) {
	for line := range strings.Lines(string(i)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == resource && f[1] == clientID || len(f) == 2 && f[0] == resource && clientID == "" {
			return f[len(f)-1], nil
		}
	}
	return "", errors.New("no such identity")
}

// authorizations is the script's file of that name: lines of provider, id and token.
type authorizations string

func (a authorizations) Authorization(_ context.Context, q policy.AuthorizationQuery) (*exchange.Authorization, error) {
	for line := range strings.Lines(string(a)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == q.Provider && f[1] == q.Authorization && (q.IdentityType == "managed" || q.Identity.Reveal() == "mine") {
			return &exchange.Authorization{AccessToken: exchange.Redact(f[2])}, nil
		}
	}
	return nil, errors.New("no such authorization")
}

// broken is a cache that fails.
type broken struct{}

var errBroken = errors.New("the store is away")

func (broken) Get(context.Context, string, time.Time) (any, time.Time, bool, error) {
	return nil, time.Time{}, false, errBroken
}
func (broken) Put(context.Context, string, any, int64, time.Duration, time.Time) error {
	return errBroken
}
func (broken) Remove(context.Context, string) error { return errBroken }

func newScript(t *testing.T, ar *txtar.Archive) *script {
	s := &script{t: t, archive: ar, thumbs: map[*tls.Certificate]string{}, files: map[string]string{}, counters: NewCounters(), cache: cache.NewMemory(0, 0),
		values: policy.Fixed{NamedValues: map[string]policy.NamedValue{}, Stored: map[string]policy.Certificate{}, Fragments: map[string]policy.Source{},
			Backends: map[string]exchange.Backend{"pay": {ID: "pay", BaseURL: "http://pay.example/v1"}}}}
	for _, f := range ar.Files {
		if f.Name == "broken" {
			s.cache = broken{}
		}
		s.files[f.Name] = string(f.Data)
		if id, ok := strings.CutPrefix(f.Name, "fragments/"); ok {
			s.values.Fragments[strings.TrimSuffix(id, ".xml")] = policy.Source{File: f.Name, Text: string(f.Data)}
		}
		s.keepSchema(f.Name, string(f.Data))
	}
	for _, line := range strings.Split(strings.TrimSpace(s.files["values"]), "\n") {
		name, text, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		name, secret := strings.CutPrefix(name, "secret ")
		s.values.NamedValues[name] = policy.NamedValue{Text: text, Secret: secret}
	}
	for line := range strings.Lines(s.files["certificates"]) {
		id, thumbprint, _ := strings.Cut(strings.TrimSpace(line), " ")
		c := policy.Certificate{ID: id, Thumbprint: thumbprint, TLS: &tls.Certificate{}}
		if reason, ok := strings.CutPrefix(thumbprint, "lacking "); ok {
			c = policy.Certificate{ID: id, Lacking: reason}
		}
		s.values.Stored[id], s.thumbs[c.TLS] = c, id
	}
	return s
}

func (s *script) write(file, got string) {
	s.archive.Files = slices.DeleteFunc(s.archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	s.archive.Files = append(s.archive.Files, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(file, txtar.Format(s.archive), 0o666); err != nil {
		s.t.Fatal(err)
	}
}

// play compiles, links and runs; faults end it before any request.
func (s *script) play() string {
	var docs [4]*policy.Document
	faulty := false
	for i, name := range []string{"global", "product", "api", "operation"} {
		text, ok := s.files[name+".xml"]
		if !ok {
			continue
		}
		scope := []policy.Scope{policy.Global, policy.Product, policy.API, policy.Operation}[i]
		var values policy.Values = s.values
		if s.files["identity"] != "" {
			values = equipped{s.values}
		}
		doc, list := policy.Compile(policy.Source{File: name + ".xml", Text: text, Scope: scope}, Table(), values)
		for _, d := range list {
			s.out.WriteString(d.Text())
		}
		docs[i], faulty = doc, faulty || doc == nil
	}
	if faulty {
		return s.out.String()
	}
	p := policy.Link(docs[0], docs[1], docs[2], docs[3])
	if _, ok := s.files["effective"]; ok {
		for _, e := range p.Effective() {
			fmt.Fprintf(&s.out, "%s %s %s:%d %s\n", e.Section, e.Scope, e.File, e.Line, e.Text)
		}
	}
	for _, f := range s.archive.Files {
		if strings.HasPrefix(f.Name, "request") {
			s.request(p, string(f.Data))
		}
	}
	return s.out.String()
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// request runs one request: a request line, fields, pseudo fields that begin with
// a colon, and after an empty line the body.
func (s *script) request(p *policy.Pipeline, text string) {
	head, body, hasBody := strings.Cut(text, "\n\n")
	lines := bufio.NewScanner(strings.NewReader(head))
	lines.Scan()
	method, target, _ := strings.Cut(lines.Text(), " ")
	u, err := exchange.ParseURL(target)
	if err != nil {
		s.t.Fatal(err)
	}
	now := epoch
	ex := &exchange.Exchange{ID: "11111111-2222-3333-4444-555555555555", Revision: "rev-1", Started: epoch,
		Request:      exchange.Request{Method: method, URL: u, OriginalURL: u, Client: netip.MustParseAddr("192.0.2.7")},
		API:          &exchange.API{ID: "orders", Name: "Orders"},
		Operation:    &exchange.Operation{ID: "place", Name: "Place", Method: method, URLTemplate: "/orders"},
		Product:      &exchange.Product{ID: "starter", Name: "Starter"},
		Subscription: &exchange.Subscription{ID: "demo", Name: "Demo"},
		Backend:      exchange.Backend{BaseURL: "http://backend.example"}}
	if hasBody {
		ex.Request.Body = exchange.Text(body)
	}
	for lines.Scan() {
		pseudo := strings.HasPrefix(lines.Text(), ":")
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), ":"), ": ")
		if !pseudo {
			ex.Request.Header.Add(name, value)
			continue
		}
		switch name {
		case "at":
			d, err := time.ParseDuration(value)
			if err != nil {
				s.t.Fatal(err)
			}
			now = epoch.Add(d)
		case "client":
			ex.Request.Client, _ = netip.ParseAddr(value)
		case "subscription":
			if ex.Subscription = nil; value != "" {
				ex.Subscription = &exchange.Subscription{ID: value}
			}
		case "since":
			if ex.Subscription.Start, err = time.Parse(time.RFC3339, value); err != nil {
				s.t.Fatal(err)
			}
		case "matched":
			k, v, _ := strings.Cut(value, "=")
			ex.Request.Matched = append(ex.Request.Matched, exchange.Param{Name: k, Value: v})
		case "template":
			ex.Operation.URLTemplate = value
		case "operation":
			s.describe(ex, value)
		}
	}
	fmt.Fprintf(&s.out, "== %s %s\n", method, target)
	env := &policy.Env{Now: func() time.Time { return now }, NewGUID: func() string { return ex.ID },
		Rand: func() uint64 { return 7 }, Backend: exchange.CallerFunc(s.backend), Counters: s.counters, Cache: s.cache,
		Trace: func(source, message string) { fmt.Fprintf(&s.out, "trace %s: %s\n", source, message) }}
	if text := s.files["identity"]; text != "" {
		env.Identity = identities(text)
	}
	env.Tokens = newVerifier()
	s.observe(env)
	env.Flights, env.Sleep = new(policy.Flights), func(_ context.Context, d time.Duration) error {
		fmt.Fprintf(&s.out, "sleep %v\n", d)
		now = now.Add(d)
		return nil
	}
	if text := s.files["authorizations"]; text != "" {
		env.Authorizations = authorizations(text)
	}
	p.Run(context.Background(), ex, env)
	s.print(ex)
}

// backend answers with the script's backend file, after printing what it got.
func (s *script) backend(ctx context.Context, ex *exchange.Exchange) error {
	fmt.Fprintf(&s.out, "> %s %s%s%s\n", ex.Request.Method, ex.Backend.BaseURL, ex.Request.URL.Path, ex.Request.URL.QueryString())
	if c := ex.Backend.ClientCertificate; c != nil {
		fmt.Fprintf(&s.out, "> with certificate %s\n", s.thumbs[c])
	}
	ex.Request.Header.Each(func(name, value string) { fmt.Fprintf(&s.out, "> %s: %s\n", name, value) })
	body, err := ex.Request.Body.Bytes()
	if err != nil {
		return err
	}
	if len(body) > 0 {
		fmt.Fprintf(&s.out, "> %s\n", bytes.TrimSpace(body))
	}
	s.calls++
	answer, ok := s.files[fmt.Sprintf("backend-%d", s.calls)]
	if !ok {
		answer, ok = s.files["backend"]
	}
	if !ok {
		answer = "200\nContent-Type: text/plain\nServer: sample\n\nhello"
	}
	if why, ok := strings.CutPrefix(answer, "error "); ok {
		return errors.New(strings.TrimSpace(why))
	}
	if strings.HasPrefix(answer, "hang") {
		<-ctx.Done()
		return ctx.Err()
	}
	head, text, _ := strings.Cut(answer, "\n\n")
	fields := strings.Split(head, "\n")
	if _, err := fmt.Sscan(fields[0], &ex.Response.StatusCode); err != nil {
		return err
	}
	for _, f := range fields[1:] {
		name, value, _ := strings.Cut(f, ": ")
		ex.Response.Header.Add(name, value)
	}
	ex.Response.Body = exchange.Text(strings.TrimSuffix(text, "\n"))
	return nil
}

func (s *script) print(ex *exchange.Exchange) {
	fmt.Fprintf(&s.out, "< %d %s\n", ex.Response.StatusCode, ex.Response.Reason)
	ex.Response.Header.Each(func(name, value string) { fmt.Fprintf(&s.out, "< %s: %s\n", name, value) })
	body, err := ex.Response.Body.Bytes()
	if err != nil {
		s.t.Error(err)
	}
	if len(body) > 0 {
		fmt.Fprintf(&s.out, "< %s\n", bytes.TrimSpace(body))
	}
	var names []string
	for name := range ex.Variables {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&s.out, "variable %s = %T %v\n", name, ex.Variables[name], expr.ToText(ex.Variables[name]))
	}
	for _, d := range ex.Decisions {
		fmt.Fprintf(&s.out, "decision %s %s %s %s:%d %s", d.Section, d.Scope, d.Policy, d.File, d.Line, d.Outcome)
		if d.PolicyID != "" {
			fmt.Fprintf(&s.out, " id=%s", d.PolicyID)
		}
		if d.Status != 0 {
			fmt.Fprintf(&s.out, " %d", d.Status)
		}
		if d.Detail != "" {
			fmt.Fprintf(&s.out, " (%s)", d.Detail)
		}
		s.out.WriteByte('\n')
	}
	if ex.LastError != nil {
		fmt.Fprintf(&s.out, "last error %+v\n", *ex.LastError)
	}
	if ex.Verdict != nil {
		text := fmt.Sprintf("verdict %+v\n", *ex.Verdict)
		s.out.WriteString(strings.Replace(text, " Backend: Rule:", "", 1)) // most have none
	}
}
