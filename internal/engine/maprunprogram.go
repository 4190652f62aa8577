package engine

import (
	"stile/asl"
	"stile/internal/sfn"
)

// distributed gives the fields of a distributed Map of an execution's definition.
func (h *Host) distributed(f *fixedRecord, state string) (*asl.DistributedFields, error) {
	p, err := h.definitions.program(f.machineARN, f.revision)
	if err != nil {
		return nil, err
	}
	st := p.asl.States[state]
	if st == nil || st.Map == nil || st.Map.Distributed == nil {
		return nil, &unfitError{"engine: the definition has no distributed Map " + state}
	}
	return st.Map.Distributed, nil
}

// program gives the definition that an execution runs: the state machine's, or of a
// child that of its Map's item processor.
func (h *Host) program(f *fixedRecord) (*asl.Program, error) {
	c := f.mapChild()
	if c == nil {
		p, err := h.definitions.program(f.machineARN, f.revision)
		if err != nil {
			return nil, err
		}
		return p.asl, nil
	}
	d, err := h.distributed(f, c.state)
	if err != nil {
		return nil, err
	}
	if !c.express {
		return d.Program, nil
	}
	quick := *d.Program
	if quick.TimeoutSeconds == 0 || quick.TimeoutSeconds > sfn.ExpressSeconds {
		quick.TimeoutSeconds = sfn.ExpressSeconds
	}
	return &quick, nil
}
