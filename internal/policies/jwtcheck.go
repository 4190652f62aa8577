package policies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// Reasons of validate-jwt's refusals, in APIM's spelling.
const (
	noToken     = "TokenNotPresent"
	badToken    = "JwtInvalid"
	badAudience = "TokenAudienceNotAllowed"
	badIssuer   = "TokenIssuerNotAllowed"
	expired     = "TokenExpired"
	noClaim     = "TokenClaimNotFound"
	badClaim    = "TokenClaimValueNotAllowed"
)

// refused makes a refusal; its status and public message come later.
func refused(reason, format string, args ...any) *policy.Denied {
	return &policy.Denied{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// run finds the token, has its signature verified, and checks what it claims.
func (p *jwtPolicy) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	return p.answer(ex, env, p.check(ctx, ex, env))
}

// answer completes a refusal with the policy's status and message.
func (p *jwtPolicy) answer(ex *exchange.Exchange, env *policy.Env, err error) error {
	if err == nil {
		return nil
	}
	var denied *policy.Denied
	if !errors.As(err, &denied) || denied.Status != 0 { // a refusal that is not the token's has its own
		return err
	}
	code, err := status(p.status, ex, env)
	if err != nil {
		return err
	}
	denied.Status = code
	if denied.Public, err = p.message.Text(ex, env); err != nil {
		return err
	}
	return denied
}

func (p *jwtPolicy) check(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	if env.Tokens == nil {
		return errors.New("the gateway verifies no tokens")
	}
	sources, err := p.sources(ex, env)
	if err != nil {
		return err
	}
	claims, token, err := p.claimsOf(ctx, ex, env, sources)
	if err != nil {
		return err
	}
	if err := p.checkTimes(ex, env, claims); err != nil {
		return err
	}
	if err := p.checkAudience(ex, env, claims); err != nil {
		return err
	}
	if err := p.checkIssuer(ex, env, claims); err != nil {
		return err
	}
	if err := p.checkClaims(ex, env, claims); err != nil {
		return err
	}
	keepSubject(ex, claims)
	return p.keep(ex, token)
}

// sources are the discovery documents, as this request makes them.
func (p *jwtPolicy) sources(ex *exchange.Exchange, env *policy.Env) ([]policy.KeySource, error) {
	if p.written != nil {
		return p.written, nil
	}
	urls, err := texts(p.configs, ex, env)
	out := make([]policy.KeySource, len(urls))
	for i, u := range urls {
		out[i] = policy.KeySource{URL: u, Computed: p.configs[i].IsExpression()}
	}
	return out, err
}

// keep puts a checked token into the variable that the policy names.
func (p *jwtPolicy) keep(ex *exchange.Exchange, token string) error {
	if p.variable == "" {
		return nil
	}
	if token == "" {
		token = withoutScheme(ex.Request.Header.Get("Authorization"))
	}
	v, err := jwtValue(token)
	if err == nil {
		setVariableTo(ex, p.variable, v)
	}
	return err
}

// claimsOf gives verified claims. The token is empty where it was never made: for
// a step whose own principal stands for it.
func (p *jwtPolicy) claimsOf(ctx context.Context, ex *exchange.Exchange, env *policy.Env, sources []policy.KeySource) (policy.Claims, string, error) {
	if p.header.Set() {
		name, err := p.header.Text(ex, env)
		if err != nil {
			return nil, "", err
		}
		scheme, err := p.scheme.Text(ex, env)
		if err != nil {
			return nil, "", err
		}
		if claims := principalClaims(ex, env, name, scheme, sources); claims != nil {
			return claims, "", nil
		}
	}
	token, err := p.find(ex, env)
	if err != nil {
		return nil, "", err
	}
	if token == "" {
		return nil, "", refused(noToken, "JWT not present.")
	}
	if token, err = p.opened(ex, env, token); err != nil {
		return nil, "", err
	}
	claims, err := p.verify(ctx, ex, env, token, sources)
	return claims, token, err
}

// find gives the token's text, empty where there is none.
func (p *jwtPolicy) find(ex *exchange.Exchange, env *policy.Env) (string, error) {
	switch {
	case p.token.Set():
		text, err := p.token.Text(ex, env)
		return withoutScheme(text), err
	case p.query.Set():
		name, err := p.query.Text(ex, env)
		for _, q := range ex.Request.URL.Query {
			if strings.EqualFold(q.Name, name) {
				return q.Value, err
			}
		}
		return "", err
	}
	name, err := p.header.Text(ex, env)
	if err != nil {
		return "", err
	}
	value := strings.TrimSpace(ex.Request.Header.Get(name))
	want, err := p.scheme.Text(ex, env)
	if err != nil || want == "" || !strings.EqualFold(name, "Authorization") {
		return withoutScheme(value), err
	}
	scheme, token, found := strings.Cut(value, " ")
	if !found || !strings.EqualFold(scheme, want) {
		return "", nil
	}
	return strings.TrimSpace(token), nil
}

// withoutScheme drops what stands before the token, such as "Bearer"; that word
// alone is no token.
func withoutScheme(value string) string {
	value = strings.TrimSpace(value)
	if strings.EqualFold(value, "Bearer") {
		return ""
	}
	for { // from the front: a token is long and what stands before it short
		_, rest, more := strings.Cut(value, " ")
		if !more {
			return value
		}
		value = rest
	}
}

func (p *jwtPolicy) verify(ctx context.Context, ex *exchange.Exchange, env *policy.Env, token string, sources []policy.KeySource) (policy.Claims, error) {
	signed, err := p.signed.Bool(ex, env)
	if err != nil {
		return nil, err
	}
	if !signed {
		if claims, ok := unsignedClaims(token); ok {
			return claims, nil
		}
	}
	var keys []policy.SigningKey
	for i := range p.keys {
		key, err := p.keys[i].eval(ex, env)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	claims, err := env.Tokens.Verify(ctx, token, sources, keys)
	if err == nil {
		return claims, nil
	}
	var wrong *policy.TokenError
	if errors.As(err, &wrong) {
		if wrong.Detail != "" {
			env.Note(wrong.Detail)
		}
		return nil, refused(wrong.Reason, "%s", wrong.Message)
	}
	return claims, err
}

func (k *signingKey) eval(ex *exchange.Exchange, env *policy.Env) (policy.SigningKey, error) {
	out := policy.SigningKey{ID: k.id}
	var err error
	if k.certificate != nil {
		if err = usable(k.certificate); err == nil {
			out.Public = k.certificate.Public
		}
		return out, err
	}
	if k.n.Set() {
		if out.N, err = k.n.Text(ex, env); err == nil {
			out.E, err = k.e.Text(ex, env)
		}
		return out, err
	}
	text, err := k.secret.Text(ex, env)
	if err != nil {
		return out, err
	}
	if out.Secret, err = secretBytes(text); err != nil {
		err = policy.FailValue("the signing key is not base64")
	}
	return out, err
}

func (p *jwtPolicy) checkTimes(ex *exchange.Exchange, env *policy.Env, claims policy.Claims) error {
	seconds, err := p.skew.Int(ex, env)
	if err != nil {
		return err
	}
	required, err := p.requireExpiry.Bool(ex, env)
	if err != nil {
		return err
	}
	skew, now := time.Duration(min(max(seconds, 0), 1<<31))*time.Second, env.Now()
	exp, ok := claims.Time("exp")
	switch {
	case !ok && required:
		return refused(badToken, "The token has no expiration time. Access denied.")
	case ok && !now.Before(exp.Add(skew)):
		return refused(expired, "The token expired at %s. Access denied.", exp.UTC().Format(time.RFC3339))
	}
	if nbf, ok := claims.Time("nbf"); ok && now.Add(skew).Before(nbf) {
		return refused(badToken, "The token is not valid before %s. Access denied.", nbf.UTC().Format(time.RFC3339))
	}
	return nil
}

func (p *jwtPolicy) checkAudience(ex *exchange.Exchange, env *policy.Env, claims policy.Claims) error {
	if p.audiences.empty() {
		return nil
	}
	allowed, err := p.audiences.texts(ex, env)
	if err != nil {
		return err
	}
	got := claims.Claim("aud")
	if slices.ContainsFunc(got, func(a string) bool { return slices.Contains(allowed, a) }) {
		return nil
	}
	return refused(badAudience, "The token's audience %q is not allowed. Access denied.", strings.Join(got, ","))
}

// checkIssuer compares with the policy's issuers, or else with those that the
// discovery documents name; keys alone allow any issuer.
func (p *jwtPolicy) checkIssuer(ex *exchange.Exchange, env *policy.Env, claims policy.Claims) error {
	allowed, err := p.issuers.texts(ex, env)
	if err != nil {
		return err
	}
	if len(allowed) == 0 {
		if allowed = claims.Issuers(); len(allowed) == 0 {
			return nil
		}
	}
	got := claims.Claim("iss")
	if len(got) == 1 && slices.Contains(allowed, got[0]) {
		return nil
	}
	return refused(badIssuer, "The token's issuer %q is not allowed. Access denied.", strings.Join(got, ","))
}

func (p *jwtPolicy) checkClaims(ex *exchange.Exchange, env *policy.Env, claims policy.Claims) error {
	var missing []string
	for i := range p.claims {
		if len(claims.Claim(p.claims[i].name)) == 0 {
			missing = append(missing, p.claims[i].name)
		}
	}
	if len(missing) > 0 {
		return refused(noClaim, "JWT token is missing the following claims: %s. Access denied.", strings.Join(missing, ", "))
	}
	for i := range p.claims {
		r := &p.claims[i]
		want, err := r.values.texts(ex, env)
		if err != nil {
			return err
		}
		match, err := r.match.Text(ex, env)
		if err != nil {
			return err
		}
		got := claims.Claim(r.name)
		if !r.met(got, want, match == "any") {
			return refused(badClaim, "Claim %s value of %s is not allowed. Access denied.", r.name, strings.Join(got, ","))
		}
	}
	return nil
}

// met compares a claim's values with the wanted ones: all of them, or any, must be there.
func (r *requiredClaim) met(got, want []string, any bool) bool {
	if r.separator != "" {
		var parts []string
		for _, g := range got {
			parts = append(parts, strings.Split(g, r.separator)...)
		}
		got = parts
	}
	if len(want) == 0 {
		return true
	}
	has := func(w string) bool { return slices.Contains(got, w) }
	if any {
		return slices.ContainsFunc(want, has)
	}
	return !slices.ContainsFunc(want, func(w string) bool { return !has(w) })
}
