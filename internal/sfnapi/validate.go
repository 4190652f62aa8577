package sfnapi

import (
	"context"

	"stile/asl"
	"stile/diag"
	"stile/internal/sfn"
	"stile/jsonval"
)

// maxDiagnostics is how many faults one answer lists at most, and where nothing
// else is asked for.
const maxDiagnostics = 100

var validateSeverity = text{enum: []string{"ERROR", "WARNING"}}

// validateStateMachineDefinition tells the faults of a definition. Warnings, ours
// among AWS's, are told only to who asks for them: they change no result.
func validateStateMachineDefinition(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	source := r.required("definition", definition)
	kind := r.optional("type", machineType)
	severity := r.optional("severity", validateSeverity)
	most := r.integer("maxResults", 0, maxDiagnostics)
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	const action = "states:ValidateStateMachineDefinition"
	if err := s.judge(ctx, action, "*", s.may.Anywhere(ctx, action)); err != nil {
		return jsonval.Value{}, err
	}
	if most == 0 {
		most = maxDiagnostics
	}
	program, faults := asl.Parse(diag.NewSource("", source))
	if program != nil {
		faults = append(faults, asl.ArgumentFaults(program)...)
		if kind == sfn.Express {
			faults = append(faults, asl.ExpressFaults(program)...)
		}
		faults = faults.Sort()
	}
	result, list, count := "OK", jsonval.Array{}, 0
	for _, d := range faults {
		if d.Severity == diag.Error {
			result = "FAIL"
		}
		if d.Severity == diag.Note || d.Severity == diag.Warning && severity != "WARNING" {
			continue
		}
		if count++; count <= most {
			list.Add(diagnostic(d))
		}
	}
	var o jsonval.Object
	o.AddString("result", result).Add("diagnostics", list.Value())
	return o.Add("truncated", jsonval.OfBool(count > most)).Value(), nil
}

// checkArguments refuses a definition for what Parse lets pass and AWS does not. The
// faults of one that is no program are told by who compiles it.
func checkArguments(definition string) error {
	program, _ := asl.Parse(diag.NewSource("", definition))
	if program == nil {
		return nil
	}
	if faults := asl.ArgumentFaults(program); len(faults) > 0 {
		return sfn.InvalidDefinition(asl.WireMessage(faults))
	}
	return nil
}

// diagnostic is one fault as ValidateStateMachineDefinitionDiagnostic has it.
func diagnostic(d diag.Diagnostic) jsonval.Value {
	level := "ERROR"
	if d.Severity == diag.Warning {
		level = "WARNING"
	}
	var o jsonval.Object
	o.AddString("severity", level).AddString("code", d.Code).AddString("message", d.Message)
	addText(&o, "location", d.Path)
	return o.Value()
}
