package sfnapi

import (
	"context"

	"stile/jsonval"
)

var clientToken = text{min: 1, max: 64, matches: printing, pattern: "[!-~]+"}

// printing says that a text is of ASCII's visible characters.
func printing(s string) bool {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return true
}

func redriveExecution(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("executionArn", arnShape)
	token := r.optional("clientToken", clientToken)
	if err := firstOf(r.check(), checkARN(arn, "execution")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onExecution(ctx, "states:RedriveExecution", arn); err != nil {
		return jsonval.Value{}, err
	}
	at, err := s.executions.RedriveExecution(ctx, arn, token)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	return o.Add("redriveDate", timestamp(at)).Value(), nil
}
