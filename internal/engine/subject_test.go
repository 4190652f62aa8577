package engine

import (
	"context"
	"testing"
	"testing/synctest"

	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// spread has Tasks in a Parallel's branches and in a Map's items, and one at the end.
const spread = `{"StartAt":"Both","States":{
	"Both":{"Type":"Parallel","Next":"Each","ResultPath":null,"Branches":[
		{"StartAt":"Left","States":{"Left":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","End":true}}},
		{"StartAt":"Right","States":{"Right":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","End":true}}}]},
	"Each":{"Type":"Map","Next":"Last","ItemsPath":"$.items","ResultPath":null,"ItemProcessor":{"StartAt":"Item","States":{
		"Item":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","End":true}}}},
	"Last":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","End":true}}}`

// TestCallsCarryRoleAndSubject: every state of an execution, also in branches and
// items, calls with the role that its state machine had at the start, and for who
// started it; a change of the state machine and a restart of the host alter neither.
func TestCallsCarryRoleAndSubject(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		calls := make(chan sfn.TaskCall, 10)
		answer := func(_ context.Context, call sfn.TaskCall, done func(sfn.TaskResult)) {
			calls <- call
			if call.State != "Last" {
				done(sfn.TaskResult{Output: jsonval.EmptyObject})
			}
		}
		h := host(t, store, answer)
		m := create(t, h, "m", spread)
		before, err := h.DescribeStateMachine(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		started, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m, Name: "n", Input: jsonval.MustParse(`{"items":[1,2]}`),
			Owner: "demo", Subject: "user:ada"})
		if err != nil {
			t.Fatal(err)
		}
		other := "arn:aws:iam::111111111111:role/other"
		if _, err := h.UpdateStateMachine(t.Context(), m, sfn.StateMachineUpdate{RoleARN: &other}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		shut(t, h)
		h = host(t, store, answer)
		synctest.Wait()
		close(calls)
		seen := map[string]int{}
		for call := range calls {
			seen[call.State]++
			if call.RoleARN != before.RoleARN || call.RoleARN == other || call.Subject != "user:ada" || call.Owner != "demo" {
				t.Errorf("%s calls as %s for %s of %s", call.State, call.RoleARN, call.Subject, call.Owner)
			}
		}
		if seen["Left"] != 1 || seen["Right"] != 1 || seen["Item"] != 2 || seen["Last"] != 2 {
			t.Errorf("calls: %v", seen)
		}
		if x := describe(t, h, started.ExecutionARN); x.Subject != "user:ada" || x.RoleARN != before.RoleARN {
			t.Errorf("described for %q with %s", x.Subject, x.RoleARN)
		}
		if m, err := h.DescribeStateMachine(t.Context(), m); err != nil || m.RoleARN != other {
			t.Errorf("the state machine has %s, %v", m.RoleARN, err)
		}
	})
}

// TestTokenOf: a token names its state while it waits and afterwards.
func TestTokenOf(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		tokens := make(chan string, 10)
		h := host(t, store, func(_ context.Context, call sfn.TaskCall, done func(sfn.TaskResult)) {
			done(sfn.TaskResult{Submitted: true, Output: jsonval.EmptyObject, Call: jsonval.EmptyObject})
			tokens <- call.TaskToken
		})
		m := create(t, h, "m", state(tokenState))
		arn := start(t, h, m, "n", "{}")
		token := <-tokens
		synctest.Wait()
		want := sfn.TokenOf{ExecutionARN: arn, State: "A"}
		if of, ok := h.TokenOf(t.Context(), token); !ok || of != want {
			t.Errorf("while it waits: %+v, %v", of, ok)
		}
		if err := h.SendTaskSuccess(t.Context(), token, jsonval.EmptyObject); err != nil {
			t.Fatal(err)
		}
		ends(t, h, arn)
		if of, ok := h.TokenOf(t.Context(), token); !ok || of != want {
			t.Errorf("afterwards: %+v, %v", of, ok)
		}
		if of, ok := h.TokenOf(t.Context(), token[:len(token)-1]+"A"); ok && token[len(token)-1] != 'A' {
			t.Errorf("an altered token names %+v", of)
		}
	})
}

// TestRecordsWithoutASubject are those that earlier versions wrote.
func TestRecordsWithoutASubject(t *testing.T) {
	r := record.Fixed{ARN: "a", Role: "r", Input: interp.Payload{Value: jsonval.EmptyObject}}
	plain := r.Encode()
	r.Subject = "user:ada"
	with := r.Encode()
	if len(with) <= len(plain) || string(with[:len(plain)]) != string(plain) {
		t.Error("a subject changes more than the record's end")
	}
	for want, b := range map[string][]byte{"": plain, "user:ada": with} {
		if got, err := record.DecodeFixed(b); err != nil || got.Subject != want || got.Role != "r" {
			t.Errorf("read %+v, %v; want subject %q", got, err, want)
		}
	}
}
