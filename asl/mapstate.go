package asl

import (
	"stile/diag"
	"stile/jsonval"
)

func (c *compiler) mapState(st *State, n *node, path string) {
	f := &MapFields{}
	st.Map = f
	if c.inJSONata() {
		f.Items = c.items(n.get("Items"), join(path, "Items"))
	} else {
		f.ItemsPath = c.pathField(n.get("ItemsPath"), join(path, "ItemsPath"), "ItemsPath")
	}
	c.selector(st, f, n, path)
	f.MaxConcurrency = c.amount(st, n, path, "MaxConcurrency", amountRange{hi: maxSeconds})
	c.exclusive(n, path, true, "ItemProcessor", "Iterator")
	for _, name := range []string{"ItemProcessor", "Iterator"} {
		m := n.get(name)
		if m == nil || !c.object(m, join(path, name)) {
			continue
		}
		c.processor(st, n, path, m, join(path, name))
	}
	if f.Distributed == nil {
		c.inlineOnly(n, path)
	}
}

// items compiles Items: an array or an object, in which expressions may stand, or
// one expression.
func (c *compiler) items(n *node, path string) *Template {
	if n == nil {
		return nil
	}
	if n.kind != jsonval.ArrayKind && n.kind != jsonval.ObjectKind && !isQuery(n.text) {
		c.wrong(n, path, "Expected value of type Array", `write "{% … %}", or the items themselves`)
		return nil
	}
	return c.queryTemplate(n, path)
}

// inlineOnly reports fields that only a distributed Map has. AWS takes the
// thresholds everywhere; inline they do nothing.
func (c *compiler) inlineOnly(n *node, path string) {
	st := c.current
	c.amount(st, n, path, "ToleratedFailureCount", amountRange{hi: maxSeconds})
	c.amount(st, n, path, "ToleratedFailurePercentage", amountRange{hi: 100, fraction: true})
	for _, name := range []string{"ItemBatcher", "ItemReader", "Label", "ResultWriter"} {
		for _, m := range n.members {
			if m.name == name {
				c.named(m, CodeSchema, diag.Error, path, "Field '"+name+"' is not supported",
					`only a distributed Map has it: write "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} in its ItemProcessor`)
			}
		}
	}
}

// selector reads ItemSelector, or Parameters in its older place.
func (c *compiler) selector(st *State, f *MapFields, n *node, path string) {
	c.exclusive(n, path, false, "ItemSelector", "Parameters")
	f.ItemSelector, st.Parameters = st.Parameters, nil
	if m := n.get("ItemSelector"); m != nil && m.kind != jsonval.Null {
		f.ItemSelector = c.flexible(st, m, join(path, "ItemSelector"))
	}
}

// processor compiles the Map's ItemProcessor, or the older Iterator: m at place p.
func (c *compiler) processor(st *State, n *node, path string, m *node, p string) {
	c.known(m, p, processorFields)
	c.text(m.get("Comment"), join(p, "Comment"))
	cfg := processorConfig{}
	if o := m.get("ProcessorConfig"); o != nil && c.object(o, join(p, "ProcessorConfig")) {
		cfg = c.processorConfig(o, join(p, "ProcessorConfig"))
	}
	f := st.Map
	if !cfg.distributed {
		f.Processor = c.body(m, p)
		return
	}
	d := c.distributed(st, n, path, cfg)
	f.Distributed = d
	c.apart = true
	f.Processor = c.body(m, p)
	c.child(d, m, f.Processor)
	if d.ExecutionType == typeExpress {
		for _, fault := range expressFaults(f.Processor) {
			fault.Hint = `its executions are EXPRESS: write "ExecutionType": "STANDARD" in ProcessorConfig, or do without`
			c.put(m.offset, fault)
			last := &c.list[len(c.list)-1]
			last.Line, last.Column, last.Excerpt = fault.Line, fault.Column, c.src.Line(fault.Line)
		}
	}
}

// processorConfig is what ProcessorConfig says; execution is "" where it does not
// say it.
type processorConfig struct {
	distributed bool
	execution   string
}

func (c *compiler) processorConfig(n *node, path string) processorConfig {
	c.known(n, path, []string{"ExecutionType", "Mode"})
	cfg := processorConfig{
		distributed: c.choiceOf(n, path, "Mode", modeInline, modeDistributed) == modeDistributed,
		execution:   c.choiceOf(n, path, "ExecutionType", typeStandard, typeExpress),
	}
	execution := n.get("ExecutionType")
	switch {
	case cfg.distributed && execution == nil:
		c.required(n, path, []string{"ExecutionType"})
	case !cfg.distributed && cfg.execution != "":
		c.wrong(execution, path, "Field 'ExecutionType' is not supported",
			"only a distributed Map has an ExecutionType; take it out")
	}
	return cfg
}
