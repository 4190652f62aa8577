package policies

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/cache"
	"stile/internal/policies/pfx"
	"stile/policy"
	"stile/policy/exchange"
)

// pipelineOf compiles the inbound section of one document.
func pipelineOf(t *testing.T, inbound string) *policy.Pipeline {
	t.Helper()
	text := "<policies><inbound>" + inbound + "</inbound><backend /><outbound /><on-error /></policies>"
	doc, list := policy.Compile(policy.Source{File: "p.xml", Text: text, Scope: policy.Global}, Table(), policy.Fixed{})
	if doc == nil {
		t.Fatal(list)
	}
	return policy.Link(doc)
}

func visit(path string) *exchange.Exchange {
	u := exchange.URL{Scheme: "https", Host: "gate.example", Path: path}
	return &exchange.Exchange{ID: "1", Started: time.Now(), Request: exchange.Request{Method: "GET", URL: u, OriginalURL: u}}
}

const cachedCall = `<cache-value key="k" variable-name="v" expires-after="100" refresh-after="50"><value>
<send-request mode="new" response-variable-name="r"><set-url>https://made.example/</set-url></send-request>
<set-variable name="v" value="@(((IResponse)context.Variables["r"]).Body.As&lt;string&gt;())" /></value></cache-value>`

// counting answers each call with its number, after a second, or fails.
type counting struct {
	calls atomic.Int64
	fail  atomic.Bool
}

func (c *counting) Do(ctx context.Context, ex *exchange.Exchange) error {
	n := c.calls.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if c.fail.Load() {
		return errors.New("away")
	}
	ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Text(strconv.FormatInt(n, 10))}
	return nil
}

// TestStampede: many exchanges that lack one value make it once; after refresh-after
// it is made anew once, beside those who get the old one.
func TestStampede(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, back := pipelineOf(t, cachedCall), new(counting)
		var beside sync.WaitGroup
		env := policy.Env{Now: time.Now, NewGUID: func() string { return "1" }, Rand: func() uint64 { return 1 }, Backend: back,
			Cache: cache.NewMemory(0, 0), Flights: new(policy.Flights),
			Background: func(f func(context.Context)) bool { beside.Go(func() { f(context.Background()) }); return true }}
		round := func(want string, wait time.Duration) {
			t.Helper()
			var wg sync.WaitGroup
			start := time.Now()
			for range 50 {
				wg.Go(func() {
					ex := visit("/")
					p.Run(context.Background(), ex, &env)
					if ex.Variables["v"] != want || ex.Response.StatusCode != 200 {
						t.Errorf("%v with %d, want %s", ex.Variables["v"], ex.Response.StatusCode, want)
					}
				})
			}
			wg.Wait()
			if got := time.Since(start); got != wait {
				t.Errorf("after %v, want %v", got, wait)
			}
		}
		round("1", time.Second)
		round("1", 0)
		time.Sleep(50 * time.Second)
		round("1", 0)
		beside.Wait()
		round("2", 0)
		if n := back.calls.Load(); n != 2 {
			t.Errorf("%d calls were made", n)
		}
		time.Sleep(200 * time.Second)
		round("3", time.Second)
	})
}

// TestStampedeFails: a failure is that of all who waited, each with a last error of
// its own; one whose client leaves is taken over by the next.
func TestStampedeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, back := pipelineOf(t, cachedCall), new(counting)
		env := policy.Env{Now: time.Now, NewGUID: func() string { return "1" }, Rand: func() uint64 { return 1 }, Backend: back,
			Cache: cache.NewMemory(0, 0), Flights: new(policy.Flights)}
		back.fail.Store(true)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				ex := visit("/")
				p.Run(context.Background(), ex, &env)
				if ex.Response.StatusCode != 500 || ex.LastError == nil || ex.LastError.Reason != policy.ReasonBackend {
					t.Errorf("%d, %+v", ex.Response.StatusCode, ex.LastError)
				}
			})
		}
		wg.Wait()
		if n := back.calls.Load(); n != 1 {
			t.Errorf("%d calls were made", n)
		}
		back.fail.Store(false)
		leaving, cancel := context.WithCancel(context.Background())
		wg.Go(func() { p.Run(leaving, visit("/"), &env) })
		synctest.Wait()
		second := visit("/")
		wg.Go(func() { p.Run(context.Background(), second, &env) })
		synctest.Wait()
		cancel()
		wg.Wait()
		if second.Variables["v"] != "3" {
			t.Errorf("the one that waited has %v", second.Variables["v"])
		}
	})
}

// TestOneWayHoldsNothing: the exchange ends before the request that it sent, and a
// host that has no room for it is no failure.
func TestOneWayHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, back := pipelineOf(t, `<send-one-way-request><set-url>https://late.example/</set-url></send-one-way-request>`), new(counting)
		full := false
		env := policy.Env{Now: time.Now, NewGUID: func() string { return "1" }, Rand: func() uint64 { return 1 }, Backend: back,
			Background: func(f func(context.Context)) bool {
				if !full {
					go f(context.Background())
				}
				return !full
			}}
		start := time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		p.Run(ctx, visit("/"), &env)
		cancel() // the client's leaving does not end it
		if time.Since(start) != 0 {
			t.Errorf("it took %v", time.Since(start))
		}
		full = true
		ex := visit("/")
		p.Run(context.Background(), ex, &env)
		if ex.Response.StatusCode != 200 || !strings.Contains(ex.Decisions[0].Detail, "was dropped") {
			t.Errorf("%d, %+v", ex.Response.StatusCode, ex.Decisions)
		}
		time.Sleep(2 * time.Second)
		if n := back.calls.Load(); n != 1 {
			t.Errorf("%d calls were made", n)
		}
	})
}

// TestRetryPauses are the page's example, and the other two ways of waiting.
func TestRetryPauses(t *testing.T) {
	s := time.Second
	for n, want := range []time.Duration{10 * s, 20 * s, 40 * s, 80 * s, 100 * s, 100 * s} {
		if got := retryPause(n+1, 10*s, 10*s, 100*s, 0.5); got != want {
			t.Errorf("retry %d waits %v, want %v", n+1, got, want)
		}
	}
	for _, x := range []struct {
		n                           int
		interval, delta, most, want time.Duration
		share                       float64
	}{
		{7, 3 * s, 0, -1, 3 * s, 0}, {1, 3 * s, 2 * s, -1, 3 * s, 0}, {4, 3 * s, 2 * s, -1, 9 * s, 0}, {50, 3 * s, 0, 2 * s, 2 * s, 0},
		{2, 10 * s, 10 * s, 100 * s, 18 * s, 0}, {2, 10 * s, 10 * s, 100 * s, 22 * s, 1}, {50, 10 * s, 10 * s, 100 * s, 100 * s, 1},
	} {
		if got := retryPause(x.n, x.interval, x.delta, x.most, x.share); got != x.want {
			t.Errorf("%+v waits %v", x, got)
		}
	}
}

// TestCertificateBytes reads PFX with its password, and PEM; what is neither is
// refused without a word of it.
func TestCertificateBytes(t *testing.T) {
	text, err := os.ReadFile("testdata/client.pfx.base64")
	if err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	c, err := pfx.Read(data, "secret")
	if err != nil || c.Leaf.Subject.CommonName != "client" {
		t.Fatalf("%v, %v", c, err)
	}
	if _, err := pfx.Read(data, "other"); err == nil || strings.Contains(err.Error(), "other") {
		t.Errorf("a wrong password gave %v", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pem"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	own, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: own})...)
	if c, err := pfx.Read(both, ""); err != nil || len(c.Certificate) != 1 {
		t.Errorf("%v, %v", c, err)
	}
	for _, bad := range []string{"", "BODY", "-----BEGIN CERTIFICATE-----\nx"} {
		if _, err := pfx.Read([]byte(bad), ""); !errors.Is(err, pfx.ErrNone) {
			t.Errorf("%q gave %v", bad, err)
		}
	}
	p := pipelineOf(t, `<authentication-certificate body="@(Convert.FromBase64String(&quot;`+base64.StdEncoding.EncodeToString(data)+`&quot;))" password="@(&quot;secret&quot;)" />`)
	ex := visit("/")
	p.Run(t.Context(), ex, &policy.Env{Now: time.Now})
	if ex.Backend.ClientCertificate == nil || ex.Response.StatusCode != 200 {
		t.Errorf("%+v", ex.LastError)
	}
}
