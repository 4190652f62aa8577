package keyring

import (
	"testing"

	"stile/internal/sfn"
)

func counting(from uint64) func() uint64 {
	return func() uint64 { from++; return from * 0x9e3779b97f4a7c15 }
}

// TestLostKeys: a store that lost its keys gets others under another id; executions of
// the lost key get tokens that work, and tokens from before do not.
func TestLostKeys(t *testing.T) {
	const arn = "arn:aws:states:us-east-1:111111111111:execution:m:e"
	before, after := New(0, counting(1)), New(7, counting(1000))
	if before.Current == after.Current || len(after.Current) > 8 {
		t.Fatalf("ids %q and %q", before.Current, after.Current)
	}
	old := before.Seal(before.Current, arn, 3, 2, 99)
	if _, ok := sfn.OpenTask(old, before.Key); !ok {
		t.Error("a token does not open under its own keys")
	}
	if _, ok := sfn.OpenTask(old, after.Key); ok {
		t.Error("a token of a lost key opens")
	}
	for what, text := range map[string]string{
		"a new attempt": after.Seal(before.Current, arn, 3, 2, 99),
		"a new URL":     after.Again(before.Current, sfn.Token{ExecutionARN: arn, Command: 3, Attempt: 2, Serial: 1}),
	} {
		tok, ok := sfn.OpenTask(text, after.Key)
		if !ok || tok.ExecutionARN != arn || tok.Command != 3 || tok.Attempt != 2 || tok.Key != after.Current {
			t.Errorf("%s of an execution of the lost key: %+v, %v", what, tok, ok)
		}
	}
	kept, err := Decode(after.Encode())
	if err != nil || kept.Current != after.Current || kept.Key(before.Current) != nil {
		t.Errorf("%+v, %v", kept, err)
	}
}
