// Package contract checks what the two halves of a project promise each other:
// that what a Task calls is an operation of the gateway, that its role may call
// it, that its connection is there, and that a workflow which a policy or a Task
// starts is one of the project's.
//
// It runs nothing and finds no fault inside one document (asl and policy do): it
// holds the compiled halves against each other. app asks it at every load and for
// `stile check`.
//
// Invariants: everything it says is a warning, since a project whose halves
// disagree still runs and says so at run time, or a note, which is the list of what
// leaves the gateway on purpose; it judges literals alone, so that what an
// execution's input decides is never guessed at.
package contract

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"stile/asl"
	"stile/diag"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy"
)

// Codes of the warnings and of the note.
const (
	CodeHost       = "STL-X001" // a Task calls a host that is not mapped
	CodeOperation  = "STL-X002" // a Task calls what is no operation
	CodePermission = "STL-X003" // a Task's role may not call its operation, or start its state machine
	CodeConnection = "STL-X004" // a Task names a connection that is not there
	CodeWorkflow   = "STL-X005" // a policy or a Task names a state machine that is not there
	CodeUngoverned = "STL-X006" // a Task calls past the gateway by map: no policy applies
	CodeListed     = "STL-X007" // a Task calls past the gateway, and egress lists why (note)
	CodeIdle       = "STL-X008" // an egress entry that no Task uses
	CodeActivity   = "STL-X009" // a Task names an activity that is not there
)

// Machine is a state machine with its role; Role is nil where the project has none
// of that name.
type Machine struct {
	Source   *diag.Source // JSON text
	Program  *asl.Program
	RoleName string
	Role     *identity.Role
}

// Project is the halves to hold against each other.
type Project struct {
	Machines  []Machine
	Documents []policy.Source
	// Names are those of the state machines.
	Names []string
	// Activities are the names of those that stile.yaml declares.
	Activities []string
	// Locate finds the operation that a method and path of the gateway reach.
	Locate func(method, path string) (api, operation string, ok bool)
	// Target says where a host or URL origin goes: to the gateway, or elsewhere.
	Target func(name string) (gateway, ok bool)
	// Connection reports whether an EventBridge connection's ARN names one of the project.
	Connection func(arn string) bool
	// Egress lists the hosts past the gateway that roles may call; Exit gives the entry
	// that lets a role call a host, host[:port].
	Egress []Egress
	Exit   func(host, role string) (Egress, bool)
	// Function says what stands behind a Lambda function; nil where nothing stands
	// behind any. Account and Region are those of functions without an ARN.
	Function        func(sfn.Function) (Function, bool)
	Account, Region string
}

// Check gives a warning for every promise that is not kept, sorted.
func Check(p Project) diag.List {
	c := &checker{p: p, used: map[[2]int]bool{}}
	for _, m := range p.Machines {
		c.machine(m)
	}
	for _, d := range p.Documents {
		c.document(d)
	}
	c.idle()
	return c.out.Sort()
}

type checker struct {
	p    Project
	out  diag.List
	used map[[2]int]bool // places of egress entries
}

func (c *checker) machine(m Machine) {
	def, err := jsonval.ParseString(m.Source.Text())
	if err != nil {
		return // asl has told of it
	}
	params := map[string]jsonval.Value{}
	parameters(def, params)
	for _, s := range m.Program.Ordered {
		if s.Type != asl.Task {
			continue
		}
		switch {
		case s.Task.Kind == asl.LambdaARN, s.Task.Kind == asl.Integration && s.Task.Service == "lambda":
			c.function(m, s, params[s.Name])
		case s.Task.Kind == asl.Integration:
			c.task(m, s, params[s.Name])
		case s.Task.Kind == asl.ActivityARN:
			c.worked(m, s)
		}
	}
}

// parameters finds the Parameters or Arguments of every state, nested ones too, by
// name. Of Arguments those that an expression gives are named as in Parameters: NAME.$.
func parameters(body jsonval.Value, to map[string]jsonval.Value) {
	body.Get("States").EachMember(func(name string, s jsonval.Value) bool {
		to[name] = s.Get("Parameters")
		if a := s.Get("Arguments"); a.Kind() == jsonval.ObjectKind {
			to[name] = likeParameters(a)
		}
		s.Get("Branches").EachItem(func(b jsonval.Value) bool { parameters(b, to); return true })
		parameters(s.Get("ItemProcessor"), to)
		parameters(s.Get("Iterator"), to)
		return true
	})
}

func likeParameters(arguments jsonval.Value) jsonval.Value {
	var o jsonval.Object
	arguments.EachMember(func(name string, v jsonval.Value) bool {
		if text, ok := v.Str(); ok && asl.IsExpression(text) {
			name += ".$"
		} else if v.Kind() == jsonval.ObjectKind {
			v = likeParameters(v)
		}
		o.Add(name, v)
		return true
	})
	return o.Value()
}

// warn reports at a state's place.
func (c *checker) warn(m Machine, s *asl.State, code, message, hint string) {
	c.say(m, s, diag.Warning, code, message, hint)
}

func (c *checker) say(m Machine, s *asl.State, severity diag.Severity, code, message, hint string) {
	c.out = append(c.out, diag.Diagnostic{Code: code, Severity: severity, File: m.Source.File(), Line: s.Line, Column: s.Column,
		Excerpt: m.Source.Line(s.Line), Width: len(s.Name) + 2, Message: message, Hint: hint})
}

func (c *checker) task(m Machine, s *asl.State, params jsonval.Value) {
	if s.Task.Service == "states" {
		c.starts(m, s, params)
		return
	}
	target, path, method := call(s.Task, params)
	if target == "" {
		c.undecided(m, s)
		return
	}
	if arn := connection(params); arn != "" && !c.p.Connection(arn) {
		c.warn(m, s, CodeConnection, "state "+s.Name+" names a connection that the project does not have: "+arn,
			"add connections/NAME.yaml for the NAME in the ARN, or make it with CreateConnection")
	}
	gateway, mapped := c.p.Target(target)
	if !mapped {
		c.leaves(m, s, target)
	}
	if mapped && !gateway {
		c.warn(m, s, CodeUngoverned, "state "+s.Name+" calls "+target+" past the gateway: no policy, limit or permission applies to it",
			"map it to the gateway and give it an API there, or leave it if that is meant")
	}
	if !gateway || path == "" || method == "" {
		return
	}
	api, operation, ok := c.p.Locate(method, path)
	if !ok {
		c.warn(m, s, CodeOperation, "state "+s.Name+" calls "+method+" "+path+", which is no operation of the gateway: its calls get 404",
			"compare with the paths of the specifications under apim/apis")
		return
	}
	c.permission(m, s, api, operation)
}

func (c *checker) permission(m Machine, s *asl.State, api, operation string) {
	if m.Role == nil {
		return // files has told of it
	}
	resource := "api/" + api + "/operation/" + operation
	c.decided(m, s, m.Role.Decide("apim:Invoke", resource, "api/"+api), "call its operation", "apim:Invoke on "+resource)
}

// decided warns of a role's refusal.
func (c *checker) decided(m Machine, s *asl.State, d identity.Decision, what, permission string) {
	if d.Allowed {
		return
	}
	why := "no statement of role " + m.RoleName + " allows "
	if d.Explicit {
		why = "a statement of role " + m.RoleName + " denies "
	}
	c.warn(m, s, CodePermission, "state "+s.Name+" may not "+what+": "+why+permission+" ("+d.File+":"+strconv.Itoa(d.Line)+")",
		"allow it in "+d.File+", or leave it if the denial is meant")
}

// call reads where a Task goes as far as literals tell: the name that `map:` is
// asked for, the gateway's path and the method; empty where an expression decides.
func call(t *asl.TaskFields, params jsonval.Value) (target, path, method string) {
	endpoint, _ := params.Get("ApiEndpoint").Str()
	method, _ = params.Get("Method").Str()
	if endpoint == "" {
		return "", "", ""
	}
	switch t.Service {
	case "http":
		rest, ok := strings.CutPrefix(endpoint, "https://")
		if !ok {
			return "", "", ""
		}
		host, path, _ := strings.Cut(rest, "/")
		path, _, _ = strings.Cut(path, "?")
		return "https://" + host, "/" + path, method
	case "apigateway":
		for _, part := range []string{"Stage", "Path"} {
			if params.Get(part + ".$").Exists() {
				return endpoint, "", method
			}
			if text, _ := params.Get(part).Str(); strings.Trim(text, "/") != "" {
				path += "/" + strings.Trim(text, "/")
			}
		}
		return endpoint, path, method
	}
	return "", "", ""
}

func connection(params jsonval.Value) string {
	for _, field := range []string{"Authentication", "InvocationConfig"} {
		if arn, ok := params.Get(field).Get("ConnectionArn").Str(); ok {
			return arn
		}
	}
	return ""
}

var started = regexp.MustCompile(`stile://workflows/([A-Za-z0-9_-]+)`)

// document finds the workflows that a policy document names.
func (c *checker) document(d policy.Source) {
	src := diag.NewSource(d.File, d.Text)
	for _, at := range started.FindAllStringSubmatchIndex(d.Text, -1) {
		name := d.Text[at[2]:at[3]]
		if slices.Contains(c.p.Names, name) {
			continue
		}
		c.out = append(c.out, src.At(at[2], diag.Diagnostic{Code: CodeWorkflow, Severity: diag.Warning, Width: len(name),
			Message: "the project has no state machine " + name + ": requests that start it get 404", Hint: c.near(name)}))
	}
}
