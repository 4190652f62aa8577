package app

import (
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

// TestNoCrashStartsTwice cuts the power around every sync of a nested execution,
// with and without what was not durable yet. On what is left a parent that was
// begun ends well, with one child.
func TestNoCrashStartsTwice(t *testing.T) {
	for name, parameters := range map[string]string{"derived name": "", "given name": `,"Name":"mine"`} {
		for _, keep := range []float64{0, 1} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := nesting(t, calls(".sync", parameters, ""), slowly, mayStart)
					var left []*memkv.Store
					store := n.store.(*memkv.Store)
					store.SetGap(func() { left = append(left, store.Crash(keep, 1)) })
					n.start(parentARN, sfn.Start{})
					time.Sleep(11 * time.Minute)
					synctest.Wait()
					store.SetGap(nil)
					begun := 0
					for i, l := range left {
						after := &nest{t: t, store: l, project: n.project}
						after.open()
						time.Sleep(11 * time.Minute)
						synctest.Wait()
						parents, _, err := after.host.ListExecutions(t.Context(), sfn.ListExecutions{StateMachineARN: parentARN})
						if err != nil {
							t.Fatal(err)
						}
						if len(parents) > 0 {
							begun++
							if list := after.children(); parents[0].Status != sfn.Succeeded || len(list) != 1 || list[0].Status != sfn.Succeeded {
								t.Errorf("crash %d: the parent is %s, %d children", i, parents[0].Status, len(list))
							}
							submitted := 0
							for _, kind := range after.kinds(parents[0].ARN) {
								if kind == "TaskSubmitted" {
									submitted++
								}
							}
							if submitted != 1 {
								t.Errorf("crash %d: %d times submitted", i, submitted)
							}
						}
						after.close()
						_ = l.Close()
					}
					if begun < 4 {
						t.Errorf("%d of %d crashes found the parent", begun, len(left))
					}
				})
			})
		}
	}
}
