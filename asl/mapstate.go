package asl

import (
	"stile/diag"
	"stile/jsonval"
)

// distributedFields are the fields that only a distributed Map has.
var distributedFields = []string{"ItemBatcher", "ItemReader", "Label", "ResultWriter",
	"ToleratedFailureCount", "ToleratedFailureCountPath",
	"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"}

func (c *compiler) mapState(st *State, n *node, path string) {
	f := &MapFields{}
	st.Map = f
	for _, name := range distributedFields {
		for _, m := range n.members {
			if m.name == name {
				c.named(m, CodeDistributed, diag.Error, join(path, name),
					"The field '"+name+"' of distributed Map is not supported by this version of Stile",
					"take the field out; an inline Map reads its items from its input")
			}
		}
	}
	f.ItemsPath = c.pathField(n.get("ItemsPath"), join(path, "ItemsPath"), "ItemsPath")
	c.selector(st, f, n, path)
	c.exclusive(n, path, false, "MaxConcurrency", "MaxConcurrencyPath")
	if m := n.get("MaxConcurrency"); m != nil {
		n, _ := c.integer(m, join(path, "MaxConcurrency"), 0, maxSeconds)
		f.MaxConcurrency.Literal = float64(n)
	}
	if m := n.get("MaxConcurrencyPath"); m != nil {
		f.MaxConcurrency.Path = c.onePath(m, join(path, "MaxConcurrencyPath"), "MaxConcurrencyPath")
	}
	if c.exclusive(n, path, false, "ItemProcessor", "Iterator") == 0 {
		c.required(n, path, []string{"ItemProcessor"})
	}
	for _, name := range []string{"ItemProcessor", "Iterator"} {
		m := n.get(name)
		if m == nil || !c.object(m, join(path, name)) {
			continue
		}
		f.Processor = c.processor(m, join(path, name))
	}
}

// selector reads ItemSelector, or Parameters in its older place.
func (c *compiler) selector(st *State, f *MapFields, n *node, path string) {
	c.exclusive(n, path, false, "ItemSelector", "Parameters")
	f.ItemSelector, st.Parameters = st.Parameters, nil
	if m := n.get("ItemSelector"); m != nil && m.kind != jsonval.Null {
		f.ItemSelector = c.payload(m, join(path, "ItemSelector"), false)
	}
}

// processor compiles ItemProcessor or the older Iterator.
func (c *compiler) processor(n *node, path string) *Body {
	c.known(n, path, processorFields)
	c.text(n.get("Comment"), join(path, "Comment"))
	if cfg := n.get("ProcessorConfig"); cfg != nil && c.object(cfg, join(path, "ProcessorConfig")) {
		c.processorConfig(cfg, join(path, "ProcessorConfig"))
	}
	return c.body(n, path)
}

func (c *compiler) processorConfig(n *node, path string) {
	c.known(n, path, []string{"ExecutionType", "Mode"})
	mode, execution := n.get("Mode"), n.get("ExecutionType")
	distributed := false
	if mode != nil {
		switch s := c.text(mode, join(path, "Mode")); {
		case s == "DISTRIBUTED":
			distributed = true
			c.report(mode, CodeDistributed, diag.Error, join(path, "Mode"),
				"Distributed Map is not supported by this version of Stile",
				`write "INLINE" if the items fit in the execution's history`)
		case mode.kind == jsonval.String && s != "INLINE":
			c.wrong(mode, join(path, "Mode"), "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]",
				c.didYouMean(s, []string{"INLINE", "DISTRIBUTED"}))
		}
	}
	if execution == nil {
		return
	}
	p := join(path, "ExecutionType")
	if s := c.text(execution, p); execution.kind == jsonval.String && s != "STANDARD" && s != "EXPRESS" {
		c.wrong(execution, p, "The field 'ExecutionType' should have one of these values: [STANDARD, EXPRESS]",
			c.didYouMean(s, []string{"STANDARD", "EXPRESS"}))
	} else if !distributed {
		c.wrong(execution, path, "Field 'ExecutionType' is not supported",
			"only a distributed Map has an ExecutionType; take it out")
	}
}
