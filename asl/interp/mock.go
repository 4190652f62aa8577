package interp

import (
	"fmt"
	"strconv"
	"strings"

	"stile/asl"
	"stile/jsonval"
)

// Mocks: the answers of a test case stand in Start.Mocks, so that they never
// change during an execution. Which of them an attempt gets is told by a counter
// for each state name that the root's record holds: it counts every attempt of
// every visit of such a state, in branches and iterations too, and its number goes
// into the visit's own record, so that a restart sends the same answer again.

// mockCount is how many attempts the states of one name had.
type mockCount struct {
	state string
	n     uint32
}

// countMock counts the attempt of f that is about to be sent, where its state has
// a mock.
func (x *Execution) countMock(f *frame) {
	f.task.mock = 0
	if !x.start.Mocks.Get(f.state.Name).Exists() {
		return
	}
	for i := range x.mocked {
		if c := &x.mocked[i]; c.state == f.state.Name {
			c.n++
			f.task.mock = c.n
			return
		}
	}
	x.mocked = append(x.mocked, mockCount{f.state.Name, 1})
	f.task.mock = 1
}

// mockOf is the answer for f's current attempt, absent where its state has no
// mock. An attempt that the mock says nothing of fails the execution, as in Step
// Functions Local.
func (x *Execution) mockOf(f *frame) (answer jsonval.Value) {
	if f.task.mock == 0 {
		return answer
	}
	n := uint64(f.task.mock - 1)
	x.start.Mocks.Get(f.state.Name).EachMember(func(name string, v jsonval.Value) bool {
		first, last, ok := MockRange(name)
		if ok && first <= n && n <= last {
			answer = v
		}
		return !answer.Exists()
	})
	if answer.Exists() {
		return answer
	}
	var throw, o jsonval.Object
	throw.AddString("Error", asl.ErrRuntime)
	throw.AddString("Cause", fmt.Sprintf("The mock of the state '%s' has no response for its invocation %d (the first one is 0).", f.state.Name, n))
	return o.Add("Throw", throw.Value()).Value()
}

// MockRange reads the key of a mocked response: the number of an invocation, from
// 0, or the first and the last of several ("1-2"). ok is false for any other text.
func MockRange(key string) (first, last uint64, ok bool) {
	from, to, several := strings.Cut(key, "-")
	first, err := strconv.ParseUint(from, 10, 32)
	if err != nil || !several {
		return first, first, err == nil
	}
	last, err = strconv.ParseUint(to, 10, 32)
	return first, last, err == nil && first <= last
}

func (w *writer) mockCounts(list []mockCount) {
	w.uint(uint64(len(list)))
	for _, c := range list {
		w.str(c.state)
		w.uint(uint64(c.n))
	}
}

func (r *reader) mockCounts() (list []mockCount) {
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		list = append(list, mockCount{r.str(), r.uint32()})
	}
	return list
}
