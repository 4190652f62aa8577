package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"stile/internal/identity/idptest"
)

// starts is a product whose executions are started by tokens of one provider.
type starts struct {
	t    *testing.T
	idp  *idptest.Provider
	seen *onBehalf
	Ready
	cells, wrong int
}

// ways by which a token starts an execution.
const (
	byJWT   = "validate-jwt"
	byEntra = "validate-azure-ad-token"
	byAPI   = "/-/v1"
)

// providerWays reaches the provider at its vendor's hosts, and Entra where it is
// another's.
type providerWays struct{ own, entra *idptest.Provider }

func (w providerWays) RoundTrip(r *http.Request) (*http.Response, error) {
	if !w.own.Kind.Entra() && r.URL.Host == "login.microsoftonline.com" {
		return w.entra.Transport().RoundTrip(r)
	}
	return w.own.Transport().RoundTrip(r)
}

// audienceOf is whom the provider's tokens are for that others can verify: the ID
// token's application at Okta's org server, else the API.
func audienceOf(p *idptest.Provider) string {
	if p.Kind == idptest.OktaOrg {
		return p.ClientID
	}
	return p.Audience
}

func newStarts(t *testing.T, kind idptest.Kind, entra *idptest.Provider) *starts {
	t.Helper()
	s := &starts{t: t, idp: idptest.New(t, kind, idptest.Public()), seen: &onBehalf{}}
	backend := httptest.NewServer(s.seen)
	t.Cleanup(backend.Close)
	t.Setenv("STILE_TEST_ACCESS_KEY", keySecret)
	audience := "<audiences><audience>" + audienceOf(s.idp) + "</audience></audiences>"
	more := []string{
		"stile.yaml", identityYAML(t, s.idp) + "map:\n  shop.example: {gateway: self}\n" +
			"access-keys: [{id: AKID, secret: {secret: 'env://STILE_TEST_ACCESS_KEY'}, principal: 'user:reader'}]\n",
		"apim/apis/shop/policy.xml", shopPolicy(actPolicy),
		"roles/starter.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"states:*","Resource":"**"}]}`,
		"assignments.yaml", "- {principal: \"user:00u-ada\", role: starter}\n- {principal: \"user:aaaaaaaa-0000-4000-8000-00000000ada0\", role: starter}\n" +
			"- {principal: \"app:" + s.idp.ClientID + "\", role: starter}\n- {principal: \"user:reader\", role: starter}\n"}
	for way, policy := range map[string]string{
		byJWT:   `<validate-jwt header-name="Authorization"><openid-config url="` + s.idp.Config + `" />` + audience + `</validate-jwt>`,
		byEntra: `<validate-azure-ad-token tenant-id="` + idptest.Tenant + `">` + audience + `</validate-azure-ad-token>`,
	} {
		more = append(more, "apim/apis/"+way+"/apiInformation.json", `{"properties":{"displayName":"`+way+`","path":"`+way+`","subscriptionRequired":false}}`,
			"apim/apis/"+way+"/specification.yaml",
			"openapi: 3.0.1\ninfo: {title: s, version: '1'}\npaths:\n  /start:\n    post: {operationId: start, responses: {'202': {description: ok}}}\n",
			"apim/apis/"+way+"/policy.xml", strings.Replace(startPolicy, "%s", policy, 1))
	}
	o := devOptions(folder(t, backend.URL, invoke, more...), t.TempDir())
	o.Log, o.providers = slog.New(slog.DiscardHandler), providerWays{s.idp, entra}
	ready, ended := make(chan Ready, 1), make(chan error, 1)
	o.Ready = func(r Ready) { ready <- r }
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- Serve(ctx, o) }()
	select {
	case s.Ready = <-ready:
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("the product does not start")
	}
	t.Cleanup(func() { cancel(); <-ended })
	return s
}

// aws asks as the reader.
func (s *starts) aws(action, body string, out any) {
	s.t.Helper()
	text := answerTo(s.t, signedAction(s.Console+"/", action, "AKID", keySecret, body, time.Now()))
	if err := json.Unmarshal([]byte(text), out); err != nil || strings.Contains(text, "__type") {
		s.t.Fatal(text, err)
	}
}

// executions are the ARNs of all, newest first.
func (s *starts) executions() (arns []string) {
	s.t.Helper()
	var page struct {
		Executions []struct{ ExecutionArn string }
	}
	s.aws("ListExecutions", `{"stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:one","maxResults":1000}`, &page)
	for _, x := range page.Executions {
		arns = append(arns, x.ExecutionArn)
	}
	return arns
}

func (s *starts) ends(arn string) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		var x struct{ Status string }
		s.aws("DescribeExecution", `{"executionArn":"`+arn+`"}`, &x)
		if x.Status == "SUCCEEDED" {
			return
		}
		if x.Status != "RUNNING" || time.Now().After(deadline) {
			s.t.Fatalf("%s is %s", arn, x.Status)
		}
	}
}

// claim reads a token's claim.
func claim(t *testing.T, token, name string) string {
	t.Helper()
	payload := must(base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1]))
	claims := map[string]any{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	text, _ := claims[name].(string)
	return text
}

// cell starts by one way with one token: an execution of the subject, or none where
// that is empty.
func (s *starts) cell(what, way, token, subject string) {
	s.t.Helper()
	s.cells++
	before := s.executions()
	target, body, want := s.Gateway+"/"+way+"/start", "{}", http.StatusAccepted
	if way == byAPI {
		target, body, want = s.Console+"/-/v1/executions", `{"stateMachine":"one","input":{}}`, http.StatusCreated
	}
	if subject == "" {
		want = http.StatusUnauthorized
	}
	status, text := send(s.t, "POST", target, body, "Authorization", "Bearer "+token, "Content-Type", "application/json")
	after := s.executions()
	problem, begun := "", len(after)-len(before)
	switch {
	case status != want:
		problem = "answered " + strconv.Itoa(status) + " " + text
	case subject == "" && begun != 0, subject != "" && begun != 1:
		problem = strconv.Itoa(begun) + " executions were started"
	case subject != "":
		s.ends(fresher(before, after))
		if got := s.seen.take(); len(got) != 1 || got[0] != subject {
			problem = "a policy read " + strings.Join(got, ", ") + ", want " + subject
		}
	}
	if problem != "" {
		s.wrong++
		s.t.Errorf("%s by %s: %s", what, way, problem)
	}
}

// fresher is what after has and before has not.
func fresher(before, after []string) string {
	was := map[string]bool{}
	for _, a := range before {
		was[a] = true
	}
	for _, a := range after {
		if !was[a] {
			return a
		}
	}
	return ""
}

// TestStartMatrix: each kind of provider × person and application × good
// and every fault × the gate by either policy and the control API. A good token
// starts one execution, whose subject the policies of the operations read that its
// states call; a bad one starts none.
func TestStartMatrix(t *testing.T) {
	entra := idptest.New(t, idptest.EntraV2, idptest.Public())
	cells, wrong := 0, 0
	var not []string
	for _, kind := range idptest.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			s := newStarts(t, kind, entra)
			for _, who := range []string{"person", "application"} {
				var form []idptest.MintOption
				switch {
				case kind == idptest.OktaOrg && who == "application":
					not = append(not, kind.String()+", application: its access tokens are for Okta alone, and an application has no ID token")
					continue
				case kind == idptest.OktaOrg:
					form = append(form, idptest.ID(""))
				case who == "application":
					form = append(form, idptest.ForApp())
				}
				s.holder(who, form)
				for _, f := range idptest.Faults() {
					if why := kind.Inapplicable(f); why != "" {
						not = append(not, kind.String()+", "+who+", "+f.String()+": "+why)
						continue
					}
					for _, way := range []string{byJWT, byEntra, byAPI} {
						s.cell(who+", "+f.String(), way, s.idp.Mint(nil, append(form[:len(form):len(form)], idptest.With(f))...), "")
					}
				}
			}
			cells, wrong = cells+s.cells, wrong+s.wrong
		})
	}
	t.Logf("providers × start of an execution: %d cells, wrong answers %d", cells, wrong)
	for _, line := range not {
		t.Logf("cannot apply: %s", line)
	}
}

// holder makes the cells of good tokens. validate-azure-ad-token takes them from
// Entra alone, also where they say that they are Entra's.
func (s *starts) holder(who string, form []idptest.MintOption) {
	s.t.Helper()
	token := s.idp.Mint(nil, form...)
	subject := "jwt:" + claim(s.t, token, "sub")
	caller := "user:00u-ada"
	switch {
	case who == "application":
		caller = "app:" + s.idp.ClientID
	case s.idp.Kind.Entra():
		caller = "user:aaaaaaaa-0000-4000-8000-00000000ada0"
	}
	s.cell(who+", good", byJWT, token, subject)
	s.cell(who+", good", byAPI, token, caller)
	if s.idp.Kind.Entra() {
		s.cell(who+", good", byEntra, token, subject)
		return
	}
	s.cell(who+", good but not Entra's", byEntra, token, "")
	posing := map[string]any{"iss": "https://login.microsoftonline.com/" + idptest.Tenant + "/v2.0", "tid": idptest.Tenant}
	s.cell(who+", says that it is Entra's", byEntra, s.idp.Mint(posing, form...), "")
}
