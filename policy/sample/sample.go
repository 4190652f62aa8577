// Package sample reads a context document: the request, response, variables and
// so on that a policy expression sees when it is evaluated apart from any gateway,
// as `stile policy eval --context FILE` and the tests do.
//
// It makes no request and checks no policy. Invariants: an unknown member is an
// error, so that a misspelt one is not silently absent; the same document gives
// the same context, whose clock stands still and whose GUIDs and random numbers
// are counted, never drawn.
package sample

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"sort"
	"time"

	"stile/policy/exchange"
	"stile/policy/expr"
)

// Context is what one document describes.
type Context struct {
	Exchange *exchange.Exchange
	// Now is the document's timestamp: the time that expressions are told.
	Now time.Time
	// Timed says that the document has a timestamp.
	Timed bool
	// Elapsed is context.Elapsed.
	Elapsed time.Duration
	data    []byte
	drawn   uint64
}

type document struct {
	RequestID    string        `json:"requestId"`
	Timestamp    string        `json:"timestamp"`
	Elapsed      float64       `json:"elapsed"`
	Request      *request      `json:"request"`
	Response     *response     `json:"response"`
	API          *api          `json:"api"`
	Operation    *operation    `json:"operation"`
	Product      *product      `json:"product"`
	Subscription *subscription `json:"subscription"`
	LastError    *lastError    `json:"lastError"`

	RawVariables map[string]json.RawMessage `json:"variables"`
}

type request struct {
	Method            string                     `json:"method"`
	URL               string                     `json:"url"`
	OriginalURL       string                     `json:"originalUrl"`
	IPAddress         string                     `json:"ipAddress"`
	Headers           map[string]json.RawMessage `json:"headers"`
	Body              json.RawMessage            `json:"body"`
	MatchedParameters map[string]string          `json:"matchedParameters"`
}

type response struct {
	StatusCode   int                        `json:"statusCode"`
	StatusReason string                     `json:"statusReason"`
	Headers      map[string]json.RawMessage `json:"headers"`
	Body         json.RawMessage            `json:"body"`
}

type api struct {
	ID                string   `json:"id"`
	Name              string   `json:"name"`
	Path              string   `json:"path"`
	Revision          string   `json:"revision"`
	Version           string   `json:"version"`
	ServiceURL        string   `json:"serviceUrl"`
	Protocols         []string `json:"protocols"`
	IsCurrentRevision bool     `json:"isCurrentRevision"`
}

type operation struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Method      string `json:"method"`
	URLTemplate string `json:"urlTemplate"`
}

type product struct {
	ID                   string `json:"id"`
	Name                 string `json:"name"`
	State                string `json:"state"`
	ApprovalRequired     bool   `json:"approvalRequired"`
	SubscriptionRequired bool   `json:"subscriptionRequired"`
	SubscriptionsLimit   int    `json:"subscriptionsLimit"`
}

type subscription struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Key  string `json:"key"`
}

type lastError struct {
	Source   string `json:"source"`
	Reason   string `json:"reason"`
	Message  string `json:"message"`
	Scope    string `json:"scope"`
	Section  string `json:"section"`
	Path     string `json:"path"`
	PolicyID string `json:"policyId"`
}

// Read reads a document, which is JSON. Every member is optional.
func Read(data []byte) (*Context, error) {
	var d document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("context document: %w", err)
	}
	c := &Context{data: data, Now: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Elapsed: time.Duration(d.Elapsed * float64(time.Second))}
	if d.Timestamp != "" {
		t, err := time.Parse(time.RFC3339Nano, d.Timestamp)
		if err != nil {
			return nil, fmt.Errorf("context document: timestamp: %w", err)
		}
		c.Now, c.Timed = t.UTC(), true
	}
	ex := &exchange.Exchange{ID: d.RequestID, Started: c.Now, Variables: map[string]any{}}
	c.Exchange = ex
	if ex.ID == "" {
		ex.ID = "00000000-0000-4000-8000-000000000000"
	}
	if err := d.fill(ex); err != nil {
		return nil, fmt.Errorf("context document: %w", err)
	}
	return c, nil
}

// Env is the surroundings of one evaluation: the document is read anew, so that
// what one expression consumes or changes is as it was for the next.
func (c *Context) Env() *expr.Env {
	fresh, err := Read(c.data)
	if err != nil {
		fresh = c // it was read before: this cannot be
	}
	return &expr.Env{
		Exchange: fresh.Exchange,
		Now:      func() time.Time { return c.Now },
		Elapsed:  func() time.Duration { return c.Elapsed },
		NewGUID: func() string {
			c.drawn++
			return fmt.Sprintf("00000000-0000-4000-8000-%012x", c.drawn)
		},
		Rand: func() uint64 { c.drawn++; return c.drawn * 0x9e3779b97f4a7c15 },
	}
}

func sortedNames[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

func (d *document) fill(ex *exchange.Exchange) (err error) {
	if err := d.request(ex); err != nil {
		return err
	}
	if r := d.Response; r != nil {
		made, err := r.make("response")
		if err != nil {
			return err
		}
		ex.Response = *made
	}
	for _, name := range sortedNames(d.RawVariables) {
		if ex.Variables[name], err = variable(d.RawVariables[name]); err != nil {
			return fmt.Errorf("variables.%s: %w", name, err)
		}
	}
	d.entities(ex)
	return nil
}

func (d *document) entities(ex *exchange.Exchange) {
	if a := d.API; a != nil {
		ex.API = &exchange.API{
			ID: a.ID, Name: a.Name, Path: a.Path, Revision: a.Revision, Version: a.Version, ServiceURL: a.ServiceURL,
			Protocols: a.Protocols, IsCurrentRevision: a.IsCurrentRevision, KeyHeader: "Ocp-Apim-Subscription-Key", KeyQuery: "subscription-key",
		}
	}
	if o := d.Operation; o != nil {
		ex.Operation = &exchange.Operation{ID: o.ID, Name: o.Name, Method: o.Method, URLTemplate: o.URLTemplate}
	}
	if p := d.Product; p != nil {
		ex.Product = &exchange.Product{
			ID: p.ID, Name: p.Name, State: p.State, ApprovalRequired: p.ApprovalRequired,
			SubscriptionRequired: p.SubscriptionRequired, SubscriptionsLimit: p.SubscriptionsLimit,
		}
	}
	if s := d.Subscription; s != nil {
		ex.Subscription = &exchange.Subscription{ID: s.ID, Name: s.Name, Key: exchange.Redact(s.Key)}
	}
	if e := d.LastError; e != nil {
		ex.LastError = &exchange.LastError{
			Source: e.Source, Reason: e.Reason, Message: e.Message, Scope: e.Scope, Section: e.Section, Path: e.Path, PolicyID: e.PolicyID,
		}
	}
}

func (d *document) request(ex *exchange.Exchange) (err error) {
	r := d.Request
	if r == nil {
		r = &request{}
	}
	to := &ex.Request
	to.Method = first(r.Method, "GET")
	if to.URL, err = exchange.ParseURL(first(r.URL, "https://localhost/")); err != nil {
		return fmt.Errorf("request.url: %w", err)
	}
	if to.OriginalURL, err = exchange.ParseURL(first(r.OriginalURL, r.URL, "https://localhost/")); err != nil {
		return fmt.Errorf("request.originalUrl: %w", err)
	}
	if to.Client, err = netip.ParseAddr(first(r.IPAddress, "127.0.0.1")); err != nil {
		return fmt.Errorf("request.ipAddress: %w", err)
	}
	if err := header(&to.Header, r.Headers); err != nil {
		return fmt.Errorf("request.headers: %w", err)
	}
	for _, name := range sortedNames(r.MatchedParameters) {
		to.Matched = append(to.Matched, exchange.Param{Name: name, Value: r.MatchedParameters[name]})
	}
	to.Body = body(r.Body)
	return nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func (r *response) make(where string) (*exchange.Response, error) {
	out := &exchange.Response{StatusCode: r.StatusCode, Reason: r.StatusReason, Body: body(r.Body)}
	if out.StatusCode == 0 {
		out.StatusCode = 200
	}
	if err := header(&out.Header, r.Headers); err != nil {
		return nil, fmt.Errorf("%s.headers: %w", where, err)
	}
	return out, nil
}

// header takes a text or a list of texts for each name.
func header(h *exchange.Header, fields map[string]json.RawMessage) error {
	for _, name := range sortedNames(fields) {
		var list []string
		if json.Unmarshal(fields[name], &list) != nil {
			var one string
			if err := json.Unmarshal(fields[name], &one); err != nil {
				return fmt.Errorf("%s must be a text or a list of texts", name)
			}
			list = []string{one}
		}
		for _, v := range list {
			h.Add(name, v)
		}
	}
	return nil
}

// body takes a text as it is, and any other JSON as its compact text.
func body(raw json.RawMessage) *exchange.Body {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return exchange.Text(text)
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return exchange.Bytes(raw)
	}
	return exchange.Bytes(b.Bytes())
}
