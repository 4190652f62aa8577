package policies

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stile/policy"
	"stile/policy/exchange"
)

// webhookRequest is what a sender sends.
type webhookRequest struct{ id, time, signature, body string }

func (r webhookRequest) exchange() *exchange.Exchange {
	ex := &exchange.Exchange{}
	ex.Request.Header.Set("webhook-id", r.id)
	ex.Request.Header.Set("webhook-timestamp", r.time)
	ex.Request.Header.Set("webhook-signature", r.signature)
	ex.Request.Body = exchange.Text(r.body)
	return ex
}

// compiled compiles one <validate-webhook> and gives what checks a request.
func compiled(t *testing.T, element string) func(ex *exchange.Exchange, now time.Time) *policy.Denied {
	t.Helper()
	doc, faults := policy.Compile(policy.Source{File: "p.xml", Scope: policy.API,
		Text: "<policies><inbound>" + element + "</inbound><backend><forward-request /></backend><outbound /></policies>"}, Table(), policy.Fixed{})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	p := policy.Link(nil, nil, doc, nil)
	return func(ex *exchange.Exchange, now time.Time) *policy.Denied {
		p.Run(context.Background(), ex, &policy.Env{Now: func() time.Time { return now },
			Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
				ex.Response.StatusCode = 200
				return nil
			})})
		if ex.Verdict == nil {
			return nil
		}
		return &policy.Denied{Status: ex.Response.StatusCode, Reason: ex.Verdict.Reason}
	}
}

// TestStandardWebhookAlteredAnywhere signs as the specification says, on its own,
// and alters one byte of what was sent: nothing altered is let in.
func TestStandardWebhookAlteredAnywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 24, 64).Draw(rt, "key")
		now := time.Unix(rapid.Int64Range(1e9, 4e9).Draw(rt, "now"), 0)
		r := webhookRequest{id: "msg_" + rapid.StringMatching(`[A-Za-z0-9]{1,30}`).Draw(rt, "id"),
			time: strconv.FormatInt(now.Unix()+rapid.Int64Range(-300, 300).Draw(rt, "skew"), 10),
			body: string(rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(rt, "body"))}
		m := hmac.New(sha256.New, key)
		m.Write([]byte(r.id + "." + r.time + "." + r.body))
		r.signature = "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
		check := compiled(t, `<validate-webhook scheme="standard" secret="whsec_`+base64.StdEncoding.EncodeToString(key)+`" />`)
		if d := check(r.exchange(), now); d != nil {
			rt.Fatalf("a good one is refused: %v", d)
		}
		altered := r
		for _, part := range []*string{&altered.id, &altered.time, &altered.signature, &altered.body} {
			was := *part
			b := []byte(was)
			i := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
			b[i] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
			*part = string(b)
			if d := check(altered.exchange(), now); d == nil || d.Status != 401 {
				rt.Fatalf("altered %q to %q: %v", was, *part, d)
			}
			*part = was
		}
	})
}

// TestHMACAlteredAnywhere does the same for an HMAC in a header. Hex has two
// spellings of a byte: those are the same signature.
func TestHMACAlteredAnywhere(t *testing.T) {
	check := compiled(t, `<validate-webhook scheme="hmac" header="S" prefix="sha256=" secret="old key" timestamp-header="T" />`)
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Unix(rapid.Int64Range(1e9, 4e9).Draw(rt, "now"), 0)
		sent, body := strconv.FormatInt(now.Unix(), 10), string(rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(rt, "body"))
		m := hmac.New(sha256.New, []byte("key")) // the second of two secrets
		m.Write([]byte(sent + "." + body))
		sum := m.Sum(nil)
		send := func(sent, body string, sum []byte) *policy.Denied {
			ex := &exchange.Exchange{}
			ex.Request.Header.Set("S", "sha256="+hex.EncodeToString(sum))
			ex.Request.Header.Set("T", sent)
			ex.Request.Body = exchange.Text(body)
			return check(ex, now)
		}
		alter := func(b []byte) []byte {
			b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
			return b
		}
		if d := send(sent, body, sum); d != nil {
			rt.Fatalf("a good one is refused: %v", d)
		}
		if send(string(alter([]byte(sent))), body, sum) == nil || send(sent, string(alter([]byte(body))), sum) == nil ||
			send(sent, body, alter(append([]byte(nil), sum...))) == nil || send(sent, body, sum[:31]) == nil {
			rt.Fatal("an altered one is let in")
		}
	})
}
