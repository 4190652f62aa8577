package identity

import (
	"path"
	"path/filepath"
	"strings"

	"stile/diag"
	"stile/internal/config/doctree"
)

// Role is one roles/NAME.json: what the states that run under it may do, and the
// subscription that their calls count against.
type Role struct {
	Name         string
	Subscription string
	Statements   []Statement
	File         string
	// Line is where `Statement` stands: the place of a denial by default.
	Line int
}

// Statement is one statement of a role.
type Statement struct {
	Sid       string
	Deny      bool
	Actions   []string
	Resources []string
	Line      int
}

// Codes of a role's faults beside doctree's.
const (
	CodeAction   = "STL-C010" // an action that Stile does not know
	CodeResource = "STL-C011" // a resource pattern that cannot match
)

// actions are all that a role can name: those of Stile's own services, and those
// that IAM has for Step Functions (Service Authorization Reference) with one of
// ours, ReadPayload.
var actions = []string{"apim:Invoke", "apim:ReadNamedValue", "apim:Trace",
	"events:CreateConnection", "events:DeauthorizeConnection", "events:DeleteConnection", "events:DescribeConnection",
	"events:ListConnections", "events:UpdateConnection", "lambda:InvokeFunction", "stile:Backup", "stile:Configure", "stile:DeleteExecution", "stile:ReadAudit",
	"states:CreateActivity", "states:CreateStateMachine", "states:CreateStateMachineAlias", "states:DeleteActivity",
	"states:DeleteStateMachine", "states:DeleteStateMachineAlias", "states:DeleteStateMachineVersion", "states:DescribeActivity",
	"states:DescribeExecution", "states:DescribeMapRun", "states:DescribeStateMachine", "states:DescribeStateMachineAlias",
	"states:DescribeStateMachineForExecution", "states:GetActivityTask", "states:GetExecutionHistory", "states:InvokeHTTPEndpoint",
	"states:ListActivities", "states:ListExecutions", "states:ListMapRuns", "states:ListStateMachineAliases",
	"states:ListStateMachineVersions", "states:ListStateMachines", "states:ListTagsForResource",
	"states:PublishStateMachineVersion", "states:ReadPayload", "states:RedriveExecution", "states:RevealSecrets",
	"states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess", "states:StartExecution",
	"states:StartSyncExecution", "states:StopExecution", "states:TagResource", "states:TestState", "states:UntagResource",
	"states:UpdateMapRun", "states:UpdateStateMachine", "states:UpdateStateMachineAlias", "states:ValidateStateMachineDefinition"}

// maxStars bounds the wildcards of one pattern, and so the work of matching it.
const maxStars = 8

// ParseRole reads a role from its JSON; the role's name is the file's stem.
func ParseRole(src *diag.Source) (*Role, diag.List) {
	base := path.Base(filepath.ToSlash(src.File()))
	role := &Role{Name: strings.TrimSuffix(base, path.Ext(base)), File: src.File(), Line: 1}
	root, faults := doctree.ParseJSON(src)
	if root == nil || faults.HasErrors() {
		return nil, faults
	}
	r := &roleReader{Reader: doctree.NewReader(src), role: role}
	for _, m := range root.Members {
		if m.Name == "Statement" {
			role.Line = m.Line
		}
	}
	var version, id string
	r.Map(root, "a role",
		doctree.Field{Name: "Version", Required: true, Read: r.OneOf(&version, "2012-10-17")},
		doctree.Field{Name: "Id", Read: r.Text(&id)},
		doctree.Field{Name: "subscription", Read: r.NonEmpty(&role.Subscription)},
		doctree.Field{Name: "Statement", Required: true, Read: func(n *doctree.Node) {
			if n.Kind == doctree.Map {
				r.statement(n)
				return
			}
			r.Each(r.statement)(n)
		}})
	faults = append(faults, r.Faults()...).Sort()
	if faults.HasErrors() {
		return nil, faults
	}
	return role, faults
}

type roleReader struct {
	*doctree.Reader
	role *Role
}

func (r *roleReader) statement(n *doctree.Node) {
	s := Statement{Line: n.Line}
	var effect string
	r.Map(n, "a statement",
		doctree.Field{Name: "Sid", Read: r.Text(&s.Sid)},
		doctree.Field{Name: "Effect", Required: true, Read: r.OneOf(&effect, "Allow", "Deny")},
		doctree.Field{Name: "Action", Required: true, Read: func(n *doctree.Node) {
			r.Texts(&s.Actions)(n)
			r.checkActions(n, s.Actions)
		}},
		doctree.Field{Name: "Resource", Required: true, Read: func(n *doctree.Node) {
			r.Texts(&s.Resources)(n)
			r.checkResources(n, s.Resources)
		}})
	s.Deny = effect == "Deny"
	r.role.Statements = append(r.role.Statements, s)
}

// at gives the node of the i-th text of a list, or the text itself.
func at(n *doctree.Node, i int) *doctree.Node {
	if i < len(n.Items) {
		return n.Items[i]
	}
	return n
}

func (r *roleReader) checkActions(n *doctree.Node, list []string) {
	for i, a := range list {
		service, _, ok := strings.Cut(a, ":")
		switch {
		case a == "*":
		case !ok:
			r.Fault(at(n, i), CodeAction, quoted(a)+" is no action", "write SERVICE:NAME, for example apim:Invoke")
		case service == "apim" || service == "stile" || service == "states":
			if !anyMatch(a) {
				hint := "docs/permissions.md lists the actions"
				if near, ok := diag.Nearest(a, actions); ok {
					hint = "did you mean " + near + "?"
				}
				r.Fault(at(n, i), CodeAction, "unknown action "+quoted(a), hint)
			}
		case (service == "lambda" || service == "events") && anyMatch(a):
		default:
			p := at(n, i)
			r.Warn(p.Line, p.Column, doctree.CodeNotUsed, "the action "+quoted(a)+" is not used", "")
		}
		r.checkStars(at(n, i), a)
	}
}

func anyMatch(pattern string) bool {
	for _, a := range actions {
		if matchAction(pattern, a) {
			return true
		}
	}
	return false
}

func (r *roleReader) checkResources(n *doctree.Node, list []string) {
	for i, p := range list {
		place := at(n, i)
		switch {
		case p == "":
			r.Fault(place, CodeResource, "an empty resource matches nothing", "write for example api/payments/operation/charge")
		case p == "*":
			r.Warn(place.Line, place.Column, CodeResource, "`*` matches one segment only, so this names no resource",
				"write ** for every resource")
		}
		r.checkStars(place, p)
	}
}

func (r *roleReader) checkStars(n *doctree.Node, pattern string) {
	if strings.Count(pattern, "*") > maxStars {
		r.Fault(n, CodeResource, "a pattern has at most 8 stars", "split it into several")
	}
}

func quoted(s string) string { return `"` + s + `"` }
