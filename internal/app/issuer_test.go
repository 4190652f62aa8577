package app

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// TestAnotherGatewayTakesAStepToken: a plain validate-jwt of a gateway that knows
// nothing of ours but the issuer's address takes the token of a state, reads what
// it says, and refuses it for another role; under the address of --issuer, by
// whatever name the documents are asked for. The first gateway hands it on by a
// policy: nothing else does.
func TestAnotherGatewayTakesAStepToken(t *testing.T) {
	var second atomic.Pointer[product]
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequest(http.MethodPost, second.Load().Gateway+"/shop/reserve", strings.NewReader("{}"))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header["Authorization"] = r.Header["Authorization"]
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body) // a client that went away
	}))
	t.Cleanup(relay.Close)
	// The other gateway asks by a name that the control listener has never heard of.
	var first *product
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequest(http.MethodGet, first.Console+r.URL.Path, nil)
		if err != nil {
			t.Error(err)
			return
		}
		req.Host = "issuer.example.com"
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body) // a client that went away
	}))
	t.Cleanup(issuer.Close)
	o := devOptions(folder(t, relay.URL, invoke, "apim/apis/shop/policy.xml", shopPolicy(handOn)), t.TempDir())
	o.Issuer = issuer.URL
	first = devAs(t, o)
	for role, taken := range map[string]bool{"one-role": true, "another": false} {
		policy := fmt.Sprintf(`<validate-jwt header-name="Authorization" output-token-variable-name="caller">
    <openid-config url=%q />
    <audiences><audience>stile-gateway</audience></audiences>
    <issuers><issuer>%s</issuer></issuers>
    <required-claims><claim name="role"><value>%s</value></claim><claim name="state"><value>Reserve</value></claim></required-claims>
</validate-jwt>
<return-response><set-status code="200" /><set-body>@("{\"by\":\"" + ((Jwt)context.Variables["caller"]).Subject + "\"}")</set-body></return-response>`,
			issuer.URL+"/.well-known/openid-configuration", issuer.URL, role)
		second.Store(dev(t, folder(t, "http://127.0.0.1:9", invoke, "apim/apis/shop/policy.xml", shopPolicy(policy)), t.TempDir()))
		end := first.until(first.start("one"), "it ends", func(events []event) bool {
			return count(events, "ExecutionSucceeded")+count(events, "ExecutionFailed") > 0
		})
		output := ""
		for _, e := range end {
			output += e.TaskSucceededEventDetails.Output
		}
		if good := count(end, "ExecutionSucceeded") == 1; good != taken || good && !strings.Contains(output, "/Reserve") {
			t.Errorf("a gateway that wants %s: %+v", role, end)
		}
	}
}
