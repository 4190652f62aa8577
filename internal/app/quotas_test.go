package app

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/policies"
	"stile/policy"
)

// TestQuotasAreReadAtTheStart: what was saved is counted on, what is over is removed,
// and a record that cannot be read stops the start rather than opening a quota.
func TestQuotasAreReadAtTheStart(t *testing.T) {
	store := memkv.New(nil)
	defer store.Close()
	now := time.Now()
	open := func(at time.Time) (*quotaBook, policy.Quotas) {
		t.Helper()
		q, err := openQuotas(store, at, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return q, policies.WithQuotas(q.groups).(policy.Quotas)
	}
	take := func(q policy.Quotas, at time.Time) bool {
		t.Helper()
		res, err := q.TakeQuota(context.Background(), "key/secret", []policy.QuotaBound{{Key: "/calls", N: 1, Limit: 2, Start: now, Period: time.Hour}}, at)
		if err != nil {
			t.Fatal(err)
		}
		return res.Allowed
	}
	rows := func() (n int) {
		err := store.Iterate(spaceQuotas, kv.Range{}, func(k, v []byte) bool {
			n++
			if len(k) != 32 {
				t.Errorf("key %q", k)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	book, q := open(now)
	if !take(q, now) || rows() != 0 {
		t.Error("it is written before it is saved")
	}
	book.save()
	if book, q = open(now); rows() != 1 || !take(q, now) || take(q, now) {
		t.Error("the second of two is the last")
	}
	book.save()
	if _, q = open(now); take(q, now) {
		t.Error("a restart gives another one")
	}
	if _, q = open(now.Add(time.Hour)); rows() != 0 || !take(q, now.Add(time.Hour)) {
		t.Error("the next window is not a new one")
	}
	if err := commit(store, []kv.Op{{Kind: kv.Set, Space: spaceQuotas, Key: make([]byte, 32), Value: []byte{9}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := openQuotas(store, now, nil); err == nil {
		t.Error("damaged counters are passed over")
	}
}

// TestAQuotaHoldsAfterARestart of the product, which was stopped as it should be.
func TestAQuotaHoldsAfterARestart(t *testing.T) {
	backend, _ := answering(t)
	data := t.TempDir()
	dir := folder(t, backend, invoke, shopXML, inLines(`<quota-by-key calls="1" renewal-period="3600" counter-key="all" />`), shopInfo, apiAt(backend))
	p := runAsked(t, dir, data)
	if e := p.until(p.start("one"), "its end", ended); !has("ExecutionSucceeded")(e) {
		t.Fatalf("%+v", e)
	}
	p.shut()
	p = runAsked(t, dir, data)
	if e := p.until(p.start("one"), "its end", ended); !has("ExecutionFailed")(e) {
		t.Errorf("%+v", e)
	}
}
