package engine

import (
	"stile/asl"
	"stile/internal/engine/record"
	"stile/internal/sfn"
)

// distributed gives the fields of a distributed Map of an execution's definition.
func (h *Host) distributed(f *record.Fixed, state string) (*asl.DistributedFields, error) {
	p, err := h.machines.Program(f.MachineARN, f.Revision)
	if err != nil {
		return nil, err
	}
	st := p.States[state]
	if st == nil || st.Map == nil || st.Map.Distributed == nil {
		return nil, &unfitError{"engine: the definition has no distributed Map " + state}
	}
	return st.Map.Distributed, nil
}

// program gives the definition that an execution runs: the state machine's, or of a
// child that of its Map's item processor.
func (h *Host) program(f *record.Fixed) (*asl.Program, error) {
	c := f.MapChild()
	if c == nil {
		return h.machines.Program(f.MachineARN, f.Revision)
	}
	d, err := h.distributed(f, c.State)
	if err != nil {
		return nil, err
	}
	if !c.Express {
		return d.Program, nil
	}
	quick := *d.Program
	if quick.TimeoutSeconds == 0 || quick.TimeoutSeconds > sfn.ExpressSeconds {
		quick.TimeoutSeconds = sfn.ExpressSeconds
	}
	return &quick, nil
}
