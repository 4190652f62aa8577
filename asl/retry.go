package asl

import (
	"slices"
	"strings"

	"stile/diag"
	"stile/jsonval"
)

// reserved are the names that begin with "States." and mean something.
var reserved = []string{ErrAll, ErrBranchFailed, ErrDataLimitExceeded, ErrExceedToleratedFailureThreshold,
	ErrHeartbeatTimeout, ErrHTTPSocket, ErrIntrinsicFailure, ErrItemReaderFailed, ErrNoChoiceMatched,
	ErrParameterPathFailure, ErrPermissions, ErrQueryEvaluationError, ErrReferencePathConflict,
	ErrResultPathMatchFailure, ErrResultWriterFailed, ErrRuntime, ErrTaskFailed, ErrTimeout}

func (c *compiler) retry(st *State, n *node, path string) {
	list := n.get("Retry")
	if list == nil {
		return
	}
	path = join(path, "Retry")
	items := c.array(list, path, true)
	for i, m := range items {
		p := at(path, i)
		if !c.object(m, p) {
			continue
		}
		c.known(m, p, []string{"BackoffRate", "Comment", "ErrorEquals", "IntervalSeconds", "JitterStrategy",
			"MaxAttempts", "MaxDelaySeconds"})
		st.Retry = append(st.Retry, c.retrier(m, p, i == len(items)-1))
	}
}

func (c *compiler) retrier(n *node, path string, last bool) Retrier {
	r := Retrier{IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2}
	c.text(n.get("Comment"), join(path, "Comment"))
	r.ErrorEquals = c.errorEquals(n, path, last)
	if m := n.get("IntervalSeconds"); m != nil {
		// AWS takes 0 here, as it does in TimeoutSeconds of the whole definition.
		r.IntervalSeconds, _ = c.integer(m, join(path, "IntervalSeconds"), 0, maxSeconds)
	}
	if m := n.get("MaxAttempts"); m != nil {
		r.MaxAttempts, _ = c.integer(m, join(path, "MaxAttempts"), 0, maxSeconds)
	}
	if m := n.get("MaxDelaySeconds"); m != nil {
		r.MaxDelaySeconds, _ = c.integer(m, join(path, "MaxDelaySeconds"), 1, 31_622_400)
	}
	if m := n.get("BackoffRate"); m != nil {
		p := join(path, "BackoffRate")
		f, ok := m.value(c.src).Float()
		switch {
		case !ok:
			c.wrong(m, p, "Expected value of type Float", "")
		case f < 1:
			c.wrong(m, p, "Minimum value is 1.0", "delays never shrink; use 1 for even ones")
		}
		r.BackoffRate = f
	}
	if m := n.get("JitterStrategy"); m != nil {
		p := join(path, "JitterStrategy")
		s := c.text(m, p)
		if m.kind == jsonval.String && s != "FULL" && s != "NONE" {
			c.wrong(m, p, oneValueOf([]string{"NONE", "FULL"}),
				c.didYouMean(s, []string{"FULL", "NONE"}))
		}
		r.FullJitter = s == "FULL"
	}
	return r
}

func (c *compiler) catch(sc *scope, st *State, n *node, path string) {
	list := n.get("Catch")
	if list == nil {
		return
	}
	path = join(path, "Catch")
	items := c.array(list, path, true)
	for i, m := range items {
		p := at(path, i)
		if !c.object(m, p) {
			continue
		}
		if c.inJSONata() {
			c.known(m, p, []string{"Assign", "Comment", "ErrorEquals", "Next", "Output"})
		} else {
			c.known(m, p, []string{"Assign", "Comment", "ErrorEquals", "Next", "ResultPath"})
		}
		c.text(m.get("Comment"), join(p, "Comment"))
		k := Catcher{ErrorEquals: c.errorEquals(m, p, i == len(items)-1)}
		if next := m.get("Next"); next == nil {
			c.required(m, p, []string{"Next"})
			sc.broken = true
		} else {
			k.Next = c.target(sc, st, next, join(p, "Next"))
		}
		if c.inJSONata() {
			k.Output = c.payload(m.get("Output"), join(p, "Output"), false)
		} else {
			k.ResultPath = c.resultPath(m.get("ResultPath"), join(p, "ResultPath"))
		}
		k.Assign = c.assign(m.get("Assign"), join(p, "Assign"))
		st.Catch = append(st.Catch, k)
	}
}

// errorEquals reads the names of a retrier or catcher. States.ALL stands alone
// and in the last one.
func (c *compiler) errorEquals(n *node, path string, last bool) []string {
	list := n.get("ErrorEquals")
	if list == nil {
		c.required(n, path, []string{"ErrorEquals"})
		return nil
	}
	path = join(path, "ErrorEquals")
	items := c.array(list, path, false)
	var names []string
	for i, m := range items {
		p := at(path, i)
		name := c.text(m, p)
		if m.kind != jsonval.String {
			continue
		}
		names = append(names, name)
		switch {
		case name == ErrAll && (!last || len(items) > 1):
			c.wrong(m, p, "States.ALL must appear alone and at end of list",
				"move it to an entry of its own behind the others")
		case strings.HasPrefix(name, "States.") && !isReserved(name):
			c.report(m, CodeErrorName, diag.Warning, p, "'"+name+"' is not one of the reserved error names",
				c.didYouMean(name, reserved))
		}
	}
	return names
}

func isReserved(name string) bool {
	return slices.Contains(reserved, name) || strings.HasPrefix(name, "States.Http.StatusCode.")
}
