package engine

import (
	"stile/asl"
	"stile/internal/sfn"
	"stile/jsonval"
)

// checkType refuses a definition that its state machine's type does not let be.
func checkType(kind string, p *asl.Program) error {
	if kind == sfn.Express {
		if faults := asl.ExpressFaults(p); len(faults) > 0 {
			return sfn.InvalidDefinition(asl.WireMessage(faults))
		}
	}
	return nil
}

// Type gives the type of a state machine by its ARN, that of a version or an alias
// too; empty where there is none.
func (h *Host) Type(arn string) string {
	of, _ := sfn.Unqualified(arn)
	if m, err := h.machines.get(of); err == nil {
		return m.Type
	}
	return ""
}

// Starting gives what a start is to run, for who runs it elsewhere: the state machine
// with the role of the version that is meant, its revision and its program. What the
// start names is resolved in it, as is its test case.
func (h *Host) Starting(in *sfn.Start) (sfn.StateMachine, uint64, *asl.Program, error) {
	m, err := h.machines.starting(in)
	if err != nil {
		return sfn.StateMachine{}, 0, nil, err
	}
	p, err := h.definitions.program(m.ARN, m.revision)
	if err != nil {
		return sfn.StateMachine{}, 0, nil, err
	}
	in.Mocks, err = h.mocks(m.Name, in.TestCase)
	return m.StateMachine, m.revision, p.asl, err
}

// Revision gives the program of a revision that Starting gave once.
func (h *Host) Revision(machineARN string, revision uint64) (*asl.Program, error) {
	p, err := h.definitions.program(machineARN, revision)
	if err != nil {
		return nil, err
	}
	return p.asl, nil
}

// Logging gives the logging configuration of a state machine as it stands; absent
// where there is none.
func (h *Host) Logging(machineARN string) jsonval.Value {
	m, err := h.machines.get(machineARN)
	if err != nil {
		return jsonval.Value{}
	}
	return m.StateMachine.Logging
}
