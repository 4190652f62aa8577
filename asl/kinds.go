package asl

import (
	"strings"

	"stile/jsonval"
)

// exclusive reports when more than one of the fields is there, and with need
// when none is. It gives how many there are.
func (c *compiler) exclusive(n *node, path string, need bool, fields ...string) int {
	count := 0
	for _, f := range fields {
		if m := n.get(f); m != nil {
			if count++; count == 2 {
				c.wrong(m, path, onlyOne(fields), "keep one of them")
			}
		}
	}
	if count == 0 && need {
		c.fault(n.offset, path, oneOf(fields), "add one of them")
	}
	return count
}

// onlyOne and oneOf are AWS's words for too many and for none of some fields.
func onlyOne(fields []string) string {
	return "There should only be one of the following fields: [" + strings.Join(fields, ", ") + "]"
}

func oneOf(fields []string) string {
	return "This object should have only one of the following fields: [" + strings.Join(fields, ", ") + "]"
}

func (c *compiler) task(st *State, n *node, path string) {
	t := &TaskFields{}
	st.Task = t
	if r := n.get("Resource"); r == nil {
		c.required(n, path, []string{"Resource"})
	} else {
		c.resource(t, r, join(path, "Resource"))
	}
	c.exclusive(n, path, false, "TimeoutSeconds", "TimeoutSecondsPath")
	c.exclusive(n, path, false, "HeartbeatSeconds", "HeartbeatSecondsPath")
	if m := n.get("TimeoutSeconds"); m != nil {
		t.TimeoutSeconds, t.TimeoutQuery = c.integerQuery(m, join(path, "TimeoutSeconds"), 1, maxSeconds)
	}
	if m := n.get("HeartbeatSeconds"); m != nil {
		p := join(path, "HeartbeatSeconds")
		t.HeartbeatSeconds, t.HeartbeatQuery = c.integerQuery(m, p, 1, maxSeconds)
		if t.HeartbeatQuery == nil && t.TimeoutSeconds > 0 && t.HeartbeatSeconds >= t.TimeoutSeconds {
			c.wrong(m, p, "HeartbeatSeconds must be less than TimeoutSeconds",
				"a heartbeat is due before the state times out")
		}
	}
	if m := n.get("TimeoutSecondsPath"); m != nil && !c.inJSONata() {
		t.TimeoutPath = c.onePath(m, join(path, "TimeoutSecondsPath"), "TimeoutSecondsPath")
	}
	if m := n.get("HeartbeatSecondsPath"); m != nil && !c.inJSONata() {
		t.HeartbeatPath = c.onePath(m, join(path, "HeartbeatSecondsPath"), "HeartbeatSecondsPath")
	}
	c.credentials(t, n.get("Credentials"), join(path, "Credentials"))
	t.NamedValues = namedValues(st)
}

func (c *compiler) credentials(t *TaskFields, n *node, path string) {
	if n == nil || !c.object(n, path) {
		return
	}
	fields := []string{"RoleArn", "RoleArn.$"}
	if c.inJSONata() {
		fields = fields[:1]
	}
	c.known(n, path, fields)
	role := n.get("RoleArn")
	if role == nil && (c.inJSONata() || n.get("RoleArn.$") == nil) {
		c.fault(n.offset, path, "The field 'RoleArn' is required but was missing", "add RoleArn")
	}
	if t.Kind == ActivityARN {
		c.wrong(n, path, "The field 'Credentials' is not supported for activities", "a worker takes no role; leave Credentials out")
	}
	if role != nil {
		c.text(role, join(path, "RoleArn"))
	}
	t.Credentials = c.payload(n, path, true)
}

func (c *compiler) wait(st *State, n *node, path string) {
	w := &WaitFields{}
	st.Wait = w
	if c.inJSONata() {
		c.exclusive(n, path, true, "Seconds", "Timestamp")
	} else {
		c.exclusive(n, path, true, "SecondsPath", "Seconds", "TimestampPath", "Timestamp")
	}
	if m := n.get("Seconds"); m != nil {
		w.Seconds, w.SecondsQuery = c.integerQuery(m, join(path, "Seconds"), 0, maxSeconds)
		w.HasSeconds = w.SecondsQuery == nil
	}
	if m := n.get("SecondsPath"); m != nil && !c.inJSONata() {
		w.SecondsPath = c.onePath(m, join(path, "SecondsPath"), "SecondsPath")
	}
	if m := n.get("Timestamp"); m != nil && c.inJSONata() && isQuery(m.text) {
		w.TimestampQuery = c.queryTemplate(m, join(path, "Timestamp"))
	} else if m != nil {
		w.Timestamp = c.timestamp(m, join(path, "Timestamp"))
	}
	if m := n.get("TimestampPath"); m != nil && !c.inJSONata() {
		w.TimestampPath = c.onePath(m, join(path, "TimestampPath"), "TimestampPath")
	}
}

// timestamp reads a literal RFC 3339 timestamp.
func (c *compiler) timestamp(n *node, path string) string {
	s := c.text(n, path)
	if n.kind != jsonval.String {
		return ""
	}
	if _, ok := ParseTimestamp(s); !ok {
		c.wrong(n, path, "String does not match RFC3339 timestamp", `write it as "2026-03-14T01:59:00Z"`)
		return ""
	}
	return s
}

func (c *compiler) fail(st *State, n *node, path string) {
	f := &FailFields{}
	st.Fail = f
	c.exclusive(n, path, false, "Error", "ErrorPath")
	c.exclusive(n, path, false, "Cause", "CausePath")
	f.Error, f.ErrorQuery = c.optionalText(n.get("Error"), join(path, "Error"))
	f.Cause, f.CauseQuery = c.optionalText(n.get("Cause"), join(path, "Cause"))
	if c.inJSONata() {
		return
	}
	f.ErrorPath = c.textPath(n.get("ErrorPath"), join(path, "ErrorPath"), "ErrorPath")
	f.CausePath = c.textPath(n.get("CausePath"), join(path, "CausePath"), "CausePath")
}

// optionalText reads a text, or of JSONata an expression that gives one.
func (c *compiler) optionalText(n *node, path string) (*string, *Template) {
	if n == nil {
		return nil, nil
	}
	if c.inJSONata() && isQuery(n.text) {
		return nil, c.queryTemplate(n, path)
	}
	s := c.text(n, path)
	return &s, nil
}

// textPath reads ErrorPath and CausePath: a path, or a call that gives a string.
func (c *compiler) textPath(n *node, path, field string) *Expr {
	if n == nil {
		return nil
	}
	s := c.text(n, path)
	if n.kind != jsonval.String {
		return nil
	}
	e, err := compileExpr(s)
	reason := "this function does not give a string"
	if err != nil {
		reason = exprHint(n, err.Error())
	}
	if err != nil || e.call != nil && !e.call.fn.text {
		c.wrong(n, path, "The value for the field '"+field+
			"' must be a valid JSONPath or a valid intrinsic function call that returns a string", reason)
		return nil
	}
	c.reading(e, n, path)
	return e
}

func (c *compiler) parallel(st *State, n *node, path string) {
	list := n.get("Branches")
	if list == nil {
		c.required(n, path, []string{"Branches"})
		return
	}
	path = join(path, "Branches")
	for i, m := range c.array(list, path, false) {
		p := at(path, i)
		if !c.object(m, p) {
			continue
		}
		c.known(m, p, branchFields)
		c.text(m.get("Comment"), join(p, "Comment"))
		st.Parallel = append(st.Parallel, c.body(m, p))
	}
}
