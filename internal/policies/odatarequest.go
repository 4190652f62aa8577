package policies

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"stile/internal/odata"
	"stile/policy"
	"stile/policy/exchange"
)

// validateOData is
// https://learn.microsoft.com/azure/api-management/validate-odata-request-policy.
// Difference: names are not looked up in a model, since no model is imported.
var validateOData = policy.Descriptor{
	Name: "validate-odata-request", Sections: policy.Inbound, Scopes: policy.Global | policy.Workspace | policy.Product | policy.API, Once: true,
	Schema: policy.Schema{Attributes: []policy.Attribute{{Name: "error-variable-name"}, {Name: "default-odata-version", Default: "4.0"},
		{Name: "min-odata-version"}, {Name: "max-odata-version"}, {Name: "max-size", Kind: policy.IntKind}}},
	Doc:     "Refuses requests whose URL, headers or query options do not follow OData.",
	Compile: compileOData,
}

func compileOData(c *policy.Compiler, e *policy.Element) policy.Run {
	text := func(name string) string { return c.Value(e, name).Constant() }
	rules := odata.Rules{Default: text("default-odata-version"), Min: text("min-odata-version"), Max: text("max-odata-version")}
	for _, name := range []string{"default-odata-version", "min-odata-version", "max-odata-version"} {
		if a := e.Attr(name); a != nil {
			if _, ok := odata.ParseVersion(a.Value); !ok {
				c.Fault(a, policy.CodeValue, fmt.Sprintf("%s cannot be %q", name, c.Shown(a)), "write 3.0, 4.0 or 4.01")
			}
		}
	}
	least, hasLeast := odata.ParseVersion(rules.Min)
	most, hasMost := odata.ParseVersion(rules.Max)
	if hasLeast && hasMost && least > most {
		c.Fault(e, policy.CodeValue, "min-odata-version is above max-odata-version", "exchange them")
	}
	size, variable := int64(-1), text("error-variable-name")
	if n, err := strconv.ParseInt(strings.TrimSpace(text("max-size")), 10, 64); err == nil {
		size = n
	}
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		faults, err := odataFaults(ex, rules, size)
		if err != nil || len(faults) == 0 {
			return err
		}
		all := strings.Join(faults, " ")
		if variable != "" {
			setVariableTo(ex, variable, all)
		}
		env.Note(all)
		return &policy.Denied{Status: 400, Reason: "ODataRequestValidationFailed", Message: all}
	}
}

// odataFaults lists what is amiss with the request that the client sent.
func odataFaults(ex *exchange.Exchange, rules odata.Rules, size int64) ([]string, error) {
	r := odata.Request{Method: ex.Request.Method, Path: ex.Request.URL.Path, Version: ex.Request.Header.Get("OData-Version"), MaxVersion: ex.Request.Header.Get("OData-MaxVersion")}
	for _, q := range ex.Request.URL.Query {
		r.Query = append(r.Query, odata.Option{Name: q.Name, Value: q.Value})
	}
	faults := odata.Check(r, rules)
	if size < 0 || ex.Request.Body == nil {
		return faults, nil
	}
	length := ex.Request.Body.Length()
	if length < 0 {
		data, err := ex.Request.Body.Bytes()
		if err != nil {
			return nil, &policy.Failure{Reason: policy.ReasonClient, Message: err.Error()}
		}
		length = int64(len(data))
	}
	if length > size {
		faults = append(faults, fmt.Sprintf("The payload has %d bytes, more than %d.", length, size))
	}
	return faults, nil
}
