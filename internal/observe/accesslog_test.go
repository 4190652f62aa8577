package observe

import (
	"testing"
	"time"

	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// TestDurations: policies nest and hold calls, calls run side by side, and no moment
// counts twice.
func TestDurations(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(1000 + ms)) }
	ex := &exchange.Exchange{Started: at(0)}
	decision := func(from, to int) {
		ex.Decisions = append(ex.Decisions, exchange.Decision{Start: at(from), Duration: at(to).Sub(at(from))})
	}
	call := func(from, to int) {
		ex.Calls = append(ex.Calls, exchange.Call{Start: at(from), Duration: at(to).Sub(at(from))})
	}
	if got := durations(ex, at(7)); got != (telemetry.Durations{Total: telemetry.Millis(7 * time.Millisecond)}) {
		t.Errorf("without policies: %+v", got)
	}
	decision(1, 3)   // alone
	decision(10, 50) // wait, with two send-requests side by side
	decision(11, 30)
	decision(11, 40)
	call(12, 28)
	call(12, 40)
	decision(60, 90) // forward-request
	call(61, 89)
	ms := func(n int) telemetry.Millis { return telemetry.Millis(time.Duration(n) * time.Millisecond) }
	if got, want := durations(ex, at(100)), (telemetry.Durations{Total: ms(100), Backend: ms(28 + 28), Policies: ms(2 + 12 + 2)}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestBackendNames: only configuration makes names.
func TestBackendNames(t *testing.T) {
	for _, tt := range []struct {
		call    exchange.Call
		tainted bool
		want    string
	}{
		{exchange.Call{Backend: "payments", URL: "http://x/"}, true, "payments"},
		{exchange.Call{URL: "http://pay.example:81/a/b"}, false, "pay.example:81"},
		{exchange.Call{URL: "http://any.example/"}, true, telemetry.Other},
		{exchange.Call{URL: "stile://workflows/order"}, false, "workflows"},
		{exchange.Call{URL: "http://%zz/"}, false, telemetry.Other},
	} {
		if got := backendName(&exchange.Exchange{Backend: exchange.Backend{Tainted: tt.tainted}}, tt.call); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.call, got, tt.want)
		}
	}
}
