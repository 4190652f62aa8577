package connection_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/secret"
	"stile/internal/task/connection"
)

// slow is a token endpoint that answers after a time.
type slow struct {
	after time.Duration
	asked int
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked++
	select {
	case <-time.After(s.after):
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
			Body: io.NopCloser(strings.NewReader(`{"access_token":"t"}`))}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

type known struct{}

func (known) Get(context.Context, secret.Ref) (secret.Value, error) {
	return secret.NewValue("hush"), nil
}
func (known) Refetch(_ context.Context, _ secret.Ref, used secret.Value) (secret.Value, bool) {
	return used, false
}

// TestASlowTokenEndpoint: a call that is given up leaves the fetch to the others,
// and a fetch ends by itself.
func TestASlowTokenEndpoint(t *testing.T) {
	d := &connection.Definition{Name: "partner", Kind: connection.OAuth, User: "c", Endpoint: "https://id.example/token", Method: "POST"}
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: 5 * time.Second}
		k := connection.New(connection.Config{Secrets: known{}, Transport: s, Now: time.Now})
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		other := make(chan error, 1)
		go func() {
			_, err := k.Authorize(t.Context(), d)
			other <- err
		}()
		if _, err := k.Authorize(hasty, d); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the hasty one: %v", err)
		}
		if err := <-other; err != nil || s.asked != 1 {
			t.Errorf("the other: %v, asked %d times", err, s.asked)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: time.Hour}
		k := connection.New(connection.Config{Secrets: known{}, Transport: s, Now: time.Now})
		begin := time.Now()
		_, err := k.Authorize(t.Context(), d)
		if err == nil || !strings.Contains(err.Error(), "https://id.example: it did not answer in time") || time.Since(begin) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}
