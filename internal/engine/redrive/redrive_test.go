package redrive

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"stile/internal/sfn"
)

func TestTokensAreTheLastTen(t *testing.T) {
	var l Tokens
	for i := range int64(12) {
		l = l.Add(fmt.Sprint("t", i), i)
	}
	for i := range int64(12) {
		if at, ok := l.Find(fmt.Sprint("t", i), 12); ok != (i >= 2) || ok && at != i {
			t.Errorf("token %d: %d, %v", i, at, ok)
		}
	}
	if _, ok := l.Find("", 12); ok {
		t.Error("no token is known")
	}
	life := (15 * time.Minute).Milliseconds()
	if _, ok := l.Find("t11", 11+life); !ok {
		t.Error("a token is forgotten before its time")
	}
	if _, ok := l.Find("t11", 12+life); ok {
		t.Error("a token is known after its time")
	}
	got, err := Decode(l.Encode())
	if err != nil || !slices.Equal(got, l) {
		t.Errorf("%v became %v, %v", l, got, err)
	}
	if _, err := Decode(l.Encode()[:9]); err == nil {
		t.Error("a cut record decodes")
	}
}

func TestReasons(t *testing.T) {
	good := Facts{Status: sfn.TimedOut, State: State{Events: 24_998}}
	if why := good.Reason(); why != "" {
		t.Error(why)
	}
	for want, change := range map[string]func(*Facts){
		"Execution is RUNNING and cannot be redriven":                 func(f *Facts) { f.Status = sfn.Running },
		"Execution history event limit exceeded":                      func(f *Facts) { f.Events++ },
		"State machine is in DELETING status":                         func(f *Facts) { f.Deleting = true },
		"Execution redrivable period exceeded":                        func(f *Facts) { f.Now = period.Milliseconds() + 1 },
		"Execution has exceeded the max execution time":               func(f *Facts) { f.Now, f.Stop = maximum.Milliseconds()+1, maximum.Milliseconds() },
		"Execution was started before the launch of RedriveExecution": func(f *Facts) { f.Events = 0 },
	} {
		f := good
		if change(&f); f.Reason() != want {
			t.Errorf("%q, want %q", f.Reason(), want)
		}
	}
}
