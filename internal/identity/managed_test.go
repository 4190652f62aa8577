package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestManagedTokensAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetched, fail := 0, false
		m := NewManagedTokens(func(_ context.Context, resource, client string) (string, time.Time, error) {
			fetched++
			time.Sleep(time.Second) // all that ask meanwhile join
			if fail {
				return "", time.Time{}, errors.New("down")
			}
			return fmt.Sprint(resource, "|", client, "|", fetched), time.Now().Add(time.Hour), nil
		}, time.Now)
		ask := func(resource, client string) (string, error) { return m.Token(t.Context(), resource, client) }
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if got, err := ask("https://a", ""); got != "https://a||1" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		all.Wait()
		if got, _ := ask("https://a", "client"); got != "https://a|client|2" {
			t.Errorf("another identity got %q", got)
		}
		time.Sleep(56 * time.Minute) // within five minutes of the end
		if got, err := ask("https://a", ""); got != "https://a||1" || err != nil {
			t.Errorf("while a new one is fetched: %q, %v", got, err)
		}
		time.Sleep(2 * time.Second)
		if got, _ := ask("https://a", ""); got != "https://a||3" {
			t.Errorf("renewed: %q", got)
		}
		fail = true
		time.Sleep(58 * time.Minute)
		if got, err := ask("https://a", ""); got != "https://a||3" || err != nil {
			t.Errorf("while it cannot be renewed: %q, %v", got, err)
		}
		time.Sleep(3 * time.Minute)
		if got, err := ask("https://a", ""); err == nil {
			t.Errorf("an ended token was given: %q", got)
		}
		before := fetched
		if _, err := ask("https://a", ""); err == nil || fetched != before {
			t.Errorf("asked again at once: %v, %d fetches", err, fetched-before)
		}
		fail = false
		time.Sleep(11 * time.Second)
		if _, err := ask("https://a", ""); err != nil {
			t.Errorf("after it came back: %v", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := m.Token(gone, "https://b", ""); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that went away: %v", err)
		}
		time.Sleep(2 * time.Second)
		before = fetched
		if _, err := ask("https://b", ""); err != nil || fetched != before {
			t.Errorf("what it asked for was not kept: %v", err)
		}
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The machine's endpoint is asked for the resource as the policy spells it.
func TestAzureIdentity(t *testing.T) {
	for _, name := range []string{"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET", "IMDS_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST"} {
		t.Setenv(name, "")
	}
	t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi")
	t.Setenv("IDENTITY_HEADER", "sesame")
	status, asked := 200, ""
	fetch := AzureIdentity(transport(func(r *http.Request) (*http.Response, error) {
		asked = r.URL.Query().Get("resource") + "|" + r.URL.Query().Get("client_id") + "|" + r.Header.Get("X-Identity-Header")
		body := fmt.Sprintf(`{"access_token":"tok","expires_on":"%d","resource":"x","token_type":"Bearer","secret":"hush"}`, time.Now().Add(time.Hour).Unix())
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}))
	token, expires, err := fetch(t.Context(), "https://management.azure.com/", "11111111-2222-4333-8444-555555555555")
	if err != nil || token != "tok" || time.Until(expires) < 50*time.Minute {
		t.Fatalf("got %q until %v, %v", token, expires, err)
	}
	if want := "https://management.azure.com/|11111111-2222-4333-8444-555555555555|sesame"; asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
	status = 400
	if _, _, err = fetch(t.Context(), "https://other", ""); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a refusal gave %v", err)
	}
}
