package sfnapi

import (
	"context"

	"stile/internal/sfn"
	"stile/jsonval"
)

func sendTaskSuccess(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	token := r.required("taskToken", taskTokenShape)
	shape := data
	shape.required = true
	text := r.required("output", shape)
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	output, fault := parseData(text, "Invalid output.")
	if fault != "" {
		return jsonval.Value{}, &sfn.Error{Code: "InvalidOutput", Message: "Invalid Output: '" + fault + "'"}
	}
	if err := s.onToken(ctx, "states:SendTaskSuccess", token); err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, s.tasks.SendTaskSuccess(ctx, token, output)
}

func sendTaskFailure(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	token := r.required("taskToken", taskTokenShape)
	name, cause := r.optional("error", errorShape), r.optional("cause", causeShape)
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onToken(ctx, "states:SendTaskFailure", token); err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, s.tasks.SendTaskFailure(ctx, token, name, cause)
}

func sendTaskHeartbeat(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	token := r.required("taskToken", taskTokenShape)
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onToken(ctx, "states:SendTaskHeartbeat", token); err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, s.tasks.SendTaskHeartbeat(ctx, token)
}
