package sfn

import (
	"cmp"
	"regexp"
)

// Function is a Lambda function as a Task names it.
type Function struct {
	Partition, Region, Account, Name string
	// Qualifier is a version or an alias; empty where none was named.
	Qualifier string
}

// functionForms are the names that Lambda's Invoke takes for a function (Lambda API
// reference, "Invoke", FunctionName): a name, a partial ARN, an ARN, each with or
// without a qualifier.
var functionForms = regexp.MustCompile(`^(?:(?:arn:(aws[a-zA-Z-]*):lambda:([a-z0-9-]+):)?(?:([0-9]{12}):)?function:)?([A-Za-z0-9_-]{1,64})(?::(\$LATEST|[A-Za-z0-9_-]+))?$`)

// ParseFunction reads a function's name in any of Lambda's forms; region and account
// are those of a function that is not named by its ARN.
func ParseFunction(name, region, account string) (Function, bool) {
	m := functionForms.FindStringSubmatch(name)
	if m == nil || m[1] != "" && m[3] == "" {
		return Function{}, false
	}
	return Function{Partition: cmp.Or(m[1], "aws"), Region: cmp.Or(m[2], region), Account: cmp.Or(m[3], account), Name: m[4], Qualifier: m[5]}, true
}

// ARN is the function's, without its qualifier.
func (f Function) ARN() string {
	return "arn:" + f.Partition + ":lambda:" + f.Region + ":" + f.Account + ":function:" + f.Name
}

// Qualified is the ARN with its qualifier, where there is one.
func (f Function) Qualified() string {
	if f.Qualifier == "" {
		return f.ARN()
	}
	return f.ARN() + ":" + f.Qualifier
}

// Resource is the function's own name in roles.
func (f Function) Resource() string { return "function/" + f.Name }

// Resources are the names of a function in roles: its ARN as it was named, without
// its qualifier, and function/NAME.
func (f Function) Resources() []string {
	if f.Qualifier == "" {
		return []string{f.ARN(), f.Resource()}
	}
	return []string{f.Qualified(), f.ARN(), f.Resource()}
}
