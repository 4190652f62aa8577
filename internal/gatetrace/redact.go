package gatetrace

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/policy/exchange"
)

// hidden stands for what is not told.
const hidden = "***"

// telling are parts of names, in lower case, by which header fields and parameters of
// queries are taken for credentials; so are names that end in key.
var telling = []string{"authorization", "cookie", "token", "secret", "password", "passwd", "signature", "credential", "session", "csrf", "apikey",
	"clientcert", "client-cert"}

// Credential reports whether what stands under a name is one.
func Credential(name string) bool {
	name = strings.ToLower(name)
	switch {
	case name == "idempotency-key":
		return false
	case name == "sig" || name == "code" || name == "key" || strings.HasSuffix(name, "-key") || strings.HasSuffix(name, "_key"):
		return true
	}
	return slices.ContainsFunc(telling, func(part string) bool { return strings.Contains(name, part) })
}

var (
	// webToken is a JWS or JWE in its compact form.
	webToken = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}`)
	// schemed is a credential behind its scheme.
	schemed = regexp.MustCompile(`(?i)\b(?:bearer|basic|sharedaccesssignature|sharedkey|aws4-hmac-sha256)\s+([A-Za-z0-9+/=._~%-]{16,})`)
	// long is what may be a task token.
	long = regexp.MustCompile(`[A-Za-z0-9_-]{40,}`)
	// parameter is one of a query or a form.
	parameter = regexp.MustCompile(`([?&])([^=&#]*)=([^&#]*)`)
	// behind is what stands behind the segment of the callbacks' API.
	behind = regexp.MustCompile(`(?i)(/` + exchange.CallbacksAPI + `(?:;[^/]*)?/)[^?#\s"'\\<]+`)
)

// redactor hides the secrets of one exchange: what the project keeps secret, and the
// credentials that the exchange carried, wherever they turn up again, in base64 and
// escaped forms too.
type redactor struct {
	project *secret.Masker
	own     *secret.Masker
	short   []string // secrets of documents that a Masker does not take
	raw     *Raw
}

func newRedactor(raw *Raw, project *secret.Masker) *redactor {
	r := &redactor{project: project, own: secret.NewMasker(nil), raw: raw}
	for _, s := range raw.rec.Secrets {
		if r.short = append(r.short, s); len(s) >= secret.MinMasked {
			r.own.Seen(secret.NewValue(s))
		}
	}
	// A longer one may hold a shorter one.
	slices.SortFunc(r.short, func(a, b string) int { return len(b) - len(a) })
	r.seen(raw.key)
	r.learn(&raw.rec.Came)
	r.learn(&raw.rec.Went)
	for i := range raw.rec.Steps {
		s := &raw.rec.Steps[i]
		for k := range s.Changes {
			c := &s.Changes[k]
			for _, text := range []*string{c.Before, c.After} {
				if text != nil {
					r.learnField(c.Name, *text)
				}
			}
			r.learnBody(c.OldBody)
			r.learnBody(c.NewBody)
		}
		for _, v := range s.Values {
			r.learnText(v.Value)
		}
	}
	return r
}

func (r *redactor) seen(text string) {
	if text = strings.TrimSpace(text); len(text) >= secret.MinMasked {
		r.own.Seen(secret.NewValue(text))
	}
}

func (r *redactor) learn(m *exchange.Message) {
	r.learnText(m.URL)
	for _, p := range parameter.FindAllStringSubmatch(m.URL, -1) {
		if r.isParam(p[2]) {
			r.seen(p[3])
		}
	}
	for _, f := range m.Header {
		r.learnField(f.Name, f.Value)
	}
	r.learnBody(m.Body)
}

func (r *redactor) learnField(name, value string) {
	if r.isField(name) {
		r.seen(value)
		if _, behindScheme, ok := strings.Cut(value, " "); ok {
			r.seen(behindScheme)
		}
		if strings.EqualFold(name, "cookie") || strings.EqualFold(name, "set-cookie") {
			for part := range strings.SplitSeq(value, ";") {
				if _, v, ok := strings.Cut(part, "="); ok && len(v) >= 16 { // others are attributes
					r.seen(v)
				}
			}
		}
	}
	r.learnText(value)
}

func (r *redactor) learnBody(p *exchange.Print) {
	if p != nil {
		r.learnText(string(p.Read().Head))
	}
}

// learnText finds tokens by their form.
func (r *redactor) learnText(text string) {
	for _, t := range webToken.FindAllString(text, -1) {
		r.seen(t)
	}
	for _, t := range schemed.FindAllStringSubmatch(text, -1) {
		r.seen(t[1])
	}
	for _, t := range long.FindAllString(text, -1) {
		if _, ok := sfn.ReadTask(t); ok {
			r.seen(t)
		}
	}
}

func (r *redactor) isField(name string) bool {
	return Credential(name) || r.raw.header != "" && strings.EqualFold(name, r.raw.header)
}

func (r *redactor) isParam(name string) bool {
	return Credential(name) || r.raw.query != "" && strings.EqualFold(name, r.raw.query)
}

// plain hides what a text holds, without cutting it.
func (r *redactor) plain(text string) string {
	for _, s := range r.short {
		text = strings.ReplaceAll(text, s, hidden)
	}
	text = r.own.MaskString(r.project.MaskString(text))
	if r.raw.callbacks || r.raw.lost {
		text = behind.ReplaceAllString(text, "${1}"+hidden)
	}
	return text
}

// text hides and cuts. What was recorded up to its bound may end inside a secret, so
// that its last bytes are dropped.
func (r *redactor) text(text string) string {
	out := r.plain(text)
	if len(text) >= exchange.TextShown+exchange.TextMargin {
		out = out[:max(0, len(out)-exchange.TextMargin)]
	}
	if len(out) <= exchange.TextShown && len(text) < exchange.TextShown+exchange.TextMargin {
		return strings.ToValidUTF8(out, "\uFFFD")
	}
	return strings.ToValidUTF8(out[:min(len(out), exchange.TextShown)], "") + "…"
}

func (r *redactor) url(text string) string {
	return r.text(parameter.ReplaceAllStringFunc(text, func(p string) string {
		if m := parameter.FindStringSubmatch(p); r.isParam(m[2]) {
			return m[1] + m[2] + "=" + hidden
		}
		return p
	}))
}

func (r *redactor) field(name, value string) string {
	if !r.isField(name) {
		return r.text(value)
	}
	if scheme, _, ok := strings.Cut(value, " "); ok && len(scheme) < 24 && strings.HasSuffix(strings.ToLower(name), "authorization") {
		return scheme + " " + hidden
	}
	return hidden
}

func (r *redactor) fields(list []exchange.Param) []Field {
	out := make([]Field, 0, len(list))
	for _, f := range list {
		out = append(out, Field{f.Name, r.field(f.Name, f.Value)})
	}
	return out
}

// body keeps the text of a body that is text. What is compressed may hold anything.
func (r *redactor) body(p *exchange.Print, compressed bool) *Body {
	if p == nil {
		return nil
	}
	got := p.Read()
	b := &Body{Length: got.Length, Partial: !got.Whole, Digest: got.Digest}
	head := string(got.Head)
	if full := exchange.BodyShown + exchange.TextMargin; len(head) == full {
		for n := 0; n < utf8.UTFMax && !utf8.ValidString(head); n++ { // the bound may lie inside a character
			head = head[:len(head)-1]
		}
	}
	if compressed || !utf8.ValidString(head) || strings.ContainsRune(head, 0) {
		b.Cut = got.Length > 0
		return b
	}
	text := r.plain(head)
	if b.Hidden = text != head; b.Hidden {
		b.Digest = ""
	}
	if got.Length > int64(len(head)) {
		text, b.Cut = text[:max(0, len(text)-exchange.TextMargin)], true
	}
	if len(text) > exchange.BodyShown {
		text, b.Cut = text[:exchange.BodyShown], true
	}
	b.Text = strings.ToValidUTF8(text, "")
	return b
}

func (r *redactor) message(m *exchange.Message) Message {
	compressed := slices.ContainsFunc(m.Header, func(f exchange.Param) bool {
		return strings.EqualFold(f.Name, "Content-Encoding") && !strings.EqualFold(f.Value, "identity")
	})
	return Message{Method: m.Method, URL: r.url(m.URL), Status: m.Status, Headers: r.fields(m.Header), Body: r.body(m.Body, compressed)}
}

func (r *redactor) change(c *exchange.Change) Change {
	out := Change{What: c.What, Name: c.Name, Type: c.Type}
	hide := r.text
	switch c.What {
	case exchange.OfRequestHeader, exchange.OfResponseHeader:
		hide = func(text string) string { return r.field(c.Name, text) }
	case exchange.OfURL, exchange.OfBackend:
		hide = r.url
	case exchange.OfRequestBody, exchange.OfResponseBody:
		out.Before, out.After = r.side(c.OldBody), r.side(c.NewBody)
		return out
	}
	side := func(text *string) *string {
		if text == nil {
			return nil
		}
		shown := hide(*text)
		return &shown
	}
	out.Before, out.After = side(c.Before), side(c.After)
	return out
}

// side is a body in a change.
func (r *redactor) side(p *exchange.Print) *string {
	b := r.body(p, false)
	if b == nil {
		return nil
	}
	text := b.Text
	if b.Cut || b.Partial {
		text += "… (" + strconv.FormatInt(b.Length, 10) + " bytes"
		if b.Digest != "" {
			text += ", SHA-256 " + b.Digest
		}
		text += ")"
	}
	return &text
}

// trace makes the stored document.
func (raw *Raw) trace(project *secret.Masker) *Trace {
	r, t := newRedactor(raw, project), raw.head
	if t.Path = r.url(t.Path); raw.callbacks {
		t.Path = "/" + t.APIPath + t.Template
	}
	t.Request, t.Response = r.message(&raw.rec.Came), r.message(&raw.rec.Went)
	t.Denied = r.text(t.Denied)
	if t.Error != nil {
		e := *t.Error
		e.Message = r.text(e.Message)
		t.Error = &e
	}
	t.Steps = make([]Step, 0, len(raw.rec.Steps))
	for i := range raw.rec.Steps {
		s := &raw.rec.Steps[i]
		step := Step{Decision: s.Decision, Depth: s.Depth, Counters: s.Counters}
		step.Detail = r.text(s.Detail)
		for k := range s.Changes {
			step.Changes = append(step.Changes, r.change(&s.Changes[k]))
		}
		for _, v := range s.Values {
			step.Values = append(step.Values, Evaluated{r.text(v.Expression), v.Type, r.text(v.Value)})
		}
		for _, line := range s.Lines {
			step.Lines = append(step.Lines, r.text(line))
		}
		t.Steps = append(t.Steps, step)
	}
	calls := t.Calls
	t.Calls = nil
	for _, c := range calls {
		c.URL, c.Error = r.url(c.URL), r.text(c.Error)
		t.Calls = append(t.Calls, c)
	}
	return &t
}
