package asl

import (
	"regexp"
	"strings"

	"stile/diag"
	"stile/jsonval"
)

// Resource ARNs: of integrations, of Lambda functions, of activities.
var (
	integrationARN = regexp.MustCompile(`^arn:aws[a-z-]*:states:[a-z0-9-]*:[0-9]*:(aws-sdk:)?([a-zA-Z0-9-]+):([a-zA-Z0-9]+)(?:\.(sync|sync:2|waitForTaskToken))?$`)
	lambdaARN      = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:[a-z0-9-]*:[a-z0-9-]*:function:[A-Za-z0-9_.-]+(?::[A-Za-z0-9_$-]+)?$`)
	activityARN    = regexp.MustCompile(`^arn:aws[a-z-]*:states:[a-z0-9-]*:[0-9]*:activity:.+$`)
)

// integrated are the services that Stile's own integrations serve.
var integrated = []string{"apigateway", "http", "lambda", "states"}

// resource reads a Task's Resource into t.
func (c *compiler) resource(t *TaskFields, n *node, path string) {
	s := c.text(n, path)
	if n.kind != jsonval.String {
		return
	}
	t.Resource = s
	if lambdaARN.MatchString(s) {
		t.Kind = LambdaARN
		return
	}
	if activityARN.MatchString(s) {
		t.Kind = ActivityARN
		if !contains(c.prog.Activities, s) {
			c.prog.Activities = append(c.prog.Activities, s)
		}
		return
	}
	m := integrationARN.FindStringSubmatch(s)
	if m == nil {
		c.wrong(n, path, "Value is not a valid resource ARN", resourceHint(s))
		return
	}
	t.Kind, t.Service, t.API, t.Pattern = Integration, m[1]+m[2], m[3], m[4]
	if hint, ok := recognised(t.Service, t.API, t.Pattern); !ok {
		c.wrong(n, path, "The resource provided "+s+" is not recognized. The value is not a valid resource ARN, "+
			"or the resource is not available in this region.", hint)
		return
	}
	if !contains(integrated, t.Service) {
		c.unserved(n, path, t.Service+":"+t.API)
	}
}

// unserved warns of a resource that AWS knows and Stile does not call.
func (c *compiler) unserved(n *node, path, what string) {
	c.report(n, CodeResource, diag.Warning, path, "Stile has no integration for "+what,
		"the state fails when it runs, unless a mock answers it")
}

func resourceHint(s string) string {
	if strings.Contains(s, "${") {
		return "fill in the ${…} before the definition is used"
	}
	return "write arn:aws:states:::SERVICE:API, or the ARN of a Lambda function or activity"
}
