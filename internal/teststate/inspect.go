package teststate

import (
	"slices"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Inspection is what DEBUG and TRACE tell beside the end.
type Inspection struct {
	// Stages are the values of the data flow by the names of InspectionData, input
	// first; those in Numbers are numbers on the wire, the others JSON texts.
	Stages, Numbers []jsonval.Member
	// RetryIndex, CatchIndex and BackoffSeconds are errorDetails; all nil: none.
	RetryIndex, CatchIndex *int
	BackoffSeconds         *int64
	// Trace is set of an HTTP Task that was called.
	Trace *sfn.HTTPTrace
}

// stages collects what the state tells of its data flow, in order; the last word
// on each stage counts.
type stages struct{ list []jsonval.Member }

func (s *stages) add(name string, v jsonval.Value) {
	for i := range s.list {
		if s.list[i].Name == name {
			s.list[i].Value = v
			return
		}
	}
	s.list = append(s.list, jsonval.Member{Name: name, Value: v})
}

func (s *stages) get(name string) (jsonval.Value, bool) {
	for _, m := range s.list {
		if m.Name == name {
			return m.Value, true
		}
	}
	return jsonval.Value{}, false
}

// numbers are the stages of a Map that are numbers on the wire.
var numbers = []string{"maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"}

// shown gives the stages that AWS tells of a state, in the order of the data flow
// (recorded; of a Map by the API reference).
func shown(st *asl.State) []string {
	items := []string{"afterItemsPointer", "afterItemSelector", "afterItemBatcher"}
	if st.QueryLanguage == asl.JSONata {
		switch st.Type {
		case asl.Task:
			return []string{"afterArguments", "result"}
		case asl.Map:
			return items
		}
		return nil
	}
	out := []string{"afterResultSelector", "afterResultPath"}
	switch st.Type {
	case asl.Pass:
		if st.Result != nil {
			return append([]string{"result"}, out...)
		}
		return append([]string{"afterInputPath", "afterParameters"}, out...)
	case asl.Task:
		return append([]string{"afterInputPath", "afterParameters", "result"}, out...)
	case asl.Map:
		return slices.Concat([]string{"afterInputPath", "afterItemsPath"}, items, out)
	case asl.Parallel:
		return out
	}
	return []string{"afterInputPath"}
}

func inspect(r *Request, st *asl.State, seen *stages, end *interp.TrialEnd) *Inspection {
	in := &Inspection{RetryIndex: end.RetryIndex, CatchIndex: end.CatchIndex, BackoffSeconds: end.BackoffSeconds}
	in.Stages = []jsonval.Member{{Name: "input", Value: r.Input}}
	for _, name := range shown(st) {
		if v, ok := seen.get(name); ok {
			in.Stages = append(in.Stages, jsonval.Member{Name: name, Value: v})
		}
	}
	for _, name := range numbers {
		if v, ok := seen.get(name); ok {
			in.Numbers = append(in.Numbers, jsonval.Member{Name: name, Value: v})
		}
	}
	if len(end.Variables) > 0 {
		var o jsonval.Object
		for _, v := range end.Variables {
			o.Add(v.Name, v.Value)
		}
		in.Stages = append(in.Stages, jsonval.Member{Name: "variables", Value: o.Value()})
	}
	return in
}
