package secret

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestClientReaches: a server of secrets may be inside, never at a metadata service;
// where the machine gives credentials out is another matter.
func TestClientReaches(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	send := func(c *http.Client, target string) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = Exchange(c, r)
		return err
	}
	if err := send(Client(nil, nil), srv.URL); err != nil {
		t.Errorf("a server on this machine: %v", err)
	}
	for _, target := range []string{"http://169.254.169.254/metadata", "http://168.63.129.16/", "http://[fd00:ec2::254]/"} {
		if err := send(Client(nil, func(host string) bool { return host == "169.254.169.2" }), target); err == nil || !strings.Contains(err.Error(), "may not be called") {
			t.Errorf("%s: %v", target, err)
		}
	}
}

// TestMachineEndpoints: only a request for the machine's own host goes unjudged.
func TestMachineEndpoints(t *testing.T) {
	way := func(name string, told *[]string) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			*told = append(*told, name+" "+r.URL.Host)
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})
	}
	var told []string
	n := network{servers: way("judged", &told), own: way("own", &told), machine: func(host string) bool { return host == "169.254.169.254" || host == "fd00:ec2::23" }}
	for _, target := range []string{"http://169.254.169.254/x", "http://169.254.169.254:80/x", "http://[fd00:ec2::23]/", "https://acme.vault.azure.net/", "http://169.254.169.253/"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := n.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if got, want := strings.Join(told, ", "), "own 169.254.169.254, own 169.254.169.254:80, own [fd00:ec2::23], judged acme.vault.azure.net, judged 169.254.169.253"; got != want {
		t.Errorf("got %s", got)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
