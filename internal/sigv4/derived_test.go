package sigv4

import (
	"fmt"
	"testing"
	"time"
)

// remembering is states with what a server keeps between requests.
func remembering() Options {
	o := states
	o.Derived = &Derived{}
	return o
}

// TestDerivedTellsSecretsAndDaysApart: what is remembered of one secret or day
// vouches for no other.
func TestDerivedTellsSecretsAndDaysApart(t *testing.T) {
	o := remembering()
	secret := testSecret
	keys := func(id string) (Key, bool) { return NewKey("user:ada", secret, ""), id == testID }
	for range 2 {
		if _, err := Verify(sign(plain(), signOptions{}), keys, testNow, o); err != nil {
			t.Fatal(err)
		}
	}
	old := sign(plain(), signOptions{})
	secret = "another"
	if _, err := Verify(old, keys, testNow, o); err == nil {
		t.Error("a signature of the secret before was taken")
	}
	if _, err := Verify(sign(plain(), signOptions{secret: secret}), keys, testNow, o); err != nil {
		t.Error(err)
	}
	next := testNow.AddDate(0, 0, 1)
	if _, err := Verify(sign(plain(), signOptions{secret: secret, at: next}), keys, next, o); err != nil {
		t.Error(err)
	}
	if len(o.Derived.keys) != 3 {
		t.Errorf("%d are remembered, want 3", len(o.Derived.keys))
	}
}

func TestDerivedIsBounded(t *testing.T) {
	o := remembering()
	for i := range 3 * maxDerived {
		secret := fmt.Sprint("secret-", i)
		keys := func(id string) (Key, bool) { return NewKey("user:ada", secret, ""), id == testID }
		if _, err := Verify(sign(plain(), signOptions{secret: secret}), keys, testNow, o); err != nil {
			t.Fatal(err)
		}
		if n := len(o.Derived.keys); n > maxDerived {
			t.Fatalf("%d are remembered", n)
		}
	}
}

// maxVerifyAllocations is what one request of an SDK may take; 3 are measured, and 7
// beside the race detector.
const maxVerifyAllocations = 10

func TestVerifyAllocations(t *testing.T) {
	r, o := sign(plain(), signOptions{}), remembering()
	n := testing.AllocsPerRun(200, func() {
		if _, err := Verify(r, testKeys, testNow, o); err != nil {
			t.Fatal(err)
		}
	})
	if n > maxVerifyAllocations {
		t.Errorf("%v allocations, want at most %d", n, maxVerifyAllocations)
	}
}

// BenchmarkUnitVerify is what one call of an SDK costs, without hashing its body.
func BenchmarkUnitVerify(b *testing.B) {
	r, o, now := sign(plain(), signOptions{}), remembering(), testNow.Add(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Verify(r, testKeys, now, o); err != nil {
			b.Fatal(err)
		}
	}
}
