package identity

import (
	"strings"
	"testing"
	"time"

	"stile/policy/exchange"
)

// TestScheduledRotation walks three months in hours: every token verifies until it
// ends, keys are known a day before they sign, and old ones go.
func TestScheduledRotation(t *testing.T) {
	c, store := start(), memStore{}
	i := open(t, store, c)
	v := NewVerifier(i, nil, c.now)
	kid := func(token string) string { return strings.Split(token, ".")[0] }
	type minted struct {
		token string
		ends  time.Time
	}
	var alive []minted
	kids, most := map[string]bool{}, 0
	var seen []string // each key set of the last day
	for hour := range 95 * 24 {
		c.t = c.t.Add(time.Hour)
		if err := i.Maintain(); err != nil {
			t.Fatal(err)
		}
		if hour%12 != 0 {
			continue
		}
		life := 29 * 24 * time.Hour
		token, err := i.Mint(exchange.Claims{Role: "r", Expires: c.t.Add(life)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Verify(t.Context(), token, Written(ourIssuer+DiscoveryPath), nil)
		if err != nil || got == nil {
			t.Fatal(err)
		}
		if len(seen) >= 2 && !kids[kid(token)] && !strings.Contains(seen[len(seen)-2], i.keys.Load().all[i.keys.Load().signs].id) && len(kids) > 0 {
			t.Errorf("hour %d: a key signs that was not published a day before", hour)
		}
		kids[kid(token)] = true
		seen = append(seen, string(i.JWKS()))
		alive = append(alive, minted{token, c.t.Add(life)})
		most = max(most, len(i.keys.Load().all))
		if hour%(24*7) != 0 {
			continue
		}
		for _, m := range alive {
			if m.ends.After(c.t) {
				if _, err := v.Verify(t.Context(), m.token, Written(ourIssuer+DiscoveryPath), nil); err != nil {
					t.Fatalf("hour %d: a living token: %v", hour, err)
				}
			}
		}
	}
	if len(kids) != 4 || most > 3 {
		t.Errorf("%d keys have signed, at most %d were published; want 4 and 3", len(kids), most)
	}
	if _, err := v.Verify(t.Context(), alive[0].token, Written(ourIssuer+DiscoveryPath), nil); err == nil {
		t.Error("the first key is still taken two months after its last signature")
	}
	// A process that was away finds what is due at its start, and keeps the old key.
	c.t = c.t.Add(200 * 24 * time.Hour)
	again := open(t, store, c)
	if keys := again.keys.Load(); len(keys.all) != 2 || keys.signs != 1 {
		t.Errorf("after a long stop: %d keys, the %d. signs; want 2 and the old one", len(keys.all), keys.signs)
	}
}
