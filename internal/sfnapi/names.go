package sfnapi

import (
	"strings"

	"stile/internal/sfn"
)

// checkName refuses what AWS forbids in names (CreateStateMachine's page of the
// service model): white space, brackets, wildcards, some punctuation, control
// characters, surrogates and noncharacters.
func checkName(name string) error {
	for _, r := range name {
		if strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r) || r <= 0x20 || r >= 0x7F && r <= 0xA0 ||
			r >= 0xFFFD && r <= 0xFFFF || r >= 0x10FFFE || isSpace(r) {
			return &sfn.Error{Code: "InvalidName", Message: "Invalid Name: '" + name + "'"}
		}
	}
	return nil
}

func isSpace(r rune) bool {
	switch r {
	case 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200A
}

// checkARN refuses an ARN that is none of Step Functions' or names another kind
// of resource than the action works on.
func checkARN(arn, kind string) error {
	a, ok := sfn.ParseARN(arn)
	if !ok {
		return invalidARN("Invalid ARN prefix: " + arn)
	}
	if a.Kind != kind {
		return invalidARN("Resource type not valid in this context: " + a.Kind)
	}
	return nil
}

func invalidARN(why string) *sfn.Error {
	return &sfn.Error{Code: "InvalidArn", Message: "Invalid Arn: '" + why + "'"}
}

// checkRole refuses a roleArn that names no IAM role.
func checkRole(arn string) error {
	if _, ok := sfn.RoleName(arn); !ok {
		return &sfn.Error{Code: "InvalidArn", Message: "Invalid Role Arn: '" + arn + "'"}
	}
	return nil
}

// firstOf gives the first error of a list of checks.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
