package sfnapi

import "stile/internal/sfn"

// checkName refuses what AWS forbids in names.
func checkName(name string) error {
	if !sfn.LegalName(name) {
		return &sfn.Error{Code: "InvalidName", Message: "Invalid Name: '" + name + "'"}
	}
	return nil
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
	return checkLabel(a)
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
