package app

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"stile/internal/identity/idptest"
)

// TestStreamsEndWithTheLogin: who logs out, or whose token is over, follows nothing
// any longer.
func TestStreamsEndWithTheLogin(t *testing.T) {
	idp := idptest.New(t, idptest.OktaCustom)
	idp.AutoApprove("ada")
	p, _ := serveKeys(t, identityYAML(t, idp))
	follow := func(c *http.Client, header ...string) <-chan error {
		r := must(http.NewRequestWithContext(t.Context(), "GET", p.Console+"/-/v1/events", nil))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := c.Do(r)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		ended := make(chan error, 1)
		go func() {
			defer resp.Body.Close()
			_, err := io.Copy(io.Discard, resp.Body)
			ended <- err
		}()
		return ended
	}
	ends := func(what string, ended <-chan error) {
		t.Helper()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatal("the stream goes on after " + what)
		}
	}
	c := browser(t)
	ask(t, c, "GET", p.Console+startPath+"?provider="+providerOf(idp), "")
	_, account, _ := ask(t, c, "GET", p.Console+"/login", "")
	_, rest, _ := strings.Cut(account, `name="csrf" value="`)
	csrf, _, _ := strings.Cut(rest, `"`)
	stream := follow(c)
	if status, _, _ := ask(t, c, "POST", p.Console+"/logout", "csrf="+csrf, "Content-Type", "application/x-www-form-urlencoded"); status != 200 {
		t.Fatal("log out", status)
	}
	ends("the logout", stream)
	short := idp.Mint(map[string]any{"exp": time.Now().Add(2 * time.Second).Unix()})
	ends("the token's end", follow(still(), "Authorization", "Bearer "+short))
}
