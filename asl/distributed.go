package asl

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"stile/diag"
	"stile/jsonval"
)

// The modes of an item processor.
const (
	modeInline      = "INLINE"
	modeDistributed = "DISTRIBUTED"
)

// The types of state machines and child executions.
const (
	typeStandard = "STANDARD"
	typeExpress  = "EXPRESS"
)

// Limits of distributed Map (Step Functions Developer Guide, "Map state in
// Distributed mode").
const (
	maxLabel       = 40
	maxBatchBytes  = 256 << 10
	maxItemPointer = 2000
	// MaxDatasetItems is how many items of a dataset AWS reads at most; a greater
	// MaxItems means this.
	MaxDatasetItems = 100_000_000
)

// distributedFields are the fields that only a distributed Map has.
var distributedFields = []string{"ItemBatcher", "ItemReader", "Label", "ResultWriter",
	"ToleratedFailureCount", "ToleratedFailureCountPath",
	"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"}

// The resources of readers and writers.
var (
	readerARN = regexp.MustCompile(`^arn:aws[a-z-]*:states:[a-z0-9-]*:[0-9]*:s3:(getObject|listObjectsV2)$`)
	writerARN = regexp.MustCompile(`^arn:aws[a-z-]*:states:[a-z0-9-]*:[0-9]*:s3:putObject$`)
)

// distributed compiles what a distributed Map has beyond an inline one.
func (c *compiler) distributed(st *State, n *node, path string, cfg processorConfig) *DistributedFields {
	d := &DistributedFields{ExecutionType: cfg.execution}
	if d.ExecutionType == "" {
		d.ExecutionType = typeStandard
	}
	c.label(d, st, n, path)
	if m := n.get("ItemReader"); m != nil && c.object(m, join(path, "ItemReader")) {
		d.Reader = c.itemReader(st, m, join(path, "ItemReader"))
	}
	if m := n.get("ItemBatcher"); m != nil && c.object(m, join(path, "ItemBatcher")) {
		d.Batch = c.itemBatcher(st, m, join(path, "ItemBatcher"))
	}
	if m := n.get("ResultWriter"); m != nil && c.object(m, join(path, "ResultWriter")) {
		d.Writer = c.resultWriter(st, m, join(path, "ResultWriter"))
	}
	d.ToleratedFailureCount = c.amount(st, n, path, "ToleratedFailureCount", amountRange{hi: maxSeconds})
	d.ToleratedFailurePercentage = c.amount(st, n, path, "ToleratedFailurePercentage", amountRange{hi: 100, fraction: true})
	return d
}

// child makes the definition of d's child executions. It shares the whole
// definition's states; Parse fills in Ordered when all are known.
func (c *compiler) child(d *DistributedFields, processor *node, body *Body) {
	d.Program = &Program{QueryLanguage: c.prog.QueryLanguage, Body: body, States: c.prog.States}
	d.Definition = c.src.Text()[processor.offset:processor.end]
}

// children completes the definitions of child executions.
func (p *Program) children() {
	for _, st := range p.Ordered {
		if st.Map != nil && st.Map.Distributed != nil && st.Map.Distributed.Program != nil {
			st.Map.Distributed.Program.Ordered, st.Map.Distributed.Program.Activities = p.Ordered, p.Activities
		}
	}
}

// label reads Label, or makes the one that AWS would make: an UUID, here of the
// state's name, which is unique in the definition.
func (c *compiler) label(d *DistributedFields, st *State, n *node, path string) {
	m := n.get("Label")
	if m == nil {
		sum := sha256.Sum256([]byte(st.Name))
		h := hex.EncodeToString(sum[:16])
		d.Label = h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
		return
	}
	path = join(path, "Label")
	d.Label = c.text(m, path)
	switch length := utf8.RuneCountInString(d.Label); {
	case m.kind != jsonval.String:
	case length == 0:
		c.wrong(m, path, "Value cannot be empty", "leave Label out, and one is made")
	case length > maxLabel:
		c.report(m, CodeLabel, diag.Error, path, fmt.Sprintf("Invalid Label name: %s exceeds the %d-character limit allowed by the service", d.Label, maxLabel), "shorten it")
	case strings.ContainsFunc(d.Label, notInLabel):
		c.wrong(m, path, "Value contains characters that a label cannot have", "use letters, digits, - and _")
	case c.labels[d.Label] != "":
		c.report(m, CodeDuplicateLabel, diag.Error, path, "Duplicate Label name: "+d.Label, "the state '"+c.labels[d.Label]+"' has it too")
	default:
		if c.labels == nil {
			c.labels = map[string]string{}
		}
		c.labels[d.Label] = st.Name
	}
}

// notInLabel: white space, control characters, and those that mean something in
// ARNs, wildcards and patterns.
func notInLabel(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("?*<>{}[]\"#%\\^|~`$&,;:/", r)
}

// argumentField is the field that a query language has for a service's parameters.
func argumentField(st *State) string {
	if st.QueryLanguage == JSONata {
		return "Arguments"
	}
	return "Parameters"
}

// serviceArguments compiles Parameters or Arguments of a reader or writer. Members
// that the service needs must be there, where they can be seen.
func (c *compiler) serviceArguments(st *State, n *node, path string, need ...string) *Template {
	field := argumentField(st)
	m := n.get(field)
	if m == nil {
		return nil
	}
	path = join(path, field)
	if st.QueryLanguage == JSONata && isQuery(m.text) {
		return c.flexible(st, m, path)
	}
	if c.object(m, path) {
		var missing []string
		for _, name := range need {
			if m.get(name) == nil && (m.get(name+".$") == nil || st.QueryLanguage == JSONata) {
				missing = append(missing, name)
			}
		}
		c.required(m, path, missing)
	}
	return c.flexible(st, m, path)
}

// itemReader compiles ItemReader.
func (c *compiler) itemReader(st *State, n *node, path string) *ItemReader {
	r := &ItemReader{}
	c.known(n, path, []string{argumentField(st), "ReaderConfig", "Resource"})
	var missing []string
	if n.get("Resource") == nil {
		missing = append(missing, "Resource")
	}
	if n.get("Parameters") == nil && n.get("Arguments") == nil {
		missing = append(missing, argumentField(st))
	}
	c.required(n, path, missing)
	need := []string{"Bucket"}
	listing := false
	if m := n.get("Resource"); m != nil {
		r.Resource = c.text(m, join(path, "Resource"))
		api := readerARN.FindStringSubmatch(r.Resource)
		switch {
		case m.kind != jsonval.String:
		case api == nil:
			c.wrong(m, join(path, "Resource"), "The field 'Resource' does not match any of the allowed values",
				"items are read by arn:aws:states:::s3:getObject or arn:aws:states:::s3:listObjectsV2")
		case api[1] == "getObject":
			need = append(need, "Key")
		default:
			listing = true
		}
	}
	r.Arguments = c.serviceArguments(st, n, path, need...)
	cfg := n.get("ReaderConfig")
	switch {
	case cfg != nil && c.object(cfg, join(path, "ReaderConfig")):
		c.readerConfig(st, r, cfg, join(path, "ReaderConfig"), listing)
	case cfg == nil && len(need) == 2:
		c.required(n, path, []string{"ReaderConfig"})
	}
	return r
}

func (c *compiler) unrecognized(n *node, path, resource, hint string) {
	c.wrong(n, path, "The resource provided "+resource+" is not recognized. The value is not a valid resource ARN, "+
		"or the resource is not available in this region.", hint)
}

// readerConfig compiles ReaderConfig.
func (c *compiler) readerConfig(st *State, r *ItemReader, n *node, path string, listing bool) {
	fields := []string{"CSVDelimiter", "CSVHeaderLocation", "CSVHeaders", "InputType", "ItemsPointer",
		"ManifestType", "MaxItems", "Transformation"}
	if st.QueryLanguage != JSONata {
		fields = append(fields, "MaxItemsPath")
	}
	c.known(n, path, fields)
	r.InputType = c.choiceOf(n, path, "InputType", "CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")
	r.Transformation = c.choiceOf(n, path, "Transformation", "NONE", "LOAD_AND_FLATTEN")
	r.ManifestType = c.choiceOf(n, path, "ManifestType", "ATHENA_DATA", "S3_INVENTORY")
	r.CSVDelimiter = c.choiceOf(n, path, "CSVDelimiter", "COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")
	r.CSVHeaderLocation = c.choiceOf(n, path, "CSVHeaderLocation", "FIRST_ROW", "GIVEN")
	if m := n.get("CSVHeaders"); m != nil {
		for i, h := range c.array(m, join(path, "CSVHeaders"), false) {
			r.CSVHeaders = append(r.CSVHeaders, c.text(h, at(join(path, "CSVHeaders"), i)))
		}
	}
	var missing []string
	if n.get("InputType") == nil && r.ManifestType != "S3_INVENTORY" && (!listing || r.Transformation == "LOAD_AND_FLATTEN") {
		missing = append(missing, "InputType")
	}
	if location := n.get("CSVHeaderLocation"); r.InputType == "CSV" && location == nil {
		c.fault(n.offset, path, "The field 'CSVHeaderLocation' is required", `add "CSVHeaderLocation": "FIRST_ROW" or "GIVEN"`)
	} else if r.InputType == "JSON" && location != nil {
		c.wrong(location, path, "Field 'CSVHeaderLocation' is not supported", "only CSV files have headers")
	}
	if r.CSVHeaderLocation == "GIVEN" && n.get("CSVHeaders") == nil {
		missing = append(missing, "CSVHeaders")
	}
	c.required(n, path, missing)
	if m := n.get("ItemsPointer"); m != nil {
		r.ItemsPointer = c.itemsPointer(st, m, join(path, "ItemsPointer"))
	}
	r.MaxItems = c.amount(st, n, path, "MaxItems", amountRange{hi: 1 << 53})
}

// itemsPointer compiles ItemsPointer: a JSON Pointer (RFC 6901).
func (c *compiler) itemsPointer(st *State, n *node, path string) *Template {
	s := c.text(n, path)
	switch {
	case n.kind != jsonval.String:
		return nil
	case st.QueryLanguage == JSONata && isQuery(s):
	case s != "" && s[0] != '/':
		c.wrong(n, path, "Value is not a valid JSON Pointer", `write it as "/orders/items"`)
		return nil
	case len(s) >= maxItemPointer:
		c.wrong(n, path, fmt.Sprintf("Value must be shorter than %d characters", maxItemPointer), "")
		return nil
	}
	return c.flexible(st, n, path)
}

// itemBatcher compiles ItemBatcher.
func (c *compiler) itemBatcher(st *State, n *node, path string) *ItemBatcher {
	b := &ItemBatcher{}
	bounds := []string{"MaxInputBytesPerBatch", "MaxItemsPerBatch"}
	if st.QueryLanguage != JSONata {
		bounds = []string{"MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", "MaxItemsPerBatch", "MaxItemsPerBatchPath"}
	}
	c.known(n, path, append(slices.Clone(bounds), "BatchInput"))
	given := false
	for _, f := range bounds {
		given = given || n.get(f) != nil
	}
	if !given {
		c.fault(n.offset, path, "One of these fields is required: ["+strings.Join(bounds, ", ")+"]", "add one of them")
	}
	b.MaxItemsPerBatch = c.amount(st, n, path, "MaxItemsPerBatch", amountRange{lo: 1, hi: maxSeconds})
	b.MaxInputBytesPerBatch = c.amount(st, n, path, "MaxInputBytesPerBatch", amountRange{lo: 1, hi: maxBatchBytes})
	if m := n.get("BatchInput"); m != nil {
		b.BatchInput = c.flexible(st, m, join(path, "BatchInput"))
	}
	return b
}

// resultWriter compiles ResultWriter: where the results go, how they look, or both.
func (c *compiler) resultWriter(st *State, n *node, path string) *ResultWriter {
	w := &ResultWriter{}
	args := argumentField(st)
	c.known(n, path, []string{args, "Resource", "WriterConfig"})
	resource, config := n.get("Resource"), n.get("WriterConfig")
	switch {
	case len(n.members) == 0:
		c.fault(n.offset, path, "One of these fields is required: [Resource, WriterConfig]",
			"leave ResultWriter out, or say where results go (Resource) or how they look (WriterConfig)")
	case resource != nil && n.get("Parameters") == nil && n.get("Arguments") == nil:
		c.required(n, path, []string{args})
	case resource == nil && n.get(args) != nil:
		c.required(n, path, []string{"Resource"})
	}
	if resource != nil {
		w.Resource = c.text(resource, join(path, "Resource"))
		if resource.kind == jsonval.String && !writerARN.MatchString(w.Resource) {
			c.unrecognized(resource, join(path, "Resource"), w.Resource, "results are written by arn:aws:states:::s3:putObject")
		}
	}
	w.Arguments = c.serviceArguments(st, n, path, "Bucket")
	if config == nil || !c.object(config, join(path, "WriterConfig")) {
		return w
	}
	path = join(path, "WriterConfig")
	c.known(config, path, []string{"OutputType", "Transformation"})
	if config.get("OutputType") == nil {
		c.required(config, path, []string{"OutputType"})
	}
	w.OutputType = c.choiceOf(config, path, "OutputType", "JSON", "JSONL")
	w.Transformation = c.choiceOf(config, path, "Transformation", "NONE", "COMPACT", "FLATTEN")
	return w
}

// choiceOf reads a text field that has one of a few values; "" where it is absent
// or faulty.
func (c *compiler) choiceOf(n *node, path, field string, values ...string) string {
	m := n.get(field)
	if m == nil {
		return ""
	}
	path = join(path, field)
	s := c.text(m, path)
	if m.kind == jsonval.String && !slices.Contains(values, s) {
		c.wrong(m, path, oneValueOf(values),
			c.didYouMean(s, values))
		return ""
	}
	return s
}
