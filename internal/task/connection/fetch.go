package connection

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"stile/internal/reach"
	"stile/internal/secret"
	"stile/jsonval"
)

// maxAnswer bounds a token endpoint's answer, in bytes.
const maxAnswer = 64 << 10

// refusals are the errors of RFC 6749 section 5.2: the only words of a token
// endpoint that are repeated.
var refusals = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
	"unsupported_grant_type", "invalid_scope"}

// refusal is a token endpoint's no.
type refusal struct {
	status int
	code   string // of refusals, or empty
}

func (r *refusal) Error() string {
	s := "it answered " + strconv.Itoa(r.status)
	if r.code != "" {
		s += " (" + r.code + ")"
	}
	return s
}

// fetch gets a token. Where the endpoint refuses the client, the secrets are
// fetched again, and with other ones it is asked once more.
func (k *Keeper) fetch(ctx context.Context, d *Definition) (*token, error) {
	t, used, err := k.ask(ctx, d)
	var no *refusal
	if errors.As(err, &no) && (no.status == http.StatusUnauthorized || no.status == http.StatusBadRequest) && k.changed(ctx, used) {
		t, used, err = k.ask(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	t.used = used
	return t, nil
}

// ask sends one request to the token endpoint; used are the secrets that it carried.
func (k *Keeper) ask(ctx context.Context, d *Definition) (t *token, used []use, err error) {
	req, err := k.request(ctx, d, &used)
	if err != nil {
		return nil, used, err
	}
	at := "the token endpoint " + req.URL.Scheme + "://" + req.URL.Host + ": "
	now, by := k.cfg.Now(), k.client
	if d.Public {
		by = k.public
	}
	if by == nil {
		return nil, used, errors.New(at + "none that came from data is asked here")
	}
	resp, err := by.Do(req)
	if err != nil {
		var refused *reach.Refused
		if errors.As(err, &refused) {
			return nil, used, errors.New(at + refused.Error())
		}
		return nil, used, errors.New(at + secret.Reason(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, used, errors.New(at + secret.Reason(err))
	case len(body) > maxAnswer:
		return nil, used, errors.New(at + "its answer is larger than " + strconv.Itoa(maxAnswer) + " bytes")
	}
	if t, err = answer(resp, body, now); err != nil {
		var no *refusal
		if errors.As(err, &no) {
			return nil, used, &wrapped{at, no}
		}
		return nil, used, errors.New(at + err.Error())
	}
	return t, used, nil
}

// wrapped is a refusal with its place.
type wrapped struct {
	at string
	no *refusal
}

func (w *wrapped) Error() string { return w.at + w.no.Error() }
func (w *wrapped) Unwrap() error { return w.no }

// request is RFC 6749 section 4.4.2's, the client's credentials being among its
// parameters (section 2.3.1); the connection's own parameters win.
func (k *Keeper) request(ctx context.Context, d *Definition, used *[]use) (*http.Request, error) {
	u, err := url.Parse(d.Endpoint)
	if err != nil || u.Host == "" {
		return nil, errors.New("the connection's AuthorizationEndpoint is no URL")
	}
	v, err := k.get(ctx, d.Secret, used)
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {d.User}, "client_secret": {v.Reveal()}}
	query, header := u.Query(), http.Header{}
	for _, part := range []struct {
		from []Parameter
		set  func(name, value string)
	}{{d.Token.Header, header.Set}, {d.Token.Query, query.Set}, {d.Token.Body, form.Set}} {
		for _, p := range part.from {
			text := p.Value
			if !p.Secret.IsZero() {
				if v, err = k.get(ctx, p.Secret, used); err != nil {
					return nil, err
				}
				text = v.Reveal()
			}
			part.set(p.Name, text)
		}
	}
	if header.Get("Authorization") != "" { // RFC 6749 section 2.3: one way to prove the client, not two
		form.Del("client_secret")
	}
	var body io.Reader
	if d.Method == http.MethodGet {
		for name, values := range form {
			query[name] = values
		}
	} else {
		body = strings.NewReader(form.Encode())
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, d.Method, u.String(), body)
	if err != nil {
		return nil, errors.New("the connection's AuthorizationEndpoint is no URL") // err quotes what may be a secret
	}
	header.Set("Accept", "application/json")
	req.Header = header
	return req, nil
}

// answer reads RFC 6749 section 5.1's answer strictly.
func answer(resp *http.Response, body []byte, now time.Time) (*token, error) {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	isJSON := err == nil && kind == "application/json"
	v, bad := jsonval.Parse(body)
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, errors.New("it redirects (" + strconv.Itoa(resp.StatusCode) + "), which a client's secret does not follow: name the endpoint itself")
	case resp.StatusCode != http.StatusOK:
		no := &refusal{status: resp.StatusCode}
		if code, _ := v.Get("error").Str(); isJSON && bad == nil && slices.Contains(refusals, code) {
			no.code = code
		}
		return nil, no
	case !isJSON:
		return nil, errors.New("its answer is not of type application/json")
	case bad != nil || v.Kind() != jsonval.ObjectKind:
		return nil, errors.New("its answer is no JSON object")
	}
	text, _ := v.Get("access_token").Str()
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("its answer has no access_token")
	}
	if typ := v.Get("token_type"); typ.Exists() {
		if name, _ := typ.Str(); !strings.EqualFold(name, "Bearer") {
			return nil, errors.New("its token is not of type Bearer")
		}
	}
	life, err := lifeOf(v.Get("expires_in"))
	if err != nil {
		return nil, err
	}
	return &token{value: secret.NewValue(text), until: now.Add(life - min(margin, life/4))}, nil
}

// lifeOf reads expires_in: seconds, as a number or, as Entra's version 1 has it, as
// text.
func lifeOf(v jsonval.Value) (time.Duration, error) {
	if !v.Exists() || v.IsNull() {
		return unsaidLife, nil
	}
	text, ok := v.Str()
	if !ok {
		text = v.Text()
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0) {
		return 0, errors.New("its answer's expires_in is no number of seconds")
	}
	if seconds > longestLife.Seconds() {
		return longestLife, nil
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
